import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaplisten.audio.signal import Signal
from gaplisten.bench.loss_edits import (
    drawn,
    edit_of,
    lossy_with,
    painted,
    restorable,
    stretch_restorable,
    summary_of,
    trace_of,
)
from gaplisten.bench.state import LossEdit
from gaplisten.loss.trace import Grid, LossTrace, OffGridError, Origin
from kit import traces


def trace(drawing, frames=4):
    return traces.trace(drawing, frames)


def text(found):
    return "".join("x" if lost else "." for lost in found.lost)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_a_trace_survives_being_kept_as_runs(lost):
    found = LossTrace.of_packets(np.array(lost, np.bool_), 4, 1000)
    again = trace_of(edit_of(found, "painted"), 1000, 4 * len(lost))
    assert again.lost.tolist() == lost
    assert again.origin is Origin.EDITED


@pytest.mark.parametrize("grid", [None, Grid(7), Grid(7, -3)])
def test_gaps_off_the_packets_survive_being_kept(grid):
    found = LossTrace.of_spans([(3, 11), (40, 41)], 60, 1000, grid=grid)
    again = trace_of(edit_of(found, "marked"), 1000, 60)
    assert again.spans.tolist() == found.spans.tolist()
    assert again.grid == grid


def test_packets_that_begin_before_the_sound_survive_being_kept():
    found = LossTrace.of_packets(np.array([True, False, True]), 7, 1000, offset=-3)
    again = trace_of(edit_of(found, "painted"), 1000, 18)
    assert again.spans.tolist() == [[0, 4], [11, 18]]
    assert again.grid == found.grid
    assert painted(again, 1, 1, True).spans.tolist() == [[0, 18]]


def test_without_packets_there_is_nothing_to_paint():
    found = LossTrace.of_spans([(3, 11)], 60, 1000)
    with pytest.raises(OffGridError, match="has no packets to paint"):
        painted(found, 0, 1, True)
    assert not restorable(None, found, 3, 4)


@pytest.mark.parametrize(
    ("before", "first", "last", "lost", "after"),
    [
        ("......", 1, 3, True, ".xxx.."),
        ("......", 3, 1, True, ".xxx.."),
        ("xxxxxx", 4, 9, False, "xxxx.."),
        ("......", -3, 0, True, "x....."),
        ("..x...", 2, 2, False, "......"),
    ],
)
def test_painting(before, first, last, lost, after):
    assert text(painted(trace(before), first, last, lost)) == after


def test_a_packet_that_is_no_whole_number_of_frames_is_refused():
    with pytest.raises(ValueError, match="not a whole number"):
        trace_of(LossEdit(10, 11.61, ()), 16000, 1600)


def ramp(count=24):
    return Signal.of(np.arange(1, count + 1) / 100, 1000)


def test_lost_packets_are_exactly_zero_and_received_ones_exact():
    lossy = lossy_with(trace(".x.x.."), ramp(), None, None)
    expected = ramp().samples[:, 0].copy()
    expected[4:8] = expected[12:16] = 0
    assert lossy.samples[:, 0].tolist() == expected.tolist()


def test_packets_painted_received_come_back_from_the_reference():
    original = trace(".xx...")
    was = lossy_with(original, ramp(), None, None)
    now = lossy_with(trace(".x...."), ramp(), was, original)
    assert now.samples[8:12, 0].tolist() == ramp().samples[8:12, 0].tolist()
    assert not now.samples[4:8].any()


def test_what_was_received_stays_as_it_came_even_where_it_differs_from_the_reference():
    original = trace(".x....")
    was = Signal.of(ramp().samples[:, 0] * 0.5, 1000)
    now = lossy_with(trace("....x."), ramp(), was, original)
    assert now.samples[8:12, 0] == pytest.approx(was.samples[8:12, 0])
    assert now.samples[4:8, 0] == pytest.approx(ramp().samples[4:8, 0])


def test_without_a_reference_lost_packets_cannot_come_back():
    original = trace(".x....")
    assert not restorable(None, original, 0, 2)
    assert restorable(None, original, 2, 5)
    assert restorable(ramp(), original, 0, 2)


def test_the_signals_given_are_not_changed():
    reference, lossy = ramp(), Signal.of(np.zeros(24), 1000)
    lossy_with(trace("x....."), reference, lossy, trace("......"))
    assert reference.samples[0, 0] == pytest.approx(0.01)
    assert not lossy.samples.any()


def test_a_gap_drawn_off_the_packets_keeps_them():
    found = drawn(trace("..x..."), 5, 11, True, 24, 1000)
    again = trace_of(edit_of(found, "drawn"), 1000, 24)
    assert again.spans.tolist() == [[5, 12]]
    assert again.grid == Grid(4)
    assert not again.on_grid
    assert drawn(again, 12, 5, False, 24, 1000).spans.tolist() == []
    at_twice_the_rate = trace_of(edit_of(found, "drawn"), 2000, 48)
    assert at_twice_the_rate.spans.tolist() == [[10, 24]]
    assert at_twice_the_rate.grid == Grid(8)


def test_a_gap_can_be_drawn_where_nothing_was_known_of_losses():
    found = drawn(None, 7, 3, True, 24, 1000)
    assert found.spans.tolist() == [[3, 7]]
    assert found.grid is None


def test_without_a_reference_only_what_was_received_is_drawn_received():
    original = LossTrace.of_spans([(3, 11)], 60, 1000)
    assert stretch_restorable(None, original, 20, 12)
    assert not stretch_restorable(None, original, 10, 12)
    assert stretch_restorable(Signal.of(np.zeros(60), 1000), original, 10, 12)


@pytest.mark.parametrize(
    ("edit", "figures"),
    [
        (LossEdit(100, 20.0, ((3, 5), (7, 8))), (0.03, 2, 40.0)),
        (LossEdit(100, 20.0, ()), (0.0, 0, 0.0)),
        (LossEdit(16000, 1000 / 16000, ((160, 480),)), (0.02, 1, 20.0)),
        (LossEdit(50, 20.0, ((160, 320), (400, 1360)), "drawn", 0, 16000, 16000), (0.07, 2, 60.0)),
    ],
)
def test_edited_losses_are_listed_by_the_figures_of_the_edit(edit, figures):
    found = summary_of(edit)
    assert (found.loss_rate, found.gaps, found.longest_ms) == pytest.approx(figures)
