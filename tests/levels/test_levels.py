"""Levels, loudness and gain against slow, plain versions of their definitions, and the ITU's voltmeter."""

import math

import numpy as np
import pytest
import soundfile

from gaplisten.audio.gain import clip_gain, matching_gain
from gaplisten.audio.level import active_level
from gaplisten.audio.loudness import integrated_loudness
from gaplisten.audio.signal import Signal
from levels.voltmeter import VALUES, speechlike, spoken

REAL = ((1.0, -25.5849), (0.1, -45.5902), (0.01, -65.5791))  # of the published clean example, as `VALUES`


@pytest.mark.parametrize(("rate", "gain_db", "noise_db", "pause", "dbov"), VALUES)
def test_the_active_level_is_that_of_the_itu_s_voltmeter(rate, gain_db, noise_db, pause, dbov):
    assert active_level(spoken(rate, gain_db, noise_db, pause), rate).dbov == pytest.approx(dbov, abs=1e-3)


def test_the_active_level_of_real_speech_is_that_of_the_itu_s_voltmeter(real_clips):
    samples, rate = soundfile.read(real_clips / "plc_challenge_examples" / "clean.wav")
    for gain, dbov in REAL:
        assert active_level(samples * gain, rate).dbov == pytest.approx(dbov, abs=1e-3)


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
