"""Long lanes as blocks of frames in a bounded piece of shared memory, filled while they are played.

All lanes of a programme share one table: a slot holds the same block of every lane, so that lanes are always
in step. The table is the only thing that both sides write and read: the feeder puts a block's number there
after the block is whole, and takes it away some time before the slot is used again. Each block brings along
the beginning of the next one, so that whoever reads needs no second slot for a piece that begins in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples

BLOCK_FRAMES = 1 << 13
"""Frames of a lane that are fetched in one go."""
OVERLAP = 1 << 10
"""Frames of the next block that follow; the most that are read in one piece."""
RING_BYTES = 24 << 20
"""The most shared memory that a programme's lanes take, however many and long they are."""
FEWEST_SLOTS, MOST_SLOTS = 6, 64
_LOOK = 3  # blocks ahead of the position whose presence is looked up


@dataclass(frozen=True)
class RingShape:
    """Which lanes lie in the memory, and how many blocks of them have room.

    Parameters
    ----------
    frames, channels
        Of each lane, at the device's rate.
    slots
        How many blocks.
    """

    frames: tuple[int, ...]
    channels: tuple[int, ...]
    slots: int

    @classmethod
    def of(cls, frames: Sequence[int], channels: Sequence[int]) -> RingShape:
        """Give such lanes as many blocks as are of use and have room."""
        slot = 4 * (BLOCK_FRAMES + OVERLAP) * max(sum(channels), 1)
        slots = min(max(RING_BYTES // slot, FEWEST_SLOTS), MOST_SLOTS)
        return cls(tuple(frames), tuple(channels), slots)

    @property
    def bytes(self) -> int:
        """Size of the memory: the table, then the slots of lane after lane."""
        return 8 * self.slots + 4 * self.slots * (BLOCK_FRAMES + OVERLAP) * sum(self.channels)


class Rings:
    """The table and the blocks in a piece of memory.

    Parameters
    ----------
    memory
        ``shape.bytes`` bytes.

    Attributes
    ----------
    table
        Number of the block in each slot, counted from 1; 0 for none.
    blocks
        Of each lane, shape ``(slots, BLOCK_FRAMES + OVERLAP, channels)``.
    """

    def __init__(self, memory: npt.NDArray[np.uint8], shape: RingShape) -> None:
        self.shape = shape
        self.table: npt.NDArray[np.int64] = memory[: 8 * shape.slots].view(np.int64)
        at, self.blocks = 8 * shape.slots, []
        for channels in shape.channels:
            size = 4 * shape.slots * (BLOCK_FRAMES + OVERLAP) * channels
            part = memory[at : at + size].view(np.float32)
            self.blocks.append(part.reshape(shape.slots, BLOCK_FRAMES + OVERLAP, channels))
            at += size


class Feed:
    """What of a programme's lanes is there, as the mixer asks for it: it looks and never waits.

    Attributes
    ----------
    lanes
        One `RingLane` for each lane.
    most
        How many frames may be read in one go.
    least
        How many frames must be there before a silence ends.
    """

    def __init__(self, rings: Rings) -> None:
        self._rings = rings
        self.most, self.least = OVERLAP, BLOCK_FRAMES
        self.lanes = tuple(RingLane(rings, number) for number in range(len(rings.blocks)))

    def until(self, position: int) -> int:
        """Return up to which frame, from `position` on, all lanes are there as far as is worth knowing."""
        there, block = self._rings.table.tolist(), position // BLOCK_FRAMES
        for ahead in range(_LOOK):
            if block + ahead + 1 not in there:
                return max((block + ahead) * BLOCK_FRAMES, position)
        return (block + _LOOK) * BLOCK_FRAMES


class RingLane:
    """One lane, read like an array of frames where its blocks are there."""

    def __init__(self, rings: Rings, number: int) -> None:
        self._table, self._blocks = rings.table, rings.blocks[number]
        self._frames = rings.shape.frames[number]
        self._nothing = np.zeros((OVERLAP, self._blocks.shape[2]), np.float32)

    def __len__(self) -> int:
        return self._frames

    def __getitem__(self, frames: slice) -> Samples:
        """Return at most `OVERLAP` frames as they lie in memory; silence if they are not there."""
        start, stop = frames.start, min(frames.stop, self._frames)
        block, first = divmod(start, BLOCK_FRAMES)
        there: list[Any] = self._table.tolist()
        if stop <= start or block + 1 not in there:
            return self._nothing[: max(stop - start, 0)]
        return self._blocks[there.index(block + 1), first : first + stop - start]
