"""Cutting many stretches out of one signal at once, with zeros beyond its ends."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Row = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float64]
Frames = npt.NDArray[np.int64]


def stretches(signal: Row, starts: Frames, length: int) -> Rows:
    """Return the stretches of `length` frames beginning at each start.

    Parameters
    ----------
    signal
        Shape ``(frames,)``.
    starts
        Shape ``(n,)``; may lie before the beginning or beyond the end.

    Returns
    -------
    rows
        Shape ``(n, length)``, zero where there is no signal.
    """
    if not starts.size or not signal.size:
        return np.zeros((starts.size, length))
    at = starts[:, None] + np.arange(length)
    rows: Rows = signal[np.clip(at, 0, signal.size - 1)]
    rows[(at < 0) | (at >= signal.size)] = 0.0
    return rows


def decibel(power: Rows) -> Rows:
    """Return ten times the decimal logarithm."""
    return np.asarray(10.0 * np.log10(power))


def mean_power(signal: Row, starts: Frames, stops: Frames) -> Row:
    """Return the mean square of each stretch ``[start, stop)`` (0 for an empty one)."""
    total = np.concatenate(([0.0], np.cumsum(signal**2)))
    first, last = np.clip(starts, 0, signal.size), np.clip(stops, 0, signal.size)
    power: Row = np.maximum(total[last] - total[first], 0.0) / np.maximum(stops - starts, 1)
    return power
