"""Our own concealer: where its strengths are supposed to be."""

from __future__ import annotations

import numpy as np
import pytest

from kit import harness
from kit.plugin_speech import quality, speech


@pytest.fixture
def plugin():
    return harness.load("gaplisten_hybrid")


def voice(frames: int, period: float = 131.7) -> np.ndarray:
    """A voice with a slowly moving pitch and two formants."""
    phase = np.cumsum(1 / (period * (1 + 0.05 * np.sin(np.arange(frames) / 6000))))
    pulses = np.diff(np.floor(phase), prepend=0)
    from scipy.signal import lfilter

    for radius, angle in ((0.97, 0.25), (0.95, 0.7)):
        pulses = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], pulses)
    return (pulses / np.abs(pulses).max() * 0.5).astype(np.float32)


def test_a_moving_voice_is_followed_better_than_by_the_classical_anchor(plugin) -> None:
    signal = voice(48000)
    lost = harness.random_loss(150, 0.15, 4)
    gap = np.repeat(lost, 320)
    ours = harness.conceal(plugin, signal, lost, 16000, 320)
    anchor = harness.conceal(harness.load("g711_appendix1"), signal, lost, 16000, 320)
    assert quality(signal[gap], ours[gap]) > quality(signal[gap], anchor[gap]) + 2


def test_the_join_meets_the_returning_speech_without_a_step(plugin) -> None:
    signal = voice(16000)
    lost = np.zeros(50, bool)
    lost[[10, 20, 30, 31, 40, 41, 42]] = True
    out = harness.conceal(plugin, signal, lost, 16000, 320)
    ends = np.flatnonzero(np.diff(lost.astype(int)) == -1) + 1
    steps = np.abs(np.diff(out))[ends * 320 - 1]
    assert steps.max() < np.abs(np.diff(signal)).max()


@pytest.mark.parametrize(("rate", "packet"), [(16000, 320), (16000, 80), (48000, 960), (44100, 512)])
def test_it_looks_ahead_by_its_delay_and_no_further(plugin, rate: int, packet: int) -> None:
    signal = np.array(speech(rate, 0.6))
    packets = len(signal) // packet
    lost = harness.random_loss(packets, 0.3, 6)
    base = harness.conceal(plugin, signal, lost, rate, packet)
    delay = plugin.GaplistenHybrid(rate, packet, 1).delay
    assert delay == round(rate / 100)
    for k in range(packets // 3, packets, 5):
        other, flags = signal.copy(), lost.copy()
        other[k * packet :] = 0.2 * np.random.default_rng(k).standard_normal(len(signal) - k * packet)
        flags[k:] = ~flags[k:]
        early = max(0, k * packet - delay)
        out = harness.conceal(plugin, other, flags, rate, packet)
        np.testing.assert_array_equal(out[:early], base[:early])


def test_long_losses_hold_then_fall_to_silence(plugin) -> None:
    signal = voice(48000)
    lost = np.zeros(150, bool)
    lost[50:90] = True
    out = harness.conceal(plugin, signal, lost, 16000, 320)
    level = np.sqrt((out[50 * 320 : 90 * 320].reshape(40, 320) ** 2).mean(axis=1)) / np.sqrt(
        (signal**2).mean()
    )
    assert level[:2].min() > 0.5
    assert level[4] > 0.15
    assert level[20:38].max() == 0


def test_speech_after_a_lost_beginning_is_met_from_behind(plugin) -> None:
    signal = voice(6400)
    lost = np.zeros(20, bool)
    lost[:3] = True
    out = harness.conceal(plugin, signal, lost, 16000, 320)
    assert not out[: 960 - 160].any()
    assert np.abs(out[960 - 40 : 960]).max() > 0
