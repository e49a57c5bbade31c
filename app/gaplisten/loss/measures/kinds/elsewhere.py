"""Damage away from gaps, in what was received: clicks, and sound that is not as loud as it was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, ClipFact, Direction, Measure, Survey
from gaplisten.loss.measures.impulses import shortest_frames, strongest
from gaplisten.loss.measures.kinds.after import (
    FRAME_MS,
    HOP_MS,
    TO_MS,
    changes,
    constant_level,
    late_frames,
    level_curve,
    received_powers,
)
from gaplisten.loss.measures.kinds.click import curve
from gaplisten.loss.measures.kinds.drift import here
from gaplisten.loss.measures.windows import Frames, Row, decibel

MARGIN_MS = 5.0
THRESHOLD = 6.0
LEVEL_DB = 6.0
PAUSE, PAUSE_FLOOR = 1e-5, 1e-8  # powers, -50 and -80 dBFS
NOISIER_DB, FEWEST_PAUSES = 3.0, 15  # frames
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


@dataclass(frozen=True, eq=False)
class _Clicks:
    """The strongest click of some received stretches, by the number of the stretch."""

    numbers: Frames
    values: Row
    places: Frames
    sharpness: Row


def _searched(case: Case, first: int, end: int) -> _Clicks:
    """Return the strongest clicks in ``[first, end)`` of all stretches that reach into it."""
    begins, ends, late, _ = case.of_version("stretches", lambda: _stretches(case))
    long_enough = ends - begins >= shortest_frames(case.places.rate)
    numbers = np.flatnonzero((begins < end) & (ends > first) & long_enough)
    low, high = np.maximum(begins[numbers], first), np.minimum(ends[numbers], end)
    values, places, sharpness = strongest(
        case, low - case.begin, high - case.begin, late[numbers], shortest=1
    )
    return _Clicks(numbers, values, places + case.begin, sharpness)


def _strongest(case: Case, pieces: Sequence[_Clicks]) -> tuple[Row, Frames]:
    """Return the strongest click of each stretch and its place, from the pieces that it lies in."""
    begins, *_ = case.of_version("stretches", lambda: _stretches(case))
    values, places, sharpness = np.full(begins.size, np.nan), begins.copy(), np.full(begins.size, -np.inf)
    for piece in pieces:
        more = piece.sharpness > sharpness[piece.numbers]
        numbers = piece.numbers[more]
        values[numbers], places[numbers] = piece.values[more], piece.places[more]
        sharpness[numbers] = piece.sharpness[more]
    return values, places


CLICKS: Survey[_Clicks, tuple[Row, Frames]] = Survey(
    "elsewhere", _searched, _strongest, without_reference=True
)


def of(case: Case) -> Row:
    """Return the strongest click between each gap and the next, z.

    What comes before the first gap counts for that one.
    """
    return here(case, _of_gaps(case.whole))


def _of_gaps(case: Case) -> Row:
    values, _ = case.surveyed(CLICKS)
    *_, gaps = case.of_version("stretches", lambda: _stretches(case))
    found = np.full(case.places.starts.size, np.nan)
    for gap, value in zip(gaps.tolist(), values.tolist(), strict=True):
        found[gap] = np.fmax(found[gap], value)
    return found


def _level_frames(case: Case) -> tuple[Frames, Frames, Frames]:
    """Return where the frames begin whose level is looked at, ascending, how late each is, and its gap."""
    rate = case.places.rate
    size, hop = round(FRAME_MS * rate / 1000), round(HOP_MS * rate / 1000)
    first, end, late, gaps = _stretches(case, TO_MS)
    room = end - first - size
    count = np.where(room >= 0, -(-room // hop) + 1, 0)  # the last one ends with the stretch
    number = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    of = np.repeat(np.arange(first.size), count)
    return np.minimum(first[of] + hop * number, (end - size)[of]), late[of], gaps[of]


def _levels_off(case: Case, first: int, end: int) -> Row:
    """Return by how many dB the frames that begin in ``[first, end)`` differ from the reference."""
    frames, late, _ = case.of_version("level frames", lambda: _level_frames(case))
    some = slice(*np.searchsorted(frames, (first, end)).tolist())
    size = round(FRAME_MS * case.places.rate / 1000)
    return changes(case, frames[some] - case.begin, size, late[some], constant_level(case))


def _farthest(case: Case, pieces: Sequence[Row]) -> Row:
    """Return the level of each gap's stretch that is farthest off."""
    *_, gaps = case.of_version("level frames", lambda: _level_frames(case))
    found = np.full(case.places.starts.size, np.nan)
    for gap, value in zip(gaps.tolist(), np.concatenate(pieces).tolist(), strict=True):
        if not abs(value) <= abs(found[gap]):  # NaN is none yet
            found[gap] = value
    return found


LEVELS: Survey[Row, Row] = Survey("levels elsewhere", _levels_off, _farthest)


def levels(case: Case) -> Row:
    """Return the level of the received frame of 20 ms that is farthest from the reference's, dB.

    From 100 ms past the exit, where *level after the gap* ends, up to the next gap; what comes before the
    first gap counts for that one.
    """
    return here(case, case.surveyed(LEVELS))


def _pauses_off(case: Case, first: int, end: int) -> Row:
    """Return the level less the reference's of its pauses' frames that begin in ``[first, end)``, dB."""
    natural, made = received_powers(case, first, end)
    made = made * 10 ** (-constant_level(case) / 10)
    return decibel((made + PAUSE_FLOOR) / (natural + PAUSE_FLOOR))[natural < PAUSE]


def _all_pauses(case: Case, pieces: Sequence[Row]) -> Row:
    return np.concatenate(pieces)


PAUSES: Survey[Row, Row] = Survey("pauses", _pauses_off, _all_pauses)


def noisier(case: Case, values: Row) -> ClipFact | None:
    """Tell of noise in pauses that the reference does not have: too soft for the level of any gap."""
    off = case.surveyed(PAUSES)
    if off.size < FEWEST_PAUSES or (middle := float(np.median(off))) < NOISIER_DB:
        return None
    said = f"the noise in pauses is {middle:.1f} dB louder than the reference's (median of {off.size} frames)"
    return ClipFact("elsewhere_level", middle, "dB", said)


def told(case: Case, values: Row) -> ClipFact | None:
    """Tell how many stretches have clicks, and where."""
    found, places = case.surveyed(CLICKS)
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
        "Elsewhere", of, 45, curve=curve, clip=told, surveys=(CLICKS,), of_whole=True,
    ),
    Measure(
        "elsewhere_level", "Level elsewhere", "dB", Direction.BOTH, LEVEL_DB, True, PROPOSED,
        "level in what is received from 100 ms past the exit up to the next gap, less the reference's, where "
        "it is farthest off",
        "Elsewhere: level", levels, 46, step=0.5, curve=level_curve, clip=noisier, surveys=(LEVELS, PAUSES),
        of_whole=True,
    ),
)  # fmt: skip
