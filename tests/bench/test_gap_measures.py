"""Gap measures of long clips in pieces, and the order of the worst."""

from __future__ import annotations

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.bench import gap_measures
from gaplisten.bench.gap_ranking import Place, ranking, step
from gaplisten.jobs import Job, JobCancelled
from gaplisten.loss.measures import GapTable, measure_gaps, measure_named
from gaplisten.loss.trace import LossTrace

RATE, PACKET = 8000, 160


@pytest.fixture(scope="module")
def clip():
    """Return 30 s of noise modulated like speech, a version, and losses of which one lies on a cut."""
    noise = np.random.default_rng(1).normal(0, 0.1, 30 * RATE) * (1.2 + np.sin(np.arange(30 * RATE) / 1500))
    lost = np.random.default_rng(2).random(1500) < 0.1
    lost[495:505] = True
    lost[0] = lost[-1] = True
    trace = LossTrace.of_packets(lost, PACKET, RATE)
    version = noise * np.where(trace.mask(noise.size), 0.3, 1.0)
    return Signal.of(noise, RATE), Signal.of(version, RATE), trace


@pytest.mark.parametrize("with_reference", [True, False])
def test_a_long_clip_measured_in_pieces_has_the_values_of_the_whole(clip, monkeypatch, with_reference):
    clean, version, trace = clip
    reference = clean if with_reference else None
    whole = measure_gaps(reference, {"v": version}, trace)
    monkeypatch.setattr(gap_measures, "WHOLE_SECONDS", 5.0)
    monkeypatch.setattr(gap_measures, "PIECE_SECONDS", 10.0)
    job = Job()
    found = gap_measures.measured(reference, {"v": version}, trace, job)
    assert [(f.index, f.gap, f.start_s, f.length_ms, f.stratum) for f in found.gaps] == [
        (f.index, f.gap, f.start_s, f.length_ms, f.stratum) for f in whole.gaps
    ]
    np.testing.assert_allclose(found.values["v"], whole.values["v"], rtol=1e-4, atol=1e-4)
    assert job.fraction == 1.0


def test_a_long_clip_can_be_cancelled_between_pieces(clip, monkeypatch):
    clean, version, trace = clip
    monkeypatch.setattr(gap_measures, "WHOLE_SECONDS", 5.0)
    job = Job()
    job.cancel()
    with pytest.raises(JobCancelled):
        gap_measures.measured(clean, {"v": version}, trace, job)


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


def test_steps_begin_at_the_worst_and_go_round():
    order = [Place(gap, "a", 0.0) for gap in range(3)]
    assert [step(order, at, by) for at, by in ((None, 1), (0, 1), (2, 1), (0, -1), (None, -1))] == [
        0,
        1,
        0,
        2,
        2,
    ]
