"""Jumps of pitch: into and out of a gap, or against the reference."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Curve, Direction, Measure
from gaplisten.loss.measures.moving import regular
from gaplisten.loss.measures.periodicity import WINDOW_MS, likeness, pitch_changes
from gaplisten.loss.measures.windows import Frames, Row, Rows

FROM_MS = 20.0


def _windows(case: Case) -> tuple[Frames, Frames, int]:
    """Return where the windows at the beginning and at the end of each gap begin; short gaps have one."""
    rate = case.version.voice_rate
    starts, stops = case.places.at(rate)
    size = round(WINDOW_MS * rate / 1000)
    return np.maximum(np.minimum(starts, stops - size), 0), np.maximum(stops - size, 0), size


def against(case: Case, where: Frames, natural: Rows) -> Row:
    """Return the change of pitch from the reference in the 30 ms from each place, cents."""
    rate = case.version.voice_rate
    return pitch_changes(likeness(case.version.voice, where, rate), natural, rate)


def of(case: Case) -> Row:
    """Return the larger pitch change of the gap's beginning and end, cents; NaN where it is unvoiced."""
    rate = case.version.voice_rate
    first, last, size = _windows(case)
    clean = case.clean
    if clean is not None:
        found = against(
            case, last, case.of_reference("pitch last", lambda: likeness(clean.voice, last, rate))
        )
        two = np.flatnonzero(first != last)
        if two.size:
            natural = case.of_reference("pitch first", lambda: likeness(clean.voice, first[two], rate))
            found[two] = np.fmax(found[two], against(case, first[two], natural))
        return np.where(case.places.frames >= FROM_MS * case.places.rate / 1000, found, np.nan)
    starts, stops = case.places.at(rate)
    voice = case.version.voice
    inner = [likeness(voice, at, rate) for at in (first, last)]
    entry = pitch_changes(inner[0], likeness(voice, starts - size, rate), rate)
    leave = pitch_changes(inner[1], likeness(voice, stops, rate), rate)
    return np.where(case.places.frames >= WINDOW_MS * case.places.rate / 1000, np.fmax(entry, leave), np.nan)


def curve(case: Case) -> Curve:
    """Return the change of pitch from the reference, or from 30 ms before where there is none."""
    rate = case.version.voice_rate
    middles = regular(case.version, 5.0)
    where = middles * rate // case.version.rate - round(WINDOW_MS * rate / 2000)
    clean = case.clean
    if clean is not None:
        other = likeness(clean.voice, where, rate)
    else:
        other = likeness(case.version.voice, where - round(WINDOW_MS * rate / 1000), rate)
    return Curve(middles, against(case, where, other))


MEASURES = (
    Measure(
        "pitch_jump", "Pitch jump", "cent", Direction.HIGH, 400.0, False, PROPOSED,
        "change of pitch in the gap from the reference's (without one: over an edge of the gap); voiced gaps",
        "Pitch jump", of, 33, digits=0, step=50.0, curve=curve,
    ),
)  # fmt: skip
