"""Clicks at a gap's edges."""

from __future__ import annotations

from gaplisten.loss.measures.contract import Case, Curve, Direction, Measure
from gaplisten.loss.measures.edges import at_edges, edge_curve
from gaplisten.loss.measures.prediction import clicks
from gaplisten.loss.measures.windows import Row

NEAR_FRAMES = 11  # the reference's own peak may lie somewhat aside, as where a version is a few frames late
_SOURCE = (
    "after Essentia's DiscontinuityDetector (Muehlbauer 2010); LPC order, floor and what the reference "
    "takes away proposed"
)


def curve(case: Case) -> Curve:
    """Return the largest z of every 2.5 ms."""
    return edge_curve(case, clicks, NEAR_FRAMES)


def at_edge(case: Case, edge: str) -> Row:
    """Return the click at each gap's "entry" or "exit", z."""
    return at_edges(case, edge, "clicks", clicks, NEAR_FRAMES)


def _measure(edge: str, word: str, place: int) -> Measure:
    def of(case: Case) -> Row:
        return at_edge(case, edge)

    return Measure(
        f"click_{edge}", f"Click at {edge}", "z", Direction.HIGH, 8.0, False, _SOURCE,
        f"peak of the LPC residual at the first {word} sample, over its usual size around, as far as the "
        "reference has none there",
        f"{edge.capitalize()} click", of, place, curve=curve,
    )  # fmt: skip


MEASURES = (_measure("entry", "lost", 10), _measure("exit", "received", 11))
