"""A constant offset in the gap."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Direction, Measure
from gaplisten.loss.measures.windows import Frames, Row

AROUND_MS = 100.0
TIMES = 2.0  # of the size that means of natural sound have


def usual(row: Row, starts: Frames, stops: Frames, rate: int) -> Row:
    """Return how large the means of stretches as long as the gap are around it, from 100 ms before it on."""
    reach, step = round(AROUND_MS * rate / 1000), round(AROUND_MS * rate / 1000 / 8)
    shifts = np.arange(-reach, reach + 1, step)
    frames = np.zeros(row.size + 1)
    np.cumsum(row, out=frames[1:])
    first = np.clip(starts[:, None] + shifts, 0, row.size)
    last = np.clip(stops[:, None] + shifts, 0, row.size)
    means = (frames[last] - frames[first]) / np.maximum(last - first, 1)
    return np.asarray(np.sqrt(np.mean(means**2, axis=1)))


def of(case: Case) -> Row:
    """Return the mean of the lost samples less the reference's, in % of full scale.

    What means of the reference's rumble are around the gap is taken off: twice their size.
    """
    starts, stops, clean = case.places.starts, case.places.stops, case.reference
    around = case.of_reference("offsets", lambda: usual(clean.row, starts, stops, clean.rate))
    found = case.places.sums(case.made - case.natural) / np.maximum(case.places.frames, 1)
    return np.asarray(100.0 * np.sign(found) * np.maximum(np.abs(found) - TIMES * around, 0.0))


MEASURES = (
    Measure(
        "dc", "Offset", "%", Direction.BOTH, 0.8, True, PROPOSED,
        "mean of the lost samples less the reference's, where rumble does not make it, in % of full "
        "scale", "Offset", of, 61,
        digits=2, step=0.1, window_ms=40.0,
    ),
)  # fmt: skip
