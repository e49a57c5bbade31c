"""Speech under modulated noise."""

from __future__ import annotations

import numpy as np
import pytest

from gaplisten.audio.mnru import modulated_noise, unit
from gaplisten.audio.signal import Signal
from kit.noise_ratio import measured_q

# What the ITU's tool (openitu/STL, mnrudemo, `sine-q*.unx`) writes from its own sine: samples 4000 to 4015.
ITU_OUTPUT = {
    5: [2872, -2456, -3779, -4916, -764, 1572, -573, 2057, -1297, -1905, -4521, -5096, 437, 3110, 3098, 597],
    20: [1174, -2361, -4020, -3621, -620, 2351, 3272, 3002, 73, -2551, -4194, -3424, -45, 2899, 3948, 2499],
    150: [806, -2341, -4072, -3341, -588, 2519, 4103, 3207, 370, -2691, -4123, -3063, -150, 2854, 4131, 2911],
}


def itu_sine(frames: int) -> np.ndarray:
    """Return the sine that comes with the ITU's tool, `sine.src`, in units of full scale."""
    return np.round(4095 * np.sin(2 * np.pi * 1017 * np.arange(frames) / 8000))[:, None] / 32768


def itu_noise(frames: int) -> np.ndarray:
    """Return the noise of the ITU's tool: half the sum of eight draws from a Gaussian table."""
    state, table = 314159265, []

    def uniform() -> float:
        nonlocal state
        state = (state * 69069 + 1) % 2**32
        return float(np.float32((state & 0xFFFFFF00) / 2**32))

    while len(table) < 8192:
        value, height = 16 * uniform() - 8, uniform()
        if height <= np.exp(-(value**2) / 8):
            table.append(value)
    seed, noise = 12345, np.zeros((frames, 1))
    for frame in range(frames):
        for _ in range(8):
            seed = (253 * seed + 1) % 2**24
            noise[frame] += table[seed // 2**11]
    return 0.3793 * noise / 2


def test_the_unit_gives_the_reference_output_of_the_itu() -> None:
    x, noise = itu_sine(4016), itu_noise(4016)
    for q, wanted in ITU_OUTPUT.items():
        made = unit(x, noise, q)[4000:, 0] * 32768
        np.testing.assert_allclose(made, wanted, atol=0.51, err_msg=f"Q = {q}")


@pytest.mark.parametrize(("rate", "edge"), [(8000, 3400), (16000, 6800)])
def test_speech_and_noise_end_where_the_unit_ends_and_an_offset_goes(rate: int, edge: int) -> None:
    t = np.arange(rate) / rate
    for hertz, loss in ((edge, 0.1), (edge * 3600 / 3400, -14.1)):
        tone = Signal.of((0.2 * np.sin(2 * np.pi * hertz * t)).astype(np.float32), rate)
        made = modulated_noise(tone, 80, 1).samples[rate // 10 :]
        assert 20 * np.log10(np.std(made) / np.std(tone.samples)) == pytest.approx(loss, abs=0.1)
    offset = modulated_noise(Signal.of(np.full(rate, 0.1, np.float32), rate), 80, 1)
    assert np.abs(offset.samples[rate // 10 :]).max() < 1e-6


def burst(rate: int = 16000, channels: int = 1) -> Signal:
    """Return two seconds of a tone, then two of silence."""
    t = np.arange(4 * rate) / rate
    x = 0.2 * np.sin(2 * np.pi * 300 * t) * (t < 2)
    return Signal(np.repeat(x[:, None], channels, axis=1).astype(np.float32), rate)


@pytest.mark.parametrize("q", [0.0, 5.0, 15.0, 25.0, 40.0])
@pytest.mark.parametrize("rate", [8000, 16000, 32000, 48000])
def test_the_ratio_is_the_one_asked_for(q: float, rate: int) -> None:
    speech = burst(rate)
    # The unit shapes the speech too: there the noise is what comes beside speech with next to none.
    plain = modulated_noise(speech, 80, 1) if rate in (8000, 16000) else speech
    allowed = 0.1 if rate in (8000, 16000) else 0.01
    assert measured_q(plain, modulated_noise(speech, q, 1)) == pytest.approx(q, abs=allowed)


@pytest.mark.parametrize("rate", [16000, 48000])
def test_the_noise_is_as_strong_as_speech_lets_it_be_and_silence_stays_silent(rate: int) -> None:
    speech = burst(rate)
    made, plain = modulated_noise(speech, 10, 1), modulated_noise(speech, 80, 1)
    assert np.abs(made.samples[2 * rate + rate // 10 :]).max() < 1e-6
    added = (made.samples - plain.samples)[:, 0]
    assert np.corrcoef(np.abs(added[: 2 * rate]), np.abs(speech.samples[: 2 * rate, 0]))[0, 1] > 0.3
    assert abs(np.corrcoef(added, speech.samples[:, 0])[0, 1]) < 0.05


def test_noise_is_gaussian_and_white_relative_to_the_speech_where_there_is_no_unit() -> None:
    speech = Signal(np.full((200_000, 1), 0.1, np.float32), 48000)
    added = (modulated_noise(speech, 20, 3).samples - speech.samples)[:, 0].astype(np.float64)
    assert np.mean(added**4) / np.mean(added**2) ** 2 == pytest.approx(3.0, abs=0.1)
    assert abs(np.corrcoef(added[1:], added[:-1])[0, 1]) < 0.01


@pytest.mark.parametrize("rate", [16000, 48000])
def test_both_channels_get_the_same_modulation(rate: int) -> None:
    made = modulated_noise(burst(rate, channels=2), 10, 1)
    np.testing.assert_array_equal(made.samples[:, 0], made.samples[:, 1])


def test_silence_stays_and_nonsense_is_refused() -> None:
    silence = Signal(np.zeros((100, 1), np.float32), 8000)
    assert not modulated_noise(silence, 10, 1).samples.any()
    for q in (-21, 81, float("nan")):
        with pytest.raises(ValueError, match="between"):
            modulated_noise(burst(), q, 1)
