"""From the worst gap to the next worst, without a widget."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from gaplisten.loss.measures import Direction, GapTable, Measure
from gaplisten.loss.measures.gap_table import Values


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
    badness = np.where(np.isnan(values), -np.inf, _badness(measure, values))
    lanes = badness.argmax(axis=0)
    worst = badness.max(axis=0)
    order = np.argsort(-worst, kind="stable")
    return [
        Place(int(gap), names[lanes[gap]], float(values[lanes[gap], gap]))
        for gap in order
        if worst[gap] > -np.inf and int(gap) in gaps
    ]


def _badness(measure: Measure, values: Values) -> Values:
    if measure.direction is Direction.BOTH:
        return np.asarray(np.abs(values))
    return -values if measure.direction is Direction.LOW else values


def step(order: Sequence[Place], at: int | None, by: int) -> int:
    """Return the next rank (from 0): the worst when not on the way (`at` None), round at the ends."""
    if at is None:
        return 0 if by > 0 else len(order) - 1
    return (at + by) % len(order)
