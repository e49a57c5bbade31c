"""What a concealer is given for gaps that lie off the packets, and what is taken of its answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.loss.trace import Grid, LossTrace

UNKNOWN_PACKET_MS = 10  # what concealers work in where nothing is known of packets


@dataclass(frozen=True, eq=False)
class Cover:
    """Whole packets, counted from frame 0, that hold all that was lost of a signal.

    Parameters
    ----------
    trace
        The packets that a concealer is told of. It speaks of `before` frames more than the signal has.
    before
        Frames of silence to put before the signal, so that packets begin where those of the clip do.
    exact
        Whether these packets hold nothing but what was lost. Otherwise only the lost frames of the
        concealer's answer are used.
    """

    trace: LossTrace
    lost: LossTrace
    before: int
    exact: bool

    @classmethod
    def of(cls, trace: LossTrace, frames: int) -> Cover:
        """Return the packets that cover a trace's gaps in a signal of `frames` frames.

        They lie on the trace's own grid, and are 10 ms long where it has none.
        """
        lost = trace.fitted(frames)
        if lost.on_grid and lost.grid is not None and not lost.grid.offset:
            return cls(lost, lost, 0, True)
        grid = lost.grid or Grid(max(trace.rate * UNKNOWN_PACKET_MS // 1000, 1))
        covering = LossTrace.of_packets(lost.touching(grid), grid.length, trace.rate, trace.origin)
        return cls(covering, lost, -grid.offset, lost.on_grid)

    def given(self, lossy: Signal) -> Signal:
        """Return what the concealer hears.

        Parameters
        ----------
        lossy
            The signal, exactly zero where it was lost.

        Returns
        -------
        signal
            The same with `before` frames of silence, exactly zero in all of these packets.
        """
        if self.trace is self.lost:
            return lossy
        samples = np.pad(lossy.samples, ((self.before, 0), (0, 0)))
        samples[self.trace.mask(len(samples))] = 0
        return Signal(samples, lossy.rate)

    def taken(self, lossy: Signal, made: Samples) -> Samples:
        """Return the concealed signal: the concealer's answer, or of it only what was lost.

        Parameters
        ----------
        lossy
            The signal that `given` was made of.
        made
            The concealer's answer, as long as what it was given.
        """
        made = made[self.before :]
        if self.exact:
            return made
        return np.where(self.lost.mask(lossy.frames)[:, None], made, lossy.samples)
