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


def with_lost(*lost: int, packets: int = 60) -> np.ndarray:
    return np.isin(np.arange(packets), lost)


def test_what_was_received_comes_out_bit_for_bit(plugin) -> None:
    signal = np.array(speech(16000, 1.2)) + 0.01 * np.random.default_rng(2).standard_normal(19200)
    signal = signal.astype(np.float32)
    none = np.zeros(60, bool)
    np.testing.assert_array_equal(harness.conceal(plugin, signal, none, 16000, 320), signal)
    lost = with_lost(10, 20, 21, 40, 41, 42, 43, 44)
    out = harness.conceal(plugin, signal, lost, 16000, 320)
    received = np.repeat(~lost, 320)
    np.testing.assert_array_equal(out[received], signal[received])


def test_noise_is_the_same_in_every_run(plugin) -> None:
    signal, lost = np.array(speech(16000, 1.2)), with_lost(10, 20, 21, 40, 41, 42)
    one, other = (harness.conceal(plugin, signal, lost, 16000, 320) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rate", [16000, 48000])
@pytest.mark.parametrize("colour", [0.0, 0.9], ids=["white", "dark"])
def test_noise_goes_on_as_noise_and_not_as_a_hole_or_a_tone(plugin, rate: int, colour: float) -> None:
    from scipy.signal import lfilter

    packet = rate // 50
    white = 0.05 * np.random.default_rng(7).standard_normal(200 * packet)
    noise = lfilter([1.0], [1.0, -colour], white).astype(np.float32)
    lost = with_lost(*(at + k for at in range(20, 190, 20) for k in range(4)), packets=200)
    out = harness.conceal(plugin, noise, lost, rate, packet)
    gaps = out[np.repeat(lost, packet)].reshape(-1, 4 * packet)
    later = gaps[:, packet:]  # the first packet goes on from the state of the predictor
    level = 10 * np.log10((later**2).mean() / (noise**2).mean())
    assert -5 < level < 2
    lags = range(round(0.0025 * rate), round(0.015 * rate))
    alike = [max(float(g[k:] @ g[:-k]) / float(g @ g) for k in lags) for g in later]
    natural = noise[: 3 * packet]
    usual = max(float(natural[k:] @ natural[:-k]) / float(natural @ natural) for k in lags)
    assert np.median(alike) < usual + 0.25


def test_a_long_loss_in_noise_ends_in_the_noise_and_not_in_silence(plugin) -> None:
    noise = (0.02 * np.random.default_rng(3).standard_normal(150 * 320)).astype(np.float32)
    out = harness.conceal(plugin, noise, with_lost(*range(60, 100), packets=150), 16000, 320)
    level = 20 * np.log10(np.sqrt((out[90 * 320 : 98 * 320] ** 2).mean()) / 0.02)
    assert -9 < level < 0


def test_speech_comes_back_without_a_click(plugin) -> None:
    from gaplisten.audio.signal import Signal
    from gaplisten.loss.measures import measure_gaps
    from gaplisten.loss.trace import LossTrace

    signal = np.array(speech(16000, 4.8))
    lengths = np.resize([1, 2, 3, 5], 40)
    starts = 6 + np.cumsum(lengths + 3) - lengths
    lost = with_lost(*(s + k for s, n in zip(starts, lengths, strict=True) for k in range(n)), packets=240)
    versions = {}
    for name in ("gaplisten_hybrid", "repeat_fade"):
        out = harness.conceal(harness.load(name), signal, lost, 16000, 320)
        versions[name] = Signal.of(out, 16000)
    table = measure_gaps(Signal.of(signal, 16000), versions, LossTrace.of_packets(lost, 320, 16000))
    exits = {name: np.nanpercentile(table.column(name, "click_exit"), 95) for name in versions}
    assert exits["gaplisten_hybrid"] < 5
    assert exits["repeat_fade"] > 8


def test_it_sounds_the_same_to_the_bit_where_scipy_has_only_its_public_functions(plugin, monkeypatch) -> None:
    signal = np.array(speech(16000, 3.2))
    lost = harness.bursty_loss(160, 0.3, 2)
    quick = harness.conceal(plugin, signal, lost, 16000, 320)
    assert plugin.recursions() != (None, None)
    monkeypatch.setattr(plugin, "recursions", lambda: (None, None))
    assert np.array_equal(harness.conceal(plugin, signal, lost, 16000, 320), quick)


def test_speech_that_set_in_during_a_loss_comes_back_without_a_click(plugin) -> None:
    from gaplisten.audio.signal import Signal
    from gaplisten.loss.measures import measure_gaps
    from gaplisten.loss.trace import LossTrace

    signal, starts = np.array(speech(16000, 6.4)), np.arange(8, 310, 15)
    for start in starts:
        signal[(start - 5) * 320 : start * 320 + 800] *= 0.005
    lost = with_lost(*(start + k for start in starts for k in range(5)), packets=320)
    out = harness.conceal(plugin, signal, lost, 16000, 320)
    table = measure_gaps(
        Signal.of(signal, 16000), {"v": Signal.of(out, 16000)}, LossTrace.of_packets(lost, 320, 16000)
    )
    assert np.nanmedian(table.column("v", "click_exit")) < 2.5


@pytest.mark.parametrize("rate", [16000, 48000])
def test_a_join_gets_noise_only_where_speech_would_come_back_with_a_click(plugin, rate: int) -> None:
    start, stop, order = rate // 20, rate // 20 + rate // 100, rate // 125
    noise = 0.1 * np.random.default_rng(4).standard_normal(rate // 10)
    sets_in = np.concatenate((0.03 * noise[:stop], noise[stop:]))
    for signal, is_changed in ((noise, False), (sets_in, True)):
        plain, drawn = (
            plugin.interpolated(signal, start, stop, order, plugin.Noise(rate), strength)
            for strength in (0.0, 1.0)
        )
        whole = np.concatenate((signal[:start], plain, signal[stop:]))
        assert (plugin.click(whole, stop, rate) > plugin.CLICKS[0]) == is_changed
        assert np.array_equal(plain, drawn) != is_changed
