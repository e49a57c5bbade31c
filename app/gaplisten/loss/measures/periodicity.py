"""How periodic a stretch is, and at which pitch."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.windows import Frames, Row, Rows, fast_length, stretches

SHORTEST_MS, LONGEST_MS = 2.5, 15.0  # 400 to 67 Hz
WINDOW_MS = 30.0
VOICED = 0.6
_QUIET = 1e-7  # mean square below which nothing is called periodic
_NEAR_BEST = 0.9


def periodicity(signal: Row, starts: Frames, rate: int) -> Row:
    """Return how periodic the 30 ms from each start are.

    Returns
    -------
    likeness
        Largest normalised correlation of the last 15 ms with the stretch 2.5 to 15 ms earlier; 0 in silence.
    """
    return np.asarray(_likeness(signal, starts, rate).max(axis=1, initial=-1.0))


def smallest_pitch_change(signal: Row, before: Frames, after: Frames, rate: int) -> Row:
    """Return the pitch change between the 30 ms from `before` and the 30 ms from `after`, cents.

    Each stretch has several candidate periods (twice the period is as periodic as once, and a strong formant
    can look like one), so the smallest change between any two counts. NaN where either is unvoiced.
    """
    first, second = _candidates(_likeness(signal, before, rate)), _candidates(_likeness(signal, after, rate))
    shortest = round(SHORTEST_MS * rate / 1000)
    changes = np.full(before.size, np.nan)
    for index in range(before.size):
        left, right = np.flatnonzero(first[index]), np.flatnonzero(second[index])
        if left.size and right.size:
            ratio = np.log2((left[:, None] + shortest) / (right + shortest))
            changes[index] = 1200.0 * np.abs(ratio).min()
    return changes


def self_likeness(stretch: Row, rate: int) -> float:
    """Return the largest normalised autocorrelation of a whole stretch at 2.5 to 15 ms; 0 in silence."""
    shortest, longest = round(SHORTEST_MS * rate / 1000), round(LONGEST_MS * rate / 1000)
    size = stretch.size
    longest = min(longest, size // 2)
    if size == 0 or longest <= shortest or float(np.mean(stretch**2)) < _QUIET:
        return 0.0
    total = fast_length(size + longest)
    lags = np.fft.irfft(np.abs(np.fft.rfft(stretch, total)) ** 2, total)[shortest : longest + 1]
    power = np.concatenate(([0.0], np.cumsum(stretch**2)))
    shift = np.arange(shortest, longest + 1)
    late, early = power[size] - power[shift], power[size - shift]
    return float(np.max(lags / np.sqrt(np.maximum(late * early, 1e-20))))


def _likeness(signal: Row, starts: Frames, rate: int) -> Rows:
    """Correlate the last half of each stretch with what lies a lag earlier, for all lags at once."""
    rows = stretches(signal, starts, round(WINDOW_MS * rate / 1000))
    shortest, longest = round(SHORTEST_MS * rate / 1000), round(LONGEST_MS * rate / 1000)
    late = rows[:, longest:]
    length = late.shape[1]
    size = fast_length(rows.shape[1])  # no lag asked for reaches round the end
    product = np.fft.rfft(rows, size) * np.conj(np.fft.rfft(late, size))
    # Entry k: late against the stretch that begins at frame k, which is the lag longest - k.
    cross = np.fft.irfft(product, size)[:, : longest - shortest + 1][:, ::-1]
    power = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(rows**2, axis=1)], axis=1)
    begin = np.arange(0, longest - shortest + 1)[::-1]
    early = power[:, begin + length] - power[:, begin]
    own = np.sum(late**2, axis=1, keepdims=True)
    quiet = own < _QUIET * length
    return np.where(quiet, 0.0, cross / np.sqrt(np.maximum(early * own, 1e-20)))


def _candidates(likeness: Rows) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return which lags are peaks nearly as high as the best, in voiced stretches."""
    padded = np.pad(likeness, ((0, 0), (1, 1)), constant_values=-2.0)
    peaks = (likeness >= padded[:, :-2]) & (likeness >= padded[:, 2:])
    best = likeness.max(axis=1, initial=-1.0, keepdims=True)
    return np.asarray(peaks & (likeness >= _NEAR_BEST * best) & (best >= VOICED), np.bool_)
