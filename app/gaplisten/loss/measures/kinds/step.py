"""Steps at a gap's edges: a jump from one sample to the next."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Curve, Direction, Measure
from gaplisten.loss.measures.edges import at_edges, edge_curve
from gaplisten.loss.measures.prediction import CONTEXT_MS
from gaplisten.loss.measures.windows import FLOOR, MAD, Frames, Row, inside, medians, stretches

NEAR_FRAMES = 8


def steps(signal: Row, edges: Frames, rate: int, reach: int = 0) -> Row:
    """Return the largest jump within `reach` of each edge, over the robust size of jumps within 20 ms."""
    half = round(CONTEXT_MS * rate / 1000)
    jumps = np.abs(np.diff(stretches(signal, edges - half - 1, 2 * half + 1), axis=1))
    largest = jumps[:, half - reach : half + reach + 1].max(axis=1, initial=0.0)
    return inside(largest / (MAD * medians(jumps) + FLOOR), edges, signal.size)


def curve(case: Case) -> Curve:
    """Return the largest ratio of every 2.5 ms."""
    return edge_curve(case, steps, NEAR_FRAMES)


def _measure(edge: str, words: str, place: int) -> Measure:
    def of(case: Case) -> Row:
        return at_edges(case, edge, "steps", steps, NEAR_FRAMES)

    return Measure(
        f"step_{edge}", f"Step at {edge}", "ratio", Direction.HIGH, 12.0, False, PROPOSED,
        f"jump from {words} sample, over the usual jump around, as far as the reference has none there",
        f"{edge.capitalize()} step", of, place, curve=curve,
    )  # fmt: skip


MEASURES = (
    _measure("entry", "the last received to the first lost", 12),
    _measure("exit", "the last lost to the first received", 13),
)
