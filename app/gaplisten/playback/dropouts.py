"""Noticing that the device ran dry, from nothing but the clock and the number of frames handed over.

Sound systems tell of some of these moments only: through ALSA's PulseAudio plugin about every third. But a
stream that ran dry is behind the clock from then on, for good, by just as much as was missing, whereas one
that was merely asked late makes up for it at once.
"""

from __future__ import annotations

WINDOW_NS = 500_000_000
"""After so long it is clear whether lost time was made up for."""
SHIFT_NS = 4_000_000
"""A stream further behind than this has run dry; less is the unrest of a busy machine."""
_STRETCH_NS = 200_000_000  # what is shorter tells nothing: several dropouts within it count as one
_DRIFT = 0.002  # sound cards' clocks differ from the processor's by up to 0.02 %; ten times that, to be sure
_NEVER = 1 << 62


class Dropouts:
    """Counts how often a stream ran dry; on a busy machine several too many rather than one too few.

    Not seen are those that lack less than `SHIFT_NS` and that the sound system keeps to itself.

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
        self._began = 0
        self._usual = self._earliest = _NEVER  # how far behind the stream is: so far, and in this stretch
        self._settling = 2  # while a stream starts, it moves
        self._full_until = 0
        self._heard = False  # whether anything sounded in this stretch

    def block(self, called_ns: int, frames: int, *, flagged: bool = False, heard: bool = True) -> None:
        """Take note that a block was asked for at this time, after so many frames in all.

        `flagged` is what the sound system says itself; `heard` is whether anything sounds just now: nobody
        hears silence run dry, and it does not count.
        """
        self._heard |= heard
        behind = called_ns - int(frames * self._frame_ns)
        if not self._began:
            self._began = called_ns  # the first block may be flagged although nothing has been heard yet
        elif flagged and called_ns > self._full_until:
            self.count += self._heard
            # Filled anew, it cannot run dry again before it is empty: until then a flag tells of the same.
            self._full_until = called_ns + self.buffer_ns
            self._settling = max(self._settling, 1)
            self._earliest, self._began, self._heard = _NEVER, called_ns, heard
        elif called_ns - self._began >= self._shortest(behind):
            self._judge(called_ns)
            self._heard = heard
        self._earliest = min(self._earliest, behind)

    def _shortest(self, behind: int) -> int:
        """Return how long a stretch must have been to end before a block that is so far behind."""
        return _STRETCH_NS if behind - self._earliest > self.buffer_ns else WINDOW_NS

    def _judge(self, now_ns: int) -> None:
        """Compare the stretch that ends here with those before, and begin another one.

        A stretch ends when it is long enough, or when a block comes so late that the device may have run dry.
        """
        self._usual += int(_DRIFT * (now_ns - self._began))
        if self._settling:
            self._settling -= 1
            self._usual = self._earliest
        elif self._earliest - self._usual > SHIFT_NS:
            self.count += self._heard
            self._usual = self._earliest
            self._full_until = now_ns + self.buffer_ns
        self._usual = min(self._usual, self._earliest)
        self._earliest, self._began = _NEVER, now_ns
