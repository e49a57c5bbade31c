"""Levels, loudness and gain against slow, plain versions of their definitions, and the ITU's voltmeter."""

import math

import numpy as np
import pytest
import soundfile

from gaplisten.audio import level
from gaplisten.audio.gain import clip_gain
from gaplisten.audio.level import active_level, integrated_loudness, peak
from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job, JobCancelled
from kit.voltmeter import VALUES, speechlike, spoken

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


@pytest.mark.parametrize("frames", [19200, 19201, 23999, 24000, 48000, 52799])
def test_loudness_is_that_of_the_whole_blocks_and_of_none_that_reaches_beyond_the_end(frames):
    tone = np.sin(2 * np.pi * 997 * np.arange(96000) / 48000)
    assert integrated_loudness(Signal.of(tone[:frames], 48000)) == pytest.approx(-3.01, abs=0.06)
    assert integrated_loudness(Signal.of(tone[:19199], 48000)) == -math.inf


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


def test_a_condition_s_own_level_does_not_move_the_gain():
    reference = Signal.of(speechlike(16000), 16000)
    quieter = Signal(reference.samples * np.float32(0.25), 16000)
    assert clip_gain(reference, [quieter]).gain == clip_gain(reference, []).gain


# -- long clips ---------------------------------------------------------------------------------------


def call(speech_at, minutes=10, rate=8000, seconds=3.0, level_db=0.0):
    """Return minutes of line noise with one utterance of `seconds`."""
    samples = np.random.default_rng(1).standard_normal(minutes * 60 * rate).astype(np.float32) * np.float32(
        0.001
    )
    speech = speechlike(rate, seconds) * 10 ** (level_db / 20)
    samples[speech_at * rate :][: len(speech)] += speech.astype(np.float32)
    return samples


@pytest.mark.parametrize(("rate", "gain_db", "noise_db", "pause", "dbov"), VALUES[::5])
def test_a_long_sound_has_the_level_of_the_voltmeter_too(rate, gain_db, noise_db, pause, dbov, monkeypatch):
    monkeypatch.setattr(level, "LONG_SECONDS", 1.0)
    assert active_level(spoken(rate, gain_db, noise_db, pause), rate).dbov == pytest.approx(dbov, abs=0.01)


@pytest.mark.parametrize("rate", [11025, 22050, 44100])
def test_a_rate_without_whole_steps_moves_a_long_sound_s_level_by_next_to_nothing(rate, monkeypatch):
    samples = np.stack([spoken(rate, 0, -50, 2.0), spoken(rate, -10, -50, 2.0)], 1)
    exact = active_level(samples, rate)
    monkeypatch.setattr(level, "LONG_SECONDS", 1.0)
    stepped = active_level(samples, rate)
    assert stepped.dbov == pytest.approx(exact.dbov, abs=0.01)
    assert stepped.activity == pytest.approx(exact.activity, abs=0.002)
    assert stepped.rms_dbov == pytest.approx(exact.rms_dbov, abs=0.001)


def test_two_minutes_are_measured_sample_by_sample_and_a_sample_more_in_steps():
    samples = np.tile(spoken(8000, 0, -50, 2.0), 21)
    longest = samples[: 120 * 8000]
    assert active_level(longest, 8000) == level._one_channel(longest, 8000)
    longer = samples[: 120 * 8000 + 1]
    assert active_level(longer, 8000) == level._one_long_channel(longer, 8000)
    assert active_level(longer, 8000) != level._one_channel(longer, 8000)


@pytest.mark.parametrize("speech_at", [0, 133, 266, 595])
def test_one_utterance_in_ten_minutes_of_line_noise_sets_the_gain_wherever_it_is(speech_at):
    reference = Signal.of(call(speech_at), 8000)
    alone = clip_gain(Signal.of(speechlike(8000, 3.0), 8000), [])
    chosen = clip_gain(reference, [])
    assert chosen.gain_db == pytest.approx(alone.gain_db, abs=0.5)


def test_a_long_clip_with_a_quiet_and_a_loud_talker_has_the_gain_of_both():
    loud, quiet = call(100, seconds=20.0), call(400, seconds=60.0, level_db=-10.0)
    reference = Signal.of(loud + quiet, 8000)
    assert clip_gain(reference, []).level_dbov == pytest.approx(
        level._one_channel(reference.samples[:, 0], 8000).dbov, abs=0.01
    )


def test_the_gain_of_a_long_clip_says_how_it_was_obtained_and_that_of_a_short_one_needs_no_words():
    told = "+0.0 dB for all lanes, from the level (P.56) of all 600 s, read in steps of 1 ms"
    assert clip_gain(Signal.of(call(266), 8000), []).note[7:] == told[7:]
    assert clip_gain(Signal.of(call(66, minutes=2), 8000), []).reason == ""


def test_a_single_sample_anywhere_in_a_long_clip_limits_its_gain_to_the_bit():
    reference = Signal.of(call(266, level_db=-20.0), 8000)
    loud = reference.samples.copy()
    loud[7 * 8000 + 3] = -0.9
    chosen = clip_gain(reference, [Signal(loud, 8000)])
    assert chosen.limited
    assert 0.9999999 < np.float32(0.9) * np.float32(chosen.gain) <= 1.0
    assert "would clip; from the level (P.56) of all 600 s" in chosen.reason
    assert peak(Signal(loud, 8000)) == np.float32(0.9)


@pytest.mark.parametrize("frames", [0, 1, 2, 1919, 1920, 1921, 3841, 100_000])
def test_the_envelope_is_that_of_two_filters_one_after_the_other(frames):
    from scipy.signal import lfilter

    magnitude = np.abs(np.random.default_rng(6).standard_normal(frames))
    magnitude[frames // 3 : frames // 2] = 0.0
    g = math.exp(-1.0 / (8000 * level.TIME_CONSTANT))
    filtered = lfilter([1 - g], [1, -g], lfilter([1 - g], [1, -g], magnitude)) if frames else magnitude
    np.testing.assert_allclose(level._smoothed(magnitude, 8000), filtered, rtol=1e-11, atol=1e-25)


def test_loudness_read_piece_by_piece_is_that_of_the_whole():
    from scipy.signal import lfilter

    rng = np.random.default_rng(4)
    samples = (rng.standard_normal((7 * 11025 + 123, 2)) * 0.05).astype(np.float32)
    samples[30000:60000] *= 0.01
    weighted = samples.astype(np.float64)
    for ahead, back in (level._shelf(11025), level._high_pass(11025)):
        weighted = lfilter(ahead, back, weighted, axis=0)
    starts = range(0, len(samples) - 4410 + 1, 1102)
    powers = np.array([(weighted[at : at + 4410] ** 2).sum() / 4410 for at in starts])
    gated = powers[powers > 10 ** ((-70 + 0.691) / 10)]
    gated = gated[gated > gated.mean() / 10]
    assert integrated_loudness(Signal(samples, 11025)) == pytest.approx(
        -0.691 + 10 * math.log10(gated.mean())
    )


def test_measuring_the_loudness_of_a_long_sound_ends_when_nobody_wants_it_any_more():
    job = Job()
    job.cancel()
    with pytest.raises(JobCancelled):
        integrated_loudness(Signal.of(call(0, minutes=1), 8000), job)
