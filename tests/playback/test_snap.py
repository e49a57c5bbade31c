"""Loop edges keep away from the edges of gaps, or say that they cannot."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gaplisten.playback.snap import snap_loop

FADE = 80


def test_a_loop_far_from_gaps_stays():
    loop = snap_loop(1000, 3000, [2000], FADE, frames=9000)
    assert (loop.start, loop.stop, loop.moved, loop.warning) == (1000, 3000, False, "")


def test_a_start_just_before_a_gap_moves_earlier_and_a_stop_just_after_one_later():
    loop = snap_loop(1000, 3000, [1040, 2990], FADE, frames=9000)
    assert (loop.start, loop.stop) == (960, 3071)
    assert loop.moved
    assert not loop.warning


def test_a_loop_that_is_too_short_grows():
    loop = snap_loop(1000, 1100, [], FADE, frames=9000, shortest=640)
    assert (loop.start, loop.stop) == (1000, 1640)
    assert snap_loop(8900, 9000, [], FADE, frames=9000, shortest=640).start == 8360


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.integers(0, 9000),
    st.integers(0, 9000),
    st.lists(st.integers(0, 9000), max_size=12).map(lambda values: sorted(set(values))),
    st.sampled_from(["start", "stop"]),
)
def test_an_edge_that_is_fixed_never_moves(start, stop, boundaries, fixed):
    loop = snap_loop(start, stop, boundaries, FADE, frames=9000, shortest=640, fixed=fixed)
    assert getattr(loop, fixed) == {"start": start, "stop": stop}[fixed]
    room = 9000 - start if fixed == "start" else stop
    assert loop.stop - loop.start >= min(640, room)


def test_the_other_edge_of_a_fixed_one_makes_room_for_the_shortest_loop():
    assert snap_loop(1000, 1100, [], FADE, frames=9000, shortest=640, fixed="start").stop == 1640
    assert snap_loop(1000, 1100, [], FADE, frames=9000, shortest=640, fixed="stop").start == 460
    assert snap_loop(1000, 900, [], FADE, frames=9000, shortest=640, fixed="start").stop == 1640


def test_a_gap_at_the_very_edge_of_the_clip_is_warned_about():
    loop = snap_loop(0, 3000, [40], FADE, frames=9000)
    assert loop.start == 0
    assert "frame 40" in loop.warning


@example(0, 0, [0, 1])
@given(
    st.integers(0, 9000),
    st.integers(0, 9000),
    st.lists(st.integers(0, 9000), max_size=12).map(lambda values: sorted(set(values))),
)
def test_a_snapped_loop_contains_the_one_asked_for_and_hides_nothing_unsaid(start, stop, boundaries):
    loop = snap_loop(start, stop, boundaries, FADE, frames=9000)
    assert 0 <= loop.start <= min(start, stop)
    assert max(start, stop) <= loop.stop <= 9000
    hidden = [
        at
        for at in boundaries
        if 0 < at < 9000 and (loop.start <= at < loop.start + FADE or loop.stop - FADE <= at < loop.stop)
    ]
    assert bool(hidden) == bool(loop.warning)


@given(st.lists(st.integers(1, 40), max_size=30), st.integers(0, 9000), st.integers(700, 3000))
def test_packets_of_twenty_milliseconds_always_leave_room_for_fades_of_five(packets, start, length):
    boundaries = sorted({4 * FADE * packet for packet in packets})
    stop = min(start + length, 13000)
    loop = snap_loop(start, stop, boundaries, FADE, frames=14000)
    assert not loop.warning or loop.start == 0


@pytest.mark.parametrize(
    ("boundary", "start"),
    [(999, 1000), (1000, 920), (1001, 921), (1079, 999), (1080, 1000)],
)
def test_a_start_moves_for_what_its_fade_would_cover_and_for_nothing_else(boundary, start):
    """A fade-in of 80 frames covers the frames 1000 to 1079; it then is over when the gap's edge comes."""
    loop = snap_loop(1000, 4000, [boundary], FADE, frames=9000)
    assert (loop.start, loop.stop, loop.moved, loop.warning) == (start, 4000, start != 1000, "")


@pytest.mark.parametrize(
    ("boundary", "stop"),
    [(2919, 3000), (2920, 3001), (2999, 3080), (3000, 3081), (3001, 3000)],
)
def test_a_stop_moves_for_what_its_fade_would_cover_and_for_nothing_else(boundary, stop):
    """A fade-out of 80 frames covers 2920 to 2999; the sample at the edge is to be heard whole, too."""
    loop = snap_loop(1000, 3000, [boundary], FADE, frames=9000)
    assert (loop.start, loop.stop, loop.moved, loop.warning) == (1000, stop, stop != 3000, "")


def test_an_edge_that_moves_onto_the_next_gap_moves_on():
    assert snap_loop(1000, 4000, [965, 1040], FADE, frames=9000).start == 885
    assert snap_loop(1000, 3000, [2990, 3060], FADE, frames=9000).stop == 3141


def test_only_an_edge_that_cannot_be_avoided_is_warned_about():
    assert "frame 8990" in snap_loop(0, 9000, [8990], FADE, frames=9000).warning
    assert snap_loop(0, 9000, [0], FADE, frames=9000).warning == ""  # nothing before it could be hidden
    assert snap_loop(0, 9000, [80, 8919], FADE, frames=9000).warning == ""
    assert "frame 1" in snap_loop(0, 9000, [1], FADE, frames=9000).warning


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [(3000, 1000, (1000, 3000)), (-5, 700, (0, 700)), (8000, 9500, (8000, 9000)), (100, 700, (100, 740))],
)
def test_a_loop_is_put_in_order_cut_to_the_clip_and_made_long_enough(start, stop, expected):
    loop = snap_loop(start, stop, [], FADE, frames=9000, shortest=640)
    assert (loop.start, loop.stop, loop.moved) == (*expected, True)
    exact = snap_loop(100, 740, [], FADE, frames=9000, shortest=640)
    assert (exact.start, exact.stop, exact.moved) == (100, 740, False)
