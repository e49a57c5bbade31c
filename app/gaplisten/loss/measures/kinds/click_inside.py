"""Clicks inside a gap, away from its edges: where one concealed packet does not join the next."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Direction, Measure
from gaplisten.loss.measures.impulses import beyond_natural, sharp, usual
from gaplisten.loss.measures.kinds.after import late_frames
from gaplisten.loss.measures.kinds.click import at_edge, curve
from gaplisten.loss.measures.prediction import LPC_ORDER, PEAK_FRAMES
from gaplisten.loss.measures.windows import Frames, Row

LEAD_MS, TAIL_MS = 1.0, 0.4  # what lies nearer belongs to the click at the edge
NEAR_FRAMES = PEAK_FRAMES + 1  # the lead where the entry does not click: no filter rings behind it
ENTRY_Z = 6.0


def _candidates(case: Case, around: Row) -> tuple[Row, Frames]:
    """Return how far the sharpest sample inside each gap stands out (NaN: no room for one), and its place."""
    rate = case.version.rate
    lead = max(round(LEAD_MS * rate / 1000), LPC_ORDER + PEAK_FRAMES)
    tail = max(round(TAIL_MS * rate / 1000), 2 * PEAK_FRAMES)
    starts = case.places.starts + np.where(at_edge(case, "entry") < ENTRY_Z, NEAR_FRAMES, lead)
    stops = case.places.stops - tail
    own = sharp(case.version)
    places, found = case.places.starts.copy(), np.full(case.places.starts.size, np.nan)
    for index, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        if stop > start:
            over = own[start:stop] / around[start:stop]
            place = int(over.argmax())
            places[index], found[index] = start + place, over[place]
    return found, places


def of(case: Case) -> Row:
    """Return the strongest click inside each gap, z; 0 where none stands out.

    Concealed speech has its pulses at other places than the reference, and may be smoother: so what counts is
    how sharp a sample is beside the sharpest one of the reference in and around the gap (without one, of what
    was received there), and over what is usual in either.
    """
    around = usual(case.version) if case.clean is None else np.maximum(usual(case.version), usual(case.clean))
    stands, places = _candidates(case, around)
    return beyond_natural(case, stands, places, late_frames(case))


MEASURES = (
    Measure(
        "click_inside", "Click inside", "z", Direction.HIGH, 6.0, False, PROPOSED,
        "strongest click inside the gap, away from its edges, beyond what the reference has in and around it",
        "Inside click", of, 24, curve=curve,
    ),
)  # fmt: skip
