"""Maxima and means over a stretch that slides along a signal.

As scipy.ndimage's `maximum_filter1d` and `uniform_filter1d` give them, to the bit. Importing that costs more
than all measures of a short clip, which is what a command that hands over one gap would wait for.
"""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.windows import Row


def sliding_maximum(signal: Row, size: int) -> Row:
    """Return the largest value of the `size` frames around each, the signal mirrored at its ends.

    Parameters
    ----------
    size
        Odd.
    """
    if not signal.size:
        return signal.copy()
    largest, reach = _mirrored(signal, size), 1
    while 2 * reach <= size:  # of 2, of 4, of 8 frames from each on
        largest, reach = np.maximum(largest[:-reach], largest[reach:]), 2 * reach
    rest = size - reach
    return np.maximum(largest[:-rest], largest[rest:]) if rest else largest


def sliding_mean(signal: Row, size: int) -> Row:
    """Return the mean of the `size` frames around each, the signal mirrored at its ends.

    Parameters
    ----------
    size
        Odd.
    """
    if not signal.size:
        return signal.copy()
    around = _mirrored(signal, size)
    sums = np.empty(signal.size)
    sums[0] = np.cumsum(around[:size])[-1]  # one after the other, as the steps are added
    np.subtract(around[size:], around[: signal.size - 1], out=sums[1:])
    np.cumsum(sums, out=sums)
    sums /= size
    return sums


def _mirrored(signal: Row, size: int) -> Row:
    """Return the signal with half a stretch before and after it: (b a | a b c d | d c)."""
    return np.pad(signal, size // 2, mode="symmetric")
