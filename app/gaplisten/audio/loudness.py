"""Programme loudness after ITU-R BS.1770-4."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Signal

_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_OFFSET = -0.691

# The two filters as analogue prototypes (the Recommendation tabulates them at 48 kHz only).
_SHELF_HZ, _SHELF_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_HIGH_PASS_HZ, _HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773

Coefficients = tuple[list[float], list[float]]


def _shelf(rate: int) -> Coefficients:
    k = math.tan(math.pi * _SHELF_HZ / rate)
    high = 10.0 ** (_SHELF_DB / 20.0)
    band = high**0.4996667741545416
    scale = 1.0 + k / _SHELF_Q + k * k
    ahead = [high + band * k / _SHELF_Q + k * k, 2.0 * (k * k - high), high - band * k / _SHELF_Q + k * k]
    back = [1.0, 2.0 * (k * k - 1.0) / scale, (1.0 - k / _SHELF_Q + k * k) / scale]
    return [a / scale for a in ahead], back


def _high_pass(rate: int) -> Coefficients:
    k = math.tan(math.pi * _HIGH_PASS_HZ / rate)
    scale = 1.0 + k / _HIGH_PASS_Q + k * k
    back = [1.0, 2.0 * (k * k - 1.0) / scale, (1.0 - k / _HIGH_PASS_Q + k * k) / scale]
    return [1.0, -2.0, 1.0], back


def _block_powers(signal: Signal) -> npt.NDArray[np.float64]:
    """Return the summed K-weighted power of each 400 ms block, overlapping by three quarters."""
    from scipy.signal import lfilter

    weighted = signal.samples.astype(np.float64)
    for ahead, back in (_shelf(signal.rate), _high_pass(signal.rate)):
        weighted = lfilter(ahead, back, weighted, axis=0)
    size, hop = round(0.4 * signal.rate), round(0.1 * signal.rate)
    if signal.frames < size:
        return np.zeros(0)
    energy = np.concatenate([[0.0], np.cumsum((weighted**2).sum(axis=1))])
    starts = np.arange(0, signal.frames - size + 1, hop)
    return np.asarray((energy[starts + size] - energy[starts]) / size, dtype=np.float64)


def integrated_loudness(signal: Signal) -> float:
    """Return the integrated loudness in LUFS.

    ``-inf`` where nothing passes the gates: silence, or less than one block of 400 ms.
    """
    powers = _block_powers(signal)
    gated = powers[powers > 10.0 ** ((_ABSOLUTE_GATE - _OFFSET) / 10.0)]
    if not len(gated):
        return -math.inf
    gated = gated[gated > gated.mean() * 10.0 ** (_RELATIVE_GATE / 10.0)]
    return float(_OFFSET + 10.0 * math.log10(gated.mean()))
