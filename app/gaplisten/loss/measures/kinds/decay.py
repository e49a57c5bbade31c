"""The slope of the level over a gap."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Direction, Measure
from gaplisten.loss.measures.windows import LEVEL_FRAME_MS, MUTED_DB, Frames, Row

FROM_MS = 20.0


def slopes(levels: Row, counts: Frames) -> Row:
    """Return the slope of a straight line through the levels of each gap, dB/ms, up to where it is muted.

    Parameters
    ----------
    levels
        Of the frames of all gaps, one after the other.
    counts
        How many frames each gap has.
    """
    ends = np.cumsum(counts)
    spans = zip((ends - counts).tolist(), ends.tolist(), strict=True)
    return np.array([_slope(levels[first:end]) for first, end in spans])


def _slope(levels: Row) -> float:
    if levels.size * LEVEL_FRAME_MS < FROM_MS or levels[0] <= MUTED_DB:
        return float("nan")
    muted = levels <= MUTED_DB
    first = int(muted.argmax())
    # One muted frame stays in: it says that the fade was complete by then.
    kept = levels[: first + 1] if muted[first] else levels
    time, energy = _time(kept.size)
    return float(time @ kept / energy)


@lru_cache(maxsize=64)
def _time(frames: int) -> tuple[Row, float]:
    """Return the middles of so many frames, in ms from the middle of all, and the sum of their squares."""
    time: Row = LEVEL_FRAME_MS * (np.arange(frames, dtype=np.float64) - (frames - 1) / 2)
    return time, float(time @ time)


def of(case: Case) -> Row:
    """Return the slope of each gap's level, less the reference's where that falls too."""
    _, counts = case.places.level_frames
    found = slopes(case.made_levels, counts)
    if case.clean is None:
        return found
    natural = np.nan_to_num(case.of_reference("decay", lambda: slopes(case.natural_levels, counts)))
    return found - np.minimum(natural, 0.0)


MEASURES = (
    Measure(
        "decay", "Decay slope", "dB/ms", Direction.LOW, -1.0, False, PROPOSED,
        "slope of the level over the gap, as far as the reference does not fall itself; from 20 ms on",
        "Decay slope", of, 31, digits=2, step=0.05, window_ms=40.0,
    ),
)  # fmt: skip
