"""Clicks by linear prediction: how far a sample is from what its surroundings lead one to expect."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.windows import (
    FLOOR,
    MAD,
    Frames,
    Row,
    Rows,
    fast_length,
    hann,
    inside,
    medians,
    stretches,
)

LPC_ORDER = 16
CONTEXT_MS = 20.0
PEAK_FRAMES = 3
LEAVE_OUT_FRAMES = 8
_BLOCK = 512  # edges at once, so that memory does not grow with them
_ROWS = 32


def clicks(signal: Row, edges: Frames, rate: int, peak: int = PEAK_FRAMES) -> Row:
    """Return the peak of the LPC residual within `peak` frames of each edge, over its robust size around.

    Parameters
    ----------
    edges
        Frames whose sample is the first of the new part. An edge without a sample before or after gives NaN.
    """
    found, size = peaks(signal, edges, rate, peak)
    return inside(found / (size + FLOOR), edges, signal.size)


def peaks(signal: Row, edges: Frames, rate: int, peak: int = PEAK_FRAMES) -> tuple[Row, Row]:
    """Return the peak of the LPC residual within `peak` frames of each edge, and its robust size around."""
    half = round(CONTEXT_MS * rate / 1000)
    found, size = np.zeros(edges.size), np.zeros(edges.size)
    for at in range(0, edges.size, _BLOCK):
        some = slice(at, at + _BLOCK)
        around = stretches(signal, edges[some] - half - LPC_ORDER, 2 * half + LPC_ORDER)
        found[some], size[some] = _peak_and_size(np.abs(_residual(around)), half, peak)
    return found, size


def more_than_natural(found: Row, natural: Row) -> Row:
    """Return a z as far as the reference does not have it itself: the root of the difference of squares."""
    return np.asarray(np.sqrt(np.maximum(found**2 - np.nan_to_num(natural) ** 2, 0.0)))


def _peak_and_size(error: Rows, middle: int, reach: int) -> tuple[Row, Row]:
    peak = error[:, middle - reach : middle + reach + 1].max(axis=1, initial=0.0)
    leave_out = LEAVE_OUT_FRAMES + reach - PEAK_FRAMES
    kept = np.concatenate((error[:, : middle - leave_out], error[:, middle + leave_out + 1 :]), axis=1)
    return peak, MAD * medians(kept)


def _residual(rows: Rows) -> Rows:
    """Filter each row with its own prediction error filter; the first `LPC_ORDER` frames are dropped."""
    taps = _prediction(rows)
    length = rows.shape[1] - LPC_ORDER
    error = rows[:, LPC_ORDER:].copy()  # the first tap is 1
    product = np.empty((_ROWS, length))
    for at in range(0, len(rows), _ROWS):  # so few at once that they stay in the processor's cache
        some, tap = rows[at : at + _ROWS], taps[at : at + _ROWS, :, None]
        part, share = error[at : at + _ROWS], product[: len(some)]
        for index in range(1, LPC_ORDER + 1):
            shifted = some[:, LPC_ORDER - index : LPC_ORDER - index + length]
            np.add(part, np.multiply(tap[:, index], shifted, share), part)
    return error


def _prediction(rows: Rows) -> Rows:
    """Return the error filter of each row, shape ``(n, LPC_ORDER + 1)``: Levinson's recursion on all."""
    correlation = _autocorrelation(rows * hann(rows.shape[1]))
    taps = np.zeros((len(rows), LPC_ORDER + 1))
    taps[:, 0] = 1.0
    error = correlation[:, 0].copy()
    for order in range(1, LPC_ORDER + 1):
        reflection = np.einsum("ij,ij->i", taps[:, :order], correlation[:, order:0:-1])
        reflection /= -error
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
