"""What the mixer is given: lanes ready to be put out, and what the listener wants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from gaplisten.audio.signal import Samples
from gaplisten.playback.ramps import Frames

STANDARD = -1
"""Value of `Wishes.crossfade` that asks for standard switching."""


class Wishes(NamedTuple):
    """What the listener wants; a plain value that can cross a process boundary as integers.

    Something that happens (rather than lasts) carries a count, so that asking for it twice does it twice.
    Positions are frames of the programme's lanes; ``loop_stop == 0`` means no loop; `crossfade` is a length
    in frames, or `STANDARD`.
    """

    programme: int = 0
    playing: int = 0
    play_count: int = 0
    lane: int = 0
    select_count: int = 0
    seek_frame: int = 0
    seek_count: int = 0
    loop_start: int = 0
    loop_stop: int = 0
    crossfade: int = STANDARD
    meter_count: int = 0
    gain: float = 1.0


@dataclass(frozen=True, eq=False)
class Programme:
    """The lanes of a clip, ready to be put out.

    Parameters
    ----------
    id
        Tells programmes apart; wishes name the one they are meant for.
    lanes
        Each ``(frames, channels)`` float32 at the device's rate; one channel goes to all outputs.
    scale
        Lane frames per frame of the clip, as numerator and denominator (resampling, slow playing).
    audible
        Only these frames are heard (see `ramps.audible_spans`), or everything.
    boundaries
        Sorted frames at which gaps begin or end; no fade of a switch shall cover one.
    """

    id: int
    lanes: tuple[Samples, ...]
    scale: tuple[int, int] = (1, 1)
    audible: Frames | None = None
    boundaries: Frames | None = None

    @property
    def frames(self) -> int:
        """Length of the longest lane."""
        return max((len(lane) for lane in self.lanes), default=0)


EMPTY = Programme(0, ())
