"""What is said of gains: each lane's own, whether it had to stay short, and the clip's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gaplisten.audio.level import ActiveLevel
from gaplisten.bench.lane_edits import LaneEdits, gain_text, gains_text
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.level_measures import REFERENCE
from gaplisten.bench.levels import Levels
from gaplisten.bench.state import Work

LANES = (
    Lane(REFERENCE, "Reference", Role.REFERENCE, None),
    Lane("a", "quiet", Role.CONDITION, None),
    Lane("b", "loud", Role.CONDITION, None),
    Lane("c", "peaky", Role.CONDITION, None),
    Lane("d", "silent", Role.CONDITION, None),
)


def level(dbov: float, peak: float = 0.1) -> Levels:
    return Levels(ActiveLevel(dbov, 0.8 if dbov > -100 else 0.0, dbov - 1), dbov, peak)


LEVELS = {
    REFERENCE: level(-26.0),
    "a": level(-32.0),
    "b": level(-20.5),
    "c": level(-32.0, 0.8),
    "d": level(-200.0),
}


def edits(**work: Any) -> LaneEdits:
    measured: Any = SimpleNamespace(level=LEVELS.get)
    return LaneEdits({}, measured, lambda: (Work(**work), "clip"), lambda: 1.0)


def test_each_gain_is_told_and_that_of_a_lane_that_would_clip_is_called_limited() -> None:
    told = gains_text(LANES, edits(match_levels=True), "+1.0 dB")
    assert told == (
        "levels matched to the reference (P.56); quiet +6.00 dB; loud -5.50 dB; peaky +1.94 dB (limited); "
        "silent not matched; clip gain +1.0 dB"
    )


def test_of_levels_that_are_not_matched_only_the_clips_gain_is_told() -> None:
    assert (
        gains_text(LANES, edits(), "+1.0 dB") == "levels matched to the reference (P.56); clip gain +1.0 dB"
    )


@pytest.mark.parametrize(
    ("found", "note", "text"),
    [
        (level(-26.04), "of all", "Gain Of all; the reference speaks at -26.0 dBov"),
        (None, "of all", "Gain Of all"),
        (level(-200.0), "of all", "Gain Of all"),
        (level(-26.0), "", ""),
    ],
)
def test_where_the_clips_gain_comes_from_is_said(found: Levels | None, note: str, text: str) -> None:
    measured: Any = SimpleNamespace(level=lambda _ident: found)
    assert gain_text(measured, note) == text
