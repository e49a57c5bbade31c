"""What one version of a sound has that another has not, as sources that can be drawn at any zoom."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.filemap import Frames, Raw, SampleSource, read_floats

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

    def raw(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``."""
        raise NotImplementedError

    def glimpse(self, start: int, count: int) -> Raw:
        """Return `count` frames from `start`, silence where they cannot be read yet."""
        if not self.loaded(start, start + count):
            return np.zeros((count, 1), np.float32)
        return self.raw(start, start + count)

    def load(self, start: int, stop: int) -> None:
        """Make both quick to read."""
        for source in (self.one, self.other):
            if start < source.frames:
                source.load(start, min(stop, source.frames))

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

    def raw(self, start: int, stop: int) -> Raw:
        """Return the difference of the frames ``[start, stop)``."""
        return np.subtract(_padded(self.one, start, stop), _padded(self.other, start, stop), dtype=np.float32)

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
        One flag per packet; packets beyond the end count as received.
    packet_frames
        Frames in a packet.
    tolerance
        Differences up to this (full scale 1.0) count as none; 0 compares exactly.
    """

    def __init__(
        self,
        one: SampleSource,
        received: SampleSource,
        lost: npt.NDArray[np.bool_],
        packet_frames: int,
        tolerance: float = 0.0,
    ) -> None:
        super().__init__(one, received)
        self._lost = np.append(lost, False)
        self._packet_frames, self._tolerance = packet_frames, tolerance

    @property
    def channels(self) -> int:
        """One flag for all channels of a frame."""
        return 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """One byte a frame."""
        return np.dtype(np.uint8)

    def raw(self, start: int, stop: int) -> Raw:
        """Return the flags of the frames ``[start, stop)``, shape ``(n, 1)``."""
        stop = min(stop, self.frames)
        if self._same_numbers() and stop <= min(self.one.frames, self.other.frames):
            changed = (self.one.raw(start, stop) != self.other.raw(start, stop)).any(axis=1)
        else:
            changed = self._differs(_padded(self.one, start, stop), _padded(self.other, start, stop))
        changed &= ~self._lost_between(start, stop)
        return changed.view(np.uint8)[:, None]

    def gather(self, blocks: Frames, size: int) -> Raw:
        """Return the flags of whole blocks of frames."""
        if self._same_numbers() and int(blocks.max(initial=0) + 1) * size <= min(
            self.one.frames, self.other.frames
        ):
            changed = (self.one.gather(blocks, size) != self.other.gather(blocks, size)).any(axis=-1)
        else:
            changed = self._differs(_gathered(self.one, blocks, size), _gathered(self.other, blocks, size))
        positions = blocks[:, None] * size + np.arange(size)
        packets = np.minimum(positions // self._packet_frames, len(self._lost) - 1)
        flags: Raw = (changed & ~self._lost[packets]).view(np.uint8)[..., None]
        return _repeat_last(flags, blocks, self.frames)

    def _same_numbers(self) -> bool:
        one, other = self.one, self.other
        return self._tolerance == 0.0 and one.dtype == other.dtype and one.channels == other.channels

    def _differs(self, one: Raw, other: Raw) -> npt.NDArray[np.bool_]:
        changed: npt.NDArray[np.bool_] = np.asarray((np.abs(one - other) > self._tolerance).any(axis=-1))
        return changed

    def _lost_between(self, start: int, stop: int) -> npt.NDArray[np.bool_]:
        first, last = start // self._packet_frames, -(-stop // self._packet_frames)
        packets = np.minimum(np.arange(first, last), len(self._lost) - 1)
        begin = start - first * self._packet_frames
        return np.repeat(self._lost[packets], self._packet_frames)[begin : begin + stop - start]


def _padded(source: SampleSource, start: int, stop: int) -> Raw:
    found = read_floats(source, start, stop) if start < source.frames else _nothing(source)
    missing = stop - start - len(found)
    return np.pad(found, ((0, missing), (0, 0))) if missing > 0 else found


def _nothing(source: SampleSource) -> Raw:
    return np.zeros((0, source.channels), np.float32)


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
