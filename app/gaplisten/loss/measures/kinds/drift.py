"""Drift: received sound that comes later or earlier from gap to gap."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, ClipFact, Curve, Direction, Measure
from gaplisten.loss.measures.received import Track, sharpened, track
from gaplisten.loss.measures.windows import Row

SMALLEST_MS = 0.3
TRACK = "track"  # under which it is remembered


def tracked(case: Case) -> Track:
    """Return the lag of received sound, made once for all measures that need it."""

    def tracked_whole() -> Track:
        assert case.version.piece_of is None, "lags are followed through the clip as a whole"
        clean = case.reference.once("sharpened", lambda: sharpened(case.reference))
        version = case.version.once("sharpened", lambda: sharpened(case.version))
        return track(version, clean, case.places)

    return case.of_version(TRACK, tracked_whole)


def _all_lags(case: Case) -> Row:
    """Return the lag of each stretch of received sound of the clip, in frames; NaN if unknown.

    Lags are followed from the clip's start on, whichever of its gaps are measured at a time.
    """
    whole = case.whole
    count = whole.places.starts.size + 1
    return whole.of_version("lags", lambda: tracked(whole).of_stretches(count))


def here(case: Case, values: Row) -> Row:
    """Return those of the values of all gaps of the clip that are of the case's."""
    return values[case.places.number :][: case.places.starts.size]


def filled_lags(case: Case) -> Row:
    """Return the lag of what is received behind each gap, the last known one where it cannot be told.

    In frames at 16 kHz or less, late is positive.
    """
    lags = _all_lags(case)
    known = np.where(np.isnan(lags), -1, np.arange(lags.size))
    last = np.maximum.accumulate(known)
    return here(case, np.where(last >= 0, lags[last], 0.0)[1:])


def since_the_first(case: Case) -> Row:
    """Return by how many ms received sound behind each gap comes later than where it is first known."""
    lags = _all_lags(case)
    known = lags[~np.isnan(lags)]
    since = lags[1:] - (known[0] if known.size else 0.0)
    return 1000.0 * here(case, since) / case.version.voice_rate


def changes(case: Case) -> Row:
    """Return by how many ms the lag of received sound changes over each gap; later is positive.

    Where the lag cannot be told for a while, as in a pause, the change counts for each gap in between.
    """
    lags = _all_lags(case)
    known = np.flatnonzero(~np.isnan(lags))
    found = np.full(lags.size - 1, np.nan)
    for last, this in zip(known[:-1].tolist(), known[1:].tolist(), strict=True):
        found[last:this] = lags[this] - lags[last]
    return 1000.0 * here(case, found) / case.version.voice_rate


def curve(case: Case) -> Curve:
    """Return the lag of received sound, in ms, at the middle of windows of up to 60 ms."""
    found = tracked(case)
    places = np.round(found.middles * case.version.rate / found.rate).astype(np.int64)
    return Curve(places, 1000.0 * found.lags / found.rate)


def told(case: Case, values: Row) -> ClipFact | None:
    """Tell of the whole change, or of a lag that stays."""
    found = curve(case)
    known = ~np.isnan(found.values)
    if not known.any():
        return None
    lags, frames = found.values[known], found.frames[known]
    jumps = np.flatnonzero(np.abs(np.diff(lags)) >= SMALLEST_MS)
    change = float(lags[-1] - lags[0])
    if jumps.size:
        places = frames[jumps + 1]
        seconds = ", ".join(f"{place / case.version.rate:.2f}" for place in places[:5])
        more = f" and {jumps.size - 5} more" if jumps.size > 5 else ""
        said = (
            f"the lag of received sound jumps {jumps.size} times, from {lags[0]:+.1f} to {lags[-1]:+.1f} ms: "
            f"before {seconds} s{more}"
        )
        return ClipFact("drift", change, "ms", said, tuple(int(place) for place in places))
    if abs(change) >= SMALLEST_MS:
        said = f"the lag of received sound creeps from {lags[0]:+.2f} to {lags[-1]:+.2f} ms"
        return ClipFact("drift", change, "ms", said)
    middle = float(np.median(lags))
    if abs(middle) * case.version.voice_rate >= 999.0:
        word = "late" if middle > 0 else "early"
        return ClipFact("drift", middle, "ms", f"received sound comes {abs(middle):.2f} ms {word} throughout")
    return None


MEASURES = (
    Measure(
        "lag_jump", "Lag jump", "ms", Direction.BOTH, SMALLEST_MS, True, PROPOSED,
        "by how much later received sound comes behind the gap than before it, against the reference",
        "Lag jump", changes, 41, digits=2, step=0.1, curve=curve,
    ),
    Measure(
        "drift", "Drift", "ms", Direction.BOTH, 0.5, True, PROPOSED,
        "how late received sound behind the gap comes against the reference, less that at the clip's start",
        "Drift", since_the_first, 42, digits=2, step=0.1, curve=curve, clip=told,
    ),
)  # fmt: skip
