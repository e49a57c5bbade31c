"""G.711 Appendix I against the ITU's vector and its own rules."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from kit import harness
from kit.plugin_speech import quality, speech


@pytest.fixture
def plugin():
    return harness.load("g711_appendix1")


def decibels(wanted: np.ndarray, out: np.ndarray, lost: np.ndarray) -> tuple[float, float, float]:
    """Return how well `out` meets `wanted`: overall, in the lost frames, and in the 10 ms after each loss.

    Parameters
    ----------
    lost
        One flag for each frame of 10 ms.
    """
    gone = np.repeat(lost, 80)[: len(wanted)]
    after = np.repeat(np.append(False, lost[:-1]) & ~lost, 80)[: len(wanted)]
    return quality(wanted, out), quality(wanted[gone], out[gone]), quality(wanted[after], out[after])


def vector(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return an ITU vector: speech, what is to come out, and a flag for each frame of 10 ms."""
    if not folder.is_dir():
        pytest.skip("the ITU's vectors are not there")
    signal = np.fromfile(folder / "f2.le", "<i2").astype(np.float32) / 32768
    wanted = np.fromfile(folder / f"f2_{name}.raw", "<i2").astype(np.float64) / 32768
    pattern = np.fromfile(folder / f"fe{name}.g192", "<u2") == 0x6B20
    return signal, wanted, np.resize(pattern, len(signal) // 80)  # the pattern repeats when it ends


@pytest.mark.parametrize(("name", "packet"), [("10", 80), ("10_2", 80), ("10_2", 160)])
def test_the_itus_vectors_are_met_in_the_losses_and_after_them(
    plugin, real_clips: Path, name: str, packet: int
) -> None:
    signal, wanted, lost = vector(real_clips / "itu_g711_appendix1", name)
    out = harness.conceal(plugin, signal, lost[:: packet // 80], 8000, packet)[: len(wanted)]
    overall, within, after = decibels(wanted, out, lost)
    assert overall >= 80
    assert within >= 75
    assert after >= 75


@pytest.mark.parametrize("lost_packets", [1, 2, 3, 4, 8])
@pytest.mark.parametrize(("rate", "packet"), [(8000, 160), (8000, 240), (16000, 320), (48000, 960)])
def test_only_the_length_of_a_loss_counts_not_how_it_is_cut_into_packets(
    plugin, rate: int, packet: int, lost_packets: int
) -> None:
    frame = rate // 100
    voice = speech(rate, 2.0)
    voice = voice[: len(voice) // packet * packet]
    lost = np.zeros(len(voice) // packet, bool)
    for start in range(10, len(lost) - lost_packets, 4 * lost_packets):
        lost[start : start + lost_packets] = True
    given = harness.conceal(plugin, voice, lost, rate, packet)
    in_frames = harness.conceal(plugin, voice, np.repeat(lost, packet // frame), rate, frame)
    assert np.array_equal(given, in_frames)


@pytest.mark.parametrize("lost_frames", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("packet", [80, 160])
def test_the_itus_own_coder_says_the_same(plugin, tmp_path: Path, packet: int, lost_frames: int) -> None:
    """Against ``g711iplc`` of the ITU's tool library, where somebody has compiled it."""
    judge = os.environ.get("GAPLISTEN_G711IPLC", "")
    if not judge:
        pytest.skip("GAPLISTEN_G711IPLC does not name the ITU's g711iplc")
    pcm = np.round(speech(8000, 4.0) * 32767).astype("<i2")
    each = packet // 80
    together = max(lost_frames // each, 1)
    lost = np.zeros(len(pcm) // packet, bool)
    for start in range(20 // each, len(lost) - together, 30 // each):
        lost[start : start + together] = True
    frames = np.repeat(lost, each)
    (tmp_path / "in").write_bytes(pcm.tobytes())
    (tmp_path / "lost").write_bytes(np.where(frames, 0x6B20, 0x6B21).astype("<u2").tobytes())
    subprocess.run([judge, tmp_path / "lost", tmp_path / "in", tmp_path / "out"], check=True)
    wanted = np.fromfile(tmp_path / "out", "<i2").astype(np.float64) / 32768
    signal = pcm.astype(np.float32) / 32768
    out = harness.conceal(plugin, signal, lost, 8000, packet)[: len(wanted)]
    overall, within, after = decibels(wanted, out, frames)
    assert overall >= 75
    assert within >= 65
    assert after >= 65


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
