"""Comb: the reference's own sound twice, shortly after each other, as where two copies of a packet add up."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Direction, Measure
from gaplisten.loss.measures.kinds.after import late_frames
from gaplisten.loss.measures.windows import Frames, Row, Rows, fast_length, stretches

SHORTEST_MS, LONGEST_MS = 0.5, 5.0
LEFT_DB = -12.0  # what both together may leave; where they leave more, the gap is no sum of them
ALIKE_DB = -14.0  # what the sound alone may leave, so that there is no need of a second one
_QUIET = 1e-9  # mean square of the differences
_TINY = 1e-20


def _late(case: Case) -> Frames:
    late = late_frames(case) * case.version.voice_rate
    return np.asarray(np.round(late / case.version.rate), np.int64)


def explained(made: Rows, around: Rows, reach: int, shortest: int) -> tuple[Row, Row]:
    """Return what one copy of the reference leaves of each row, and what two do, as shares of its energy.

    Parameters
    ----------
    made
        Shape ``(n, length)``.
    around
        The reference's from `reach` frames before each row on, shape ``(n, length + reach)``.
    shortest
        The least lag of the second sound, in frames.
    """
    length = made.shape[1]
    size = fast_length(around.shape[1])  # no lag asked for reaches round the end
    spectrum = np.fft.rfft(around, size)

    def against(row: Rows) -> Rows:
        """Correlate with the reference at lags 0 to `reach`."""
        found = np.fft.irfft(spectrum * np.conj(np.fft.rfft(row, size)), size)
        return np.asarray(found[:, reach::-1])

    now = around[:, reach:]
    with_made, with_now = against(made), against(now)
    energy = np.concatenate([np.zeros((len(made), 1)), np.cumsum(around**2, axis=1)], axis=1)
    begin = reach - np.arange(reach + 1)
    own = energy[:, begin + length] - energy[:, begin]
    whole = np.sum(made**2, axis=1) + _TINY
    first = with_made[:, 0] ** 2 / (own[:, 0] + _TINY)
    # What the later sound has that the earlier has not, and how much of the version that explains.
    rest = own - with_now**2 / (own[:, :1] + _TINY)
    more = with_made - with_made[:, :1] * with_now / (own[:, :1] + _TINY)
    gained = np.where(rest > 1e-3 * own + _TINY, more**2 / np.maximum(rest, _TINY), 0.0)[:, shortest:]
    best = gained.max(axis=1, initial=0.0)
    one = (with_made**2 / np.maximum(own, _TINY)).max(axis=1)  # whichever lag: sound that is only late is one
    return np.maximum(whole - one, 0.0) / whole, np.maximum(whole - first - best, 0.0) / whole


def of(case: Case) -> Row:
    """Return by how many dB two copies of the reference's sound explain the gap better than one."""
    rate, voice, clean = case.version.voice_rate, case.version.voice, case.reference.voice
    starts, stops = case.places.at(rate)
    shortest, reach = round(SHORTEST_MS * rate / 1000), round(LONGEST_MS * rate / 1000)
    late, found = _late(case), np.full(starts.size, np.nan)
    for whole in np.unique(stops - starts).tolist():
        size = whole - reach  # the second sound may be that of the gap alone
        if size < reach:
            continue
        some = np.flatnonzero(stops - starts == whole)
        # Differences of samples weigh high frequencies as much as low ones: any vowel is two copies of any
        # other of that pitch, at low ones.
        made = np.diff(stretches(voice, stops[some] - size - 1, size + 1), axis=1)
        around = np.diff(
            stretches(clean, stops[some] - late[some] - size - reach - 1, size + reach + 1), axis=1
        )
        alone, both = explained(made, around, reach, shortest)
        gain = 10.0 * np.log10((alone + 1e-4) / (both + 1e-4))
        told = (both <= 10 ** (LEFT_DB / 10)) & (alone > 10 ** (ALIKE_DB / 10))
        loud = np.mean(made**2, axis=1) > _QUIET
        found[some] = np.where(loud, np.where(told, gain, 0.0), np.nan)
    return found


MEASURES = (
    Measure(
        "comb", "Comb", "dB", Direction.HIGH, 6.0, True, PROPOSED,
        "by how much the gap is the reference's sound twice, 0.5 to 5 ms apart, rather than once",
        "Comb", of, 23,
    ),
)  # fmt: skip
