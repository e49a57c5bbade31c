"""The level in a gap, against the reference's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, ClipFact, Direction, Measure, Survey
from gaplisten.loss.measures.windows import POWER_FLOOR, Row, decibel, mean_power
from gaplisten.loss.trace import Flags

CONSTANT_DB = 1.5
FEWEST = 3


def of(case: Case) -> Row:
    """Return the level in each gap less the reference's, dB (floor -70 dBFS)."""
    starts, stops = case.places.starts, case.places.stops
    made = mean_power(case.version.energy, starts, stops) + POWER_FLOOR
    return decibel(made / (mean_power(case.reference.energy, starts, stops) + POWER_FLOOR))


def _loud(case: Case, first: int, end: int) -> Flags:
    """Return which of the gaps that begin in ``[first, end)`` have sound in the reference."""
    some = slice(*np.searchsorted(case.places.starts, (first, end)).tolist())
    starts, stops = case.places.starts[some] - case.begin, case.places.stops[some] - case.begin
    return np.asarray(mean_power(case.reference.energy, starts, stops) > 100 * POWER_FLOOR)


def _all_loud(case: Case, pieces: Sequence[Flags]) -> Flags:
    return np.concatenate(pieces)


LOUD_GAPS: Survey[Flags, Flags] = Survey("loud gaps", _loud, _all_loud, of_reference=True)


def constant(case: Case, values: Row) -> ClipFact | None:
    """Tell of a level that is off in most gaps: the median beyond ±1.5 dB."""
    loud = case.surveyed(LOUD_GAPS)
    known = values[loud & ~np.isnan(values)]
    if known.size < FEWEST or abs(middle := float(np.median(known))) < CONSTANT_DB:
        return None
    low, high = np.percentile(known, (25, 75))
    said = (
        f"the gaps are {abs(middle):.1f} dB too {'loud' if middle > 0 else 'low'} "
        f"(median of {known.size}; the middle half lies between {low:+.1f} and {high:+.1f} dB)"
    )
    return ClipFact("energy_error", middle, "dB", said)


MEASURES = (
    Measure(
        "energy_error", "Energy error", "dB", Direction.BOTH, 12.0, True, PROPOSED,
        "level in the gap, less the reference's", "Energy error", of, 20, clip=constant,
        surveys=(LOUD_GAPS,),
    ),
)  # fmt: skip
