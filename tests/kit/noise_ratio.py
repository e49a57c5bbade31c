"""Measuring what was added to a signal."""

from __future__ import annotations

import numpy as np

from gaplisten.audio.signal import Signal


def measured_q(reference: Signal, degraded: Signal) -> float:
    """Return the ratio of speech to what was added to it, in dB; infinite where nothing was.

    >>> one = Signal.of(np.ones(8) * 0.5, 8000)
    >>> round(measured_q(one, Signal.of(np.ones(8) * 0.45, 8000)), 6)
    20.0
    """
    x, y = (one.samples.astype(np.float64) for one in (reference, degraded))
    added = float(np.sum((y - x) ** 2))
    return float(10 * np.log10(np.sum(x**2) / added)) if added > 0 else float("inf")
