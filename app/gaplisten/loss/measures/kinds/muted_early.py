"""How long a version is silent while speech goes on."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Direction, Measure
from gaplisten.loss.measures.windows import LEVEL_FRAME_MS, MUTED_DB, Row

ACTIVE_DB = -50.0


def of(case: Case) -> Row:
    """Return for how many ms of each gap the version is below -60 dBFS and the reference above -50 dBFS."""
    _, counts = case.places.level_frames
    muted = (case.made_levels <= MUTED_DB) & (case.natural_levels > ACTIVE_DB)
    gap = np.repeat(np.arange(counts.size), counts)
    return LEVEL_FRAME_MS * np.bincount(gap[muted], minlength=counts.size).astype(np.float64)


MEASURES = (
    Measure(
        "muted_early", "Muted while speech goes on", "ms", Direction.HIGH, 20.0, True, PROPOSED,
        "time below -60 dBFS in which the reference is above -50 dBFS", "Muted early", of, 32,
        digits=0, step=5.0, window_ms=5.0,
    ),
)  # fmt: skip
