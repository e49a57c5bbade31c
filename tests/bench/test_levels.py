"""Levels, delays and what is done about them: numbers and words, without a window."""

from __future__ import annotations

import numpy as np
import pytest

from gaplisten.audio.alignment import Delay
from gaplisten.audio.level import ActiveLevel
from gaplisten.audio.signal import Signal
from gaplisten.bench import levels
from gaplisten.bench.levels import (
    Levels,
    aligned,
    delay_state,
    delay_words,
    match,
    match_state,
    measure_delay,
    measure_level,
    received_as_sent,
)
from gaplisten.jobs import Job
from kit.sound_material import RATE, late, speech


def level(dbov: float, peak: float = 0.5) -> Levels:
    return Levels(ActiveLevel(dbov, 0.8, dbov - 1), dbov, peak)


def test_a_version_whose_received_packets_are_untouched_is_seen_at_once() -> None:
    clean = speech()
    samples = clean.samples.copy()
    lost = np.repeat(np.random.default_rng(1).random(200) < 0.5, 320)
    samples[lost] = 0.1 * np.random.default_rng(2).standard_normal((int(lost.sum()), 1))
    assert received_as_sent(clean, Signal(samples, RATE))
    assert aligned(measure_delay(clean, Signal(samples, RATE), Job()), 0)
    assert not received_as_sent(clean, late(clean, 5))


def test_a_version_that_is_in_time_only_at_first_is_not_taken_for_aligned() -> None:
    clean = speech()
    jumped = np.concatenate([clean.samples[:32000], np.zeros((480, 1), np.float32), clean.samples[32000:]])
    assert not received_as_sent(clean, Signal(jumped, RATE))
    found = measure_delay(clean, Signal(jumped, RATE), Job())
    assert found.drifts
    assert delay_words(found, 0, RATE) == "drifts 0…30 ms"


@pytest.mark.parametrize("frames", [1, 197, 1920])
def test_a_constant_delay_is_found_to_the_frame(frames: int) -> None:
    clean = speech()
    found = measure_delay(clean, late(clean, frames), Job())
    assert (found.frames, found.drifts) == (frames, False)
    assert not aligned(found, 0)
    assert aligned(found, frames)


def test_a_lane_that_is_only_quieter_is_in_time() -> None:
    clean = speech()
    half = Signal(clean.samples * np.float32(0.5), RATE)
    assert aligned(measure_delay(clean, half, Job()), 0)
    difference = measure_level(clean, Job()).active.dbov - measure_level(half, Job()).active.dbov
    assert difference == pytest.approx(6.02, abs=0.02)


@pytest.mark.parametrize(
    ("delay", "removed", "state"),
    [
        (Delay(0, 1.0, ((0.0, 0),), False), 0, ""),
        (Delay(197, 1.0, ((0.0, 197),), False), 0, "12.3 ms late, not aligned"),
        (Delay(-48, 1.0, ((0.0, -48),), False), 0, "3.0 ms early, not aligned"),
        (Delay(1, 1.0, ((0.0, 1),), False), 0, "0.06 ms late, not aligned"),
        (Delay(197, 1.0, ((0.0, 197),), False), 197, "12.3 ms removed"),
        (Delay(0, 0.4, ((0.0, 0), (1.0, 480)), True), 0, "drifts 0…30 ms, not aligned"),
        (
            Delay(160, 0.4, ((0.0, 0), (1.0, 480)), True),
            160,
            "drifts -10…20 ms, not aligned, 10.0 ms removed",
        ),
        (Delay(0, 0.0, (), False, 0.0), 0, "delay not found, not aligned"),
        (Delay(0, 1.0, ((0.0, 0),), False, 0.7), 0, "alike 0.70 only"),
        (None, 0, ""),
        (None, -16, "1.0 ms put before it"),
    ],
)
def test_a_lanes_state_says_its_delay(delay: Delay | None, removed: int, state: str) -> None:
    assert delay_state(delay, removed, RATE) == state


def test_matching_brings_a_lane_to_the_references_level() -> None:
    found = match(level(-26.0), level(-32.0), clip_gain=1.0)
    assert found is not None
    assert found.gain_db == pytest.approx(6.0, abs=1e-4)
    assert match_state(found) == "+6.0 dB matched, limited: louder would clip" if found.limited else True
    assert not match(level(-26.0), level(-32.0, peak=0.4), clip_gain=1.0).limited


def test_matching_never_clips_not_even_with_the_clips_gain() -> None:
    found = match(level(-26.0), level(-32.0, peak=0.5), clip_gain=2.0)
    assert found is not None
    assert found.limited
    assert 0.5 * found.gain * 2.0 <= 1.0
    assert match_state(found).endswith("limited: louder would clip")


def test_silence_is_not_matched() -> None:
    assert match(level(-26.0), level(-100.0, peak=0.0), clip_gain=1.0) is None
    assert match_state(None) == "level not matched: silent"


def test_the_real_jitter_buffer_files_are_late(real_clips) -> None:
    from gaplisten.audio.files import read_signal

    folder = real_clips / "plc_challenge_examples"
    clean = read_signal(folder / "clean.wav")
    found = measure_delay(clean, read_signal(folder / "plc_good.wav"), Job())
    assert not aligned(found, 0)
    assert 1000.0 * found.frames / clean.rate == pytest.approx(120.0, abs=2.0)


def test_a_long_clip_is_looked_at_in_four_hundred_places_spread_over_it() -> None:
    rate, size = 1000, 500
    frames = 400 * 4 * size
    clean = np.random.default_rng(1).normal(0, 0.1, (frames, 1)).astype(np.float32)
    looked_at = np.arange(frames) % (4 * size) < size
    kept, lost = (np.where(where[:, None], clean, -clean) for where in (looked_at, ~looked_at))
    assert received_as_sent(Signal(clean, rate), Signal(kept.astype(np.float32), rate))
    assert not received_as_sent(Signal(clean, rate), Signal(lost.astype(np.float32), rate))


def test_of_a_long_clip_the_delay_is_that_of_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    clean = speech()
    half = clean.frames // 2
    moved = np.concatenate(
        [np.zeros((64, 1), np.float32), clean.samples[:half], np.zeros((900, 1), np.float32)]
    )
    version = Signal(np.concatenate([moved, clean.samples[half:]])[: clean.frames], RATE)
    whole = measure_delay(clean, version, Job())
    assert whole.drifts
    monkeypatch.setattr(levels, "LONGEST_SECONDS", half / RATE)
    found = measure_delay(clean, version, Job())
    assert (found.frames, found.drifts) == (64, False)
    monkeypatch.setattr(levels, "LONGEST_SECONDS", clean.frames / RATE)
    assert measure_delay(clean, version, Job()) == whole
