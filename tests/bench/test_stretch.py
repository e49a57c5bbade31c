"""What is measured of a stretch."""

import time

import numpy as np
import pytest

from gaplisten.audio.filemap import as_source
from gaplisten.audio.signal import Signal
from gaplisten.bench import stretch
from gaplisten.bench.stretch import between, read_stretch
from gaplisten.bench.tasks import Tasks
from kit.timing import PATIENCE

RATE = 16000


def _pulses(period, frames=RATE):
    row = np.zeros(frames, np.float32)
    row[::period] = 0.5
    return as_source(Signal.of(np.convolve(row, np.hanning(9), "same").astype(np.float32), RATE))


@pytest.mark.parametrize("period", [80, 125, 160])
def test_a_periodic_stretch_has_its_pitch(period):
    assert read_stretch(_pulses(period), 0, RATE // 2).pitch == pytest.approx(RATE / period, rel=0.01)


def test_noise_and_stretches_shorter_than_thirty_ms_have_none():
    noise = np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32)
    assert read_stretch(as_source(Signal.of(noise, RATE)), 0, RATE).pitch is None
    assert read_stretch(_pulses(80), 0, 400).pitch is None


def test_a_sine_has_its_peak_and_its_level():
    sine = np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE).astype(np.float32) / 2
    found = read_stretch(as_source(Signal.of(sine, RATE)), 0, RATE)
    assert found.text.startswith("peak −6.0 dBFS · RMS −9.0 dBFS · f0 200.0 Hz")


def test_what_is_too_long_or_not_there_is_not_measured():
    source = _pulses(80, 31 * RATE)
    assert read_stretch(source, 0, 31 * RATE) is None
    assert read_stretch(source, 31 * RATE, 31 * RATE + 5) is None


def test_two_places_lie_samples_and_milliseconds_apart():
    assert between(160, RATE) == "160 samples · 10.000 ms · 1/T 100 Hz"
    assert between(0, RATE) == "0 samples"


def test_a_stretch_that_still_moves_is_not_measured_and_one_that_stays_is_measured_once(monkeypatch):
    asked, now = [], 0.0
    monkeypatch.setattr(stretch, "read_stretch", lambda _source, start, stop: asked.append((start, stop)))
    tasks = Tasks()
    measure = stretch.StretchMeasure(tasks, lambda: now)
    sound = Signal.of(np.zeros(RATE, np.float32), RATE)
    for stop in range(100, 200):
        now += stretch.REST_SECONDS / 2
        measure.show(sound, 0, stop)
        measure.poll()
    now += stretch.REST_SECONDS
    end = time.monotonic() + PATIENCE
    while measure.busy and time.monotonic() < end:
        measure.poll()
        tasks.poll()
    assert asked == [(0, 199)]
    measure.show(sound, 0, 199)
    assert not measure.busy
    measure.close()
    tasks.close()
