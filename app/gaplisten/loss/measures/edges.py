"""What happens at a gap's edges: clicks, steps and level steps."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.windows import Frames, Row, Rows, decibel, fast_length, mean_power, stretches

LPC_ORDER = 16
CONTEXT_MS = 20.0
PEAK_FRAMES = 3
LEAVE_OUT_FRAMES = 8
FLOOR = 1e-4  # -80 dBFS: three steps of 16 bits
POWER_FLOOR = 1e-7  # -70 dBFS
LEVEL_MS = 5.0
_MAD = 1.4826  # makes a median of magnitudes a standard deviation, for normally distributed values


def clicks(signal: Row, edges: Frames, rate: int) -> Row:
    """Return the peak of the LPC residual within 3 frames of each edge, over its robust size around.

    Parameters
    ----------
    edges
        Frames whose sample is the first of the new part. An edge without a sample before or after gives NaN.
    """
    half = round(CONTEXT_MS * rate / 1000)
    around = stretches(signal, edges - half - LPC_ORDER, 2 * half + LPC_ORDER)
    error = np.abs(_residual(around))
    return _inside(_peak_ratio(error, half), edges, signal.size)


def steps(signal: Row, edges: Frames, rate: int) -> Row:
    """Return the jump over each edge, over the robust size of jumps within 20 ms."""
    half = round(CONTEXT_MS * rate / 1000)
    jumps = np.abs(np.diff(stretches(signal, edges - half - 1, 2 * half + 1), axis=1))
    usual = _MAD * np.median(jumps, axis=1)
    return _inside(jumps[:, half] / (usual + FLOOR), edges, signal.size)


def level_steps(energy: Row, edges: Frames, rate: int) -> Row:
    """Return the level change in dB from the 5 ms before to the 5 ms after each edge (floor -70 dBFS)."""
    part = round(LEVEL_MS * rate / 1000)
    before = mean_power(energy, edges - part, edges) + POWER_FLOOR
    after = mean_power(energy, edges, edges + part) + POWER_FLOOR
    return _inside(decibel(after / before), edges, energy.size - 1)


def _inside(values: Row, edges: Frames, frames: int) -> Row:
    return np.where((edges > 0) & (edges < frames), values, np.nan)


def _peak_ratio(error: Rows, middle: int) -> Row:
    peak = error[:, middle - PEAK_FRAMES : middle + PEAK_FRAMES + 1].max(axis=1, initial=0.0)
    kept = np.ones(error.shape[1], np.bool_)
    kept[middle - LEAVE_OUT_FRAMES : middle + LEAVE_OUT_FRAMES + 1] = False
    usual = _MAD * np.median(error[:, kept], axis=1) if len(error) else np.zeros(0)
    return np.asarray(peak / (usual + FLOOR))


def _residual(rows: Rows) -> Rows:
    """Filter each row with its own prediction error filter; the first `LPC_ORDER` frames are dropped."""
    taps = _prediction(rows)
    length = rows.shape[1] - LPC_ORDER
    error = np.zeros((len(rows), length))
    for index in range(LPC_ORDER + 1):
        error += taps[:, index, None] * rows[:, LPC_ORDER - index : LPC_ORDER - index + length]
    return error


def _prediction(rows: Rows) -> Rows:
    """Return the error filter of each row, shape ``(n, LPC_ORDER + 1)``: Levinson's recursion on all."""
    correlation = _autocorrelation(rows * np.hanning(rows.shape[1]))
    taps = np.zeros((len(rows), LPC_ORDER + 1))
    taps[:, 0] = 1.0
    error = correlation[:, 0].copy()
    for order in range(1, LPC_ORDER + 1):
        against = np.einsum("ij,ij->i", taps[:, :order], correlation[:, order:0:-1])
        reflection = -against / error
        taps[:, 1 : order + 1] += reflection[:, None] * taps[:, order - 1 :: -1][:, :order]
        error *= 1.0 - reflection**2
    return taps


def _autocorrelation(rows: Rows) -> Rows:
    """Return lags 0 to `LPC_ORDER`, with white noise 60 dB below added so that silence stays solvable."""
    size = fast_length(rows.shape[1] + LPC_ORDER)
    power = np.abs(np.fft.rfft(rows, size)) ** 2
    lags = np.fft.irfft(power, size)[:, : LPC_ORDER + 1]
    lags[:, 0] = lags[:, 0] * (1.0 + 1e-6) + 1e-12
    return lags
