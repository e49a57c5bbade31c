"""Clicks anywhere in received sound: found by their sharpness, measured by linear prediction."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import Case
from gaplisten.loss.measures.prediction import clicks, more_than_natural, peaks
from gaplisten.loss.measures.sliding import sliding_maximum, sliding_mean
from gaplisten.loss.measures.windows import FLOOR, Frames, Prepared, Row, pairs

NEAR_MS = 1.5
AROUND_MS = 20.0
STANDS_OUT = 1.0  # times the usual sharpness, more than the reference has
NATURAL_Z = 22.0  # without a reference: what plosives and glottal pulses reach


def sharpness(signal: Row) -> Row:
    """Return the magnitude of the second difference: large where a sample does not fit its neighbours."""
    bent = np.zeros(signal.size)
    if signal.size > 2:
        inner = bent[1:-1]
        np.multiply(signal[1:-1], 2, out=inner)
        np.subtract(signal[2:], inner, out=inner)
        inner += signal[:-2]
        np.abs(inner, out=inner)
    return bent


def sharp(signal: Prepared) -> Row:
    """Return the sharpness of a signal, made once."""
    return signal.once("sharp", lambda: sharpness(signal.row))


def usual(signal: Prepared) -> Row:
    """Return the mean sharpness of the 20 ms before and behind each frame, with a floor of -80 dBFS."""
    size = 2 * round(AROUND_MS * signal.rate / 1000) + 1
    return signal.once("usual", lambda: sliding_mean(sharp(signal), size) + FLOOR)


def _over(own: Row, around: Row, natural: Row | None) -> Row:
    """Return by how much sharpness stands out, over what the reference has of it."""
    stands = own / around
    return stands if natural is None else stands - natural / around


def shortest_frames(rate: int) -> int:
    """Return the length of the shortest stretch of sound in which a click is looked for, 3 ms."""
    return 2 * round(NEAR_MS * rate / 1000) + 1


def strongest(
    case: Case, first: Frames, end: Frames, late: Frames, shortest: int | None = None
) -> tuple[Row, Frames, Row]:
    """Return the z of the strongest click of each stretch ``[first, end)``, and its place.

    Parameters
    ----------
    late
        By how many frames each stretch comes late against the reference.
    shortest
        Stretches of fewer frames have no sound to tell of; None for 3 ms.

    Returns
    -------
    z, places, sharpness
        0 where no click stands out; NaN where a stretch has no sound. The last is by how much the place
        stands out: of several parts of a stretch, the strongest click is where that is most.
    """
    rate, row = case.version.rate, case.version.row
    near = shortest_frames(rate)
    first, end = np.clip(first, 0, row.size), np.clip(end, 0, row.size)
    own_sharp, own_usual = sharp(case.version), usual(case.version)
    clean = case.clean
    natural = None
    if clean is not None:
        natural = clean.once("natural", lambda: sliding_maximum(sharp(clean), near))
    in_time = case.version.once("stands out", lambda: _over(own_sharp, own_usual, natural))
    places, out = first.copy(), np.full(first.size, np.nan)
    most = np.full(first.size, np.nan)
    least = near if shortest is None else max(shortest, 1)
    for index, (a, b, lag) in enumerate(zip(first.tolist(), end.tolist(), late.tolist(), strict=True)):
        if b - a < least:
            continue
        own = in_time[a:b]
        if natural is not None and lag:
            low = np.clip(np.arange(a - lag, b - lag), 0, natural.size - 1)
            own = _over(own_sharp[a:b], own_usual[a:b], natural[low])
        place = int(own.argmax())
        places[index], most[index], out[index] = a + place, own[place], 0.0
    stands = most > STANDS_OUT
    if stands.any():
        at = places[stands]
        found = clicks(row, at, rate)
        if clean is not None:
            there = clicks(clean.row, at - late[stands], rate, near // 2)
            out[stands] = more_than_natural(found, there)
        else:
            out[stands] = np.maximum(found - NATURAL_Z, 0.0)
    return out, places, most


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


def beyond_natural(case: Case, stands: Row, places: Frames, late: Frames) -> Row:
    """Return the z of one candidate for each gap beyond what speech has in and around it; 0: no click.

    Concealed speech has its pulses at other places than the reference: so a candidate has to be sharper than
    the sharpest sample in the gap and the 20 ms beside it, and counts as far as its z is larger.

    Parameters
    ----------
    stands
        How far each candidate stands out of what is usual; NaN where there is none.
    late
        By how many frames received sound comes late against the reference, gap by gap.
    """
    version, clean = case.version, case.clean
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
