"""Clicks inside a gap, away from its edges: where one concealed packet does not join the next."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Direction, Measure
from gaplisten.loss.measures.impulses import AROUND_MS, NATURAL_Z, STANDS_OUT, sharp, usual
from gaplisten.loss.measures.kinds.after import late_frames
from gaplisten.loss.measures.kinds.click import curve
from gaplisten.loss.measures.prediction import LPC_ORDER, PEAK_FRAMES, more_than_natural, peaks
from gaplisten.loss.measures.windows import FLOOR, Frames, Prepared, Row, pairs

LEAD_MS, TAIL_MS = 1.0, 0.4  # what lies nearer belongs to the click at the edge


def _sharpest(case: Case, signal: Prepared, late: Frames) -> tuple[Row, Frames]:
    """Return how far the reference's sharpest sample in and around each gap stands out, and its place.

    Without a reference it is that of what the version received around there.
    """
    reach, places = round(AROUND_MS * signal.rate / 1000), case.places.starts.copy()
    stands, found = sharp(signal) / usual(signal), np.zeros(case.places.starts.size)
    for index, ((start, stop), lag) in enumerate(zip(pairs(case.places), late.tolist(), strict=True)):
        low = max(start - lag - reach, 0)
        part = stands[low : max(stop - lag + reach, 0)]
        if case.clean is None:
            part = part.copy()
            # What is sharp at the edges is where the concealment joins, which is nothing natural.
            part[max(start - low - 1, 0) : stop - low + 1] = 0.0
        if part.size:
            place = int(part.argmax())
            places[index], found[index] = low + place, part[place]
    return found, places


def _candidates(case: Case, around: Row) -> tuple[Row, Frames]:
    """Return how far the sharpest sample inside each gap stands out (NaN: no room for one), and its place."""
    rate = case.version.rate
    lead = max(round(LEAD_MS * rate / 1000), LPC_ORDER + PEAK_FRAMES)
    tail = max(round(TAIL_MS * rate / 1000), 2 * PEAK_FRAMES)
    own = sharp(case.version)
    places, found = case.places.starts.copy(), np.full(case.places.starts.size, np.nan)
    for index, (start, stop) in enumerate(pairs(case.places)):
        part = slice(start + lead, stop - tail)
        if stop - tail - start - lead > 0:
            over = own[part] / around[part]
            place = int(over.argmax())
            places[index], found[index] = part.start + place, over[place]
    return found, places


def of(case: Case) -> Row:
    """Return the strongest click inside each gap, z; 0 where none stands out.

    Concealed speech has its pulses at other places than the reference, and may be smoother: so what counts is
    how sharp a sample is beside the sharpest one of the reference in and around the gap (without one, of what
    was received there), and over what is usual in either.
    """
    version, clean = case.version, case.clean
    around = usual(version) if clean is None else np.maximum(usual(version), usual(clean))
    stands, places = _candidates(case, around)
    late = late_frames(case)
    natural, there = (
        _sharpest(case, version, late)
        if clean is None
        else case.of_lateness("sharpest", late, lambda: _sharpest(case, clean, late))
    )
    known = ~np.isnan(stands)
    some = np.flatnonzero(known & (stands - natural > STANDS_OUT))
    out = np.where(known, 0.0, np.nan)
    if not some.size:
        return out
    source = clean or version
    found, size = peaks(version.row, places[some], version.rate)
    pulse, pulse_size = peaks(source.row, there[some], source.rate)
    if clean is not None:
        pulse_size = peaks(clean.row, places[some] - late[some], clean.rate)[1]
    size = np.maximum(size, pulse_size) + FLOOR
    z = more_than_natural(found / size, pulse / size)
    out[some] = z if clean is not None else np.maximum(z - NATURAL_Z, 0.0)
    return out


MEASURES = (
    Measure(
        "click_inside", "Click inside", "z", Direction.HIGH, 6.0, False, PROPOSED,
        "strongest click inside the gap, away from its edges, beyond what the reference has in and around it",
        "Inside click", of, 24, curve=curve,
    ),
)  # fmt: skip
