"""Measures in the few words that a table has room for, and in full for its tips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gaplisten.loss.measures import Direction, GapTable, Measure
from gaplisten.loss.strata import Stratum

_SIGNS = {Direction.HIGH: "≥ ", Direction.LOW: "≤ ", Direction.BOTH: "±"}

BURSTS = {
    Stratum.SHORT: "short",
    Stratum.MEDIUM: "medium",
    Stratum.LONG: "long",
    Stratum.BEYOND: "beyond",
}
"""The challenge's burst classes in a word each."""


def short(measure: Measure) -> str:
    """Return the name for a column's head."""
    return measure.short


def digits(measure: Measure) -> int:
    """Return how many decimals are worth showing."""
    return measure.digits


def number(measure: Measure, value: float) -> str:
    """Return a value without its unit; from 100 on, decimals would only take room."""
    text = f"{value:.{digits(measure) if abs(value) < 100 else 0}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def with_unit(measure: Measure, value: float) -> str:
    """Return a value with its unit."""
    return f"{number(measure, value)} {measure.unit}".strip()


def limit(measure: Measure, threshold: float | None) -> str:
    """Return from where on a value is flagged: "≥ 8", "≤ -0.75", "±10"; empty for never."""
    if threshold is None:
        return ""
    shown = abs(threshold) if measure.direction is Direction.BOTH else threshold
    return f"{_SIGNS[measure.direction]}{shown:g}"


def definition(measure: Measure, threshold: float | None) -> str:
    """Return what a measure is, in sentences: definition, unit, threshold, need of a reference, source."""
    unit = f"Unit: {measure.unit}." if measure.unit else "A ratio without unit."
    flagged = f"Flagged (!) {limit(measure, threshold)}." if threshold is not None else "Never flagged."
    needs = " Needs the reference." if measure.needs_reference else ""
    return f"{measure.title}: {measure.help}.\n{unit} {flagged}{needs}\nSource: {measure.source}."


class _Lane(Protocol):
    @property
    def key(self) -> int: ...

    @property
    def ident(self) -> str: ...


def clip_facts(table: GapTable | None, lanes: Sequence[_Lane]) -> list[str]:
    """Return what is to be said of whole lanes, one line each: "lane 3: the gaps are 6.0 dB too low ..."."""
    if table is None:
        return []
    return [f"lane {lane.key}: {fact.said}" for lane in lanes for fact in table.clip.get(lane.ident, ())]
