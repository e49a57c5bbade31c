"""Levels, loudness and gain against slow, plain versions of their definitions."""

import math

import numpy as np
import pytest
import soundfile

from gaplisten.audio.gain import clip_gain, matching_gain
from gaplisten.audio.level import active_level
from gaplisten.audio.loudness import integrated_loudness
from gaplisten.audio.signal import Signal


def speechlike(rate: int, seconds: float = 4.0, seed: int = 1) -> np.ndarray:
    """Return noise in syllables of 0.15 s with short pauses, and long pauses now and then."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(rate * seconds)) / rate
    syllables = np.maximum(np.sin(2 * np.pi * 3.3 * time), 0) ** 0.5
    sentences = (time % 2.0) < 1.3
    return rng.standard_normal(len(time)) * syllables * sentences * 0.1


def p56_by_hand(samples: np.ndarray, rate: int) -> float:
    """Return the active level sample by sample, as the description of the speech voltmeter puts it."""
    g = math.exp(-1.0 / (rate * 0.03))
    hang = math.ceil(0.2 * rate)
    thresholds = [2.0**-k for k in range(15, 0, -1)]
    active, idle = [0] * 15, [hang] * 15
    p = q = energy = 0.0
    for x in samples.tolist():
        energy += x * x
        p = g * p + (1 - g) * abs(x)
        q = g * q + (1 - g) * p
        for j, c in enumerate(thresholds):
            if q >= c:
                active[j] += 1
                idle[j] = 0
            elif idle[j] < hang:
                active[j] += 1
                idle[j] += 1
            else:
                break  # higher thresholds were left earlier, or were never reached
    if not active[0]:
        return -100.0

    def difference(j: float) -> tuple[float, float]:
        low, part = int(j), j - int(j)
        level = [10 * math.log10(energy / active[k]) for k in (low, min(low + 1, 14)) if active[k]]
        mark = [20 * math.log10(thresholds[k]) for k in (low, min(low + 1, 14))]
        here = level[0] + part * ((level[1] - level[0]) if len(level) > 1 else 0.0)
        return here, here - (mark[0] + part * (mark[1] - mark[0]))

    for low in range(14):
        if active[low + 1] and difference(low)[1] > 15.9 >= difference(low + 1)[1]:
            a, b = float(low), float(low + 1)
            while b - a > 1e-6:  # bisection, as in the tool
                middle = (a + b) / 2
                a, b = (middle, b) if difference(middle)[1] > 15.9 else (a, middle)
            return difference(a)[0]
    return -100.0


@pytest.mark.parametrize("gain_db", [0, -10, -25, -40])
@pytest.mark.parametrize("noise_db", [None, -70, -50])
def test_the_active_level_agrees_with_the_definition_carried_out_by_hand(gain_db, noise_db):
    samples = speechlike(8000) * 10 ** (gain_db / 20)
    if noise_db is not None:
        samples = samples + np.random.default_rng(2).standard_normal(len(samples)) * 10 ** (noise_db / 20)
    assert active_level(samples, 8000).dbov == pytest.approx(p56_by_hand(samples, 8000), abs=0.02)


def test_the_active_level_agrees_on_real_speech(real_clips):
    samples, rate = soundfile.read(real_clips / "plc_challenge_examples" / "clean.wav")
    for gain in (1.0, 0.1, 0.01):
        part = samples[: 3 * rate] * gain
        assert active_level(part, rate).dbov == pytest.approx(p56_by_hand(part, rate), abs=0.02)


def test_pauses_do_not_lower_the_active_level_but_lower_the_activity():
    samples = speechlike(16000)
    paused = np.concatenate([samples, np.zeros(len(samples))])
    speaking, pausing = active_level(samples, 16000), active_level(paused, 16000)
    assert pausing.dbov == pytest.approx(speaking.dbov, abs=0.2)
    assert pausing.activity == pytest.approx(speaking.activity / 2, rel=0.05)
    assert pausing.rms_dbov == pytest.approx(speaking.rms_dbov - 3.01, abs=0.01)


def test_a_gain_moves_the_active_level_by_as_much():
    samples = speechlike(16000)
    moved = active_level(samples * 0.5, 16000).dbov - active_level(samples, 16000).dbov
    assert moved == pytest.approx(
        -6.02, abs=0.15
    )  # thresholds are 6 dB apart: the interpolation is not exact


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(8000), np.full(8000, 1e-6)])
def test_silence_has_no_active_level(samples):
    assert active_level(samples, 8000).silent


def test_two_equal_channels_have_the_level_of_one():
    samples = speechlike(8000)
    assert active_level(np.stack([samples, samples], 1), 8000).dbov == pytest.approx(
        active_level(samples, 8000).dbov
    )


@pytest.mark.parametrize("rate", [16000, 32000, 44100, 48000, 96000])
def test_loudness_of_the_calibration_tone_is_what_the_recommendation_says(rate):
    tone = np.sin(2 * np.pi * 997 * np.arange(3 * rate) / rate)
    assert integrated_loudness(Signal.of(tone, rate)) == pytest.approx(-3.01, abs=0.06)


def test_loudness_adds_the_power_of_both_channels():
    tone = 0.1 * np.sin(2 * np.pi * 997 * np.arange(96000) / 48000)
    both = integrated_loudness(Signal.of(np.stack([tone, tone], 1), 48000))
    assert both - integrated_loudness(Signal.of(tone, 48000)) == pytest.approx(3.01, abs=0.01)


def test_the_gates_leave_silence_and_quiet_parts_out_of_the_loudness():
    tone = 0.1 * np.sin(2 * np.pi * 997 * np.arange(48000 * 10) / 48000)
    quiet = np.concatenate([tone, tone * 0.02, np.zeros(48000 * 20)])
    alone, among = (integrated_loudness(Signal.of(x, 48000)) for x in (tone, quiet))
    assert among == pytest.approx(alone, abs=0.15)  # only blocks on the border differ
    assert integrated_loudness(Signal.of(np.zeros(48000), 48000)) == -math.inf
    assert integrated_loudness(Signal.of(np.ones(100), 48000)) == -math.inf


def test_the_reference_is_brought_to_the_target():
    reference = Signal.of(speechlike(16000) * 0.2, 16000)
    chosen = clip_gain(reference, [])
    level = active_level(reference.samples * chosen.gain, 16000).dbov
    assert level == pytest.approx(-26.0, abs=0.1)
    assert not chosen.limited
    assert chosen.reason == ""


def test_the_gain_stops_short_of_clipping_any_condition_and_says_so():
    reference = Signal.of(speechlike(16000) * 0.05, 16000)
    spiky = reference.samples.copy()
    spiky[1000] = -0.7
    chosen = clip_gain(reference, [Signal(spiky, 16000)])
    assert chosen.limited
    assert "would clip" in chosen.reason
    played = spiky * np.float32(chosen.gain)
    assert np.abs(played).max() <= 1.0
    assert np.abs(played).max() > 0.999
    assert chosen.gain == float(np.float32(chosen.gain))


@pytest.mark.parametrize("reference", [None, Signal.of(np.zeros(16000), 16000)])
def test_without_speech_in_the_reference_sound_is_left_as_it_is_with_a_reason(reference):
    chosen = clip_gain(reference, [Signal.of(np.full(100, 0.5), 16000)])
    assert chosen.gain == 1.0
    assert "played as it is" in chosen.reason


def test_a_condition_is_matched_only_when_asked_and_then_to_the_reference():
    reference = Signal.of(speechlike(16000), 16000)
    quieter = Signal(reference.samples * np.float32(0.25), 16000)
    assert clip_gain(reference, [quieter]).gain == clip_gain(reference, []).gain
    assert matching_gain(reference, quieter).gain == pytest.approx(4.0, rel=0.02)
