"""Summaries of per-gap measures: one number that moves with the damage."""

from __future__ import annotations

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.loss.measures import measure_gaps
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.catalogue import built_in, score

RATE, PACKET = 16000, 320


def material() -> tuple[Signal, Signal, LossTrace]:
    """A voiced sound with five gaps of zeros."""
    time = np.arange(2 * RATE) / RATE
    clean = 0.3 * np.sin(2 * np.pi * 150 * time) + 0.1 * np.sin(2 * np.pi * 450 * time)
    lost = np.zeros(100, bool)
    for start in (10, 30, 50, 70, 90):
        lost[start : start + 3] = True
    trace = LossTrace.of_packets(lost, PACKET, RATE)
    reference = Signal.of(clean, RATE)
    lossy = reference.samples.copy()
    lossy[trace.mask(reference.frames)] = 0
    return reference, Signal(lossy, RATE), trace


def test_each_measure_has_a_summary():
    names = [name for name in built_in() if name.startswith("gap_")]
    assert {"gap_flagged", "gap_click_exit", "gap_lsd", "gap_snr", "gap_energy_error"} <= set(names)
    assert all(built_in()[name].metric.needs_trace for name in names)


def test_the_summary_is_the_median_over_gaps():
    reference, lossy, trace = material()
    wanted = np.nanmedian(measure_gaps(reference, {"x": lossy}, trace).column("x", "lsd"))
    assert score("gap_lsd", lossy, reference, trace).value == pytest.approx(wanted)


def test_where_both_signs_are_bad_the_size_counts():
    reference, lossy, trace = material()
    louder = Signal(np.where(trace.mask(lossy.frames)[:, None], 2 * reference.samples, lossy.samples), RATE)
    softer = Signal(np.where(trace.mask(lossy.frames)[:, None], reference.samples / 2, lossy.samples), RATE)
    for version in (louder, softer):
        assert score("gap_energy_error", version, reference, trace).value == pytest.approx(6.02, abs=0.05)


def test_holes_are_flagged_and_the_reference_is_not():
    reference, lossy, trace = material()
    assert score("gap_flagged", lossy, reference, trace).value == 100.0
    assert score("gap_flagged", reference, reference, trace).value == 0.0
    assert score("gap_snr", lossy, reference, trace).value == pytest.approx(0.0, abs=0.01)


def test_what_is_missing_is_told():
    reference, lossy, trace = material()
    received = LossTrace.of_packets(np.zeros(100, bool), PACKET, RATE)
    assert score("gap_lsd", lossy, reference).reason == "needs a loss trace"
    assert score("gap_lsd", lossy, None, trace).reason == "needs a reference"
    assert score("gap_lsd", lossy, reference, received).reason == "there is no gap"
    one = LossTrace.of_packets(np.arange(100) == 5, PACKET, RATE)  # buzz needs 40 ms
    assert score("gap_buzz", lossy, reference, one).reason == "no gap of this clip can be measured so"


def test_beside_the_median_stands_what_it_hides():
    """One gap in five clicks: the median does not move."""
    reference, _, trace = material()
    good, bad = reference.samples.copy(), reference.samples.copy()
    bad[trace.gaps()[3].stop] += 0.5
    even, odd = (score("gap_click_exit", Signal(each, RATE), reference, trace) for each in (good, bad))
    assert odd.value == pytest.approx(even.value)
    values = measure_gaps(reference, {"x": Signal(bad, RATE)}, trace).column("x", "click_exit")
    known = dict(odd.beside)
    assert known["max"] == pytest.approx(np.nanmax(values), rel=1e-3)
    assert known["max"] > 8
    assert known["p95"] == pytest.approx(np.nanquantile(values, 0.95), rel=1e-2)
    assert (known["share"], dict(even.beside)["share"]) == (20.0, 0.0)


def test_where_low_values_are_bad_the_lowest_is_the_most_conspicuous():
    reference, _, trace = material()
    wide = reference.samples + np.random.default_rng(0).normal(0, 0.05, reference.samples.shape).astype(
        np.float32
    )
    narrow = wide.copy()
    gap = trace.gaps()[1]
    narrow[gap.start : gap.stop] = reference.samples[gap.start : gap.stop]
    found = score("gap_bandwidth", Signal(narrow, RATE), Signal(wide, RATE), trace)
    values = measure_gaps(Signal(wide, RATE), {"x": Signal(narrow, RATE)}, trace).column("x", "bandwidth")
    assert dict(found.beside)["max"] == pytest.approx(np.nanmin(values), rel=1e-3)
    assert np.nanmin(values) < -10
