"""Signals and gaps in the forms that measures need, and many stretches cut out of one signal at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import Gap

Row = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float64]
Frames = npt.NDArray[np.int64]
VOICE_RATE = 16_000


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
    at = starts[:, None] + np.arange(length)
    rows: Rows = signal[np.clip(at, 0, signal.size - 1)]
    rows[(at < 0) | (at >= signal.size)] = 0.0
    return rows


def decibel(power: Rows) -> Rows:
    """Return ten times the decimal logarithm."""
    return np.asarray(10.0 * np.log10(power))


def running_energy(signal: Row) -> Row:
    """Return the energy before each frame, shape ``(frames + 1,)``; `mean_power` takes differences."""
    return np.concatenate(([0.0], np.cumsum(signal**2)))


def mean_power(energy: Row, starts: Frames, stops: Frames) -> Row:
    """Return the mean square of each stretch ``[start, stop)`` (0 for an empty one).

    Parameters
    ----------
    energy
        As `running_energy` gives it. Beyond the signal's ends there is silence.
    """
    first, last = np.clip(starts, 0, energy.size - 1), np.clip(stops, 0, energy.size - 1)
    power: Row = np.maximum(energy[last] - energy[first], 0.0) / np.maximum(stops - starts, 1)
    return power


def fast_length(least: int) -> int:
    """Return a length of at least `least` for which the Fourier transform is fast."""
    from scipy.fft import next_fast_len

    return int(next_fast_len(least, real=True))


@dataclass(frozen=True, eq=False)
class Prepared:
    """A signal in the forms that measures need.

    Parameters
    ----------
    voice, voice_rate
        The same signal at 16 kHz or less: pitch lies far below.
    """

    row: Row
    rate: int
    voice: Row
    voice_rate: int

    @cached_property
    def energy(self) -> Row:
        """The running energy of `row`."""
        return running_energy(self.row)


@dataclass(frozen=True, eq=False)
class Places:
    """Where the gaps begin and end."""

    starts: Frames
    stops: Frames
    rate: int

    @classmethod
    def of(cls, gaps: Sequence[Gap], rate: int) -> Places:
        """Take the places of some gaps."""
        starts, stops = [gap.start for gap in gaps], [gap.stop for gap in gaps]
        return cls(np.array(starts, np.int64), np.array(stops, np.int64), rate)

    def at(self, rate: int) -> tuple[Frames, Frames]:
        """Return starts and stops on a clock of another rate."""
        return self.starts * rate // self.rate, self.stops * rate // self.rate


def prepared(signal: Signal, frames: int) -> Prepared:
    """Bring a signal to one channel and `frames` frames, silent where it is shorter."""
    row = np.zeros(frames)
    mono = signal.mono[:frames]
    row[: mono.size] = mono
    if signal.rate <= VOICE_RATE or not frames:
        return Prepared(row, signal.rate, row, signal.rate)
    voice = resample(Signal.of(row, signal.rate), VOICE_RATE).mono.astype(np.float64)
    return Prepared(row, signal.rate, voice, VOICE_RATE)
