"""Turned polarity: the gap is the reference's, upside down."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, ClipFact, Direction, Measure
from gaplisten.loss.measures.kinds.drift import tracked
from gaplisten.loss.measures.windows import POWER_FLOOR, Row, decibel

MOSTLY = 0.5  # of the received sound whose place is known


def of(case: Case) -> Row:
    """Return by how many dB the reference stands over its sum with the version, at the best gain."""
    wanted, made = case.natural_power, case.made_power
    # Positive where the two are opposed.
    cross = -case.places.sums(case.made * case.natural) / np.maximum(case.places.frames, 1)
    alike = np.clip(cross, 0.0, None) ** 2 / np.maximum(wanted * made, 1e-20)
    ratio = -decibel(np.maximum(1.0 - alike, 1e-6))
    return np.where(np.minimum(wanted, made) > POWER_FLOOR, ratio, np.nan)


def told(case: Case, values: Row) -> ClipFact | None:
    """Tell of received sound that has the other polarity."""
    found = tracked(case)
    turned = found.turned[~np.isnan(found.lags)]
    if not turned.size or np.mean(turned) < MOSTLY:
        return None
    share = 100.0 * float(np.mean(turned))
    return ClipFact("polarity", share, "%", "received sound has its polarity turned round")


MEASURES = (
    Measure(
        "polarity", "Turned polarity", "dB", Direction.HIGH, 8.0, True, PROPOSED,
        "how exactly the gap is the reference's sound with its sign turned, at the best gain",
        "Polarity", of, 60, clip=told,
    ),
)  # fmt: skip
