"""Speech under modulated noise."""

from __future__ import annotations

import numpy as np
import pytest

from gaplisten.audio.mnru import modulated_noise
from gaplisten.audio.signal import Signal
from kit.noise_ratio import measured_q


def burst(rate: int = 16000, channels: int = 1) -> Signal:
    """Return two seconds of a tone, then two of silence."""
    t = np.arange(4 * rate) / rate
    x = 0.2 * np.sin(2 * np.pi * 300 * t) * (t < 2)
    return Signal(np.repeat(x[:, None], channels, axis=1).astype(np.float32), rate)


@pytest.mark.parametrize("q", [0.0, 5.0, 15.0, 25.0, 40.0])
@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_the_ratio_is_the_one_asked_for(q: float, rate: int) -> None:
    speech = burst(rate)
    assert measured_q(speech, modulated_noise(speech, q, 1)) == pytest.approx(q, abs=0.01)


def test_the_noise_is_as_strong_as_speech_lets_it_be_and_silence_stays_silent() -> None:
    speech = burst()
    made = modulated_noise(speech, 10, 1)
    assert not made.samples[2 * 16000 + 10 :].any()
    added = (made.samples - speech.samples)[:, 0]
    assert np.corrcoef(np.abs(added[:32000]), np.abs(speech.samples[:32000, 0]))[0, 1] > 0.4
    assert abs(np.corrcoef(added, speech.samples[:, 0])[0, 1]) < 0.05


def test_noise_is_gaussian_and_white_relative_to_the_speech() -> None:
    speech = Signal(np.full((200_000, 1), 0.1, np.float32), 16000)
    added = (modulated_noise(speech, 20, 3).samples - speech.samples)[:, 0].astype(np.float64)
    assert np.mean(added**4) / np.mean(added**2) ** 2 == pytest.approx(3.0, abs=0.1)
    assert abs(np.corrcoef(added[1:], added[:-1])[0, 1]) < 0.01


def test_both_channels_get_the_same_modulation() -> None:
    made = modulated_noise(burst(channels=2), 10, 1)
    np.testing.assert_array_equal(made.samples[:, 0], made.samples[:, 1])


def test_silence_stays_and_nonsense_is_refused() -> None:
    silence = Signal(np.zeros((100, 1), np.float32), 8000)
    assert not modulated_noise(silence, 10, 1).samples.any()
    for q in (-21, 81, float("nan")):
        with pytest.raises(ValueError, match="between"):
            modulated_noise(burst(), q, 1)
