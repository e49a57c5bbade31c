"""How loud a sound is: active speech level (ITU-T P.56, method B), loudness (ITU-R BS.1770-4), peak."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio import longfile
from gaplisten.audio.signal import Signal
from gaplisten.jobs import Job

SILENCE_DBOV = -100.0
"""What is returned as the level of silence."""

LONG_SECONDS = 120.0
"""Longer sounds have their active level's envelope read in steps of `STEP_MS`."""
STEP_MS = 1.0

MARGIN_DB = 15.9
TIME_CONSTANT = 0.03
HANGOVER = 0.2
TOLERANCE_DB = 0.5  # at which G.191's program ends its search
THRESHOLDS = 15  # powers of two below overload, down to one step of 16 bits
_ROUNDS = 20
_STEPS = 2048  # how many steps of a long sound are read in one go
_COUNTED = 1 << 16  # values of an envelope that are counted in one go
_BLOCK_DECAY = 8.0  # time constants of the smoothing that are summed in one go

_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_OFFSET = -0.691
_LOUDNESS_SECONDS = 1.5  # how much of a sound is weighted in one go

_NOTHING = 1e-30  # what has died away below this is over

# The two filters as analogue prototypes (the Recommendation tabulates them at 48 kHz only).
_SHELF_HZ, _SHELF_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_HIGH_PASS_HZ, _HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773

Column = npt.NDArray[np.floating[Any]]  # one channel
LongColumn = Column | longfile.Column
Envelope = npt.NDArray[np.float64]
Frames = npt.NDArray[np.int64]
Point = tuple[float, float]  # active level and threshold, both in dBov
Coefficients = tuple[list[float], list[float]]


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


def _smoothed(magnitude: Envelope, per_second: float) -> Envelope:
    """Return the envelope: the magnitude smoothed twice."""
    decay = 1.0 / (per_second * TIME_CONSTANT)
    return _leaky(_leaky(magnitude, decay), decay)


def _leaky(magnitude: Envelope, decay: float) -> Envelope:
    """Return ``y[n] = g y[n-1] + (1 - g) x[n]`` with ``g = exp(-decay)``, for x that are not negative.

    Taken apart into blocks that are short enough for their sums of growing weights: nothing is ever
    subtracted, so each value is right to some 1e-13 of itself. It takes as long as a filter of SciPy's,
    whose import takes longer than all else on the way to a clip that is shown.
    """
    size = max(1, min(round(_BLOCK_DECAY / decay), len(magnitude)))
    padded = np.zeros(-(-len(magnitude) // size) * size)
    padded[: len(magnitude)] = magnitude
    blocks = padded.reshape(-1, size)
    growing = np.exp(decay * np.arange(1, size + 1))
    blocks *= growing * -math.expm1(-decay)
    np.cumsum(blocks, axis=1, out=blocks)
    before, last = np.zeros((len(blocks), 1)), 1.0 / float(growing[-1])
    for number in range(1, len(blocks)):
        carried = last * float(before[number - 1, 0] + blocks[number - 1, -1])
        before[number] = carried if carried > _NOTHING else 0.0
    blocks += before
    blocks /= growing
    return padded[: len(magnitude)]


def _active_samples(envelope: Envelope, threshold: float, hangover: int) -> int:
    """Count the samples at which the envelope reaches the threshold, and those within the hangover after."""
    active, last = 0, -1
    for at in range(0, len(envelope), _COUNTED):
        reached = at + np.flatnonzero(envelope[at : at + _COUNTED] >= threshold)
        if not len(reached):
            continue
        if last >= 0:
            active += min(int(reached[0]) - last, hangover + 1)
        active += int(np.minimum(np.diff(reached), hangover + 1).sum())
        last = int(reached[-1])
    return active + min(len(envelope) - last, hangover + 1) if last >= 0 else 0


def _decibels(power: float) -> float:
    return 10.0 * math.log10(power) if power > 0 else SILENCE_DBOV


def _one_channel(samples: Column, rate: int) -> ActiveLevel:
    """Measure a channel as the Recommendation says, sample by sample."""
    exact = np.ascontiguousarray(samples, dtype=np.float64)
    envelope = _smoothed(np.abs(exact), rate)
    return _method_b(float(np.dot(exact, exact)), len(exact), envelope, math.ceil(HANGOVER * rate), 1)


def _one_long_channel(samples: LongColumn, rate: int) -> ActiveLevel:
    """Measure all of a long channel, with the mean of each `STEP_MS` in place of its samples' magnitudes.

    Two such means lie within a thirtieth of the smoothing's time constant, so the envelope is hardly another
    one, and an hour at 48 kHz takes about a second and next to no memory.
    """
    step = max(1, round(rate * STEP_MS / 1000.0))
    weights = np.full(step, 1.0 / step, samples.dtype)
    means, energy = [np.zeros(0)], 0.0
    for at in range(0, len(samples), step * _STEPS):
        piece = np.abs(samples[at : at + step * _STEPS])
        energy += float(np.dot(piece, piece))
        rest = -len(piece) % step
        means.append((np.pad(piece, (0, rest)) if rest else piece).reshape(-1, step) @ weights)
    envelope = _smoothed(np.concatenate(means), rate / step)
    return _method_b(energy, len(samples), envelope, math.ceil(HANGOVER * rate / step), step)


def _method_b(energy: float, frames: int, envelope: Envelope, hangover: int, step: int) -> ActiveLevel:
    """Find the active level; envelope and hangover count in steps of `step` frames."""
    if not frames or energy <= 0.0:
        return ActiveLevel(SILENCE_DBOV, 0.0, SILENCE_DBOV)
    rms = _decibels(energy / frames)
    below: Point | None = None
    for exponent in range(THRESHOLDS, 0, -1):  # from the lowest threshold up
        active = step * _active_samples(envelope, 2.0**-exponent, hangover)
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
    a system. Of sounds longer than `LONG_SECONDS` the envelope is read in steps of `STEP_MS`; that moves the
    level by hundredths of a decibel at most.

    >>> active_level(np.zeros(8000), 8000).silent
    True
    """
    if isinstance(samples, longfile.FileSamples) and len(samples) > LONG_SECONDS * rate:
        return _of_all([_one_long_channel(column, rate) for column in samples.columns()])
    array = np.asarray(samples)
    if not np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float64)
    columns = array[:, None] if array.ndim == 1 else array
    measure = _one_long_channel if len(columns) > LONG_SECONDS * rate else _one_channel
    return _of_all([measure(column, rate) for column in columns.T])


def _of_all(each: Sequence[ActiveLevel]) -> ActiveLevel:
    """Return the level of all channels: the means of their powers."""
    if len(each) == 1:
        return each[0]
    power = float(np.mean([0.0 if one.silent else 10.0 ** (one.dbov / 10.0) for one in each]))
    rms = float(np.mean([10.0 ** (one.rms_dbov / 10.0) for one in each]))
    activity = float(np.mean([one.activity for one in each]))
    return ActiveLevel(_decibels(power), activity if power else 0.0, _decibels(rms))


def peak(signal: Signal) -> float:
    """Return the largest magnitude, over all of it."""
    if (lies_in := longfile.file_of(signal)) is not None:
        return lies_in.peak
    if not signal.samples.size:
        return 0.0
    return float(max(signal.samples.max(), -signal.samples.min()))


def _shelf(rate: int) -> Coefficients:
    k = math.tan(math.pi * _SHELF_HZ / rate)
    high = 10.0 ** (_SHELF_DB / 20.0)
    band = high**0.4996667741545416
    scale = 1.0 + k / _SHELF_Q + k * k
    ahead = [high + band * k / _SHELF_Q + k * k, 2.0 * (k * k - high), high - band * k / _SHELF_Q + k * k]
    back = [1.0, 2.0 * (k * k - 1.0) / scale, (1.0 - k / _SHELF_Q + k * k) / scale]
    return [a / scale for a in ahead], back


def _high_pass(rate: int) -> Coefficients:
    k = math.tan(math.pi * _HIGH_PASS_HZ / rate)
    scale = 1.0 + k / _HIGH_PASS_Q + k * k
    back = [1.0, 2.0 * (k * k - 1.0) / scale, (1.0 - k / _HIGH_PASS_Q + k * k) / scale]
    return [1.0, -2.0, 1.0], back


def _block_powers(signal: Signal, job: Job | None) -> npt.NDArray[np.float64]:
    """Return the summed K-weighted power of each 400 ms block, overlapping by three quarters."""
    size, hop = round(0.4 * signal.rate), round(0.1 * signal.rate)
    if signal.frames < size:
        return np.zeros(0)
    starts = np.arange(0, signal.frames - size + 1, hop)
    edges = np.union1d(starts, starts + size)
    energy = _energy_before(signal, edges, job)
    powers = energy[np.searchsorted(edges, starts + size)] - energy[np.searchsorted(edges, starts)]
    return np.asarray(powers / size, dtype=np.float64)


def _energy_before(signal: Signal, edges: Frames, job: Job | None) -> npt.NDArray[np.float64]:
    """Return the K-weighted energy of all that lies before each of the ascending `edges`, piece by piece."""
    from scipy.signal import lfilter

    # In this order: in digital silence the shelf alone would soon count with denormal numbers, which is slow.
    filters = (_high_pass(signal.rate), _shelf(signal.rate))
    states = np.zeros((signal.channels, len(filters), 2))
    found, before = np.zeros(len(edges)), 0.0
    length = round(_LOUDNESS_SECONDS * signal.rate)
    for at in range(0, signal.frames, length):
        if job is not None:
            job.check(at / signal.frames)
        power = np.zeros(min(length, signal.frames - at))
        for channel, column in enumerate(signal.samples[at : at + length].T.astype(np.float64)):
            weighted = column
            for stage, (ahead, back) in enumerate(filters):
                weighted, states[channel, stage] = lfilter(ahead, back, weighted, zi=states[channel, stage])
            power += weighted * weighted
        energy = before + np.concatenate([[0.0], np.cumsum(power)])
        here = slice(*np.searchsorted(edges, [at, at + len(power) + 1]))
        found[here] = energy[edges[here] - at]
        states[np.abs(states) < _NOTHING] = 0.0
        before = float(energy[-1])
    return found


def integrated_loudness(signal: Signal, job: Job | None = None) -> float:
    """Return the integrated loudness in LUFS (ITU-R BS.1770-4).

    ``-inf`` where nothing passes the gates: silence, or less than one block of 400 ms.
    """
    powers = _block_powers(signal, job)
    gated = powers[powers > 10.0 ** ((_ABSOLUTE_GATE - _OFFSET) / 10.0)]
    if not len(gated):
        return -math.inf
    gated = gated[gated > gated.mean() * 10.0 ** (_RELATIVE_GATE / 10.0)]
    return float(_OFFSET + 10.0 * math.log10(gated.mean()))
