"""Delays: none where there is none, to the sample where there is one, over time where it changes."""

import numpy as np
import pytest
import soundfile

from gaplisten.audio.alignment import Delay, estimate_delay, remove_delay
from gaplisten.audio.signal import Signal
from kit.sound_material import RATE
from kit.sound_material import speech as made_speech


def speech(real_clips, name="plc_challenge_examples/clean.wav") -> Signal:
    samples, rate = soundfile.read(real_clips / name, dtype="float32")
    return Signal.of(samples, rate)


def late(signal: Signal, frames: int) -> Signal:
    samples = signal.samples[max(-frames, 0) :]
    return Signal(np.pad(samples, ((max(frames, 0), 0), (0, 0))), signal.rate)


@pytest.mark.parametrize("frames", [0, 1, -1, 7, 160, -333, 2400, 15000, -9000])
def test_a_known_shift_is_found_to_the_sample_and_removed(real_clips, frames):
    reference = speech(real_clips)
    delay = estimate_delay(reference, late(reference, frames))
    assert (delay.frames, delay.drifts) == (frames, False)
    assert delay.aligned == (frames == 0)
    back = remove_delay(late(reference, frames), delay, reference.frames)
    assert back.frames == reference.frames
    kept = slice(max(-frames, 0), reference.frames)
    assert np.array_equal(back.samples[kept], reference.samples[kept])


@pytest.mark.parametrize("name", ["54", "2307"])
def test_a_concealed_file_is_not_delayed(real_clips, name):
    reference = speech(real_clips, f"challenge2022/X_CleanReference/{name}.wav")
    for version in (f"challenge2022/tPLCnet/{name}.wav", f"challenge2022/blind/lossy_signals/{name}.wav"):
        assert estimate_delay(reference, speech(real_clips, version)).aligned


def test_noise_and_another_gain_do_not_matter(real_clips):
    reference = speech(real_clips)
    noise = np.random.default_rng(1).standard_normal(reference.samples.shape).astype(np.float32) * 0.005
    version = late(Signal(reference.samples * np.float32(0.3) + noise, reference.rate), 77)
    assert estimate_delay(reference, version).frames == 77


def test_a_jitter_buffer_that_stretches_a_pause_shows_as_a_delay_that_changes(real_clips):
    reference = speech(real_clips).samples[:, 0]
    quiet = 16000 + int(np.argmin(np.convolve(reference[16000:-16000] ** 2, np.ones(1600), "valid")))
    stretched = np.concatenate([np.zeros(100), reference[:quiet], np.zeros(480), reference[quiet:]])
    delay = estimate_delay(Signal.of(reference, 16000), Signal.of(stretched, 16000))
    assert delay.drifts
    assert not delay.aligned
    early = {frames for second, frames in delay.track if second < quiet / 16000 - 0.4}
    later = {frames for second, frames in delay.track if second > quiet / 16000 + 0.4}
    assert (early, later) == ({100}, {580})


@pytest.mark.parametrize(("name", "frames"), [("plc_good", 1920), ("plc_poor", 2320)])
def test_the_published_examples_are_late_and_not_alike_sample_by_sample(real_clips, name, frames):
    """Their delay is the same throughout; a codec's phase moves low against high frequencies, though."""
    reference = speech(real_clips)
    delay = estimate_delay(reference, speech(real_clips, f"plc_challenge_examples/{name}.wav"))
    assert (delay.frames, delay.drifts) == (frames, False)
    assert 0.5 < delay.alike < 0.8
    assert not delay.aligned
    assert len(delay.track) > 20


def test_silence_and_foreign_speech_have_no_delay_to_believe_in(real_clips):
    reference = speech(real_clips)
    other = speech(real_clips, "challenge2022/X_CleanReference/54.wav")
    assert estimate_delay(reference, Signal.of(np.zeros(16000), 16000)).confidence == 0.0
    assert not estimate_delay(reference, other).aligned
    with pytest.raises(ValueError, match="rates differ"):
        estimate_delay(reference, Signal.of(np.ones(10), 8000))


def stepped(signal: Signal, frames: int) -> Signal:
    """The signal with silence put into its middle."""
    half = signal.frames // 2
    parts = (signal.samples[:half], np.zeros((frames, 1), np.float32), signal.samples[half:])
    return Signal(np.concatenate(parts), signal.rate)


@pytest.mark.parametrize(("frames", "drifts"), [(8, False), (16, False), (24, True), (400, True)])
def test_a_delay_that_changes_by_up_to_a_millisecond_is_no_drift(frames, drifts):
    reference = made_speech(6.0)
    delay = estimate_delay(reference, stepped(reference, frames))
    assert {found for _, found in delay.track} >= {0, frames}
    assert delay.drifts == drifts
    assert delay.confidence == 1.0 if not drifts else 0.3 < delay.confidence < 0.7
    assert not estimate_delay(reference, reference).drifts


def test_how_alike_the_two_are_is_their_correlation_whatever_the_gain():
    reference = made_speech(3.0)
    assert estimate_delay(
        reference, Signal(reference.samples * np.float32(0.2), RATE)
    ).alike == pytest.approx(1)
    other = made_speech(3.0, seed=9).samples
    scale = np.sqrt(np.mean(reference.samples**2) / np.mean(other**2))
    mixed = estimate_delay(reference, Signal(reference.samples + other * np.float32(scale), RATE))
    assert mixed.frames == 0
    assert mixed.alike == pytest.approx(np.sqrt(0.5), abs=0.1)


def test_a_short_clip_has_a_delay_too_and_its_track_tells_the_middle_of_each_window():
    reference = made_speech(0.7)
    delay = estimate_delay(reference, late(reference, 33))
    assert delay.frames == 33
    assert [second for second, _ in delay.track] == [0.3]
    longer = estimate_delay(made_speech(1.4), late(made_speech(1.4), 5))
    assert [second for second, _ in longer.track] == pytest.approx([0.3, 0.5, 0.7, 0.9, 1.1])


@pytest.mark.parametrize("seconds", [0.1, 0.4, 0.599])
def test_a_clip_that_is_shorter_than_a_window_has_a_delay_too(seconds):
    clean = Signal.of(np.random.default_rng(2).normal(0, 0.1, round(seconds * RATE)), RATE)
    found = estimate_delay(clean, late(clean, 80))
    assert found.frames == 80
    assert found.alike > 0.9


def test_a_delay_is_looked_for_only_as_far_as_asked():
    reference = made_speech(4.0)
    assert estimate_delay(reference, late(reference, 24000), max_seconds=1.6).frames == 24000
    assert estimate_delay(reference, late(reference, 24000), max_seconds=0.5).frames != 24000


@pytest.mark.parametrize("frames", [5, -5, 0])
def test_removing_a_delay_gives_the_length_asked_for(frames):
    signal = Signal.of(np.arange(1, 101, dtype=np.float32), RATE)
    assert remove_delay(signal, frames).frames == 100 - frames
    for wanted in (50, 100, 200):
        out = remove_delay(signal, frames, wanted)
        assert out.frames == wanted
        assert out.samples[10, 0] == signal.samples[10 + frames, 0]
        assert not out.samples[max(100 - frames, 0) :].any()


@pytest.mark.parametrize("silent", ["reference", "version", "both"])
def test_silence_has_no_delay_and_no_track(silent):
    speech_, nothing = made_speech(), Signal(np.zeros((RATE, 1), np.float32), RATE)
    one = nothing if silent in ("reference", "both") else speech_
    other = nothing if silent in ("version", "both") else speech_
    assert estimate_delay(one, other) == Delay(0, 0.0, (), False, 0.0)


def test_noise_that_has_nothing_to_do_with_the_speech_has_no_delay():
    noise = np.random.default_rng(1).normal(0, 0.1, made_speech().samples.shape).astype(np.float32)
    found = estimate_delay(made_speech(), Signal(noise, RATE))
    assert (found.frames, found.track, found.drifts, found.confidence) == (0, (), False, 0.0)
