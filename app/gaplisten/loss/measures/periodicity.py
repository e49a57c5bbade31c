"""How periodic a stretch is, and at which pitch."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gaplisten.loss.measures.windows import Frames, Row, Rows, fast_length, stretches

SHORTEST_MS, LONGEST_MS = 2.5, 15.0  # 400 to 67 Hz
AGAIN_MS = 60.0  # what is played again may be no period of a voice but a packet, and that is 60 ms at most
WINDOW_MS = 30.0
VOICED = 0.6
_QUIET = 1e-7  # mean square below which nothing is called periodic
_NEAR_BEST = 0.9
_FITS = 0.75
_PITCHED = 0.7  # as VOICED, but so that the lag of the peak means something


def periodicity(signal: Row, starts: Frames, rate: int) -> Row:
    """Return how periodic the 30 ms from each start are.

    Returns
    -------
    likeness
        Largest normalised correlation of the last 15 ms with the stretch 2.5 to 15 ms earlier; 0 in silence.
    """
    return np.asarray(likeness(signal, starts, rate).max(axis=1, initial=-1.0))


def pitch(signal: Row, starts: Frames, rate: int) -> Row:
    """Return the pitch of the 30 ms from each start, Hz; NaN where they are not voiced.

    It is that of the shortest lag which is a peak nearly as high as the best.
    """
    rows = likeness(signal, starts, rate)
    places = _shortest(rows)
    lags = places + round(SHORTEST_MS * rate / 1000)
    return np.where(places >= 0, rate / lags, np.nan)


def pitch_changes(here: Rows, there: Rows, rate: int) -> Row:
    """Return the change of pitch between stretches, cents; NaN where either is unvoiced.

    Parameters
    ----------
    here, there
        What `likeness` gives for the stretches. The pitch of each is the shortest lag that is a peak nearly
        as high as the best; it counts as found in the other where that has a peak that is not much lower than
        its best: twice the period is as periodic as once, and a strong formant can look like a period.
    """
    first, second = _shortest(here), _shortest(there)
    peaks_here, peaks_there = _peaks(here), _peaks(there)
    voiced = np.flatnonzero((first >= 0) & (second >= 0))
    changes = np.full(len(here), np.nan)
    if voiced.size:
        cents = _cents(round(SHORTEST_MS * rate / 1000), here.shape[1])
        changes[voiced] = np.maximum(
            _nearest(cents[first[voiced]], peaks_there[voiced]),
            _nearest(cents[second[voiced]], peaks_here[voiced]),
        )
    return changes


@lru_cache(maxsize=4)
def _cents(least: int, count: int) -> Rows:
    """Return how far each of `count` lags from `least` frames on is from each, in cents."""
    lags = least + np.arange(count)
    return np.asarray(1200.0 * np.abs(np.log2(lags / lags[:, None])))


def _nearest(cents: Rows, peaks: Rows) -> Row:
    return np.asarray(np.where(peaks, cents, np.inf).min(axis=1))


def _shortest(rows: Rows) -> Row:
    """Return the place of the shortest lag that is a candidate for the pitch; -1 in unvoiced stretches."""
    candidates = _candidates(rows)
    return np.where(candidates.any(axis=1), candidates.argmax(axis=1), -1)


def self_likeness(rows: Rows, rate: int) -> Row:
    """Return the largest normalised autocorrelation of whole stretches at 2.5 to 60 ms; 0 in silence.

    Parameters
    ----------
    rows
        Stretches of one length, shape ``(n, length)``: no lag is longer than half of it.
    """
    shortest, longest = round(SHORTEST_MS * rate / 1000), round(AGAIN_MS * rate / 1000)
    size = rows.shape[1]
    longest = min(longest, size // 2)
    if size == 0 or longest <= shortest:
        return np.zeros(len(rows))
    squares = rows**2
    total = fast_length(size + longest)
    lags = np.fft.irfft(np.abs(np.fft.rfft(rows, total)) ** 2, total)[:, shortest : longest + 1]
    power = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(squares, axis=1)], axis=1)
    shift = np.arange(shortest, longest + 1)
    late, early = power[:, size, None] - power[:, shift], power[:, size - shift]
    best = np.max(lags / np.sqrt(np.maximum(late * early, 1e-20)), axis=1, initial=-1.0)
    return np.where(np.mean(squares, axis=1) < _QUIET, 0.0, best)


def likeness(signal: Row, starts: Frames, rate: int) -> Rows:
    """Correlate the last half of the 30 ms from each start with what lies a lag earlier.

    Returns
    -------
    rows
        One column for each lag from 2.5 to 15 ms; 0 in silence.
    """
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


def _peaks(rows: Rows, least: float = _FITS) -> Rows:
    """Return which lags are peaks of at least a share of the best."""
    padded = np.pad(rows, ((0, 0), (1, 1)), constant_values=-2.0)
    peaks = (rows >= padded[:, :-2]) & (rows >= padded[:, 2:])
    return np.asarray(peaks & (rows >= least * rows.max(axis=1, initial=-1.0, keepdims=True)))


def _candidates(rows: Rows) -> Rows:
    """Return which lags are peaks nearly as high as the best, in voiced stretches."""
    voiced = rows.max(axis=1, initial=-1.0, keepdims=True) >= _PITCHED
    return np.asarray(_peaks(rows, _NEAR_BEST) & voiced)
