"""Signals and gaps in the forms that measures need, and many stretches cut out of one signal at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import Gap

Row = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float64]
Frames = npt.NDArray[np.int64]
T = TypeVar("T")
VOICE_RATE = 16_000
FLOOR = 1e-4  # -80 dBFS: three steps of 16 bits
POWER_FLOOR = 1e-7  # -70 dBFS
LEVEL_FRAME_MS = 5.0
MUTED_DB = -60.0
MAD = 1.4826  # makes a median of magnitudes a standard deviation, for normally distributed values


def stretches(signal: Row, starts: Frames, length: int) -> Rows:
    """Return the stretches of `length` frames beginning at each start.

    Parameters
    ----------
    signal
        Shape ``(frames,)``.
    starts
        Shape ``(n,)``; may lie before the beginning or beyond the end.

    Returns
    -------
    rows
        Shape ``(n, length)``, zero where there is no signal.
    """
    if not starts.size or not signal.size:
        return np.zeros((starts.size, length))
    if length > signal.size:
        return _padded(signal, starts, length)
    inner = np.minimum(np.maximum(starts, 0), signal.size - length)
    step = signal.strides[0]  # by hand: sliding_window_view takes longer than the few rows of a length
    shape = (signal.size - length + 1, length)
    rows: Rows = as_strided(signal, shape, (step, step), writeable=False)[inner]
    beyond = np.flatnonzero(inner != starts)
    if beyond.size:
        rows[beyond] = _padded(signal, starts[beyond], length)
    return rows


def _padded(signal: Row, starts: Frames, length: int) -> Rows:
    at = starts[:, None] + np.arange(length)
    rows: Rows = signal[np.clip(at, 0, signal.size - 1)]
    rows[(at < 0) | (at >= signal.size)] = 0.0
    return rows


def decibel(power: Rows, out: Rows | None = None) -> Rows:
    """Return ten times the decimal logarithm, in `out` if that is given."""
    found = np.log10(power, out=out)
    found *= 10.0
    return found


def medians(rows: Rows) -> Row:
    """Return the median of each row, as `numpy.median`, which takes three times as long; rows are sorted."""
    size = rows.shape[1]
    rows.sort(axis=1)
    found: Row = (rows[:, (size - 1) // 2] + rows[:, size // 2]) / 2
    return found


def running_energy(signal: Row) -> Row:
    """Return the energy before each frame, shape ``(frames + 1,)``; `mean_power` takes differences."""
    energy = np.zeros(signal.size + 1)
    np.square(signal, out=energy[1:])
    np.cumsum(energy[1:], out=energy[1:])
    return energy


def mean_power(energy: Row, starts: Frames, stops: Frames) -> Row:
    """Return the mean square of each stretch ``[start, stop)`` (0 for an empty one).

    Parameters
    ----------
    energy
        As `running_energy` gives it. Beyond the signal's ends there is silence.
    """
    end = energy.size - 1
    first, last = np.minimum(np.maximum(starts, 0), end), np.minimum(np.maximum(stops, 0), end)
    power: Row = np.maximum(energy[last] - energy[first], 0.0) / np.maximum(stops - starts, 1)
    return power


def nearer_0(one: Row, other: Row) -> Row:
    """Return of each pair the value that is nearer to 0; NaN where one is."""
    return np.where(np.abs(other) < np.abs(one), other, one)


def inside(values: Row, edges: Frames, frames: int) -> Row:
    """Return the values of edges that have sound on both sides, NaN for the others."""
    return np.where((edges > 0) & (edges < frames), values, np.nan)


@lru_cache(maxsize=64)
def hann(frames: int) -> Row:
    """Return a symmetric Hann window whose first and last values are 0; not to be written into."""
    return np.hanning(frames)


@cache
def fast_length(least: int) -> int:
    """Return the smallest length from `least` on for which the Fourier transform is fast.

    A product of 2, 3 and 5 alone, as of `scipy.fft.next_fast_len`, whose import takes a quarter of a second.
    """
    best = _power_of_two(least)
    fives = 1
    while fives < best:
        threes = fives
        while threes < best:
            best = min(best, threes * _power_of_two(-(-least // threes)))
            threes *= 3
        fives *= 5
    return best


def _power_of_two(least: int) -> int:
    return 1 << max(least - 1, 0).bit_length()


@dataclass(frozen=True, eq=False)
class Prepared:
    """A signal in the forms that measures need, each made when one needs it.

    Parameters
    ----------
    other_voice
        What `voice` is to be instead of the same signal.
    piece_of
        The sound that this is a piece of; None for a whole one.
    """

    row: Row
    rate: int
    other_voice: Row | None = None
    piece_of: object = None
    forms: dict[Hashable, object] = field(default_factory=dict, init=False)

    def once(self, key: Hashable, work: Callable[[], T]) -> T:
        """Return another form of the whole signal, whatever its gaps are, made once."""
        if key not in self.forms:
            self.forms[key] = work()
        return cast("T", self.forms[key])

    @property
    def identity(self) -> int:
        """The same number for all pieces of a sound."""
        return id(self if self.piece_of is None else self.piece_of)

    @property
    def voice_rate(self) -> int:
        """The rate of `voice`, 16 kHz or less: pitch lies far below."""
        return min(self.rate, VOICE_RATE) if self.row.size else self.rate

    @cached_property
    def voice(self) -> Row:
        """The same signal at `voice_rate`."""
        if self.other_voice is not None:
            return self.other_voice
        if self.rate == self.voice_rate:
            return self.row
        return resample(Signal.of(self.row, self.rate), self.voice_rate).mono.astype(np.float64)

    @cached_property
    def energy(self) -> Row:
        """The running energy of `row`."""
        return running_energy(self.row)

    @cached_property
    def sums(self) -> Row:
        """The sum of `row` before each frame, shape ``(frames + 1,)``."""
        sums = np.zeros(self.row.size + 1)
        np.cumsum(self.row, out=sums[1:])
        return sums

    def means(self, starts: Frames, stops: Frames) -> Rows:
        """Return the mean of each stretch ``[start, stop)``, none of them empty; silence beyond the ends."""
        first, last = (np.minimum(np.maximum(each, 0), self.row.size) for each in (starts, stops))
        found: Rows = (self.sums[last] - self.sums[first]) / (stops - starts)
        return found


@dataclass(frozen=True, eq=False)
class Places:
    """Where gaps begin and end, and where the received sound around them does.

    Parameters
    ----------
    starts, stops
        Shape ``(n,)``, ascending.
    before, after
        Where the gap before ends (0 for the first) and the next one begins (the clip's end for the last).
    whole, number
        For a block of gaps: all gaps of the clip, and which of them is the block's first.
    """

    starts: Frames
    stops: Frames
    before: Frames
    after: Frames
    rate: int
    whole: Places | None = None
    number: int = 0
    memo: dict[tuple[Hashable, int], object] = field(default_factory=dict)

    @classmethod
    def of(cls, gaps: Sequence[Gap], rate: int, frames: int) -> Places:
        """Take the places of all gaps of a clip of so many frames."""
        starts = np.array([gap.start for gap in gaps], np.int64)
        stops = np.array([gap.stop for gap in gaps], np.int64)
        return cls(starts, stops, np.append(0, stops)[:-1], np.append(starts, frames)[1:], rate)

    def blocks(self, size: int) -> list[Places]:
        """Return the same in blocks of so many gaps; one empty block where there is no gap."""
        return [
            self.piece(slice(at, min(at + size, self.starts.size)), 0)
            for at in range(0, max(1, self.starts.size), size)
        ]

    def piece(self, some: slice, begin: int) -> Places:
        """Return some gaps on a clock that begins at a frame of the clip."""
        ends = (self.starts, self.stops, self.before, self.after)
        starts, stops, before, after = (each[some] - begin for each in ends)
        return Places(starts, stops, before, after, self.rate, self, some.start)

    @property
    def last_is_the_clips(self) -> bool:
        """Whether no gap of the clip comes after these."""
        return self.whole is None or self.number + self.starts.size == self.whole.starts.size

    def once(self, key: Hashable, work: Callable[[], T], of: int = 0) -> T:
        """Return what follows from the gaps, or from them and one signal, made once.

        Parameters
        ----------
        of
            The identity of a version that it follows from; 0 where all versions share it.
        """
        if (key, of) not in self.memo:
            self.memo[key, of] = work()
        return cast("T", self.memo[key, of])

    def latest(self, key: Hashable, state: Hashable, work: Callable[[], T]) -> T:
        """Return what follows from the gaps, one signal and a state that versions may share or not.

        Only that of the last state asked for is remembered: it takes no more room the more versions there
        are.
        """
        known = self.memo.get((key, 0))
        if not isinstance(known, tuple) or known[0] != state:
            known = self.memo[key, 0] = (state, work())
        return cast("T", known[1])

    def forget(self, version: Prepared) -> None:
        """Drop what was remembered of a version that is done with."""
        for key in [each for each in self.memo if each[1] == version.identity]:
            del self.memo[key]

    def at(self, rate: int) -> tuple[Frames, Frames]:
        """Return starts and stops on a clock of another rate."""
        return self.starts * rate // self.rate, self.stops * rate // self.rate

    @property
    def frames(self) -> Frames:
        """The length of each gap."""
        return self.stops - self.starts

    @cached_property
    def _lost(self) -> Frames:
        """Every lost frame, gap by gap."""
        ranges = [np.arange(start, stop) for start, stop in pairs(self)]
        return np.concatenate(ranges) if ranges else self.starts

    @cached_property
    def _first(self) -> Frames:
        return np.cumsum(self.frames) - self.frames

    @cached_property
    def level_frames(self) -> tuple[Frames, Frames]:
        """Where the whole 5 ms frames of all gaps begin, and how many of them each gap has."""
        size = level_frame(self.rate)
        counts = self.frames // size
        number = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(self.starts, counts) + size * number, counts

    def lost(self, row: Row) -> Row:
        """Return the samples of all gaps, one after the other."""
        return np.asarray(row[self._lost])

    def sums(self, samples: Row) -> Row:
        """Return the sum of each gap's samples, as `lost` gives them."""
        return np.asarray(np.add.reduceat(samples, self._first)) if self.starts.size else np.zeros(0)

    def powers(self, samples: Row) -> Row:
        """Return the mean square of each gap's samples, as `lost` gives them."""
        return self.sums(samples**2) / np.maximum(self.frames, 1)


def pairs(places: Places) -> list[tuple[int, int]]:
    """Return where each gap begins and ends."""
    return list(zip(places.starts.tolist(), places.stops.tolist(), strict=True))


def level_frame(rate: int) -> int:
    """Return the length of a frame of 5 ms."""
    return max(1, round(LEVEL_FRAME_MS * rate / 1000))


def gap_levels(signal: Row, places: Places) -> Row:
    """Return the levels of the whole 5 ms frames of all gaps, dBFS, floored at -70."""
    rows = stretches(signal, places.level_frames[0], level_frame(places.rate))
    return decibel(np.mean(rows**2, axis=1) + POWER_FLOOR)


def prepared(signal: Signal, frames: int) -> Prepared:
    """Bring a signal to one channel and `frames` frames, silent where it is shorter."""
    row = np.zeros(frames)
    mono = signal.mono[:frames]
    row[: mono.size] = mono
    return Prepared(row, signal.rate)
