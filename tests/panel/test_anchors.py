"""MUSHRA anchors against the mask of BS.1534-3."""

from __future__ import annotations

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.panel.methods.mushra import AnchorError, anchor


def response_db(rate: int, edge: int, *frequencies: float) -> list[float]:
    """Measure the gain for impulses, at frequencies in Hz."""
    frames = rate
    impulse = np.zeros((frames, 1), np.float32)
    impulse[frames // 2] = 1.0
    spectrum = np.abs(np.fft.rfft(anchor(Signal(impulse, rate), edge).samples[:, 0]))
    return [20 * np.log10(spectrum[round(f * frames / rate)] + 1e-12) for f in frequencies]


@pytest.mark.parametrize("rate", [16000, 22050, 24000, 32000, 44100, 48000, 96000])
def test_the_low_anchor_keeps_to_the_mask(rate: int) -> None:
    passed = response_db(rate, 3500, *range(50, 3501, 50))
    assert max(map(abs, passed)) <= 0.1
    assert response_db(rate, 3500, 4000)[0] <= -25
    assert max(response_db(rate, 3500, *range(4500, rate // 2 - 50, 100))) <= -50


@pytest.mark.parametrize("rate", [16000, 32000, 48000])
def test_the_mid_anchor_passes_7_khz_and_stops_above(rate: int) -> None:
    assert max(map(abs, response_db(rate, 7000, *range(50, 7001, 50)))) <= 0.1
    if rate > 16000:
        assert max(response_db(rate, 7000, *range(8000, rate // 2 - 50, 100))) <= -50


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
@pytest.mark.parametrize("edge", [3500, 7000])
@pytest.mark.parametrize("channels", [1, 2])
def test_anchors_have_no_delay_and_linear_phase(rate: int, edge: int, channels: int) -> None:
    impulse = np.zeros((2000, channels), np.float32)
    impulse[1000] = 1.0
    made = anchor(Signal(impulse, rate), edge).samples
    assert made.shape == impulse.shape
    assert (np.argmax(made, axis=0) == 1000).all()
    np.testing.assert_allclose(made[1:1000], made[1999:1000:-1], atol=1e-7)


def test_an_anchor_above_the_clips_band_is_refused() -> None:
    with pytest.raises(AnchorError, match="needs a rate of at least 16000 Hz, the clip has 8000 Hz"):
        anchor(Signal.of(np.zeros(100), 8000), 7000)
