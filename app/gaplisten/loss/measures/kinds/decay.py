"""The slope of the level over a gap."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Direction, Measure
from gaplisten.loss.measures.windows import LEVEL_FRAME_MS, MUTED_DB, Row

FROM_MS = 20.0


def slopes(gaps: list[Row]) -> Row:
    """Return the slope of a straight line through the levels of each gap, dB/ms, up to where it is muted."""
    return np.array([_slope(levels) for levels in gaps])


def _slope(levels: Row) -> float:
    if levels.size * LEVEL_FRAME_MS < FROM_MS or levels[0] <= MUTED_DB:
        return float("nan")
    muted = np.flatnonzero(levels <= MUTED_DB)
    # One muted frame stays in: it says that the fade was complete by then.
    kept = levels[: int(muted[0]) + 1] if muted.size else levels
    time = LEVEL_FRAME_MS * (np.arange(kept.size) - (kept.size - 1) / 2)
    return float(time @ kept / (time @ time)) if kept.size > 1 else float("nan")


def of(case: Case) -> Row:
    """Return the slope of each gap's level, less the reference's where that falls too."""
    found, clean = slopes(case.made_levels), case.clean
    if clean is None:
        return found
    natural = np.nan_to_num(case.of_reference("decay", lambda: slopes(case.natural_levels)))
    return found - np.minimum(natural, 0.0)


MEASURES = (
    Measure(
        "decay", "Decay slope", "dB/ms", Direction.LOW, -1.0, False, PROPOSED,
        "slope of the level over the gap, as far as the reference does not fall itself; from 20 ms on",
        "Decay slope", of, 31, digits=2, step=0.05, window_ms=40.0,
    ),
)  # fmt: skip
