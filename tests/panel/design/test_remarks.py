"""What is said about a design when it is planned and built."""

from __future__ import annotations

import pytest

from gaplisten.panel.design.counting import as_rows, count, simulated
from gaplisten.panel.design.remarks import remarks
from gaplisten.panel.key import Key
from kit.designs import key_of


def said(key: Key) -> str:
    return "\n".join(remarks(key, count(key, simulated(key))))


def test_practice_on_the_tests_own_clips_is_told() -> None:
    assert "practice uses the test's own clips" in said(key_of("acr", extra="[training]\ntrials = 2"))
    assert "practice" not in said(key_of("acr"))


@pytest.mark.parametrize(
    ("clips", "seconds", "told"), [(4, 10, "5 items"), (6, 13, "longer than 12 s"), (6, 12, "")]
)
def test_what_bs_1534_wants_of_the_excerpts_is_told(clips: int, seconds: int, told: str) -> None:
    extra = "[mushra]\nanchors = []\nreference = false\n[training]\ntrials = 1"
    key = key_of("mushra", clips, 3, extra=extra)
    longer = [clip.model_copy(update={"frames": 8000 * seconds}) for clip in key.clips]
    found = said(key.model_copy(update={"clips": longer}))
    assert told in found if told else "BS.1534" not in found


@pytest.mark.parametrize(
    ("rate", "anchors", "told"),
    [
        (8000, '["anchor35"]', "anchor35 is no anchor"),
        (8000, '["anchor35", "anchor70"]', "anchor35 and anchor70 are no anchors"),
        (8000, '["lossy"]', ""),
        (12000, '["anchor35", "anchor70"]', "anchor70 is no anchor"),
        (16000, '["anchor35", "anchor70"]', ""),
    ],
)
def test_low_pass_anchors_that_take_nothing_away_are_told(rate: int, anchors: str, told: str) -> None:
    key = key_of("mushra", 6, 2, extra=f"[mushra]\nanchors = {anchors}\n")
    clips = [clip.model_copy(update={"rate": rate}) for clip in key.clips]
    found = said(key.model_copy(update={"clips": clips}))
    assert (f"{told} for clips of {rate} Hz" in found) if told else "anchor" not in found


def test_too_few_listeners_for_the_votes_wanted_are_told() -> None:
    top = 'listeners = ["a", "b"]\nvotes_per_clip = 4\nratings_per_condition = 3'
    assert "2 listeners are listed, which gives 1 vote in a cell; 8 are needed" in said(
        key_of("acr", 6, 2, top=top)
    )


def test_pairing_is_said_with_its_cost() -> None:
    for pairing, cost in (
        ("same clips", "clips cancel"),
        ("different clips", "9 % wider, as if 16 % of the votes"),
    ):
        key = key_of("acr", 8, 2, top=f'ratings_per_condition = 4\npairing = "{pairing}"')
        rows = dict(as_rows(key, count(key, simulated(key))))
        assert rows["pairing"].startswith(pairing)
        assert cost in rows["pairing"]
    assert "pairing" not in dict(as_rows(key_of("acr"), count(key_of("acr"), simulated(key_of("acr")))))


def test_fixed_sides_and_long_sessions_are_told() -> None:
    assert "sides are fixed" in said(key_of("ab", 4, 2, extra='[ab]\nsides = "fixed"'))
    key = key_of("acr", 6, 4)
    longer = [clip.model_copy(update={"frames": 8000 * 120}) for clip in key.clips]
    assert "P.800 allows 45" in said(key.model_copy(update={"clips": longer}))
