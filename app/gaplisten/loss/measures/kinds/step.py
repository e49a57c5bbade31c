"""Steps at a gap's edges: a jump from one sample to the next."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Curve, Direction, Measure
from gaplisten.loss.measures.prediction import CONTEXT_MS, more_than_natural
from gaplisten.loss.measures.windows import FLOOR, MAD, Frames, Row, inside, stretches

NEAR_FRAMES = 8


def steps(signal: Row, edges: Frames, rate: int, reach: int = 0) -> Row:
    """Return the largest jump within `reach` of each edge, over the robust size of jumps within 20 ms."""
    half = round(CONTEXT_MS * rate / 1000)
    jumps = np.abs(np.diff(stretches(signal, edges - half - 1, 2 * half + 1), axis=1))
    usual = MAD * np.median(jumps, axis=1)
    largest = jumps[:, half - reach : half + reach + 1].max(axis=1, initial=0.0)
    return inside(largest / (usual + FLOOR), edges, signal.size)


def _at(case: Case, edges: Frames, name: str) -> Row:
    rate = case.version.rate
    found = steps(case.version.row, edges, rate)
    if case.clean is None:
        return found
    clean = case.clean
    return more_than_natural(
        found, case.of_reference(f"step {name}", lambda: steps(clean.row, edges, rate, NEAR_FRAMES))
    )


def curve(case: Case) -> Curve:
    """Return the largest ratio of every 2.5 ms."""
    rate, frames = case.version.rate, case.version.row.size
    half = max(1, round(0.00125 * rate))
    centres = np.arange(half, max(frames - half, half), 2 * half, dtype=np.int64)
    parts = []
    for at in range(0, centres.size, 512):
        edges = centres[at : at + 512]
        found = steps(case.version.row, edges, rate, half)
        if case.clean is not None:
            found = more_than_natural(found, steps(case.clean.row, edges, rate, half + NEAR_FRAMES))
        parts.append(found)
    return Curve(centres, np.concatenate(parts) if parts else np.zeros(0))


def _measure(edge: str, words: str, place: int) -> Measure:
    def of(case: Case) -> Row:
        return _at(case, case.places.starts if edge == "entry" else case.places.stops, edge)

    return Measure(
        f"step_{edge}", f"Step at {edge}", "ratio", Direction.HIGH, 12.0, False, PROPOSED,
        f"jump from {words} sample, over the usual jump around, as far as the reference has none there",
        f"{edge.capitalize()} step", of, place, curve=curve,
    )  # fmt: skip


MEASURES = (
    _measure("entry", "the last received to the first lost", 12),
    _measure("exit", "the last lost to the first received", 13),
)
