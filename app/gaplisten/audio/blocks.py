"""Sound that is slow to reach: made or decoded where it is looked at; a few blocks of it are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import numpy as np

from gaplisten.audio.filemap import Frames, Raw, gather_rows

BLOCK = 1 << 18
MOST_BLOCKS = 12
GRAIN = 64


class SparseSamples:
    """Keeps the middle `SIZE` of every `EVERY` frames: a sixteenth of the sound, enough to see it from afar.

    Different stretches may be kept by different threads.
    """

    EVERY = 1 << 14
    SIZE = 1 << 10

    def __init__(self, frames: int, channels: int, dtype: np.dtype[Any]) -> None:
        places = frames // self.EVERY
        # Memory is taken only as pieces are written.
        self._pieces = np.zeros((places, self.SIZE, channels), dtype)
        self._there = np.zeros(places, np.bool_)

    def keep(self, raw: Raw, start: int) -> None:
        """Keep what is wanted of the frames that begin at `start`."""
        first, last = -(-start // self.EVERY), (start + len(raw)) // self.EVERY
        if last <= first:
            return
        begin = first * self.EVERY - start
        whole = raw[begin : begin + (last - first) * self.EVERY].reshape(last - first, self.EVERY, -1)
        middle = (self.EVERY - self.SIZE) // 2
        self._pieces[first:last] = whole[:, middle : middle + self.SIZE]
        self._there[first:last] = True

    def near(self, centres: Frames, size: int) -> Raw | None:
        """Return pieces of `size` frames close to `centres`, shape ``(n, size, channels)``.

        The place that holds a centre is taken, the last one beyond the end. None if pieces of that size are
        not kept or one of them has not been read yet.
        """
        if size > self.SIZE or not len(self._there):
            return None
        places = np.clip(centres // self.EVERY, 0, len(self._there) - 1)
        if not self._there[places].all():
            return None
        begin = (self.SIZE - size) // 2
        found: Raw = self._pieces[places, begin : begin + size]
        return found


class BlockSource:
    """A source that makes its frames when it is asked for them; it is never held as a whole.

    Of what `bulk` reads, short pieces at even distances are kept for spectrograms of long stretches.

    Parameters
    ----------
    frames, rate, channels, dtype, scale
        As of any `filemap.SampleSource`.
    """

    def __init__(self, frames: int, rate: int, channels: int, dtype: np.dtype[Any], scale: float) -> None:
        self.frames, self.rate, self.channels = frames, rate, channels
        self.dtype, self.scale, self.grain = dtype, scale, GRAIN
        self.near_every = SparseSamples.EVERY
        self.most_blocks = MOST_BLOCKS
        self._own = threading.local()
        self._blocks: OrderedDict[int, Raw] = OrderedDict()
        self._lock = threading.Lock()
        self._sparse = SparseSamples(frames, channels, dtype)

    def raw(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``, from the blocks that are kept where they are there."""
        stop = min(stop, self.frames)
        numbers = range(start // BLOCK, -(-stop // BLOCK))
        pieces = [
            self._block(number)[max(start - number * BLOCK, 0) : max(stop - number * BLOCK, 0)]
            for number in numbers
        ]
        return np.concatenate(pieces) if pieces else np.zeros((0, self.channels), self.dtype)

    def gather(self, blocks: Frames, size: int) -> Raw:
        """Return whole blocks of frames, one by one."""
        found = np.zeros((len(blocks), size, self.channels), self.dtype)
        for at, block in enumerate(blocks.tolist()):
            piece = self.raw(block * size, (block + 1) * size)
            found[at] = gather_rows(piece, np.zeros(1, np.int64), size)[0] if len(piece) else 0
        return found

    def glimpse(self, start: int, count: int) -> Raw:
        """Return `count` frames from `start`."""
        return self._made(start, min(start + count, self.frames))

    def bulk(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``, valid until the same thread asks again."""
        count = max(min(stop, self.frames) - start, 0)
        if len(getattr(self._own, "buffer", ())) < count:
            self._own.buffer = np.empty((count, self.channels), self.dtype)
        found: Raw = self._own.buffer[:count]
        self._fill_on(found, start)
        self._sparse.keep(found, start)
        return found

    def near(self, centres: Frames, size: int) -> Raw | None:
        """Return pieces of `size` frames close to `centres`, if they were kept."""
        return self._sparse.near(centres, size)

    def loaded(self, start: int, stop: int) -> bool:
        """Return True."""
        return True

    def _fill(self, found: Raw, start: int) -> Raw:
        """Fill `found` with the frames from `start` on, and return it; called from any thread."""
        raise NotImplementedError

    def _fill_on(self, found: Raw, start: int) -> Raw:
        """Fill as `_fill` does what mostly follows where this thread ended before."""
        return self._fill(found, start)

    def _made(self, start: int, stop: int) -> Raw:
        return self._fill(np.empty((max(stop - start, 0), self.channels), self.dtype), start)

    def _block(self, number: int) -> Raw:
        with self._lock:
            found = self._blocks.get(number)
            if found is not None:
                self._blocks.move_to_end(number)
                return found
        found = self._made(number * BLOCK, min((number + 1) * BLOCK, self.frames))
        with self._lock:
            self._blocks[number] = found
            while len(self._blocks) > self.most_blocks:
                self._blocks.popitem(last=False)
        return found
