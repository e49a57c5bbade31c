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
        active, voiced = _in_reference(clean, places)
    elif gaps and version is not None:
        active, voiced = _around(version, places, trace)
    rows = zip(enumerate(gaps, 1), active, voiced, strict=True)
    return tuple(_fact(index, gap, trace, *flags) for (index, gap), *flags in rows)


def _fact(index: int, gap: Gap, trace: LossTrace, active: bool | None, voiced: bool | None) -> GapFacts:
    length_ms = 1000.0 * gap.frames / trace.rate
    # A partial last packet counts as a whole one.
    stratum = stratum_of(gap.packets * trace.packet_ms if gap.packets else length_ms)
    return GapFacts(index, gap, gap.start / trace.rate, length_ms, active, voiced, stratum)


def _in_reference(clean: Prepared, places: Places) -> tuple[Answers, Answers]:
    window = round(WINDOW_MS * clean.rate / 1000)
    active = decibel(mean_power(clean.energy, places.starts, places.stops) + _TINY) > _limit(
        clean.row, clean.rate
    )
    middle = (places.starts + places.stops - window) // 2 * clean.voice_rate // clean.rate
    voiced = periodicity(clean.voice, middle, clean.voice_rate) >= VOICED
    return active.tolist(), (voiced & active).tolist()


def _around(version: Prepared, places: Places, trace: LossTrace) -> tuple[Answers, Answers]:
    """Judge by what was received within 100 ms before and after, and by the voicing of the 30 ms before."""
    received = ~trace.mask(version.row.size)
    energy, count = running_energy(version.row * received), np.concatenate(([0], np.cumsum(received)))
    reach = round(AROUND_MS * version.rate / 1000)
    edges = [(places.starts - reach, places.starts), (places.stops, places.stops + reach)]
    ends = [tuple(np.clip(edge, 0, version.row.size) for edge in pair) for pair in edges]
    power = sum(energy[last] - energy[first] for first, last in ends)
    known = np.asarray(sum(count[last] - count[first] for first, last in ends))
    active = decibel(power / np.maximum(known, 1) + _TINY) > _limit(version.row[received], version.rate)
    before, _ = places.at(version.voice_rate)
    window = round(WINDOW_MS * version.voice_rate / 1000)
    voiced = (periodicity(version.voice, before - window, version.voice_rate) >= VOICED) & active
    return _known(active, known), _known(voiced, known)


def _known(answers: Flags, count: Row) -> Answers:
    return [bool(answer) if some else None for answer, some in zip(answers, count, strict=True)]


def _limit(row: Row, rate: int) -> float:
    """Return the level from which speech is active: 30 dB below what 5 % of the 20 ms frames exceed."""
    size = round(0.02 * rate)
    whole = row[: row.size // size * size].reshape(-1, size)
    loud = np.percentile(decibel(np.mean(whole**2, axis=1) + _TINY), 95) if len(whole) else ACTIVE_FROM_DB
    return max(float(loud) - ACTIVE_BELOW_PEAK_DB, ACTIVE_FROM_DB)
