"""Speech-like sound that an alignment cannot mistake."""

from __future__ import annotations

import numpy as np

from gaplisten.audio.signal import Signal

RATE = 16000


def speech(seconds: float = 4.0, seed: int = 3) -> Signal:
    """Return coloured noise in syllables: no two places are alike."""
    random = np.random.default_rng(seed)
    noise = np.convolve(random.standard_normal(round(seconds * RATE)), np.hanning(9), "same")
    time = np.arange(len(noise)) / RATE
    return Signal.of(0.04 * noise * (0.55 + 0.45 * np.sin(2 * np.pi * 2.3 * time)), RATE)


def late(signal: Signal, frames: int) -> Signal:
    return Signal(np.concatenate([np.zeros((frames, 1), np.float32), signal.samples]), signal.rate)
