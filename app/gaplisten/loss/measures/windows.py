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


def running_energy(signal: Row) -> Row:
    """Return the energy before each frame, shape ``(frames + 1,)``; `mean_power` takes differences."""
    return np.concatenate(([0.0], np.cumsum(signal**2)))


def mean_power(energy: Row, starts: Frames, stops: Frames) -> Row:
    """Return the mean square of each stretch ``[start, stop)`` (0 for an empty one).

    Parameters
    ----------
    energy
        As `running_energy` gives it. Beyond the signal's ends there is silence.
    """
    first, last = np.clip(starts, 0, energy.size - 1), np.clip(stops, 0, energy.size - 1)
    power: Row = np.maximum(energy[last] - energy[first], 0.0) / np.maximum(stops - starts, 1)
    return power


def fast_length(least: int) -> int:
    """Return a length of at least `least` for which the Fourier transform is fast."""
    from scipy.fft import next_fast_len

    return int(next_fast_len(least, real=True))
