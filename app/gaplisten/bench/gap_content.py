"""What the gap table holds, without a widget: cells, flags, order and filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gaplisten.bench import gap_wording as wording
from gaplisten.bench.state import GapChoices
from gaplisten.loss.measures import MEASURES, Direction, GapFacts, GapTable, Measure
from gaplisten.loss.strata import Stratum, stratum_of
from gaplisten.loss.trace import Gap

Key = Callable[[GapFacts], float]
_RANKS = {stratum: float(place) for place, stratum in enumerate(Stratum)}


@dataclass(frozen=True)
class LaneHead:
    """A lane as the table names it: key (its digit), identifier, name.

    Parameters
    ----------
    colour
        Number of its colour.
    elsewhere
        Why it has no values at the gaps that are listed, where it met other losses; empty where it met these.
    """

    key: int
    ident: str
    name: str
    elsewhere: str = ""
    colour: int = 0


@dataclass(frozen=True)
class Fact:
    """A column of what is known of a gap apart from its concealment."""

    title: str
    unit: str
    tip: str
    text: Callable[[GapFacts], str]
    order: Key
    right: bool = True


@dataclass(frozen=True)
class Column:
    """A measure of one lane."""

    lane: LaneHead
    measure: Measure


def speech(facts: GapFacts) -> str:
    """Return in a word what was said in a gap."""
    if facts.active is None:
        return "…" if facts.voiced is None else "-"
    return "silent" if not facts.active else "voiced" if facts.voiced else "unvoiced"


_SPEECH_RANKS = {"…": 0.0, "-": 0.0, "silent": 1.0, "unvoiced": 2.0, "voiced": 3.0}

FACTS: tuple[Fact, ...] = (
    Fact("Start", "s", "Where the gap begins", lambda f: f"{f.start_s:.3f}", lambda f: f.start_s),
    Fact("Length", "ms", "How long the gap is", lambda f: f"{f.length_ms:.0f}", lambda f: f.length_ms),
    Fact(
        "Packets",
        "",
        "How many packets were lost; none where the gap lies off the packets",
        lambda f: "" if f.gap.packets is None else str(f.gap.packets),
        lambda f: f.gap.packets or 0,
    ),
    Fact(
        "Burst",
        "",
        "Class of the length: short to 120 ms, medium to 320 ms, long to 1000 ms, beyond",
        lambda f: wording.BURSTS.get(f.stratum, f.stratum.value),
        lambda f: _RANKS[f.stratum],
        right=False,
    ),
    Fact(
        "Speech",
        "",
        "What was lost: silent, or active speech, voiced or unvoiced (by the reference; without one, by what "
        "was received around)",
        speech,
        lambda f: _SPEECH_RANKS[speech(f)],
        right=False,
    ),
)


def unmeasured(gaps: Sequence[Gap], rate: int) -> tuple[GapFacts, ...]:
    """Return what is known of gaps before anything was measured."""
    facts = []
    for index, gap in enumerate(gaps, 1):
        length = 1000.0 * gap.frames / rate
        facts.append(GapFacts(index, gap, gap.start / rate, length, None, None, stratum_of(length)))
    return tuple(facts)


def facts_alone(gaps: Sequence[GapFacts]) -> GapTable:
    """Return gaps of which nothing was measured as a table."""
    return GapTable(tuple(gaps), ("",), {"": np.full((len(gaps), len(MEASURES)), np.nan)})


@dataclass(frozen=True, eq=False)
class Content:
    """Everything the table shows.

    Parameters
    ----------
    gaps
        Facts, one per gap.
    lanes
        The lanes that have columns.
    table
        Measures by lane identifier; None while there are none.
    pending
        Identifiers of lanes that are being measured.
    reference
        Whether the clip has a reference.
    chosen
        Which measures are shown, and their thresholds.
    """

    gaps: tuple[GapFacts, ...] = ()
    lanes: tuple[LaneHead, ...] = ()
    table: GapTable | None = None
    pending: frozenset[str] = frozenset()
    reference: bool = True
    chosen: GapChoices = field(default_factory=GapChoices)

    @cached_property
    def columns(self) -> tuple[Fact | Column, ...]:
        """Facts, then for each measure one column per lane."""
        return (*FACTS, *(Column(lane, each) for each in self.chosen.measures for lane in self.lanes))

    @cached_property
    def _values(self) -> dict[Column, npt.NDArray[np.float64]]:
        known = self.table.values if self.table else {}
        return {
            column: self.table.column(column.lane.ident, column.measure.key)
            for column in self.columns
            if isinstance(column, Column) and column.lane.ident in known and self.table is not None
        }

    @cached_property
    def _flags(self) -> dict[Column, npt.NDArray[np.bool_]]:
        limit, table = self.chosen.threshold, self.table
        return {
            column: table.flagged(column.lane.ident, column.measure.key, limit(column.measure))
            for column in self._values
            if table is not None
        }

    def value(self, place: int, column: Column) -> float | None:
        """Return a measure; None where there is none."""
        values = self._values.get(column)
        return None if values is None or np.isnan(values[place]) else float(values[place])

    def is_flagged(self, place: int, column: Column) -> bool:
        """Tell whether a value is beyond the threshold."""
        flags = self._flags.get(column)
        return flags is not None and bool(flags[place])

    def text(self, place: int, column: Fact | Column) -> str:
        """Return what a cell shows: "14.5", "! 14.5" beyond the threshold, "…" awaited, "-" for none.

        A lane that met other losses has nothing here, not even a dash.
        """
        if isinstance(column, Fact):
            return column.text(self.gaps[place])
        value = self.value(place, column)
        if value is None:
            if column.lane.elsewhere:
                return ""
            return "-" if column in self._values else "…" if column.lane.ident in self.pending else "-"
        return f"{'! ' if self.is_flagged(place, column) else ''}{wording.number(column.measure, value)}"

    def explained(self, place: int, column: Fact | Column) -> str:
        """Return a cell in sentences, or why it is empty."""
        facts = self.gaps[place]
        if isinstance(column, Fact):
            return column.tip
        measure, lane = column.measure, column.lane
        head = f"Gap {facts.index}, lane {lane.key} {lane.name}: "
        what = wording.definition(measure, self.chosen.threshold(measure))
        return f"{head}{self._said(place, column)}\n{what}"

    def _said(self, place: int, column: Column) -> str:
        value = self.value(place, column)
        if value is not None:
            mark = ", flagged (!)" if self.is_flagged(place, column) else ""
            return f"{wording.with_unit(column.measure, value)}{mark}"
        if column.lane.elsewhere:
            return column.lane.elsewhere
        if column.measure.needs_reference and not self.reference:
            return "needs the reference, which this clip does not have"
        if column not in self._values:
            return "being measured" if column.lane.ident in self.pending else "not measured"
        return "cannot be told for this gap"

    # -- order and filter -----------------------------------------------------------------------------

    def rows(self, stratum: Stratum | None = None, flagged: bool = False) -> list[int]:
        """Return the places of the gaps that a filter lets through."""
        beyond = np.zeros(len(self.gaps), np.bool_)
        for flags in self._flags.values():
            beyond |= flags
        return [
            place
            for place, facts in enumerate(self.gaps)
            if stratum in (None, facts.stratum) and (beyond[place] or not flagged)
        ]

    def ordered(self, rows: Sequence[int], column: Fact | Column, descending: bool) -> list[int]:
        """Return rows in a column's order; those without a value come last, whatever the direction."""
        keys = {place: self._order(place, column) for place in rows}
        known = [place for place in rows if keys[place] is not None]
        known.sort(key=lambda place: keys[place] or 0.0, reverse=descending)
        return known + [place for place in rows if keys[place] is None]

    def _order(self, place: int, column: Fact | Column) -> float | None:
        if isinstance(column, Fact):
            return float(column.order(self.gaps[place]))
        value = self.value(place, column)
        both = column.measure.direction is Direction.BOTH
        return abs(value) if both and value is not None else value
