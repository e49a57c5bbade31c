"""Active speech level after ITU-T P.56, method B."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SILENCE_DBOV = -100.0
"""What is returned as the level of silence."""

MARGIN_DB = 15.9
TIME_CONSTANT = 0.03
HANGOVER = 0.2
TOLERANCE_DB = 0.5  # at which G.191's program ends its search
THRESHOLDS = 15  # powers of two below overload, down to one step of 16 bits
_ROUNDS = 20

Point = tuple[float, float]  # active level and threshold, both in dBov


@dataclass(frozen=True)
class ActiveLevel:
    """The level of speech while somebody speaks.

    Parameters
    ----------
    dbov
        Active speech level in dB relative to overload (0 dBov is the power of full-scale direct current);
        `SILENCE_DBOV` for silence.
    activity
        Share of the time that counts as speech, 0..1.
    rms_dbov
        Long-term level over everything, pauses included.
    """

    dbov: float
    activity: float
    rms_dbov: float

    @property
    def silent(self) -> bool:
        """Whether there is nothing that could be called speech."""
        return self.dbov <= SILENCE_DBOV


def _envelope(samples: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    """Return the magnitude smoothed twice."""
    from scipy.signal import lfilter

    g = math.exp(-1.0 / (rate * TIME_CONSTANT))
    once = lfilter([1.0 - g], [1.0, -g], np.abs(samples))
    return np.asarray(lfilter([1.0 - g], [1.0, -g], once), dtype=np.float64)


def _active_samples(envelope: npt.NDArray[np.float64], threshold: float, hangover: int) -> int:
    """Count the samples at which the envelope reaches the threshold, and those within the hangover after."""
    reached = np.flatnonzero(envelope >= threshold)
    if not len(reached):
        return 0
    until_next = np.diff(reached, append=len(envelope))
    return int(np.minimum(until_next, hangover + 1).sum())


def _decibels(power: float) -> float:
    return 10.0 * math.log10(power) if power > 0 else SILENCE_DBOV


def _one_channel(samples: npt.NDArray[np.float64], rate: int) -> ActiveLevel:
    energy = float(np.dot(samples, samples))
    if not len(samples) or energy <= 0.0:
        return ActiveLevel(SILENCE_DBOV, 0.0, SILENCE_DBOV)
    envelope, hangover = _envelope(samples, rate), math.ceil(HANGOVER * rate)
    rms = _decibels(energy / len(samples))
    below: Point | None = None
    for exponent in range(THRESHOLDS, 0, -1):  # from the lowest threshold up
        active = _active_samples(envelope, 2.0**-exponent, hangover)
        if not active:
            break
        level, threshold = _decibels(energy / active), 20.0 * math.log10(2.0**-exponent)
        if level - threshold <= MARGIN_DB:
            if below is None:
                break  # not even the lowest threshold lies far enough below
            dbov = _cross(below, (level, threshold))
            return ActiveLevel(dbov, min(1.0, 10.0 ** ((rms - dbov) / 10.0)), rms)
        below = (level, threshold)
    return ActiveLevel(SILENCE_DBOV, 0.0, rms)


def _cross(below: Point, above: Point) -> float:
    """Return the level at which level less threshold is about the margin, between two thresholds.

    P.56 leaves open how to interpolate; G.191's program is what everybody compares with, so this is its
    search: it halves the bracket and ends within `TOLERANCE_DB`. Each new middle becomes a bound at once, so
    the bracket may close beside the crossing; the tolerance is widened then, until it is met.
    """
    for level, threshold in (above, below):
        if abs(level - threshold - MARGIN_DB) < TOLERANCE_DB:
            return level
    tolerance, rounds, middle = TOLERANCE_DB, 0, _halfway(below, above)
    while abs(excess := middle[0] - middle[1] - MARGIN_DB) > tolerance:
        rounds += 1
        tolerance *= 1.1 if rounds >= _ROUNDS else 1.0
        if excess > tolerance:
            below = middle = _halfway(middle, above)
        elif excess < -tolerance:
            above = middle = _halfway(below, middle)
    return middle[0]


def _halfway(one: Point, other: Point) -> Point:
    return (one[0] + other[0]) / 2.0, (one[1] + other[1]) / 2.0


def active_level(samples: npt.ArrayLike, rate: int) -> ActiveLevel:
    """Measure the active speech level.

    Parameters
    ----------
    samples
        Shape ``(frames,)`` or ``(frames, channels)``, full scale ±1.0. Channels are measured each by itself;
        levels and activity are their means in power.
    rate
        In Hz.

    Notes
    -----
    ITU-T P.56 method B; the interpolation, which the Recommendation leaves open, is that of the speech
    voltmeter of ITU-T G.191. It is meant for clean speech: measure the reference, not the noisy output of
    a system.

    >>> active_level(np.zeros(8000), 8000).silent
    True
    """
    array = np.asarray(samples, dtype=np.float64)
    columns = array[:, None] if array.ndim == 1 else array
    each = [_one_channel(np.ascontiguousarray(column), rate) for column in columns.T]
    if len(each) == 1:
        return each[0]
    power = float(np.mean([0.0 if one.silent else 10.0 ** (one.dbov / 10.0) for one in each]))
    rms = float(np.mean([10.0 ** (one.rms_dbov / 10.0) for one in each]))
    activity = float(np.mean([one.activity for one in each]))
    return ActiveLevel(_decibels(power), activity if power else 0.0, _decibels(rms))
