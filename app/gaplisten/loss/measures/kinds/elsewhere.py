"""Damage away from gaps, in what was received: clicks, and sound that is not as loud as it was sent."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, ClipFact, Direction, Measure
from gaplisten.loss.measures.impulses import strongest
from gaplisten.loss.measures.kinds.after import (
    FRAME_MS,
    HOP_MS,
    TO_MS,
    changes,
    constant_level,
    late_frames,
    level_curve,
)
from gaplisten.loss.measures.kinds.click import curve
from gaplisten.loss.measures.windows import Frames, Row

MARGIN_MS = 5.0
THRESHOLD = 6.0
LEVEL_DB = 6.0
_TOLD = 5


def _stretches(case: Case, from_ms: float = MARGIN_MS) -> tuple[Frames, Frames, Frames, Frames]:
    """Return where received stretches begin and end, how late each comes, and the gap it counts for.

    They begin `from_ms` past the exit.
    """
    places = case.places
    margin = round(MARGIN_MS * places.rate / 1000)
    late = late_frames(case)
    gaps = np.arange(places.starts.size)
    lead = slice(0, 1) if places.starts.size and places.before[0] == 0 else slice(0, 0)
    first = np.concatenate((places.before[lead], places.stops + round(from_ms * places.rate / 1000)))
    end = np.concatenate((places.starts[lead] - margin, places.after - margin))
    return first, end, np.concatenate((0 * late[lead], late)), np.concatenate((gaps[lead], gaps))


def _found(case: Case) -> tuple[Row, Frames, Frames]:
    return case.of_version("elsewhere", lambda: _searched(case))


def _searched(case: Case) -> tuple[Row, Frames, Frames]:
    first, end, late, gaps = _stretches(case)
    values, places = strongest(case, first, end, late)
    return values, places, gaps


def of(case: Case) -> Row:
    """Return the strongest click between each gap and the next, z.

    What comes before the first gap counts for that one.
    """
    values, _, gaps = _found(case)
    found = np.full(case.places.starts.size, np.nan)
    for gap, value in zip(gaps.tolist(), values.tolist(), strict=True):
        found[gap] = np.fmax(found[gap], value)
    return found


def levels(case: Case) -> Row:
    """Return the level of the received frame of 20 ms that is farthest from the reference's, dB.

    From 100 ms past the exit, where *level after the gap* ends, up to the next gap; what comes before the
    first gap counts for that one.
    """
    rate = case.places.rate
    size, hop = round(FRAME_MS * rate / 1000), round(HOP_MS * rate / 1000)
    first, end, late, gaps = _stretches(case, TO_MS)
    room = end - first - size
    count = np.where(room >= 0, -(-room // hop) + 1, 0)  # the last one ends with the stretch
    number = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    of = np.repeat(np.arange(first.size), count)
    begin = np.minimum(first[of] + hop * number, (end - size)[of])
    off = changes(case, begin, size, late[of], constant_level(case))
    found = np.full(case.places.starts.size, np.nan)
    for gap, value in zip(gaps[of].tolist(), off.tolist(), strict=True):
        if not abs(value) <= abs(found[gap]):  # NaN is none yet
            found[gap] = value
    return found


def told(case: Case, values: Row) -> ClipFact | None:
    """Tell how many stretches have clicks, and where."""
    found, places, _ = _found(case)
    bad = np.flatnonzero(np.nan_to_num(found) >= THRESHOLD)
    if not bad.size:
        return None
    seconds = ", ".join(f"{place / case.version.rate:.3f}" for place in places[bad][:_TOLD])
    more = f" and {bad.size - _TOLD} more" if bad.size > _TOLD else ""
    said = f"{bad.size} of {found.size} received stretches have a click away from gaps: at {seconds} s{more}"
    return ClipFact("elsewhere", float(bad.size), "", said, tuple(places[bad].tolist()))


MEASURES = (
    Measure(
        "elsewhere", "Click elsewhere", "z", Direction.HIGH, THRESHOLD, False, PROPOSED,
        "strongest click in what is received up to the next gap, more than 5 ms from any edge, that the "
        "reference does not have",
        "Elsewhere", of, 45, curve=curve, clip=told,
    ),
    Measure(
        "elsewhere_level", "Level elsewhere", "dB", Direction.BOTH, LEVEL_DB, True, PROPOSED,
        "level in what is received from 100 ms past the exit up to the next gap, less the reference's, where "
        "it is farthest off",
        "Elsewhere: level", levels, 46, step=0.5, curve=level_curve,
    ),
)  # fmt: skip
