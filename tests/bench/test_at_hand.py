"""The gap at hand and the loop, without a window."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gaplisten.bench.at_hand import GapAtHand, Looping
from gaplisten.bench.document import Document
from gaplisten.bench.events import Event
from gaplisten.bench.state import Loop
from gaplisten.loss.trace import Gap

RATE = 16000
CONTEXT = RATE // 2


@pytest.fixture
def bench():
    """Return a stand-in for the controller of a clip of ten seconds with gaps at 1, 4 and 8 seconds."""
    gaps = tuple(Gap(second * RATE, second * RATE + 320) for second in (1, 4, 8))
    state = SimpleNamespace(position=0, playing=False)
    made = SimpleNamespace(
        gaps=gaps,
        rate=RATE,
        frames=10 * RATE,
        clip_name="a",
        settings=SimpleNamespace(context_ms=500.0),
        hearing=SimpleNamespace(state=state),
        document=Document(),
        said=Event(),
        heard=[],
    )
    made.said.connect(made.heard.append)
    return made


def test_what_is_pointed_at_is_at_hand_if_it_is_near_enough(bench):
    hand = GapAtHand(bench)
    hand.point_at(4 * RATE + 320 + CONTEXT)
    assert (hand.index, hand.gap) == (1, bench.gaps[1])
    hand.point_at(4 * RATE + 320 + CONTEXT + 1)
    assert (hand.index, hand.gap) == (-1, None)


def test_every_change_is_told(bench):
    hand, told = GapAtHand(bench), []
    hand.changed.connect(lambda: told.append(hand.index))
    hand.take(2)
    hand.take(99)
    assert told == [2, -1]


def test_the_gap_at_hand_keeps_its_place_when_it_gets_another_number(bench):
    hand = GapAtHand(bench)
    hand.take(1)
    bench.gaps = (Gap(100, 200), *bench.gaps)
    hand.follow_loss()
    assert (hand.index, hand.gap) == (2, bench.gaps[2])
    bench.gaps = bench.gaps[:2]
    hand.follow_loss()
    assert hand.index == -1


@pytest.mark.parametrize(("playing", "beyond"), [(True, 1), (False, RATE // 4)])
def test_it_is_within_reach_until_the_playhead_leaves_its_context(bench, playing, beyond):
    hand, state = GapAtHand(bench), bench.hearing.state
    hand.take(0)
    state.playing = playing
    state.position = RATE + 320 + CONTEXT + beyond
    assert hand.within_reach == 0
    state.position += 1
    assert hand.within_reach is None


def test_where_there_are_no_gaps_none_is_near(bench):
    bench.gaps = ()
    assert GapAtHand(bench).near(0, 10 * RATE) is None
    assert GapAtHand(bench).nearest(0) == -1


def test_a_loop_that_was_switched_off_comes_back_as_it_was(bench):
    looping = Looping(bench)
    looping.set(2 * RATE, 3 * RATE)
    assert looping.switch(False)
    assert looping.now is None
    assert looping.switch(True)
    assert looping.now == Loop(2 * RATE, 3 * RATE)


def test_without_a_clip_there_is_nothing_to_loop(bench):
    bench.frames = 0
    assert not Looping(bench).switch(True)


def test_the_end_of_a_loop_never_moves_its_beginning(bench):
    looping = Looping(bench)
    looping.set(2 * RATE, 3 * RATE)
    looping.move_edge("stop", RATE)
    assert looping.now == Loop(2 * RATE, 3 * RATE)
    assert bench.heard == ["the loop begins after this, at 2.000 s: A moves its beginning"]
    looping.move_edge("stop", 2 * RATE + 1)
    assert looping.now == Loop(2 * RATE, 2 * RATE + RATE // 25)


def test_a_dragged_edge_leaves_the_other_where_it_is(bench):
    looping = Looping(bench)
    looping.set(2 * RATE, 3 * RATE)
    looping.drag(3 * RATE - 10, 3 * RATE)
    assert looping.now == Loop(3 * RATE - RATE // 25, 3 * RATE)
    assert bench.heard == ["a loop is at least 40 ms long"]


def test_fades_of_a_loop_keep_off_the_edges_of_gaps(bench):
    looping = Looping(bench)
    looping.set(RATE - 10, 2 * RATE)
    assert looping.now.start < RATE - 10
    assert "would have hidden the edge of a gap" in bench.heard[0]
