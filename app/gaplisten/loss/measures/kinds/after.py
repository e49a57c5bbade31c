"""What is wrong later than at the exit: level and clicks between 5 and 100 ms past it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, ClipFact, Curve, Direction, Measure, Survey
from gaplisten.loss.measures.impulses import strongest
from gaplisten.loss.measures.kinds.drift import filled_lags
from gaplisten.loss.measures.moving import regular
from gaplisten.loss.measures.sliding import sliding_mean
from gaplisten.loss.measures.windows import Frames, Prepared, Row, decibel, mean_power, running_energy

FROM_MS, TO_MS = 5.0, 100.0
FRAME_MS, HOP_MS = 20.0, 10.0
FLOOR, BELOW_LOUD = 1e-7, 1e-3  # -70 dBFS, -30 dB
TINY = 1e-15
RUMBLE_MS = 5.0
CONSTANT_DB, SPREAD_DB = 0.5, 0.5
THROUGHOUT = 95  # % of what is loud enough


def _ends(case: Case) -> tuple[Frames, Frames]:
    rate = case.places.rate
    first = case.places.stops + round(FROM_MS * rate / 1000)
    return first, np.minimum(case.places.stops + round(TO_MS * rate / 1000), case.places.after)


def late_frames(case: Case) -> Frames:
    """Return how late what is received behind each gap comes, in frames of the clip."""
    if case.clean is None:
        return np.zeros(case.places.starts.size, np.int64)
    return np.round(filled_lags(case) * case.version.rate / case.version.voice_rate).astype(np.int64)


def late_before(case: Case) -> Frames:
    """Return the same of what is received before each gap; before the first one as behind it."""
    late = late_frames(case.whole)
    first = case.places.number
    return np.append(late[:1], late)[first : first + case.places.starts.size]


def heard(signal: Prepared) -> Row:
    """Return the running energy of a signal less its mean over the 5 ms around.

    A codec for calls leaves out rumble, which ears hardly hear and which is most of the power of a pause with
    pink noise: 100 Hz count 9 dB less so, 50 Hz 20, and from 200 Hz on all is as it was within 2 dB.
    """
    return signal.once("heard", lambda: running_energy(_without_rumble(signal)))


def _without_rumble(signal: Prepared) -> Row:
    return signal.row - sliding_mean(signal.row, 2 * round(RUMBLE_MS / 2 * signal.rate / 1000) + 1)


def floor(case: Case) -> float:
    """Return the power below which nothing is heard: 30 dB below what 5 % of its frames exceed."""
    return case.surveyed(HEARD_FLOOR)


def _frame_powers(case: Case, first: int, end: int) -> Row:
    """Return the power of the reference's frames of 20 ms that begin in ``[first, end)``."""
    clean = case.reference
    size = max(1, round(FRAME_MS * clean.rate / 1000))
    begin = size * np.arange(-(-first // size), -(-end // size)) - case.begin
    begin = begin[begin < max(clean.row.size - size, 1)]
    return mean_power(heard(clean), begin, begin + size)


def _floor(case: Case, powers: Sequence[Row]) -> float:
    return max(float(np.percentile(np.concatenate(powers), 95)) * BELOW_LOUD, FLOOR)


HEARD_FLOOR: Survey[Row, float] = Survey("floor", _frame_powers, _floor, of_reference=True)


def changes(case: Case, begin: Frames, size: Frames | int, late: Frames, level: float = 0.0) -> Row:
    """Return the level of stretches less the reference's and `level`, dB, each with a floor."""
    least = floor(case)
    made = mean_power(heard(case.version), begin, begin + size) * 10 ** (-level / 10) + least
    natural = mean_power(heard(case.reference), begin - late, begin - late + size) + least
    return decibel(made / natural)


def levels(case: Case) -> Row:
    """Return the level of the frame of 20 ms past the exit that is farthest from the reference's, dB.

    Frames begin every 10 ms up to 100 ms past the exit, and one ends with what is received up to the next
    gap: between two gaps nothing goes unheard.
    """
    rate = case.places.rate
    size, hop = round(FRAME_MS * rate / 1000), round(HOP_MS * rate / 1000)
    first, until = _ends(case)
    end = np.minimum(until + size, case.places.after)
    late, level = late_frames(case), constant_level(case)
    whole = np.minimum(size, end - first)
    count = 1 + round((TO_MS - FROM_MS) * rate / 1000) // hop
    begin = np.minimum(first[:, None] + hop * np.arange(count), (end - size)[:, None])
    found = changes(case, begin, size, late[:, None], level)
    found[begin < first[:, None]] = np.nan
    # What is received between two gaps may be a little shorter than one frame.
    short = (whole < size) & (whole >= hop)
    found[short, 0] = changes(case, first, np.maximum(whole, 1), late, level)[short]
    worst = np.nan_to_num(np.abs(found), nan=-1.0).argmax(axis=1)
    return np.asarray(found[np.arange(first.size), worst])


def constant_level(case: Case) -> float:
    """Return by how many dB received sound as a whole is louder than the reference; 0 where that varies."""
    return _level_and_share(case)[0]


def _level_and_share(case: Case) -> tuple[float, float]:
    """Return the level of received sound as a whole, dB, and in which share of its frames it is that."""
    return case.surveyed(CONSTANT_LEVEL)


def _received_frames(case: Case) -> tuple[Frames, Frames]:
    """Return where frames of received sound begin in the clip, ascending, and how late each is."""
    size = round(FRAME_MS * case.places.rate / 1000)
    first, end = _ends(case)
    first, late = np.append(0, first), np.append(0, late_frames(case))
    end = np.append(case.places.starts[:1], np.maximum(end, case.places.after))
    count = np.maximum(-(-(end - size - first) // size), 0)
    number = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(first, count) + size * number, np.repeat(late, count)


def received_powers(case: Case, first: int, end: int) -> tuple[Row, Row]:
    """Return the reference's and the version's power in received frames that begin in ``[first, end)``."""
    if not case.places.starts.size:
        return np.zeros(0), np.zeros(0)
    size = round(FRAME_MS * case.places.rate / 1000)
    frames, lates = case.of_version("received frames", lambda: _received_frames(case))
    some = slice(*np.searchsorted(frames, (first, end)).tolist())
    begin = frames[some] - case.begin
    there = begin - lates[some]
    natural = mean_power(heard(case.reference), there, there + size)
    return natural, mean_power(heard(case.version), begin, begin + size)


def _received_levels(case: Case, first: int, end: int) -> Row:
    """Return the level less the reference's of the loud frames that begin in ``[first, end)``, dB."""
    natural, made = received_powers(case, first, end)
    return decibel((made + TINY) / (natural + TINY))[natural > 10 * floor(case)]


def _constant_level(case: Case, levels: Sequence[Row]) -> tuple[float, float]:
    found = np.concatenate(levels)
    if not found.size:
        return 0.0, 0.0
    middle = float(np.median(found))
    share = float(np.mean(np.abs(found - middle) <= SPREAD_DB))
    return (middle, share) if share >= 0.5 else (0.0, share)


CONSTANT_LEVEL: Survey[Row, tuple[float, float]] = Survey("level", _received_levels, _constant_level)


def level_curve(case: Case) -> Curve:
    """Return the level of every 20 ms, less the reference's."""
    size = round(FRAME_MS * case.places.rate / 1000)
    begin = regular(case.version, HOP_MS / 2)
    late = np.zeros(begin.size, np.int64)
    if case.places.starts.size:
        gap = np.searchsorted(case.places.stops, begin, "right") - 1
        late = np.where(gap >= 0, late_frames(case)[np.maximum(gap, 0)], 0)
    return Curve(begin + size // 2, changes(case, begin, size, late))


def told(case: Case, values: Row) -> ClipFact | None:
    """Tell of received sound that is louder or lower as a whole."""
    level, share = _level_and_share(case)
    if abs(level) < CONSTANT_DB:
        return None
    word = "louder" if level > 0 else "lower"
    said = f"received sound is {abs(level):.1f} dB {word} than the reference throughout"
    if (percent := round(100 * share)) < THROUGHOUT:
        said = f"received sound is {abs(level):.1f} dB {word} than the reference in {percent} % of it"
    return ClipFact("after_level", level, "dB", said)


def clicks(case: Case) -> Row:
    """Return the strongest click between 5 and 100 ms past each exit, z; 0 where there is none."""
    first, end = _ends(case)
    return strongest(case, first, end, late_frames(case))[0]


MEASURES = (
    Measure(
        "after_level", "Level after the gap", "dB", Direction.BOTH, 3.0, True, PROPOSED,
        "level between 5 and 100 ms past the exit, less the reference's, where it is farthest off",
        "After: level", levels, 43, step=0.5, curve=level_curve, clip=told,
    ),
    Measure(
        "after_click", "Click after the gap", "z", Direction.HIGH, 6.0, False, PROPOSED,
        "strongest click between 5 and 100 ms past the exit that the reference does not have",
        "After: click", clicks, 44,
    ),
)  # fmt: skip
