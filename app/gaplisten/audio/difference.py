"""What one version of a sound has that another has not, as sources that can be drawn at any zoom."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.filemap import Frames, Raw, SampleSource

_BOTH_UNITS = 1.0


class _Pair:
    """Two sources on one clock; where one has ended it counts as silence."""

    def __init__(self, one: SampleSource, other: SampleSource) -> None:
        self.one, self.other = one, other

    @property
    def frames(self) -> int:
        """Length of the longer one, in frames."""
        return max(self.one.frames, self.other.frames)

    @property
    def rate(self) -> int:
        """Sampling rate in Hz."""
        return self.one.rate

    @property
    def scale(self) -> float:
        """Full scale is ±1.0 already."""
        return _BOTH_UNITS

    @property
    def grain(self) -> int:
        """The coarser one's."""
        return max(self.one.grain, self.other.grain)

    def raw(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``."""
        stop = min(stop, self.frames)
        return self._compared(_part(self.one, start, stop), _part(self.other, start, stop), start)

    def bulk(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)`` without keeping anything."""
        stop = min(stop, self.frames)
        return self._compared(_bulk_part(self.one, start, stop), _bulk_part(self.other, start, stop), start)

    def glimpse(self, start: int, count: int) -> Raw:
        """Return `count` frames from `start`."""
        return self.bulk(start, start + count)

    def gather(self, blocks: Frames, size: int) -> Raw:
        """Return whole blocks of frames; beyond the end the last frame is repeated."""
        raise NotImplementedError

    def _compared(self, one: Raw, other: Raw, start: int) -> Raw:
        raise NotImplementedError

    def loaded(self, start: int, stop: int) -> bool:
        """Whether both can be read now."""
        return all(
            source.loaded(start, min(stop, source.frames))
            for source in (self.one, self.other)
            if start < source.frames
        )


class DifferenceSource(_Pair):
    """`one` minus `other`, in float32; channels are matched, a mono one counts for every channel."""

    @property
    def channels(self) -> int:
        """Number of channels of the one that has more."""
        return max(self.one.channels, self.other.channels)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Float32."""
        return np.dtype(np.float32)

    def _compared(self, one: Raw, other: Raw, start: int) -> Raw:
        length = max(len(one), len(other))
        one, other = (_floats(raw, source, length) for raw, source in ((one, self.one), (other, self.other)))
        return np.subtract(one, other, dtype=np.float32)

    def gather(self, blocks: Frames, size: int) -> Raw:
        """Return the difference of whole blocks of frames."""
        one, other = _gathered(self.one, blocks, size), _gathered(self.other, blocks, size)
        return _repeat_last(np.subtract(one, other, dtype=np.float32), blocks, self.frames)


class AlteredSource(_Pair):
    """1 where a received frame of `one` is not what was received, 0 elsewhere.

    Parameters
    ----------
    one, received
        The version, and what came over the network.
    lost
        Shape ``(spans, 2)``: first and stop frame of each lost stretch, ascending and apart.
    tolerance
        Differences up to this (full scale 1.0) count as none; 0 compares exactly.
    """

    def __init__(
        self,
        one: SampleSource,
        received: SampleSource,
        lost: npt.NDArray[np.int64],
        tolerance: float = 0.0,
    ) -> None:
        super().__init__(one, received)
        # A stretch before everything spares a case for what lies before the first lost one.
        self._starts, self._stops = np.concatenate([[(-1, -1)], lost]).T
        self._tolerance = tolerance

    @property
    def channels(self) -> int:
        """One flag for all channels of a frame."""
        return 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """One byte a frame."""
        return np.dtype(np.uint8)

    def _compared(self, one: Raw, other: Raw, start: int) -> Raw:
        length = max(len(one), len(other))
        if self._same_numbers() and len(one) == len(other):
            changed = (one != other).any(axis=1)
        else:
            changed = self._differs(_floats(one, self.one, length), _floats(other, self.other, length))
        changed &= ~self._lost(np.arange(start, start + length))
        flags: Raw = changed.view(np.uint8)[:, None]
        return flags

    def gather(self, blocks: Frames, size: int) -> Raw:
        """Return the flags of whole blocks of frames."""
        if self._same_numbers() and int(blocks.max(initial=0) + 1) * size <= min(
            self.one.frames, self.other.frames
        ):
            changed = (self.one.gather(blocks, size) != self.other.gather(blocks, size)).any(axis=-1)
        else:
            changed = self._differs(_gathered(self.one, blocks, size), _gathered(self.other, blocks, size))
        positions = blocks[:, None] * size + np.arange(size)
        flags: Raw = (changed & ~self._lost(positions)).view(np.uint8)[..., None]
        return _repeat_last(flags, blocks, self.frames)

    def _same_numbers(self) -> bool:
        one, other = self.one, self.other
        return self._tolerance == 0.0 and one.dtype == other.dtype and one.channels == other.channels

    def _differs(self, one: Raw, other: Raw) -> npt.NDArray[np.bool_]:
        changed: npt.NDArray[np.bool_] = np.asarray((np.abs(one - other) > self._tolerance).any(axis=-1))
        return changed

    def _lost(self, frames: Frames) -> npt.NDArray[np.bool_]:
        found = np.searchsorted(self._starts, frames, "right") - 1
        return np.asarray(frames < self._stops[found], np.bool_)


def _part(source: SampleSource, start: int, stop: int) -> Raw:
    return source.raw(start, stop) if start < source.frames else np.zeros((0, source.channels), source.dtype)


def _bulk_part(source: SampleSource, start: int, stop: int) -> Raw:
    return source.bulk(start, stop) if start < source.frames else np.zeros((0, source.channels), source.dtype)


def _floats(raw: Raw, source: SampleSource, length: int) -> Raw:
    """Return raw samples as floats, with silence up to `length`."""
    floats = np.multiply(raw, np.float32(source.scale), dtype=np.float32)
    missing = length - len(floats)
    if missing <= 0:
        return np.asarray(floats)
    return np.asarray(np.pad(floats, ((0, missing), (0, 0))))


def _gathered(source: SampleSource, blocks: Frames, size: int) -> Raw:
    if source.frames == 0:
        return np.zeros((len(blocks), size, source.channels), np.float32)
    raw = source.gather(np.minimum(blocks, source.frames // size), size)
    floats = np.multiply(raw, np.float32(source.scale), dtype=np.float32)
    for at in np.flatnonzero((blocks + 1) * size > source.frames).tolist():
        floats[at, max(source.frames - int(blocks[at]) * size, 0) :] = 0.0
    return floats


def _repeat_last(rows: Raw, blocks: Frames, frames: int) -> Raw:
    """Repeat the last frame where a block reaches beyond the end."""
    size = rows.shape[1]
    for at in np.flatnonzero((blocks + 1) * size > frames).tolist():
        inside = max(frames - int(blocks[at]) * size, 1)
        rows[at, inside:] = rows[at, inside - 1]
    return rows
