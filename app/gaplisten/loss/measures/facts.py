"""What is known of a gap apart from its concealment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaplisten.loss.measures.gap_table import GapFacts
from gaplisten.loss.measures.periodicity import VOICED, WINDOW_MS, periodicity
from gaplisten.loss.measures.windows import Places, Prepared, Row, decibel, mean_power, running_energy
from gaplisten.loss.strata import stratum_of
from gaplisten.loss.trace import Flags, Gap, LossTrace

ACTIVE_BELOW_PEAK_DB = 30.0
ACTIVE_FROM_DB = -60.0
AROUND_MS = 100.0
_TINY = 1e-12

Answers = Sequence[bool | None]


def gap_facts(
    gaps: Sequence[Gap], places: Places, clean: Prepared | None, version: Prepared | None, trace: LossTrace
) -> tuple[GapFacts, ...]:
    """Return the facts about each gap.

    Parameters
    ----------
    places
        Where the gaps are.
    clean
        The reference: it tells whether speech was active and voiced.
    version
        Any version, for when there is no reference: then what was received around the gap tells.
    """
    active: Answers = [None] * len(gaps)
    voiced: Answers = [None] * len(gaps)
    if gaps and clean is not None:
        active, voiced = in_reference(clean, places, Loudness(clean.rate).add(clean.row).limit)
    elif gaps and version is not None:
        received = ~trace.mask(version.row.size)
        limit = Loudness(version.rate).add(version.row[received]).limit
        active, voiced = around(version, places, received, limit)
    return with_answers(gaps, trace, active, voiced)


def with_answers(
    gaps: Sequence[Gap], trace: LossTrace, active: Answers, voiced: Answers
) -> tuple[GapFacts, ...]:
    """Return the facts about each gap, whose speech has been judged."""
    rows = zip(enumerate(gaps, 1), active, voiced, strict=True)
    return tuple(_fact(index, gap, trace, *flags) for (index, gap), *flags in rows)


def _fact(index: int, gap: Gap, trace: LossTrace, active: bool | None, voiced: bool | None) -> GapFacts:
    length_ms = 1000.0 * gap.frames / trace.rate
    # A partial last packet counts as a whole one.
    stratum = stratum_of(gap.packets * trace.packet_ms if gap.packets else length_ms)
    return GapFacts(index, gap, gap.start / trace.rate, length_ms, active, voiced, stratum)


def in_reference(clean: Prepared, places: Places, limit: float) -> tuple[Answers, Answers]:
    """Judge by what was sent: whether it is louder than a limit (see `Loudness`), and voiced."""
    window = round(WINDOW_MS * clean.rate / 1000)
    active = decibel(mean_power(clean.energy, places.starts, places.stops) + _TINY) > limit
    middle = (places.starts + places.stops - window) // 2 * clean.voice_rate // clean.rate
    voiced = periodicity(clean.voice, middle, clean.voice_rate) >= VOICED
    return active.tolist(), (voiced & active).tolist()


def around(version: Prepared, places: Places, received: Flags, limit: float) -> tuple[Answers, Answers]:
    """Judge by what was received within 100 ms before and after, and by the voicing of the 30 ms before."""
    energy, count = running_energy(version.row * received), np.concatenate(([0], np.cumsum(received)))
    reach = round(AROUND_MS * version.rate / 1000)
    edges = [(places.starts - reach, places.starts), (places.stops, places.stops + reach)]
    ends = [tuple(np.clip(edge, 0, version.row.size) for edge in pair) for pair in edges]
    power = sum(energy[last] - energy[first] for first, last in ends)
    known = np.asarray(sum(count[last] - count[first] for first, last in ends))
    active = decibel(power / np.maximum(known, 1) + _TINY) > limit
    before, _ = places.at(version.voice_rate)
    window = round(WINDOW_MS * version.voice_rate / 1000)
    voiced = (periodicity(version.voice, before - window, version.voice_rate) >= VOICED) & active
    return _known(active, known), _known(voiced, known)


def _known(answers: Flags, count: Row) -> Answers:
    return [bool(answer) if some else None for answer, some in zip(answers, count, strict=True)]


class Loudness:
    """From which level on speech is active: 30 dB below what 5 % of the 20 ms frames exceed."""

    def __init__(self, rate: int) -> None:
        self._size, self._rest = round(0.02 * rate), np.zeros(0)
        self._levels = [np.zeros(0)]

    def add(self, row: Row) -> Loudness:
        """Take what comes next, and return itself."""
        there = np.concatenate((self._rest, row)) if self._rest.size else row
        whole = there[: there.size // self._size * self._size].reshape(-1, self._size)
        self._rest = there[whole.size :].copy()
        self._levels.append(decibel(np.mean(whole**2, axis=1) + _TINY))
        return self

    @property
    def limit(self) -> float:
        """The level in dBFS."""
        levels = np.concatenate(self._levels)
        loud = np.percentile(levels, 95) if levels.size else ACTIVE_FROM_DB
        return max(float(loud) - ACTIVE_BELOW_PEAK_DB, ACTIVE_FROM_DB)
