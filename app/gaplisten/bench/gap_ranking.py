"""Which gap is the worst, and which the next: one rule for all who go there.

Gaps are worse by the measure that the work names (*Worst by*, over the gap table), in the lane that is meant,
among the gaps that are listed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from gaplisten.bench.gap_measures import GapMeasures
from gaplisten.bench.gap_wording import short, with_unit
from gaplisten.bench.state import GapChoices
from gaplisten.loss.measures import GapTable, Measure
from gaplisten.loss.measures.gap_table import badness
from gaplisten.loss.trace import Gap


@dataclass(frozen=True)
class Place:
    """A gap, counted from 0, and the lane whose value ranks it."""

    gap: int
    ident: str
    value: float


def ranking(table: GapTable, idents: Sequence[str], measure: Measure, gaps: Collection[int]) -> list[Place]:
    """Return the gaps by how conspicuous they are, worst first; the worst of several lanes counts for a gap.

    Parameters
    ----------
    idents
        The lanes that count; those without values are left out.
    gaps
        The gaps that count. Those without a value are left out.
    """
    names = [ident for ident in idents if ident in table.values]
    if not names:
        return []
    values = np.stack([table.column(name, measure.key) for name in names])
    bad = np.where(np.isnan(values), -np.inf, badness(measure, values))
    lanes = bad.argmax(axis=0)
    worst = bad.max(axis=0)
    order = np.argsort(-worst, kind="stable")
    return [
        Place(int(gap), names[lanes[gap]], float(values[lanes[gap], gap]))
        for gap in order
        if worst[gap] > -np.inf and int(gap) in gaps
    ]


def step(order: Sequence[Place], at: int | None, by: int) -> int:
    """Return the next rank (from 0): the worst when not on the way (`at` None), round at the ends."""
    if at is None:
        return 0 if by > 0 else len(order) - 1
    return (at + by) % len(order)


def longest(gaps: Sequence[Gap], listed: Collection[int]) -> int | None:
    """Return the longest of the listed gaps, or of all where none is listed."""
    places = [place for place in range(len(gaps)) if place in listed] or range(len(gaps))
    return max(places, key=lambda place: gaps[place].frames, default=None)


class WorstGaps:
    """The clip's gaps by how bad they are.

    Parameters
    ----------
    measures
        What was measured.
    choices
        Gives how gaps are judged.

    Attributes
    ----------
    listed
        Gives the gaps that count, from 0; put in by whoever lists gaps, with a filter perhaps. None: all.
    """

    def __init__(self, measures: GapMeasures, choices: Callable[[], GapChoices]) -> None:
        self._measures, self._choices = measures, choices
        self.listed: Callable[[], Collection[int]] | None = None

    @property
    def measure(self) -> Measure:
        """The measure by which gaps are worse."""
        return self._choices().worst_measure

    def order(self, idents: Sequence[str]) -> list[Place]:
        """Return the gaps of these lanes, the worst first."""
        table = self._measures.table
        return [] if table is None else self.order_in(table, idents)

    def order_in(self, table: GapTable, idents: Sequence[str]) -> list[Place]:
        """Return the gaps of versions that are no lanes, the worst first."""
        return ranking(table, idents, self.measure, self._counting(len(table.gaps)))

    def _counting(self, gaps: int) -> Collection[int]:
        return range(gaps) if self.listed is None else self.listed()

    def without_values(self, gaps: Sequence[Gap]) -> int | None:
        """Return where to go when no gap has a value of the measure; None where there is no gap."""
        return longest(gaps, self._counting(len(gaps)))

    def told(self, place: Place, lane: str, rank: int, count: int) -> str:
        """Return in a sentence which gap that is and why."""
        measure, table = self.measure, self._measures.table
        limit = self._choices().threshold(measure)
        known = table is not None and place.ident in table.values
        flags = table.flagged(place.ident, measure.key, limit) if table is not None and known else ()
        mark = " !" if len(flags) and flags[place.gap] else ""
        value = with_unit(measure, place.value)
        return f"gap #{place.gap + 1}: {short(measure)} = {value}{mark}, {lane} ({rank + 1} of {count})"
