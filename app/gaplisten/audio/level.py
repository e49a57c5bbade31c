"""How loud a sound is: active speech level (ITU-T P.56, method B), loudness (ITU-R BS.1770-4), peak."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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
Envelope = npt.NDArray[np.float64]
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
    size = max(1, min(round(_BLOCK_DECAY / decay), len(magnitude)))
    return _leaky(_leaky(magnitude, decay, size)[0], decay, size)[0]


def _leaky(magnitude: Envelope, decay: float, size: int, before: float = 0.0) -> tuple[Envelope, float]:
    """Return ``y[n] = g y[n-1] + (1 - g) x[n]`` with ``g = exp(-decay)``, for x that are not negative.

    Taken apart into blocks of `size` that are short enough for their sums of growing weights: nothing is ever
    subtracted, so each value is right to some 1e-13 of itself. It takes as long as a filter of SciPy's,
    whose import takes longer than all else on the way to a clip that is shown.

    Parameters
    ----------
    before
        What is left of all that came before: the second value returned, of a piece of whole blocks.
    """
    padded = np.zeros(-(-len(magnitude) // size) * size)
    padded[: len(magnitude)] = magnitude
    blocks = padded.reshape(-1, size)
    growing = np.exp(decay * np.arange(1, size + 1))
    blocks *= growing * -math.expm1(-decay)
    np.cumsum(blocks, axis=1, out=blocks)
    left, last = np.full((len(blocks) + 1, 1), before), 1.0 / float(growing[-1])
    for number in range(len(blocks)):
        carried = last * float(left[number, 0] + blocks[number, -1])
        left[number + 1] = carried if carried > _NOTHING else 0.0
    blocks += left[:-1]
    blocks /= growing
    return padded[: len(magnitude)], float(left[-1, 0])


class _Activity:
    """Counts the samples at which an envelope reaches a threshold, and those within the hangover after."""

    def __init__(self, threshold: float, hangover: int) -> None:
        self._threshold, self._hangover = threshold, hangover
        self._active, self._last, self._at = 0, -1, 0

    def add(self, envelope: Envelope) -> None:
        """Count what comes next."""
        reached = self._at + np.flatnonzero(envelope >= self._threshold)
        self._at += len(envelope)
        if not len(reached):
            return
        if self._last >= 0:
            self._active += min(int(reached[0]) - self._last, self._hangover + 1)
        self._active += int(np.minimum(np.diff(reached), self._hangover + 1).sum())
        self._last = int(reached[-1])

    @property
    def samples(self) -> int:
        """How many there are, if nothing more comes."""
        more = min(self._at - self._last, self._hangover + 1) if self._last >= 0 else 0
        return self._active + more


def _active_samples(envelope: Envelope, threshold: float, hangover: int) -> int:
    activity = _Activity(threshold, hangover)
    for at in range(0, len(envelope), _COUNTED):
        activity.add(envelope[at : at + _COUNTED])
    return activity.samples


def _decibels(power: float) -> float:
    return 10.0 * math.log10(power) if power > 0 else SILENCE_DBOV


def _one_channel(samples: Column, rate: int) -> ActiveLevel:
    """Measure a channel as the Recommendation says, sample by sample."""
    exact = np.ascontiguousarray(samples, dtype=np.float64)
    envelope, hangover = _smoothed(np.abs(exact), rate), math.ceil(HANGOVER * rate)

    def active(threshold: float) -> int:
        return _active_samples(envelope, threshold, hangover)

    return _method_b(float(np.dot(exact, exact)), len(exact), active)


class _LongChannel:
    """Measures a long channel, with the mean of each `STEP_MS` in place of its samples' magnitudes.

    Two such means lie within a thirtieth of the smoothing's time constant, so the envelope is hardly another
    one, and an hour at 48 kHz takes about a second. Nothing of it is kept but sums.
    """

    def __init__(self, rate: int, dtype: np.dtype[Any]) -> None:
        self._step = max(1, round(rate * STEP_MS / 1000.0))
        self._weights = np.full(self._step, 1.0 / self._step, dtype)
        self._decay = self._step / (rate * TIME_CONSTANT)
        self._size = round(_BLOCK_DECAY / self._decay)
        hangover = math.ceil(HANGOVER * rate / self._step)
        self._activities = {2.0**-each: _Activity(2.0**-each, hangover) for each in range(1, THRESHOLDS + 1)}
        self._frames, self._energy, self._left = 0, 0.0, (0.0, 0.0)
        self._means: list[Envelope] = []
        self._portions = _Portions(self._step * _STEPS, self._take)

    def add(self, samples: Column) -> None:
        """Take what comes next, shape ``(frames,)``."""
        self._portions.add(samples)

    def level(self) -> ActiveLevel:
        """Return the level of all that came; nothing more may come."""
        self._portions.end()
        self._smooth(everything=True)
        return _method_b(self._energy, self._frames, self._active)

    def _active(self, threshold: float) -> int:
        return self._step * self._activities[threshold].samples

    def _take(self, samples: Column) -> None:
        piece = np.abs(samples)
        self._frames += len(piece)
        self._energy += float(np.dot(piece, piece))
        rest = -len(piece) % self._step
        magnitudes = np.pad(piece, (0, rest)) if rest else piece
        self._means.append(magnitudes.reshape(-1, self._step) @ self._weights)
        self._smooth()

    def _smooth(self, everything: bool = False) -> None:
        """Smooth whole blocks of means, which may be followed by others, or all that are left."""
        means = np.concatenate([np.zeros(0), *self._means])
        whole = len(means) if everything else len(means) // self._size * self._size
        self._means = [means[whole:]]
        once, first = _leaky(means[:whole], self._decay, self._size, self._left[0])
        envelope, second = _leaky(once, self._decay, self._size, self._left[1])
        self._left = first, second
        for activity in self._activities.values():
            activity.add(envelope)


class _Portions:
    """Hands sound on in portions of one length, whatever the pieces that it comes in; the last is shorter."""

    def __init__(self, length: int, take: Callable[[npt.NDArray[Any]], None]) -> None:
        self._length, self._take = length, take
        self._rest: npt.NDArray[Any] | None = None

    def add(self, piece: npt.NDArray[Any]) -> None:
        """Hand on what is whole by now."""
        there = piece if self._rest is None else np.concatenate([self._rest, piece])
        whole = len(there) // self._length * self._length
        for at in range(0, whole, self._length):
            self._take(there[at : at + self._length])
        self._rest = there[whole:].copy()

    def end(self) -> None:
        """Hand on what is left."""
        if self._rest is not None and len(self._rest):
            self._take(self._rest)
        self._rest = None


def _one_long_channel(samples: Column, rate: int) -> ActiveLevel:
    channel = _LongChannel(rate, samples.dtype)
    channel.add(samples)
    return channel.level()


def _method_b(energy: float, frames: int, active_at: Callable[[float], int]) -> ActiveLevel:
    """Find the active level.

    Parameters
    ----------
    active_at
        Gives the number of active frames at a threshold.
    """
    if not frames or energy <= 0.0:
        return ActiveLevel(SILENCE_DBOV, 0.0, SILENCE_DBOV)
    rms = _decibels(energy / frames)
    below: Point | None = None
    for exponent in range(THRESHOLDS, 0, -1):  # from the lowest threshold up
        active = active_at(2.0**-exponent)
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
        return _of_file(samples, rate, loudness=False, job=None).active
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


class _Loudness:
    """Sums up the K-weighted power of each 400 ms block, overlapping by three quarters."""

    def __init__(self, rate: int, channels: int, frames: int) -> None:
        self._size, hop = round(0.4 * rate), round(0.1 * rate)
        self._starts = (
            np.arange(0, frames - self._size + 1, hop) if frames >= self._size else np.zeros(0, int)
        )
        self._edges = np.union1d(self._starts, self._starts + self._size)
        # In this order: in digital silence the shelf alone would soon count with denormal numbers, which is
        # slow.
        self._filters = (_high_pass(rate), _shelf(rate))
        self._states = np.zeros((channels, len(self._filters), 2))
        self._energies, self._before, self._at = np.zeros(len(self._edges)), 0.0, 0
        self._portions = _Portions(round(_LOUDNESS_SECONDS * rate), self._take)

    def add(self, samples: npt.NDArray[np.float32]) -> None:
        """Take what comes next, shape ``(frames, channels)``."""
        if len(self._starts):
            self._portions.add(samples)

    def _take(self, samples: npt.NDArray[np.float32]) -> None:
        from scipy.signal import lfilter

        power = np.zeros(len(samples))
        for channel, column in enumerate(samples.T.astype(np.float64)):
            weighted = column
            for stage, (ahead, back) in enumerate(self._filters):
                state = self._states[channel, stage]
                weighted, self._states[channel, stage] = lfilter(ahead, back, weighted, zi=state)
            power += weighted * weighted
        energy = self._before + np.concatenate([[0.0], np.cumsum(power)])
        here = slice(*np.searchsorted(self._edges, [self._at, self._at + len(power) + 1]))
        self._energies[here] = energy[self._edges[here] - self._at]
        self._states[np.abs(self._states) < _NOTHING] = 0.0
        self._before, self._at = float(energy[-1]), self._at + len(power)

    def lufs(self) -> float:
        """Return the integrated loudness of all that came; nothing more may come."""
        self._portions.end()
        before, after = (
            self._energies[np.searchsorted(self._edges, at)]
            for at in (self._starts, self._starts + self._size)
        )
        powers = (after - before) / self._size
        gated = powers[powers > 10.0 ** ((_ABSOLUTE_GATE - _OFFSET) / 10.0)]
        if not len(gated):
            return -math.inf
        gated = gated[gated > gated.mean() * 10.0 ** (_RELATIVE_GATE / 10.0)]
        return float(_OFFSET + 10.0 * math.log10(gated.mean()))


def integrated_loudness(signal: Signal, job: Job | None = None) -> float:
    """Return the integrated loudness in LUFS (ITU-R BS.1770-4).

    ``-inf`` where nothing passes the gates: silence, or less than one block of 400 ms.
    """
    loudness = _Loudness(signal.rate, signal.channels, signal.frames)
    length = round(_LOUDNESS_SECONDS * signal.rate)
    for at in range(0, signal.frames, length):
        if job is not None:
            job.check(at / signal.frames)
        loudness.add(signal.samples[at : at + length])
    return loudness.lufs()


@dataclass(frozen=True)
class Levels:
    """All levels of one sound.

    Parameters
    ----------
    active
        ITU-T P.56.
    lufs
        ITU-R BS.1770; ``-inf`` for silence, NaN where it was not asked for.
    peak
        Largest magnitude, full scale 1.0.
    """

    active: ActiveLevel
    lufs: float
    peak: float


def levels(signal: Signal, job: Job | None = None, *, loudness: bool = True) -> Levels:
    """Return active level, loudness and peak of a sound; a long one that lies in a file is read once.

    Parameters
    ----------
    loudness
        Whether that is wanted, too: it takes longer than the others together.
    """
    lies_in = longfile.file_of(signal)
    if lies_in is not None and signal.seconds > LONG_SECONDS:
        return _of_file(lies_in, signal.rate, loudness=loudness, job=job)
    active = active_level(signal.samples, signal.rate)
    return Levels(active, integrated_loudness(signal, job) if loudness else math.nan, peak(signal))


def _of_file(samples: longfile.FileSamples, rate: int, *, loudness: bool, job: Job | None) -> Levels:
    frames, channels = samples.shape
    each = [_LongChannel(rate, samples.dtype) for _ in range(channels)]
    loud = _Loudness(rate, channels, frames) if loudness else None
    read = 0
    for piece in samples.pieces():
        if job is not None:
            job.check(read / frames)
        read += len(piece)
        for number, channel in enumerate(each):
            channel.add(piece[:, number])
        if loud is not None:
            loud.add(piece)
    active = _of_all([channel.level() for channel in each])
    return Levels(active, math.nan if loud is None else loud.lufs(), samples.peak)
