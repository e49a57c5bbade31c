"""Small clip sets on disk, for tests of batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal

RATE = 16000
PACKET = 320


def speech_like(index: int, seconds: float) -> np.ndarray:
    """A pulse train through a decaying resonance, of another pitch and level for each index."""
    frames = int(seconds * RATE)
    pulses = np.zeros(frames)
    pulses[:: 100 + 3 * index] = 1.0
    ring = np.exp(-np.arange(400) / 60) * np.sin(np.arange(400) * 0.25)
    sound = np.convolve(pulses, ring)[:frames]
    level = 0.2 + 0.01 * index
    return np.asarray(level * sound / np.abs(sound).max(), np.float32)


def challenge_set(root: Path, clips: int, seconds: float = 1.2, longest: tuple[int, ...] = (2, 10)) -> Path:
    """Make `clips` clips in the 2022 challenge's layout; burst lengths in packets take turns."""
    for index in range(clips):
        clean = speech_like(index, seconds)
        lost = np.zeros(-(-clean.size // PACKET), int)
        lost[20 : 20 + longest[index % len(longest)]] = 1
        lost[5] = 1
        lossy = clean.copy()
        for packet in np.flatnonzero(lost):
            lossy[packet * PACKET : (packet + 1) * PACKET] = 0
        write_versions(root, str(index), {"clean": clean, "lossy_signals": lossy}, lost)
    return root


def write_versions(
    root: Path,
    name: str,
    versions: Mapping[str, npt.ArrayLike],
    lost: Iterable[object],
    traces: str = "lossy_signals",
) -> None:
    """Write one clip's versions, 16 kHz, each into its folder, and which packets are lost into `traces`."""
    for part, samples in versions.items():
        (root / part).mkdir(parents=True, exist_ok=True)
        write_signal(root / part / f"{name}.wav", Signal.of(samples, RATE))
    (root / traces / f"{name}_is_lost.txt").write_text("".join(f"{int(bool(flag))}\n" for flag in lost))


def coloured(frames: int, seed: int) -> np.ndarray:
    """Return noise with more low frequencies than high ones."""
    return np.convolve(np.random.default_rng(seed).normal(0, 0.1, frames), np.ones(5) / 5, "same")
