"""The value that says what was lost: on packets, off them, and with no packets at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaplisten.loss.trace import Gap, Grid, LossTrace, OffGridError, Origin, Reading
from kit.traces import trace


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
    value = LossTrace.of_packets(np.array(lost, bool), packet, 1000)
    painted = np.zeros(frames, bool)
    for gap in value.gaps(frames):
        assert gap.frames > 0
        painted[gap.start : gap.stop] = True
    assert painted.tolist() == value.mask(frames).tolist()


def spans(*rows: tuple[int, int], frames: int = 100, grid: Grid | None = None) -> LossTrace:
    return LossTrace.of_spans(rows, frames, 1000, Origin.DETECTED, grid=grid)


def test_gaps_of_any_length_need_no_packets() -> None:
    value = spans((3, 20), (50, 51))
    assert value.gaps() == (Gap(3, 20), Gap(50, 51))
    assert value.gaps(10) == (Gap(3, 10),)
    assert (value.loss_rate, value.longest_ms) == (0.18, 17.0)


def test_spans_are_cut_sorted_and_united_where_they_touch() -> None:
    value = spans((50, 60), (-5, 4), (58, 70), (70, 80), (9, 9), (95, 300))
    assert value.spans.tolist() == [[0, 4], [50, 80], [95, 100]]


@pytest.mark.parametrize("ask", ["lost", "packets", "packet_frames", "packet_ms"])
def test_without_packets_there_is_a_refusal_in_words(ask: str) -> None:
    with pytest.raises(OffGridError, match="there are no packets: its gaps have lengths of their own"):
        getattr(spans((3, 20)), ask)


def test_gaps_off_the_packets_have_a_grid_but_no_flags() -> None:
    value = spans((10, 30), (45, 50), grid=Grid(10))
    assert value.gaps() == (Gap(10, 30, 1, 2), Gap(45, 50))
    assert (value.packet_frames, value.packets, value.on_grid) == (10, 10, False)
    with pytest.raises(OffGridError, match="some gaps do not lie on its packets of 10 frames"):
        _ = value.lost


def test_packets_of_a_trimmed_sound_begin_before_it() -> None:
    value = spans((0, 7), (17, 37), (97, 100), grid=Grid(10, -3))
    assert value.on_grid
    assert value.lost.tolist() == [c == "x" for c in "x.xx......x"]
    assert [(gap.first_packet, gap.packets) for gap in value.gaps()] == [(0, 1), (2, 2), (10, 1)]
    again = LossTrace.of_packets(value.lost, 10, 1000, offset=-3)
    assert again.gaps(100) == value.gaps(100)
    assert [value.packet_of(frame) for frame in (0, 6, 7, 17)] == [0, 0, 1, 2]
    assert [Grid(10, -3).start(packet) for packet in (0, 1, 2)] == [0, 7, 17]


@pytest.mark.parametrize("offset", [-10, 1])
def test_an_offset_is_within_one_packet(offset: int) -> None:
    with pytest.raises(ValueError, match="not within one packet of 10 frames"):
        Grid(10, offset)


def test_off_the_packets_another_rate_keeps_every_lost_frame() -> None:
    moved = spans((3, 4), (10, 11)).at_rate(1500)
    assert moved.spans.tolist() == [[4, 6], [15, 17]]
    assert moved.frames == 150


def test_a_trace_remembers_how_it_was_read_until_it_is_edited() -> None:
    reading = Reading("frn", inverted=True)
    value = LossTrace.of_packets(np.ones(3, bool), 10, 1000, reading=reading)
    assert value.fitted(50).reading is value.at_rate(2000).reading is value.part(5, 9).reading is reading
    edited = value.marked(4, 6, lost=False)
    assert (edited.reading, edited.origin) == (None, Origin.EDITED)
    assert edited.spans.tolist() == [[0, 4], [6, 30]]


@pytest.mark.parametrize("rows", [[[5, 5]], [[5, 9], [9, 12]], [[8, 12], [2, 4]], [[-1, 3]], [[90, 101]]])
def test_spans_that_are_not_apart_ascending_and_inside_are_no_trace(rows: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="ascending, apart, and within"):
        LossTrace(np.array(rows, np.int64), 100, 1000)


rows = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)).map(sorted).map(tuple), max_size=12)
some_grid = st.builds(lambda n, back: Grid(n, -(back % n)), st.integers(1, 9), st.integers(0, 8))
grids = st.one_of(st.none(), some_grid)


@given(rows, grids, st.integers(0, 120), st.integers(0, 120))
def test_every_way_of_asking_what_was_lost_tells_the_same(
    lost: list[tuple[int, int]], grid: Grid | None, frames: int, other: int
) -> None:
    value = LossTrace.of_spans(lost, 100, 1000, grid=grid)
    painted = np.zeros(frames, bool)
    for start, stop in lost:
        painted[start:stop] = True
    assert value.mask(frames).tolist() == painted.tolist()
    assert value.fitted(frames).mask(frames).tolist() == painted.tolist()
    assert [value.lost_at(frame) for frame in range(frames)] == painted.tolist()
    begin, end = sorted((frames, other))
    assert value.part(begin, end).mask(end - begin).tolist() == value.mask(end)[begin:].tolist()
    for mark in (True, False):
        wanted = value.mask(100)
        wanted[begin:end] = mark
        assert value.marked(begin, end, mark).mask(100).tolist() == wanted.tolist()
    for gap in value.gaps():
        if gap.packets is not None and gap.first_packet is not None and grid is not None:
            assert gap.start == grid.start(gap.first_packet)
            assert gap.stop == min(grid.start(gap.first_packet + gap.packets), 100)


@pytest.mark.parametrize(
    "lost",
    [np.array([0, 1, 0]), np.zeros((2, 3), np.bool_), np.zeros((2, 3)), np.array([0.0, 1.0]), np.array(True)],
    ids=["numbers", "two rows", "two rows of numbers", "floats", "no row"],
)
def test_flags_that_are_no_row_of_truths_are_refused(lost: np.ndarray) -> None:
    with pytest.raises(ValueError, match="lost must be a row of bool"):
        LossTrace.of_packets(lost, 10, 8000)
