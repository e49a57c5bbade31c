"""Comb: the reference's own sound twice, shortly after each other, as where two copies of a packet add up."""

from __future__ import annotations

from functools import partial

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Direction, Measure
from gaplisten.loss.measures.kinds.after import late_frames
from gaplisten.loss.measures.windows import Frames, Row, Rows, fast_length, stretches

SHORTEST_MS, LONGEST_MS = 0.5, 5.0
LEFT_DB = -12.0  # what both together may leave; where they leave more, the gap is no sum of them
ALIKE_DB = -14.0  # what the sound alone may leave, so that there is no need of a second one
BENT_MS = 0.125
FINEST = 3  # lags to a frame at 16 kHz
_QUIET = 1e-9  # mean square of what `bent` leaves
_TINY = 1e-20


def _late(case: Case) -> Frames:
    late = late_frames(case) * case.version.voice_rate
    return np.asarray(np.round(late / case.version.rate), np.int64)


class Around:
    """The reference around stretches of one length: sound that may come once more, a little later.

    Parameters
    ----------
    rows
        From `reach` frames before each stretch on, shape ``(n, length + reach)``.
    finer
        How many lags there are to a frame: the clip may have more frames than these rows.

    Attributes
    ----------
    own
        The energy at lags 0 to `reach`, shape ``(n, finer * reach + 1)``.
    with_now
        The correlation with the sound at lag 0, at the same lags.
    """

    def __init__(self, rows: Rows, reach: int, finer: int = 1) -> None:
        self._last, self._finer = finer * reach, finer
        self._size = fast_length(rows.shape[1])  # no lag asked for reaches round the end
        self._spectrum = np.fft.rfft(rows, self._size)
        energy = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(rows**2, axis=1)], axis=1)
        begin = reach - np.arange(reach + 1)
        whole = energy[:, begin + rows.shape[1] - reach] - energy[:, begin]
        below, part = np.divmod(np.arange(self._last + 1), finer)
        self.own = whole[:, below] + part / finer * (whole[:, np.minimum(below + 1, reach)] - whole[:, below])
        self.with_now = self.against(rows[:, reach:])

    def against(self, rows: Rows) -> Rows:
        """Correlate stretches with the reference at lags 0 to `reach`."""
        product = self._spectrum * np.conj(np.fft.rfft(rows, self._size))
        found = self._finer * np.fft.irfft(product, self._finer * self._size)
        return np.asarray(found[:, self._last :: -1])


def bent(rows: Rows, step: int) -> Rows:
    """Return differences of differences over so many frames, twice as many in all fewer.

    Over 0.125 ms, what lies around 4 kHz counts most. At low frequencies any vowel is two copies of any other
    of that pitch, and one whose lowest harmonics a codec's filter for calls turned in phase is two copies of
    itself; the highest frequencies a codec leaves inexact, and a fraction of a sample turns them.
    """
    return np.asarray(rows[:, 2 * step :] - 2.0 * rows[:, step:-step] + rows[:, : -2 * step])


def explained(made: Rows, around: Around, shortest: int) -> tuple[Row, Row]:
    """Return what one copy of the reference leaves of each row, and what two do, as shares of its energy.

    Parameters
    ----------
    made
        Shape ``(n, length)``.
    shortest
        The least lag of the second sound, in those of `around`.
    """
    own, with_now, with_made = around.own, around.with_now, around.against(made)
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
    step = max(1, round(BENT_MS * rate / 1000))
    finer = min(-(-case.version.rate // rate), FINEST)
    late, found, more = _late(case), np.full(starts.size, np.nan), 2 * step

    def around(some: Frames, size: int) -> Around:
        return Around(
            bent(stretches(clean, stops[some] - late[some] - size - reach - more, size + reach + more), step),
            reach,
            finer,
        )

    for whole in np.unique(stops - starts).tolist():
        size = whole - reach  # the second sound may be that of the gap alone
        if size < reach:
            continue
        some = np.flatnonzero(stops - starts == whole)
        made = bent(stretches(voice, stops[some] - size - more, size + more), step)
        natural = case.of_lateness(("comb", whole), late[some], partial(around, some, size))
        alone, both = explained(made, natural, finer * shortest)
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
