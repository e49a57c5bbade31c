"""Clicks anywhere in received sound: found by their sharpness, measured by linear prediction."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import Case
from gaplisten.loss.measures.prediction import clicks, more_than_natural
from gaplisten.loss.measures.sliding import sliding_maximum, sliding_mean
from gaplisten.loss.measures.windows import FLOOR, Frames, Prepared, Row

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


def strongest(case: Case, first: Frames, end: Frames, late: Frames) -> tuple[Row, Frames]:
    """Return the z of the strongest click of each stretch ``[first, end)``, and its place.

    Parameters
    ----------
    late
        By how many frames each stretch comes late against the reference.

    Returns
    -------
    z, places
        0 where no click stands out; NaN where a stretch has no sound.
    """
    rate, row = case.version.rate, case.version.row
    near = 2 * round(NEAR_MS * rate / 1000) + 1
    first, end = np.clip(first, 0, row.size), np.clip(end, 0, row.size)
    own_sharp, own_usual = sharp(case.version), usual(case.version)
    clean = case.clean
    natural = None
    if clean is not None:
        natural = clean.once("natural", lambda: sliding_maximum(sharp(clean), near))
    in_time = case.version.once("stands out", lambda: _over(own_sharp, own_usual, natural))
    places, out = first.copy(), np.full(first.size, np.nan)
    stands = np.zeros(first.size, np.bool_)
    for index, (a, b, lag) in enumerate(zip(first.tolist(), end.tolist(), late.tolist(), strict=True)):
        if b - a < near:
            continue
        own = in_time[a:b]
        if natural is not None and lag:
            low = np.clip(np.arange(a - lag, b - lag), 0, natural.size - 1)
            own = _over(own_sharp[a:b], own_usual[a:b], natural[low])
        place = int(own.argmax())
        places[index], stands[index], out[index] = a + place, own[place] > STANDS_OUT, 0.0
    if stands.any():
        at = places[stands]
        found = clicks(row, at, rate)
        if clean is not None:
            there = clicks(clean.row, at - late[stands], rate, near // 2)
            out[stands] = more_than_natural(found, there)
        else:
            out[stands] = np.maximum(found - NATURAL_Z, 0.0)
    return out, places
