"""Delays: none where there is none, to the sample where there is one, over time where it changes."""

import numpy as np
import pytest
import soundfile

from gaplisten.audio.alignment import estimate_delay, remove_delay
from gaplisten.audio.signal import Signal


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
