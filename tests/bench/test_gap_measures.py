"""Gap measures of lanes, and the order of the worst."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.bench import gap_measures
from gaplisten.bench.gap_measures import GapMeasures
from gaplisten.bench.gap_ranking import Place, longest, ranking, step
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.tasks import Tasks
from gaplisten.errors import GaplistenError
from gaplisten.loss.measures import GapTable, measure_gaps, measure_named
from gaplisten.loss.trace import LossTrace
from kit.timing import PATIENCE

RATE, PACKET = 8000, 160


@pytest.fixture(scope="module")
def clip():
    """Return 30 s of noise modulated like speech, a version, and losses."""
    noise = np.random.default_rng(1).normal(0, 0.1, 30 * RATE) * (1.2 + np.sin(np.arange(30 * RATE) / 1500))
    lost = np.random.default_rng(2).random(1500) < 0.1
    lost[495:505] = True
    lost[0] = lost[-1] = True
    trace = LossTrace.of_packets(lost, PACKET, RATE)
    version = noise * np.where(trace.mask(noise.size), 0.3, 1.0)
    return Signal.of(noise, RATE), Signal.of(version, RATE), trace


def table(**columns):
    """Return a table of so many gaps with these click values by lane and no other."""
    trace = LossTrace.of_packets(np.array([True, False] * 4), PACKET, RATE)
    clean = Signal.of(np.zeros(8 * PACKET), RATE)
    made = measure_gaps(clean, dict.fromkeys(columns, clean), trace)
    values = {name: np.full((4, len(made.measures)), np.nan) for name in columns}
    for name, numbers in columns.items():
        for place, measure in enumerate(made.measures):
            if measure.key in ("click_exit", "energy_error", "decay"):
                values[name][:, place] = numbers
    return GapTable(made.gaps, tuple(columns), values)


@pytest.mark.parametrize(
    ("measure", "order"),
    [("click_exit", [2, 1, 0]), ("energy_error", [0, 2, 1]), ("decay", [0, 1, 2])],
)
def test_worst_is_high_low_or_far_from_zero_as_the_measure_says(measure, order):
    made = table(a=[-9.0, 1.0, 5.0, np.nan])
    assert [place.gap for place in ranking(made, ["a"], measure_named(measure), range(4))] == order
    assert made.worst("a", measure) == order


def test_of_several_lanes_the_worst_counts_and_lanes_without_values_do_not():
    made = table(a=[1.0, 8.0, 2.0, 0.0], b=[7.0, 3.0, np.nan, 0.5])
    found = ranking(made, ["a", "b", "c"], measure_named("click_exit"), [0, 1, 3])
    assert found == [Place(1, "a", 8.0), Place(0, "b", 7.0), Place(3, "b", 0.5)]
    assert ranking(made, ["c"], measure_named("click_exit"), range(4)) == []


def test_where_nothing_ranks_the_gaps_the_longest_of_those_listed_is_the_worst():
    gaps = LossTrace.of_packets(np.array([c == "x" for c in "x.xxx..xx."]), PACKET, RATE).gaps()
    assert longest(gaps, range(3)) == 1
    assert longest(gaps, {0, 2}) == 2
    assert longest(gaps, ()) == 1
    assert longest((), ()) is None


def test_steps_begin_at_the_worst_and_go_round():
    order = [Place(gap, "a", 0.0) for gap in range(3)]
    assert [step(order, at, by) for at, by in ((None, 1), (0, 1), (2, 1), (0, -1), (None, -1))] == [
        0,
        1,
        0,
        2,
        2,
    ]


class Bench:
    """Gap measures with a clock of their own; `go` lets time pass until nothing is awaited."""

    def __init__(self):
        self.now, self.tasks = 0.0, Tasks()
        self.measures = GapMeasures(self.tasks, clock=lambda: self.now)
        self.seen = []
        self.measures.changed.connect(self._see)

    def _see(self):
        table = self.measures.table
        self.seen.append(table.versions if table else ())

    def go(self, until=None):
        self.now += gap_measures.REST_SECONDS
        while not (until() if until else not self.measures.pending):
            self.tasks.poll()
            self.measures.poll()
            time.sleep(0.001)


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.measures.close()
    made.tasks.close()


def lanes_of(clip):
    clean, version, _ = clip
    return [
        Lane("r", "Reference", Role.REFERENCE, clean, 0),
        Lane("a", "A", Role.CONDITION, version, 2),
        Lane("b", "B", Role.CONDITION, version, 3),
    ]


def test_a_lane_that_changed_while_it_was_measured_has_no_stale_values_and_the_others_are_kept(
    bench, clip, monkeypatch
):
    _, version, trace = clip
    asked, go_on, engine = [], threading.Event(), gap_measures.measure_gaps

    def slow(reference, versions, trace, job, **how):
        asked.append(sorted(versions))
        go_on.wait(PATIENCE)
        return engine(reference, versions, trace, job, **how)

    monkeypatch.setattr(gap_measures, "measure_gaps", slow)
    lanes = lanes_of(clip)
    bench.measures.show(lanes, trace)
    bench.go(lambda: len(asked) == 1)
    changed = Signal(version.samples * np.float32(0.5), RATE)
    bench.measures.show([*lanes[:2], replace(lanes[2], signal=changed)], trace)
    bench.seen.clear()
    go_on.set()
    bench.go()
    assert asked == [["a", "b"], ["b"]]
    assert bench.seen[0] == ("a",)
    assert bench.seen[-1] == ("a", "b")
    energy = [bench.measures.table.column(name, "energy_error")[1] for name in "ab"]
    assert energy[0] - energy[1] == pytest.approx(20 * np.log10(2), abs=0.05)


def test_a_lane_keeps_its_values_while_it_is_made_anew_and_loses_them_when_that_fails(bench, clip):
    reference, lane, _ = lanes_of(clip)
    trace = clip[2]
    bench.measures.show([reference, lane], trace)
    bench.go()
    bench.measures.show([reference, replace(lane, busy=True)], trace)
    assert bench.measures.table is not None
    assert bench.measures.pending == {"a"}
    bench.measures.show([reference, replace(lane, signal=None, failed=True)], trace)
    assert bench.measures.table is None


def test_a_lane_whose_losses_are_not_known_is_not_measured(bench, clip):
    *lanes, other = lanes_of(clip)
    bench.measures.show([*lanes, replace(other, own_loss=True)], clip[2])
    bench.go()
    assert bench.measures.table.versions == ("a",)
    assert [table.versions for table in bench.measures.named_tables()] == [("A",)]


def test_each_lane_is_measured_at_the_losses_it_met_and_the_table_tells_of_those_listed(bench, clip):
    reference, a, b = lanes_of(clip)
    trace = clip[2]
    own = LossTrace.of_packets(np.roll(trace.lost, 7)[::2], 2 * PACKET, RATE)
    c = replace(b, ident="c", name="C", key=4, own_loss=True, own_trace=own)
    lanes = [reference, a, b, c]
    bench.measures.show(lanes, trace)
    bench.go()
    listed = bench.measures.table
    assert listed.versions == ("a", "b")
    assert len(listed.gaps) == len(trace.gaps())
    bench.measures.show(lanes, trace, own)
    assert not bench.measures.pending
    itself = bench.measures.table
    assert itself.versions == ("c",)
    assert [facts.gap for facts in itself.gaps] == list(own.gaps(reference.signal.frames))
    alone = measure_gaps(reference.signal, {"c": c.signal}, own)
    np.testing.assert_array_equal(itself.values["c"], alone.values["c"])
    shared = measure_gaps(reference.signal, {"a": a.signal, "b": b.signal}, trace)
    np.testing.assert_array_equal(listed.values["b"], shared.values["b"])


def test_losses_painted_in_the_clip_leave_the_values_of_a_lane_that_met_others(bench, clip):
    reference, a, b = lanes_of(clip)
    trace = clip[2]
    own = LossTrace.of_packets(np.roll(trace.lost, 7), PACKET, RATE)
    lanes = [reference, a, replace(b, own_loss=True, own_trace=own)]
    bench.measures.show(lanes, trace)
    bench.go()
    other = trace.lost.copy()
    other[:3] = False
    bench.measures.show(lanes, LossTrace.of_packets(other, PACKET, RATE), own)
    assert bench.measures.pending == {"a"}
    assert bench.measures.table.versions == ("b",)


def test_a_lane_that_is_made_anew_keeps_no_values_of_gaps_that_it_did_not_meet(bench, clip):
    reference, lane, _ = lanes_of(clip)
    bench.measures.show([reference, lane], clip[2])
    bench.go()
    bench.measures.show(
        [reference, replace(lane, busy=True)], LossTrace.of_packets(np.roll(clip[2].lost, 1), PACKET, RATE)
    )
    assert bench.measures.table is None


def test_another_loss_measures_everything_again_and_the_same_loss_nothing(bench, clip):
    lanes, trace = lanes_of(clip), clip[2]
    bench.measures.show(lanes, trace)
    bench.go()
    bench.measures.show(lanes, LossTrace.of_packets(trace.lost.copy(), PACKET, RATE))
    assert not bench.measures.pending
    other = trace.lost.copy()
    other[:3] = False
    bench.measures.show(lanes, LossTrace.of_packets(other, PACKET, RATE))
    assert bench.measures.pending == {"a", "b"}
    assert bench.measures.table is None


def test_a_failure_is_said_and_who_waits_for_the_values_is_told(bench, clip, monkeypatch):
    def broken(*_, **__):
        raise GaplistenError("gaps", "cannot be measured", "never mind")

    monkeypatch.setattr(gap_measures, "measure_gaps", broken)
    told = []
    bench.measures.show(lanes_of(clip), clip[2])
    bench.measures.when_measured(lambda: told.append(bench.measures.error))
    assert told == []
    bench.go()
    assert told == ["cannot be measured"]


def test_the_user_cancels_the_work_and_takes_it_up_again(bench, clip):
    told = []
    bench.measures.show(lanes_of(clip), clip[2])
    bench.go(lambda: bench.tasks.busy)
    bench.measures.when_measured(lambda: told.append("cancelled"))
    bench.tasks.cancel_shown()
    bench.go()
    assert bench.measures.stopped
    assert told == []  # who asked has been told by the cancelling
    bench.measures.resume()
    bench.measures.when_measured(lambda: told.append(bench.measures.table.versions))
    bench.go()
    assert told == [("a", "b")]
