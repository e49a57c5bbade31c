"""Clicks beside a gap: too far from its edges to be clicks at them, too near to be clicks elsewhere."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Direction, Measure
from gaplisten.loss.measures.impulses import beyond_natural, sharp, usual
from gaplisten.loss.measures.kinds.after import FROM_MS, late_frames
from gaplisten.loss.measures.kinds.click import curve
from gaplisten.loss.measures.prediction import PEAK_FRAMES
from gaplisten.loss.measures.windows import Frames, Row


def _candidates(case: Case, around: Row) -> tuple[Row, Frames]:
    """Return how far the sharpest sample beside each gap stands out (NaN: none there), and its place."""
    gaps, margin = case.places, round(FROM_MS * case.version.rate / 1000)
    edge = PEAK_FRAMES + 1  # nearer ones belong to the click at the edge
    # Of what lies between two gaps that are close together, each half belongs to the nearer one.
    lows = np.maximum(gaps.starts - margin, (gaps.before + gaps.starts) // 2)
    highs = np.minimum(gaps.stops + margin, (gaps.stops + gaps.after) // 2)
    lows[gaps.before == 0] = np.maximum(gaps.starts - margin, 0)[gaps.before == 0]
    if gaps.last_is_the_clips:
        highs[-1:] = np.minimum(gaps.stops + margin, gaps.after)[-1:]
    places, found = gaps.starts.copy(), np.full(gaps.starts.size, np.nan)
    of = sharp(case.version)
    for index, (start, stop) in enumerate(zip(gaps.starts.tolist(), gaps.stops.tolist(), strict=True)):
        for low, high in ((int(lows[index]), start - edge + 1), (stop + edge, int(highs[index]))):
            if high <= low:
                continue
            over = of[low:high] / around[low:high]
            place = int(over.argmax())
            if not over[place] <= found[index]:  # NaN is none yet
                places[index], found[index] = low + place, over[place]
    return found, places


def of(case: Case) -> Row:
    """Return the strongest click within 5 ms of each gap's edges, but not at them, z; 0 where none is."""
    around = np.maximum(usual(case.version), usual(case.reference))
    stands, places = _candidates(case, around)
    return beyond_natural(case, stands, places, late_frames(case))


MEASURES = (
    Measure(
        "click_beside", "Click beside", "z", Direction.HIGH, 6.0, True, PROPOSED,
        "strongest click in what is received within 5 ms of the gap, away from its edges, beyond what the "
        "reference has in and around it",
        "Beside click", of, 25, curve=curve,
    ),
)  # fmt: skip
