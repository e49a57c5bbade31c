"""The concealers that continue the past, and the one that also hears the future."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from kit import harness
from kit.plugin_speech import quality, speech


def tones(frames: int = 9600) -> np.ndarray:
    t = np.arange(frames) / 16000
    return sum(a * np.sin(2 * np.pi * f * t + a) for a, f in ((0.3, 180), (0.2, 540), (0.1, 2300))).astype(
        np.float32
    )


def one_loss(packets: int, first: int, length: int = 1) -> np.ndarray:
    lost = np.zeros(packets, bool)
    lost[first : first + length] = True
    return lost


def in_gap(lost: np.ndarray, frames: int, packet: int = 320) -> np.ndarray:
    return np.repeat(lost, packet)[:frames]


def test_repetition_plays_the_last_packet_with_its_fade() -> None:
    signal = np.linspace(0.1, 0.9, 3200).astype(np.float32)
    lost = one_loss(10, 4, 4)
    out = harness.conceal(harness.load("repeat_fade"), signal, lost, 16000, 320)
    np.testing.assert_array_equal(out[1280:1440], signal[960:1120])  # 10 ms at full level
    np.testing.assert_allclose(
        out[1600 + 80], signal[960 + 80] * (1 - 15 / 50), rtol=1e-4
    )  # 25 ms after the start
    assert not out[1280 + 960 : 8 * 320].any()  # silent from 60 ms on
    assert out[8 * 320 + 40] == pytest.approx(signal[8 * 320 + 40] * 41 / 81, rel=1e-4)  # rising over 5 ms


def test_repetition_without_a_mute_never_fades() -> None:
    out = harness.conceal(
        harness.load("repeat_fade"), np.ones(3200, np.float32), one_loss(10, 2, 8), 16000, 320, mute_after=0
    )
    np.testing.assert_array_equal(out, 1)


@pytest.mark.parametrize(
    ("name", "least"), [("burg_extrapolation", 12), ("gaplisten_hybrid", 12), ("janssen_oracle", 18)]
)
def test_steady_tones_are_continued_in_phase(name: str, least: float) -> None:
    signal, lost = tones(), one_loss(30, 14)
    parameters = {"hold": 100.0, "mute_after": 200.0} if name == "burg_extrapolation" else {}
    out = harness.conceal(harness.load(name), signal, lost, 16000, 320, **parameters)
    gap = in_gap(lost, len(signal))
    assert quality(signal[gap], out[gap]) > least


def test_burg_finds_the_filter_that_made_a_signal() -> None:
    taps = [1.0, -1.6, 0.9, -0.1]
    signal = lfilter([1.0], taps, np.random.default_rng(1).standard_normal(20000))
    np.testing.assert_allclose(harness.load("burg_extrapolation").burg(signal, 3), taps, atol=0.03)


def test_the_oracle_hears_both_sides_and_beats_one_sided_extrapolation() -> None:
    signal, lost = speech(), harness.random_loss(30, 0.15, 8)
    gap = in_gap(lost, len(signal))
    scores = {
        name: quality(signal[gap], harness.conceal(harness.load(name), signal, lost, 16000, 320)[gap])
        for name in ("janssen_oracle", "burg_extrapolation", "zero_fill")
    }
    assert scores["janssen_oracle"] > scores["burg_extrapolation"] + 2
    assert scores["janssen_oracle"] > scores["zero_fill"] + 3


def test_comfort_noise_has_the_level_and_colour_of_the_speech_before() -> None:
    noise = (
        lfilter([1.0], [1.0, -0.9], np.random.default_rng(2).standard_normal(16000)).astype(np.float32) * 0.05
    )
    lost = one_loss(50, 25, 20)
    out = harness.conceal(harness.load("lpc_noise"), noise, lost, 16000, 320, hold=1000.0, mute_after=2000.0)
    filled = out[25 * 320 : 45 * 320]
    assert filled.std() == pytest.approx(noise.std(), rel=0.3)
    correlation = (filled[1:] @ filled[:-1]) / (filled @ filled)
    assert correlation == pytest.approx(0.9, abs=0.06)


def test_another_seed_gives_other_noise() -> None:
    module, lost = harness.load("lpc_noise"), one_loss(30, 14)
    one, two = (harness.conceal(module, speech(), lost, 16000, 320, seed=seed) for seed in (0, 1))
    assert (one != two).any()


def test_stretching_keeps_a_steady_wave_and_ends_in_silence() -> None:
    signal = np.tile(np.sin(2 * np.pi * np.arange(100) / 100).astype(np.float32) * 0.5, 100)
    lost = one_loss(31, 10, 8)
    out = harness.conceal(harness.load("wsola"), signal, lost, 16000, 320)
    early = slice(3200, 3200 + 320)
    fade = 1 - np.arange(320) / 1280
    assert quality(signal[early] * fade, out[early]) > 25
    assert not out[3200 + 1280 : 18 * 320].any()


def test_stretching_a_voice_joins_piece_to_piece_without_a_click() -> None:
    """A match less than two pieces back ends where the past does: what follows it is the piece just made."""
    from gaplisten.audio.signal import Signal
    from gaplisten.loss.measures import measure_gaps
    from gaplisten.loss.trace import LossTrace

    clicks = []
    for name in ("demo1", "demo2", "demo3"):
        signal = speech(seconds=2.4, name=name)
        lost = np.arange(len(signal) // 320) % 7 >= 5
        out = harness.conceal(harness.load("wsola"), signal, lost, 16000, 320)
        trace = LossTrace.of_packets(lost, 320, 16000)
        table = measure_gaps(Signal.of(signal, 16000), {"wsola": Signal.of(out, 16000)}, trace)
        clicks.append(table.flagged("wsola", "click_inside"))
    assert np.concatenate(clicks).mean() < 0.12
