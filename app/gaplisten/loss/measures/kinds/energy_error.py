"""The level in a gap, against the reference's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, ClipFact, Direction, Measure, Survey
from gaplisten.loss.measures.windows import (
    POWER_FLOOR,
    Frames,
    Places,
    Prepared,
    Row,
    decibel,
    mean_power,
    nearer_0,
    pairs,
)
from gaplisten.loss.trace import Flags

CONSTANT_DB = 1.5
FEWEST = 3
RUMBLE_MS = 5.0


def of(case: Case) -> Row:
    """Return the level in each gap less the reference's, dB (floor -70 dBFS).

    With rumble or without, whichever tells less: a codec for calls leaves rumble out, which ears hardly hear,
    and which is most of some pauses.
    """
    starts, stops = case.places.starts, case.places.stops
    made, natural = (mean_power(each.energy, starts, stops) for each in (case.version, case.reference))
    heard = case.places.powers(_without_rumble(case.version, case.places))
    clean = case.of_reference(
        "heard", lambda: case.places.powers(_without_rumble(case.reference, case.places))
    )
    whole = decibel((made + POWER_FLOOR) / (natural + POWER_FLOOR))
    return nearer_0(whole, decibel((heard + POWER_FLOOR) / (clean + POWER_FLOOR)))


def _without_rumble(signal: Prepared, places: Places) -> Row:
    """Return the samples of all gaps less their means over 5 ms, which never look out of the gap."""
    first, end = places.once("around", lambda: _around(places))
    return places.lost(signal.row) - signal.means(first, end)


def _around(places: Places) -> tuple[Frames, Frames]:
    """Return where the 5 ms around each lost sample begin and end within its gap."""
    half = max(1, round(RUMBLE_MS / 2 * places.rate / 1000))
    frames = [np.arange(start, stop) for start, stop in pairs(places)]
    at = np.concatenate(frames) if frames else places.starts
    starts, stops = (np.repeat(each, places.frames) for each in (places.starts, places.stops))
    return np.maximum(at - half, starts), np.minimum(at + half + 1, stops)


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
