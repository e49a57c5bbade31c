"""A long sound at another rate: resampled where it is looked at, to the bit as the whole would be."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gaplisten.audio.blocks import BlockSource
from gaplisten.audio.filemap import Raw
from gaplisten.audio.longfile import FileSamples, file_of, long_signal
from gaplisten.audio.resample import PieceResampler, resample
from gaplisten.audio.signal import Samples, Signal


class ResampledSource(BlockSource):
    """Samples that lie in a file, at another rate.

    Parameters
    ----------
    samples
        At their own `rate`.
    wanted
        In Hz; not their own rate.
    """

    def __init__(self, samples: FileSamples, rate: int, wanted: int) -> None:
        self.path = str(getattr(samples.source, "path", "a sound"))
        self._samples, self._rates = samples, (rate, wanted)
        frames = PieceResampler(samples.read, *samples.shape, rate, wanted).frames
        super().__init__(frames, wanted, samples.shape[1], np.dtype(np.float32), 1.0)

    def loaded(self, start: int, stop: int) -> bool:
        """Whether the file is still the one that was opened."""
        return self._samples.source.loaded(0, len(self._samples))

    def _fill(self, found: Raw, start: int) -> Raw:
        # Each thread goes its own way through the sound: going on is quick, and a resampler is nobody else's.
        if not hasattr(self._own, "resampler"):
            self._own.resampler = PieceResampler(self._samples.read, *self._samples.shape, *self._rates)
        found[:] = self._own.resampler.read(start, start + len(found))
        return found


def at_rate(signal: Signal, rate: int) -> Signal:
    """Return the signal at another rate as `resample` does; what lies in a file is left there.

    It is the same object for as long as somebody has it.
    """
    lies_in = file_of(signal)
    if lies_in is None or signal.rate == rate:
        return resample(signal, rate)

    def whole() -> Samples:
        return _whole(lies_in, signal.rate, rate)

    source = ResampledSource(lies_in, signal.rate, rate)
    return long_signal(
        Path(source.path), ("at", rate, id(lies_in)), source, whole, (_whole, (lies_in, signal.rate, rate))
    )


def _whole(samples: FileSamples, rate: int, wanted: int) -> Samples:
    return resample(Signal(np.asarray(samples), rate), wanted).samples
