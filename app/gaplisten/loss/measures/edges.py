"""What happens at an edge, as far as the reference does not have it there itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gaplisten.loss.measures.contract import Case, Curve
from gaplisten.loss.measures.prediction import more_than_natural
from gaplisten.loss.measures.windows import Row

# Gives one value per edge of a signal: called with row, edges, rate and, to look around, a reach in frames.
AtEdges = Callable[..., Row]

_CURVE_MS = 2.5
_BLOCK = 512  # edges at once, so that memory does not grow with them


def at_edges(case: Case, edge: str, key: str, of: AtEdges, near: int) -> Row:
    """Return the version's values at the gaps' edges, less those of the reference within `near` frames.

    Parameters
    ----------
    edge
        "entry" or "exit". Both are looked at at once, which takes less time than one after the other.
    key
        Under which the values are remembered: the reference's for all versions of the case.
    """
    rate, gaps = case.version.rate, case.places.starts.size
    edges = np.concatenate((case.places.starts, case.places.stops))
    some = slice(0, gaps) if edge == "entry" else slice(gaps, None)
    found = case.of_version(key, lambda: of(case.version.row, edges, rate))[some]
    if case.clean is None:
        return found
    clean = case.clean
    return more_than_natural(found, case.of_reference(key, lambda: of(clean.row, edges, rate, near))[some])


def edge_curve(case: Case, of: AtEdges, near: int) -> Curve:
    """Return the largest value of every 2.5 ms, less the reference's own."""
    rate, frames = case.version.rate, case.version.row.size
    half = max(1, round(_CURVE_MS / 2000 * rate))
    centres = np.arange(half, max(frames - half, half), 2 * half, dtype=np.int64)
    parts = []
    for at in range(0, centres.size, _BLOCK):
        edges = centres[at : at + _BLOCK]
        found = of(case.version.row, edges, rate, half)
        if case.clean is not None:
            found = more_than_natural(found, of(case.clean.row, edges, rate, half + near))
        parts.append(found)
    return Curve(centres, np.concatenate(parts) if parts else np.zeros(0))
