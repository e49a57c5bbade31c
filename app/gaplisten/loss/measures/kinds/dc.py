"""A constant offset in the gap."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Direction, Measure
from gaplisten.loss.measures.windows import Frames, Places, Row

AROUND_MS = 100.0
STRETCHES = 17
TIMES = 2.0  # of the size that means of natural sound have
FLAT = 0.1  # of the mean's square: what varies less is an offset, and no rumble


def _around(places: Places, frames: int) -> tuple[Frames, Frames]:
    """Return stretches as long as each gap, from 100 ms before it to 100 ms behind it."""
    reach = round(AROUND_MS * places.rate / 1000)
    shifts = np.round(np.linspace(-reach, reach, STRETCHES)).astype(np.int64)
    first = np.clip(places.starts[:, None] + shifts, 0, frames)
    return first, np.clip(places.stops[:, None] + shifts, 0, frames)


def rumble(case: Case) -> Row:
    """Return how large the means of stretches of the reference are around each gap."""
    first, last = _around(case.places, case.reference.row.size)
    means = case.reference.means(first, np.maximum(last, first + 1))
    return np.asarray(np.sqrt(np.mean(means**2, axis=1)))


def turned(case: Case) -> Row:
    """Return how far means of what is received around each gap are from the reference's.

    A codec that leaves rumble out, or turns its phase, does so where nothing is lost, too.
    """
    sums, counts = case.version.once("received differences", lambda: _received(case))
    first, last = _around(case.places, case.version.row.size)
    count = counts[last] - counts[first]
    enough = count > (last - first) / 2
    means = np.where(enough, sums[last] - sums[first], 0.0) / np.maximum(count, 1)
    return np.asarray(np.sqrt(np.sum(means**2, axis=1) / np.maximum(np.sum(enough, axis=1), 1)))


def _received(case: Case) -> tuple[Row, Row]:
    """Return the sum of the received differences from the reference before each frame, and their number."""
    off, received = case.version.row - case.reference.row, np.ones(case.version.row.size)
    gaps = case.whole.places
    starts, stops = (np.clip(each - case.begin, 0, off.size) for each in (gaps.starts, gaps.stops))
    some = np.flatnonzero(stops > starts)
    for start, stop in zip(starts[some].tolist(), stops[some].tolist(), strict=True):
        off[start:stop] = received[start:stop] = 0.0
    return np.append(0.0, np.cumsum(off)), np.append(0.0, np.cumsum(received))


def of(case: Case) -> Row:
    """Return the mean of the lost samples less the reference's, in % of full scale.

    What a concealer can make of the reference's rumble is taken off: twice the size of its means around the
    gap. What hardly varies in the gap is no rumble that was missed: then only as much is taken off as the
    version turns rumble where nothing is lost.
    """
    frames = np.maximum(case.places.frames, 1)
    around = case.of_reference("offsets", lambda: rumble(case))
    off = case.made - case.natural
    mean = case.places.sums(off) / frames
    flat = np.maximum(case.places.sums(off**2) / frames - mean**2, 0.0) / (FLAT * mean**2 + 1e-15)
    natural = np.minimum(around, np.maximum(around * np.minimum(flat, 1.0), turned(case)))
    return np.asarray(100.0 * np.sign(mean) * np.maximum(np.abs(mean) - TIMES * natural, 0.0))


MEASURES = (
    Measure(
        "dc", "Offset", "%", Direction.BOTH, 0.8, True, PROPOSED,
        "mean of the lost samples less the reference's, where rumble does not make it, in % of full "
        "scale", "Offset", of, 61,
        digits=2, step=0.1, window_ms=40.0,
    ),
)  # fmt: skip
