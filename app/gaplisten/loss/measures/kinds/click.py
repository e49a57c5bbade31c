"""Clicks at a gap's edges."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import Case, Curve, Direction, Measure
from gaplisten.loss.measures.prediction import clicks, more_than_natural
from gaplisten.loss.measures.windows import Frames, Row

NEAR_FRAMES = 11  # the reference's own peak may lie somewhat aside, as where a version is a few frames late
_SOURCE = (
    "after Essentia's DiscontinuityDetector (Muehlbauer 2010); LPC order, floor and what the reference "
    "takes away proposed"
)


def _at(case: Case, edges: Frames, name: str) -> Row:
    rate = case.version.rate
    found = clicks(case.version.row, edges, rate)
    if case.clean is None:
        return found
    clean = case.clean
    return more_than_natural(
        found, case.of_reference(f"click {name}", lambda: clicks(clean.row, edges, rate, NEAR_FRAMES))
    )


def curve(case: Case) -> Curve:
    """Return the largest z of every 2.5 ms."""
    rate, frames = case.version.rate, case.version.row.size
    half = max(1, round(0.00125 * rate))
    centres = np.arange(half, max(frames - half, half), 2 * half, dtype=np.int64)
    parts = []
    for at in range(0, centres.size, 512):
        edges = centres[at : at + 512]
        found = clicks(case.version.row, edges, rate, half)
        if case.clean is not None:
            found = more_than_natural(found, clicks(case.clean.row, edges, rate, half + NEAR_FRAMES))
        parts.append(found)
    return Curve(centres, np.concatenate(parts) if parts else np.zeros(0))


def _measure(edge: str, word: str, place: int) -> Measure:
    def of(case: Case) -> Row:
        return _at(case, case.places.starts if edge == "entry" else case.places.stops, edge)

    return Measure(
        f"click_{edge}", f"Click at {edge}", "z", Direction.HIGH, 8.0, False, _SOURCE,
        f"peak of the LPC residual at the first {word} sample, over its usual size around, as far as the "
        "reference has none there",
        f"{edge.capitalize()} click", of, place, curve=curve,
    )  # fmt: skip


MEASURES = (_measure("entry", "lost", 10), _measure("exit", "received", 11))
