"""Noticing that the device ran dry, from the sound system's own word and from the clock.

Sound systems tell of most of these moments, but not of all: ALSA's PulseAudio plugin keeps some to itself.
One that was not told of shows in two things together. The stream was asked for more only after all that it
had handed over must have been played; and it has been behind the clock ever since, by what was missing.
Either alone is harmless: a stream asked late may make up for it from what waits further on, and a device
may stand still for a moment with its buffer full.
"""

from __future__ import annotations

SHIFT_NS = 6_000_000
"""A stream further behind than this after a late call has run dry; less is the unrest of a busy machine."""
WINDOW_NS = 250_000_000
"""After so long it is clear whether lost time was made up for."""
_NEVER = 1 << 62


class Dropouts:
    """Counts how often a stream ran dry while something was heard.

    Not seen are those that the sound system keeps to itself and for which the stream was asked less than a
    block later than its buffer lasts, or that lack less than `SHIFT_NS`.

    Parameters
    ----------
    rate
        Frames per second.
    buffer_ns
        How long the sound in the device's buffer lasts when that is full.
    """

    def __init__(self, rate: int, buffer_ns: int = 20_000_000) -> None:
        self.count = 0
        self.buffer_ns = buffer_ns
        self._frame_ns = 1e9 / rate
        self.begin()

    def begin(self) -> None:
        """Forget the clock: the stream starts anew."""
        self._called = self._frames = 0  # at and before the last block
        self._before = self._usual = self._earliest = _NEVER  # how far behind: two windows back to this one
        self._began = 0
        self._late = self._heard = False  # whether this window began with a call too late, and was heard
        self._full_until = self._settled_at = 0

    def block(self, called_ns: int, frames: int, *, flagged: bool = False, heard: bool = True) -> None:
        """Take note that a block was asked for at this time, after so many frames in all.

        `flagged` is what the sound system says itself; `heard` is whether anything sounds just now: nobody
        hears silence run dry, and it does not count.
        """
        behind = called_ns - int(frames * self._frame_ns)
        if not self._called:  # the first block may be flagged although nothing has been heard yet
            self._turn(called_ns, late=False, heard=heard)
        elif flagged:
            self._take_word(called_ns, heard=heard)
        elif self._is_late(called_ns, frames):
            self._turn(called_ns, late=called_ns > self._settled_at, heard=heard)
        elif called_ns - self._began >= WINDOW_NS:
            self._turn(called_ns, late=False, heard=heard)
        self._earliest = min(self._earliest, behind)
        self._called, self._frames = called_ns, frames

    def _is_late(self, called_ns: int, frames: int) -> bool:
        """Tell whether all that was handed over must have been played before this call.

        One block more than the buffer holds, since the sound goes through other hands after it.
        """
        block_ns = (frames - self._frames) * self._frame_ns
        return called_ns - self._called >= self.buffer_ns + block_ns

    def _take_word(self, now_ns: int, *, heard: bool) -> None:
        """Count what the sound system told, once for each time that the buffer was full in between."""
        if now_ns > self._full_until:
            self._late = False  # it is this one that the call before was late for
            self.count += heard
            self._full_until = now_ns + self.buffer_ns
        self._settled_at = now_ns + WINDOW_NS  # started anew, it moves until it has found its pace
        self._turn(now_ns, late=False, heard=heard)
        self._before = self._usual = _NEVER  # from here on it is behind by something else

    def _turn(self, now_ns: int, *, late: bool, heard: bool) -> None:
        """End a window, decide about the late call that it began with, and begin another."""
        if self._late and self._earliest - min(self._before, self._usual) > SHIFT_NS:
            self.count += self._heard
            self._usual = _NEVER
        self._before, self._usual = self._usual, self._earliest
        self._earliest, self._began = _NEVER, now_ns
        self._late, self._heard = late, heard
