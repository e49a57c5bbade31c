"""Janssen's two-sided autoregressive interpolation: an oracle, because it hears the future.

Each gap is interpolated from `context` (80 ms) on both sides: an autoregressive model of `order` (16 ms,
256 at 16 kHz) is fitted to the segment by the autocorrelation method, then the lost samples are set to
those that make the prediction error smallest; both steps are done `passes` (2) times. No fade, received
samples are not altered.

The normal equations of one gap are a symmetric Toeplitz system of the filter's autocorrelation, so
Levinson's recursion solves them, and right-hand sides are convolutions. Neighbouring gaps inside the
context are handled by going over all gaps in turn: in the first pass a gap hears only up to the next gap,
in the later ones it hears what the pass before has put there.

Source: A. Janssen, R. Veldhuis, L. Vries, Adaptive interpolation of discrete-time signals that can be
modeled as autoregressive processes (IEEE Trans. ASSP 34, 1986); gap-wise as in Mokrý and Rajmic, arXiv
2403.04433.
"""

from typing import Annotated

import numpy as np

name = "Janssen oracle (non-causal)"
help = "Two-sided autoregressive interpolation. It hears the future: an upper anchor, not a concealer."
source = "Janssen, Veldhuis, Vries 1986"
channels = 1
causal = False
delay = 0


def conceal(
    lossy: np.ndarray,
    lost: np.ndarray,
    rate: int,
    packet_frames: int,
    *,
    order: Annotated[float, {"ge": 0.5, "le": 40, "unit": "ms", "help": "above the pitch lag"}] = 16.0,
    context: Annotated[float, {"ge": 10, "le": 500, "unit": "ms", "help": "heard on each side"}] = 80.0,
    passes: Annotated[int, {"ge": 1, "le": 10, "help": "rounds of fitting and filling"}] = 2,
) -> np.ndarray:
    """Return `lossy`, shape ``(frames, 1)``, with the lost packets interpolated from both sides."""
    signal = lossy[:, 0].astype(np.float64)
    reach, taps = round(context * rate / 1000), round(order * rate / 1000)
    gaps = _gaps(lost, packet_frames, len(signal))
    edges = [*(start for start, _ in gaps), len(signal)][1:]
    for done in range(passes):
        for (start, stop), edge in zip(gaps, edges, strict=True):
            ahead = min(stop + reach, len(signal) if done else edge)
            first = max(0, start - reach)
            signal[start:stop] = _fill(signal[first:ahead], start - first, stop - first, taps)
    return signal.astype(np.float32)[:, None]


def _gaps(lost: np.ndarray, packet: int, frames: int) -> list[tuple[int, int]]:
    """Return start and stop of each run of lost packets in frames."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], lost, [False]))))
    return [(int(a) * packet, min(int(b) * packet, frames)) for a, b in edges.reshape(-1, 2)]


def _fill(segment: np.ndarray, start: int, stop: int, taps: int) -> np.ndarray:
    """Return the samples ``start:stop`` that fit the segment's own model best."""
    from scipy.linalg import solve_toeplitz

    taps = min(taps, max(1, (len(segment) - 1) // 3))
    error_filter = _model(segment, taps)
    if error_filter is None:
        return np.zeros(stop - start)
    lags = _convolve(error_filter, error_filter[::-1])[taps:]  # autocorrelation of the filter
    known = segment.copy()
    known[start:stop] = 0
    around = known[max(0, start - taps) : stop + taps]
    offset = start - max(0, start - taps)
    two_sided = np.concatenate((lags[:0:-1], lags))
    pull = _convolve(around, two_sided)[taps + offset : taps + offset + stop - start]
    column = np.zeros(stop - start)
    shared = min(len(column), len(lags))
    column[:shared] = lags[:shared]
    column[0] *= 1 + 1e-9
    return -np.asarray(solve_toeplitz(column, pull))


def _model(segment: np.ndarray, taps: int) -> np.ndarray | None:
    """Return the prediction error filter of the segment, or None for silence."""
    from scipy.linalg import solve_toeplitz

    size = 1 << (2 * len(segment) - 1).bit_length()
    spectrum = np.fft.rfft(segment, size)
    lags = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[: taps + 1]
    if lags[0] <= 1e-12 * len(segment):
        return None
    lags[0] *= 1 + 1e-9
    return np.concatenate(([1.0], -solve_toeplitz(lags[:-1], lags[1:])))


def _convolve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    from scipy.signal import fftconvolve

    return np.asarray(fftconvolve(a, b))
