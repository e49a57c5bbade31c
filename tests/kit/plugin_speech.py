"""Short speech for plugin tests: a piece of the bundled demo, at any rate."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr

DEMO = Path(__file__).resolve().parents[2] / "resources" / "demo" / "clean"


@cache
def speech(rate: int = 16000, seconds: float = 0.6, name: str = "demo1") -> np.ndarray:
    """Return mono speech, shape ``(frames,)``, read-only."""
    samples, found = soundfile.read(
        DEMO / f"{name}.flac", dtype="float32", start=8000, frames=int(16000 * seconds)
    )
    out = np.asarray(samples if rate == found else soxr.resample(samples, found, rate), np.float32)
    out.flags.writeable = False
    return out


def quality(reference: np.ndarray, version: np.ndarray) -> float:
    """Signal-to-difference ratio in dB."""
    difference = version.astype(np.float64) - reference
    return float(10 * np.log10((reference.astype(np.float64) ** 2).sum() / max((difference**2).sum(), 1e-20)))
