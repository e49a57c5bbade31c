"""Short pieces of a long sound, kept at even distances while it is read."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaplisten.audio.filemap import Frames, Raw


class Keepsakes:
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
