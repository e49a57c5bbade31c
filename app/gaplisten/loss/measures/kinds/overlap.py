"""Overlap: received sound beside a gap that is there more than once, where windows add up to too much."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Curve, Direction, Measure
from gaplisten.loss.measures.kinds.after import constant_level, floor, late_before, late_frames
from gaplisten.loss.measures.moving import regular
from gaplisten.loss.measures.windows import Frames, Row, Rows, decibel, nearer_0, stretches

WINDOW_MS = 2.5
RUMBLE_MS = 5.0
LEAST = 1e-3  # of the amplitude: -60 dB
ALIKE = 0.8


def gains(case: Case, begin: Frames, late: Frames, before: bool = False) -> Row:
    """Return how much of the reference is in each 2.5 ms of the version, dB, by least squares.

    A blend of concealment into received sound may be louder than either, and is not alike to the reference
    then: where the correlation is below 0.8 no gain above 0 is told. The same sound a second time is alike.
    Looked at with rumble and without, and the gain nearer to 0 is told: a codec that leaves rumble out, or
    turns its phase, adds nothing.

    Parameters
    ----------
    before
        Whether the gap comes behind.
    """
    size = max(1, round(WINDOW_MS * case.version.rate / 1000))
    more = round(size * (RUMBLE_MS / WINDOW_MS - 1))  # received, too, and away from the gap
    first = begin - more if before else begin
    made = stretches(case.version.row, first, size + more) * 10 ** (-constant_level(case) / 20)
    natural = stretches(case.reference.row, first - late, size + more)
    near = slice(more, None) if before else slice(0, size)
    heard, clean = (each - each.mean(axis=1, keepdims=True) for each in (made, natural))
    least = floor(case) * size  # both are taken to have as much beside: in pauses the gain is 1
    return nearer_0(
        _gain(made[:, near], natural[:, near], least), _gain(heard[:, near], clean[:, near], least)
    )


def _gain(made: Rows, natural: Rows, least: float) -> Row:
    shared = np.einsum("ij,ij->i", made, natural) + least
    own = np.einsum("ij,ij->i", natural, natural) + least
    power = np.einsum("ij,ij->i", made, made) + least
    gain = 2.0 * decibel(np.maximum(shared / own, LEAST))
    return np.where(shared >= ALIKE * np.sqrt(own * power), gain, np.minimum(gain, 0.0))


def at_entry(case: Case) -> Row:
    """Return the gain of the 2.5 ms before each gap; NaN where less was received."""
    size = max(1, round(WINDOW_MS * case.places.rate / 1000))
    return np.where(
        case.places.starts - case.places.before >= size,
        gains(case, case.places.starts - size, late_before(case), before=True),
        np.nan,
    )


def at_exit(case: Case) -> Row:
    """Return the gain of the 2.5 ms behind each gap; NaN where less was received."""
    size = max(1, round(WINDOW_MS * case.places.rate / 1000))
    found = gains(case, case.places.stops, late_frames(case))
    return np.where(case.places.after - case.places.stops >= size, found, np.nan)


def curve(case: Case) -> Curve:
    """Return the gain of every 2.5 ms."""
    begin = regular(case.version, WINDOW_MS)
    late = np.zeros(begin.size, np.int64)
    if case.places.starts.size:
        gap = np.searchsorted(case.places.stops, begin, "right") - 1
        late = late_frames(case)[np.maximum(gap, 0)]
    half = round(WINDOW_MS / 2 * case.version.rate / 1000)
    return Curve(begin + half, gains(case, begin, late))


MEASURES = (
    Measure(
        "overlap_entry", "Overlap at entry", "dB", Direction.HIGH, 3.5, True, PROPOSED,
        "gain of the reference's sound in the 2.5 ms before the gap; 6 dB where it was added twice",
        "Entry overlap", at_entry, 16, curve=curve,
    ),
    Measure(
        "overlap_exit", "Overlap at exit", "dB", Direction.HIGH, 3.5, True, PROPOSED,
        "gain of the reference's sound in the 2.5 ms behind the gap; 6 dB where it was added twice",
        "Exit overlap", at_exit, 17, curve=curve,
    ),
)  # fmt: skip
