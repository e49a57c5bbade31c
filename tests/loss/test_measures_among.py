"""Versions compared with each other stretch by stretch: the values of the whole, in little memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job, JobCancelled
from gaplisten.loss.measures import MEASURES, measure_gaps
from gaplisten.loss.measures.among import AMONG, measure_among
from gaplisten.loss.trace import LossTrace

COLUMNS = [MEASURES.index(measure) for measure in AMONG]
KEYS = {measure.key for measure in AMONG}


def losses(seconds: float, rate: int, share: float) -> LossTrace:
    flags = np.random.default_rng(3).random(round(seconds * 50)) < share
    return LossTrace.of_packets(flags, rate // 50, rate)


def sounds(trace: LossTrace, channels: int = 1) -> tuple[Signal, dict[str, Signal]]:
    """Return noise, and versions of it: two alike in most gaps, one right in some, one that ends early."""
    random, lost = np.random.default_rng(4), trace.mask(trace.frames)[:, None]
    shape = (trace.frames, channels)
    clean = random.normal(0, 0.1, shape).astype(np.float32)
    off = np.where(lost, random.normal(0, 0.05, shape), clean).astype(np.float32)
    near = (off * (1 + 0.01 * random.normal(0, 1, shape))).astype(np.float32)
    near[: len(near) // 3] = clean[: len(near) // 3]
    found = {"off": off, "near": near, "early": off[: -len(off) // 5], "itself": clean}
    return Signal(clean, trace.rate), {name: Signal(each, trace.rate) for name, each in found.items()}


@pytest.mark.parametrize("with_reference", [True, False])
@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (48_000, 2)])
def test_stretch_by_stretch_values_and_facts_are_to_the_bit_those_of_the_whole(
    with_reference: bool, rate: int, channels: int
) -> None:
    trace = losses(35, rate, 0.2)
    clean, versions = sounds(trace, channels)
    reference = clean if with_reference else None
    whole = measure_gaps(reference, versions, trace)
    found = measure_among(reference, versions, trace)
    assert list(found) == list(versions)
    for name, (values, facts) in found.items():
        np.testing.assert_array_equal(values, whole.values[name][:, COLUMNS])
        assert facts == tuple(fact for fact in whole.clip[name] if fact.key in KEYS)
    assert any(facts for _, facts in found.values())


def test_gaps_that_reach_over_many_stretches_are_compared_as_a_whole() -> None:
    spans = [(0, 1000), (7 * 8000, 29 * 8000), (29 * 8000 + 9, 30 * 8000), (34 * 8000, 35 * 8000)]
    trace = LossTrace.of_spans(np.array(spans), 35 * 8000, 8000)
    clean, versions = sounds(trace)
    whole = measure_gaps(clean, versions, trace)
    for name, (values, _) in measure_among(clean, versions, trace).items():
        np.testing.assert_array_equal(values, whole.values[name][:, COLUMNS])


@pytest.mark.parametrize("share", [0.0005, 0.05, 0.7])
def test_comparing_versions_of_ten_minutes_takes_little_memory_however_much_is_lost(share: float) -> None:
    rate = 16_000
    trace = losses(600, rate, share)
    sound = Signal(np.random.default_rng(5).normal(0, 0.1, (600 * rate, 1)).astype(np.float32), rate)
    tracemalloc.start()
    try:
        measure_among(sound, {"a": sound, "b": sound}, trace)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 20e6  # one version as a whole would take 77 MB


def test_comparing_versions_can_be_stopped_on_the_way() -> None:
    trace = losses(35, 8_000, 0.2)
    clean, versions = sounds(trace)
    job = Job()
    job.cancel()
    with pytest.raises(JobCancelled):
        measure_among(clean, versions, trace, job)


def test_where_nothing_was_lost_there_is_nothing_to_compare() -> None:
    trace = losses(2, 8_000, 0.0)
    clean, versions = sounds(trace)
    for values, facts in measure_among(clean, versions, trace).values():
        assert values.shape == (0, len(AMONG))
        assert facts == ()
