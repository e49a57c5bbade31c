"""Folders like those of the challenges, made of noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal

PACKETS = 25


class Maker:
    """Writes sounds and traces below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def flags(self, *lost: int) -> np.ndarray:
        flags = np.zeros(PACKETS, np.bool_)
        flags[list(lost)] = True
        return flags

    def sound(
        self, path: str, *lost: int, rate: int = 16000, seed: int = 0, frames: int | None = None
    ) -> Path:
        size = rate // 50
        samples = np.random.default_rng(seed).uniform(0.01, 0.4, frames or PACKETS * size)
        for packet in lost:
            samples[packet * size : (packet + 1) * size] = 0
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        write_signal(target, Signal.of(samples, rate))
        return target

    def trace(self, path: str, *lost: int) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(f"{int(flag)}\r\n" for flag in self.flags(*lost)), newline="")
        return target

    def empty(self, *paths: str) -> None:
        for path in paths:
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path / "data")
