"""The gap at hand and the loop, without a window."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.bench.at_hand import GapAtHand, Looping
from gaplisten.bench.document import Document
from gaplisten.bench.events import Event
from gaplisten.bench.state import Loop
from gaplisten.loss.trace import Gap, LossTrace

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
        settings=SimpleNamespace(context_ms=500.0, loop_edges="anywhere"),
        hearing=SimpleNamespace(state=state, heard=0),
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


def test_an_edge_is_seen_5_ms_either_side_and_nearer_when_it_is_asked_for_again(bench):
    hand = GapAtHand(bench)
    hand.take(1)
    assert hand.focus == 4 * RATE + 160
    seen = []
    for edge in ("exit", "exit", "exit", "entry"):
        hand.go_to_edge(edge)
        seen.append((hand.edge_frame, hand.focus, hand.around_edge))
    stop, start = 4 * RATE + 320, 4 * RATE
    assert seen == [(stop, stop, 80), (stop, stop, 16), (stop, stop, 80), (start, start, 80)]


def test_an_edge_stays_at_hand_from_gap_to_gap_until_the_user_points_elsewhere(bench):
    hand = GapAtHand(bench)
    hand.take(1)
    hand.go_to_edge("exit")
    hand.take(2)
    assert hand.edge_frame == 8 * RATE + 320
    hand.point_at(1 * RATE)
    assert (hand.index, hand.edge_frame) == (0, None)


def test_the_loop_around_an_edge_is_the_shortest_there_may_be(bench):
    looping = Looping(bench)
    looping.around(4 * RATE + 320)
    assert looping.now == Loop(4 * RATE + 320 - 320 - 80, 4 * RATE + 320 + 320), "its fade hides no edge"
    looping.around(2 * RATE)
    assert looping.now == Loop(2 * RATE - 320, 2 * RATE + 320)


def _with_packets(bench):
    bench.settings.loop_edges = "packets"
    bench.listed_trace = LossTrace.of_packets(np.zeros(500, np.bool_), 320, RATE)
    bench.lane = lambda _key: None


def test_loops_begin_and_end_at_packets_where_that_is_wanted(bench):
    _with_packets(bench)
    looping = Looping(bench)
    looping.set(1000, 2700)
    assert looping.now == Loop(960, 2560)
    looping.set(4 * RATE, 4 * RATE + 1280)
    assert looping.now == Loop(4 * RATE - 320, 4 * RATE + 1280), "at the gap's own edge a fade would hide it"
    looping.set(1000, 1100)
    assert looping.now == Loop(960, 1600), "40 ms, rounded up to packets"


def test_a_loop_at_packets_moves_on_to_an_edge_that_no_gap_has(bench):
    _with_packets(bench)
    bench.gaps = tuple(Gap(320 * k, 320 * k + 320, k, 1) for k in (10, 12, 20, 22))
    looping = Looping(bench)
    looping.set(11 * 320, 22 * 320)
    assert looping.now == Loop(9 * 320, 24 * 320), "all edges of packets between are edges of gaps"


def test_loops_begin_and_end_where_the_sound_that_is_heard_crosses_zero_where_that_is_wanted(bench):
    time = np.arange(10 * RATE) / RATE
    signal = Signal.of(np.sin(2 * np.pi * 100 * time + 0.3), RATE)
    bench.settings.loop_edges = "crossings"
    bench.listed_trace, bench.lane = None, lambda _key: SimpleNamespace(signal=signal)
    looping = Looping(bench)
    looping.set(30_050, 33_333)
    for edge in (looping.now.start, looping.now.stop):
        before, after = signal.samples[edge - 1, 0], signal.samples[edge, 0]
        assert (before >= 0) != (after >= 0)
    assert abs(looping.now.start - 30_050) <= 80
    assert abs(looping.now.stop - 33_333) <= 80
