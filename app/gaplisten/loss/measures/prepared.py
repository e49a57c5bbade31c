"""Signals and gaps in the forms that measures need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.loss.measures.windows import Frames, Row, running_energy
from gaplisten.loss.trace import Gap

VOICE_RATE = 16_000


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
