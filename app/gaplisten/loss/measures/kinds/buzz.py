"""Buzz: cycles that are more alike than those of a voice."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Direction, Measure
from gaplisten.loss.measures.periodicity import self_likeness
from gaplisten.loss.measures.windows import Prepared, Row, decibel, stretches

FROM_MS = 40.0
NATURAL_DB = 10.0  # cycles of a steady voice differ by a tenth of their energy
MOST_DB = 40.0


def likeness(signal: Prepared, case: Case) -> Row:
    """Return how far the cycles of each gap of 40 ms and more stand over what they differ by, dB."""
    rate = signal.voice_rate
    starts, stops = case.places.at(rate)
    sizes, found = stops - starts, np.full(starts.size, np.nan)
    long = case.places.frames >= FROM_MS * case.places.rate / 1000
    for size in np.unique(sizes[long]).tolist():
        some = np.flatnonzero(long & (sizes == size))
        found[some] = self_likeness(stretches(signal.voice, starts[some], size), rate)
    return -decibel(np.maximum(1.0 - np.clip(found, 0.0, 1.0), 10 ** (-MOST_DB / 10)))


def of(case: Case) -> Row:
    """Return by how many dB the cycles are more alike than the reference's, or than a steady voice's."""
    found = likeness(case.version, case)
    clean = case.clean
    if clean is None:
        return found - NATURAL_DB
    return found - np.fmax(case.of_reference("buzz", lambda: likeness(clean, case)), NATURAL_DB)


MEASURES = (
    Measure(
        "buzz", "Buzz", "dB", Direction.HIGH, 10.0, False, PROPOSED,
        "how much more alike the gap's cycles are than the reference's, or than a steady voice's; "
        "gaps of 40 ms and more",
        "Buzz", of, 30, window_ms=40.0,
    ),
)  # fmt: skip
