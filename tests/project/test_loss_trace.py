"""The value that says which packets were lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaplisten.loss.trace import Gap, LossTrace


def trace(drawing: str, packet: int = 10, rate: int = 1000) -> LossTrace:
    return LossTrace(np.array([c == "x" for c in drawing], bool), packet, rate)


@pytest.mark.parametrize(
    ("drawing", "gaps"),
    [
        ("....", ()),
        (".xx.", (Gap(10, 30, 1, 2),)),
        ("xx..x", (Gap(0, 20, 0, 2), Gap(40, 50, 4, 1))),
        ("", ()),
    ],
)
def test_gaps_are_maximal_runs_of_lost_packets(drawing: str, gaps: tuple[Gap, ...]) -> None:
    assert trace(drawing).gaps() == gaps


def test_a_gap_ends_where_the_signal_ends() -> None:
    assert trace("..xx").gaps(35) == (Gap(20, 35, 2, 2),)


def test_a_gap_beyond_the_signal_is_no_gap() -> None:
    assert trace("...x").gaps(30) == ()


def test_missing_flags_count_as_received_and_the_partial_packet_has_one() -> None:
    assert trace(".x").fitted(35).lost.tolist() == [False, True, False, False]


def test_the_mask_covers_exactly_the_lost_frames() -> None:
    assert np.flatnonzero(trace(".x.").mask(25)).tolist() == list(range(10, 20))


def test_a_trace_moves_to_another_rate_by_time() -> None:
    moved = trace(".x.").at_rate(3000)
    assert moved.packet_frames == 30
    assert moved.gaps() == (Gap(30, 60, 1, 1),)


def test_a_packet_that_would_not_be_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="whole number of frames at 999 Hz"):
        trace(".x.").at_rate(999)


def test_the_longest_burst_is_in_milliseconds() -> None:
    assert trace("x.xxx.").longest_ms == 30.0


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 9), st.integers(0, 600))
def test_gaps_and_mask_always_tell_the_same(lost: list[bool], packet: int, frames: int) -> None:
    value = LossTrace(np.array(lost, bool), packet, 1000)
    painted = np.zeros(frames, bool)
    for gap in value.gaps(frames):
        assert gap.frames > 0
        painted[gap.start : gap.stop] = True
    assert painted.tolist() == value.mask(frames).tolist()
