"""Versions that equal each other in gaps: "FEC on sounds as off"."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Among, Case, ClipFact, Direction, Measure
from gaplisten.loss.measures.windows import POWER_FLOOR, Prepared, Row, decibel

THRESHOLD = 30.0
MOST_DB = 100.0
MOSTLY = 0.5


def likeness(case: Case, other: Prepared) -> Row:
    """Return how far the version's sound in each gap stands over its difference from another's, dB."""
    wanted = case.made_power
    rest = case.places.powers(case.made - case.places.lost(other.row))
    ratio = decibel(np.maximum(wanted, 1e-20) / np.maximum(rest, 1e-20))
    return np.where(wanted > POWER_FLOOR, np.clip(ratio, -MOST_DB, MOST_DB), np.nan)


def by_other(case: Case) -> dict[str, Row]:
    """Return the likeness to each other version, made once."""
    return case.of_version("others", lambda: _by_other(case))


def _by_other(case: Case) -> dict[str, Row]:
    """Return the likeness to each other version, NaN where the gap is silent or holds the reference's sound.

    Two versions that both recovered what was lost are equal by right.
    """
    found = {name: likeness(case, other) for name, other in case.others.items()}
    if case.clean is not None:
        right = np.nan_to_num(likeness(case, case.clean), nan=-MOST_DB) >= THRESHOLD
        found = {name: np.where(right, np.nan, values) for name, values in found.items()}
    return found


def of(case: Case) -> Row:
    """Return the likeness to the version that is most alike, dB."""
    found = np.full(case.places.starts.size, np.nan)
    for values in by_other(case).values():
        found = np.fmax(found, values)
    return found


def told(others: Mapping[str, Row]) -> ClipFact | None:
    """Tell which version equals this one in most gaps that have sound."""
    shares = {}
    for name, likenesses in others.items():
        known = likenesses[~np.isnan(likenesses)]
        if known.size and np.mean(known >= THRESHOLD) >= MOSTLY:
            shares[name] = (int(np.count_nonzero(known >= THRESHOLD)), known.size)
    if not shares:
        return None
    name, (equal, known_gaps) = max(shares.items(), key=lambda each: each[1][0] / each[1][1])
    said = f"equals {name} in {equal} of the {known_gaps} gaps in which it has sound of its own"
    return ClipFact("identical", 100.0 * equal / known_gaps, "%", said)


MEASURES = (
    Measure(
        "identical", "Identical to another version", "dB", Direction.HIGH, THRESHOLD, False, PROPOSED,
        "how far the gap's sound stands over its difference from the most similar other version's; not where "
        "it is the reference's",
        "Identical", of, 70, among=Among(by_other, told),
    ),
)  # fmt: skip
