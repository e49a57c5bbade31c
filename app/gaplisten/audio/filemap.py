"""Samples by the block: memory-mapped files and signals behind one small interface.

Drawing an hour of sound must not need an hour of floats in memory, so everything that draws asks a
`SampleSource` for the frames it needs, in the file's own number format.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples, Signal
from gaplisten.errors import GaplistenError

Raw = npt.NDArray[Any]
Frames = npt.NDArray[np.int64]


class SourceError(GaplistenError):
    """A file cannot be read block by block."""


@runtime_checkable
class SampleSource(Protocol):
    """Sound that can be read in pieces, in its own number format.

    `raw * scale` gives samples of full scale ±1.0. Positions are frames.
    """

    @property
    def frames(self) -> int:
        """Length in frames."""
        ...

    @property
    def rate(self) -> int:
        """Sampling rate in Hz."""
        ...

    @property
    def channels(self) -> int:
        """Number of channels."""
        ...

    @property
    def scale(self) -> float:
        """What one unit of the raw numbers is worth."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Number format of the raw samples."""
        ...

    @property
    def grain(self) -> int:
        """Wide columns begin at multiples of this; 1 where any frame is quick to reach."""
        ...

    def raw(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``, shape ``(stop - start, channels)``."""
        ...

    def gather(self, blocks: Frames, size: int) -> Raw:
        """Return whole blocks of `size` frames by their numbers, shape ``(len(blocks), size, channels)``.

        Beyond the end the last frame is repeated.
        """
        ...

    def glimpse(self, start: int, count: int) -> Raw:
        """Return `count` frames from `start` without reading around them; called from worker threads."""
        ...

    def bulk(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``, valid until the same thread's next call."""
        ...

    def loaded(self, start: int, stop: int) -> bool:
        """Whether ``[start, stop)`` can be read (a file that was changed meanwhile cannot)."""
        ...


@runtime_checkable
class KeepsPieces(Protocol):
    """A source that is slow to reach but keeps short pieces at even distances."""

    @property
    def near_every(self) -> int:
        """Distance of the pieces in frames."""
        ...

    def near(self, centres: Frames, size: int) -> Raw | None:
        """Return pieces of `size` frames within `near_every` of `centres`, or None if any is missing."""
        ...


Sound = Signal | SampleSource
"""What can be heard and drawn: sound in memory, or read from its file by the block."""


def read_floats(source: SampleSource, start: int, stop: int) -> Samples:
    """Return the frames ``[start, stop)`` as float32 of full scale ±1.0, shape ``(n, channels)``."""
    return np.multiply(source.raw(start, stop), np.float32(source.scale), dtype=np.float32)


def gather_rows(data: Raw, blocks: Frames, size: int) -> Raw:
    """Return blocks of `size` rows of `data` by number; the last row is repeated beyond the end."""
    whole = len(data) // size
    # Whole blocks are copied as one piece each, which is far quicker than row by row.
    as_blocks = data[: whole * size].reshape(whole, size, data.shape[1])
    found: Raw = (
        as_blocks[np.minimum(blocks, whole - 1)]
        if whole
        else np.empty((len(blocks), size, data.shape[1]), data.dtype)
    )
    for at in np.flatnonzero(blocks >= whole).tolist():
        found[at] = data[np.minimum(np.arange(size) + int(blocks[at]) * size, len(data) - 1)]
    return found


class ArraySource:
    """An array of raw samples, shape ``(frames, channels)``, in memory or mapped from a file."""

    def __init__(self, data: Raw, rate: int, scale: float = 1.0) -> None:
        self._data, self._rate, self._scale = data, rate, scale

    @property
    def frames(self) -> int:
        """Length in frames."""
        return int(self._data.shape[0])

    @property
    def rate(self) -> int:
        """Sampling rate in Hz."""
        return self._rate

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self._data.shape[1])

    @property
    def scale(self) -> float:
        """What one unit of the raw numbers is worth."""
        return self._scale

    @property
    def dtype(self) -> np.dtype[Any]:
        """Number format of the raw samples."""
        return self._data.dtype

    @property
    def grain(self) -> int:
        """Any frame is quick to reach."""
        return 1

    def raw(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``."""
        return self._data[start:stop]

    def gather(self, blocks: Frames, size: int) -> Raw:
        """Return whole blocks of frames."""
        return gather_rows(self._data, blocks, size)

    def glimpse(self, start: int, count: int) -> Raw:
        """Return `count` frames from `start`."""
        return self.raw(start, start + count)

    def bulk(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``."""
        return self.raw(start, stop)

    def loaded(self, start: int, stop: int) -> bool:
        """Return True."""
        return True


def as_source(sound: Sound) -> SampleSource:
    """Return `sound` as something that can be read in pieces."""
    if not isinstance(sound, Signal):
        return sound
    lies_in: SampleSource | None = getattr(sound.samples, "source", None)  # of `longfile.FileSamples`
    return ArraySource(sound.samples, sound.rate) if lies_in is None else lies_in
