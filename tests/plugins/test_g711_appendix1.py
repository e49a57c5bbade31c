"""G.711 Appendix I against the ITU's vector and its own rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plugins import harness
from plugins.speech import quality


@pytest.fixture
def plugin():
    return harness.load("g711_appendix1")


def test_the_itu_vector_is_met(plugin, real_clips: Path) -> None:
    folder = real_clips / "itu_g711_appendix1"
    if not folder.is_dir():
        pytest.skip("the ITU's vector is not there")
    signal = np.fromfile(folder / "f2.le", "<i2").astype(np.float32) / 32768
    wanted = np.fromfile(folder / "f2_10.raw", "<i2").astype(np.float64) / 32768
    pattern = np.fromfile(folder / "fe10.g192", "<u2") == 0x6B20
    lost = np.resize(pattern, len(signal) // 80)  # the pattern repeats when it ends
    out = harness.conceal(plugin, signal, lost, 8000, 80)[: len(wanted)]
    gone = np.repeat(lost, 80)[: len(wanted)]
    assert quality(wanted, out) >= 25
    assert quality(wanted[gone], out[gone]) >= 18


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_a_steady_voice_goes_on_in_its_own_pitch(plugin, rate: int) -> None:
    period = round(rate / 125)
    time = np.arange(period) / rate
    cycle = np.exp(-400 * time) * np.sin(2 * np.pi * 600 * time)
    signal = np.tile(cycle.astype(np.float32), 40)
    packet = round(rate / 100)
    lost = np.zeros(len(signal) // packet, bool)
    lost[15] = True
    out = harness.conceal(plugin, signal, lost, rate, packet)
    assert quality(signal, out) > 60


def test_a_long_loss_falls_by_a_fifth_each_10_ms_and_is_silent_after_60(plugin) -> None:
    signal = np.tile(np.sin(2 * np.pi * np.arange(80) / 80).astype(np.float32) * 0.5, 60)
    lost = np.zeros(30, bool)
    lost[8:16] = True  # 160 ms of 20 ms packets at 8 kHz
    out = harness.conceal(plugin, signal, lost, 8000, 160)
    peaks = np.abs(out[8 * 160 :]).reshape(-1, 80)[:8].max(axis=1)
    np.testing.assert_allclose(peaks, 0.5 * np.array([1, 0.95, 0.75, 0.55, 0.35, 0.15, 0, 0]), atol=0.02)
    assert not out[8 * 160 + 480 : 16 * 160].any()


@pytest.mark.parametrize("packet", [40, 93, 128, 160, 512])
def test_packet_lengths_that_are_no_frame_of_10_ms_conceal_alike(plugin, packet: int) -> None:
    t = np.arange(16000)
    signal = (0.3 * np.sin(2 * np.pi * t / 73) * (1 + 0.3 * np.sin(t / 900))).astype(np.float32)
    lost = np.zeros(len(signal) // packet, bool)
    lost[len(lost) // 2] = True
    out = harness.conceal(plugin, signal[: len(lost) * packet], lost, 8000, packet)
    assert quality(signal[: len(lost) * packet], out) > 15
