"""Whether a version that went through a codec departs from its reference where a trace says, or elsewhere.

No sample of it is the reference's own then, and what was lost is concealed: but its energy still follows the
reference where packets came, and less well where they did not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaplisten.audio.longfile import stretch
from gaplisten.audio.signal import Signal
from gaplisten.clips.likeness import HOP, envelope_of
from gaplisten.loss.trace import LossTrace

_SECONDS = 60.0
_LATEST, _EARLIEST = 30, 5  # hops by which a decoder's output may be later or earlier
_NEAR, _LATER = 2, 6  # hops by which losses may seem earlier or later in the right set-up
_FURTHEST = 50  # hops that a trace may lie beside its sound
_WITHIN_DB = 35.0  # under the loudest of the reference: quieter sound tells nothing
_MOST_DB = 30.0
_FEWEST = 20  # hops of each kind
_TURNED, _FITS = 0.25, 0.8  # chance that what is called lost departs more than the rest; 0.5 tells nothing
_BETTER = 0.15
_SURE = 6.0  # standard deviations from chance

Hops = npt.NDArray[np.bool_]
Decibels = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Departures:
    """How far a version departs from its reference, hop by hop of 10 ms.

    Parameters
    ----------
    ranks
        Shape ``(hops,)``: 1 for the hop that departs least; 0 where the reference does not sound.
    late
        By how many hops the version is later.
    """

    ranks: npt.NDArray[np.float64]
    late: int

    @classmethod
    def of(cls, reference: Signal, version: Signal) -> Departures:
        """Compare two sounds of one rate, at the delay at which they are most alike."""
        from scipy.stats import rankdata

        most = round(_SECONDS * reference.rate)
        first = (Signal(stretch(each.samples, 0, most), each.rate) for each in (reference, version))
        clean, made = map(envelope_of, first)
        loud = np.nan_to_num(clean.max(axis=1, initial=-np.inf), nan=-np.inf)
        heard = np.isfinite(loud) & (loud > loud.max(initial=-np.inf) - _WITHIN_DB)
        ranks = np.zeros(len(clean))
        if not heard.any():
            return cls(ranks, 0)
        apart = {lag: _apart(clean, made, heard, lag) for lag in range(-_EARLIEST, _LATEST + 1)}
        late = min(apart, key=lambda lag: float(np.median(apart[lag])))
        ranks[heard] = rankdata(apart[late])
        return cls(ranks, late)

    def turned(self, trace: LossTrace) -> bool:
        """Whether what a trace calls lost follows the reference, and what it calls received does not."""
        chance, deviations = self._more(_lost_hops(trace, len(self.ranks)))
        return chance < _TURNED and deviations < -_SURE

    def shift(self, trace: LossTrace) -> int:
        """Return by how many hops later than a trace says the version departs; 0 where that is not plain.

        What was lost departs in its place, up to a decoder's delay later, or earlier where packets were
        made zero behind a decoder that is late.
        """
        lost = _lost_hops(trace, len(self.ranks))
        found = {by: self._more(_moved(lost, by)) for by in range(-_FURTHEST, _FURTHEST + 1)}
        best = max(found, key=lambda by: found[by][1])
        near = max(found[by][0] for by in range(-_NEAR - max(self.late, 0), _LATER + 1))
        chance, deviations = found[best]
        plain = chance >= max(_FITS, near + _BETTER) and deviations > _SURE
        return best if plain else 0

    def _more(self, lost: Hops) -> tuple[float, float]:
        """Return the chance that a lost hop departs more than a received one, and its deviation from 0.5."""
        ranks = self.ranks[lost]
        one = int(np.count_nonzero(ranks))
        two = int(np.count_nonzero(self.ranks)) - one
        if min(one, two) < _FEWEST:
            return 0.5, 0.0
        chance = (float(ranks.sum()) - one * (one + 1) / 2) / (one * two)
        return chance, (chance - 0.5) * float(np.sqrt(12 * one * two / (one + two + 1)))


def _apart(clean: Decibels, made: Decibels, heard: Hops, lag: int) -> Decibels:
    """Return how far the heard hops of a version, taken later by some, depart: mean over bands less gains."""
    places = np.flatnonzero(heard) + lag
    moved = np.full((len(places), clean.shape[1]), np.nan)
    inside = (places >= 0) & (places < len(made))
    moved[inside] = made[places[inside]]
    apart = moved - clean[heard]
    known = ~np.isnan(apart).any(axis=1)
    if known.any():
        apart = apart - np.median(apart[known], axis=0)
    return np.asarray(np.nan_to_num(np.minimum(np.abs(apart), _MOST_DB), nan=_MOST_DB).mean(axis=1))


def _lost_hops(trace: LossTrace, hops: int) -> Hops:
    size = max(1, round(HOP * trace.rate))
    return np.asarray(trace.mask(max(hops, 1) * size)[: hops * size].reshape(-1, size).mean(axis=1) > 0.5)


def _moved(lost: Hops, by: int) -> Hops:
    moved = np.zeros_like(lost)
    count = max(len(lost) - abs(by), 0)
    moved[max(by, 0) :][:count] = lost[max(-by, 0) :][:count]
    return moved


def shift_in_packets(hops: int, size: int, rate: int) -> int:
    """Return a shift in frames: of whole packets, where these are as near as hops can tell."""
    frames = round(hops * HOP * rate)
    whole = round(frames / size) * size
    return whole if whole and abs(whole - frames) <= HOP * rate else frames
