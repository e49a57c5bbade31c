"""What the mixer is given: lanes ready to be put out, what the listener wants, and the shape of fades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples
from gaplisten.playback.rings import Feed, RingLane

Frames = npt.NDArray[np.int64]

FADE_MS = 5.0
"""Length of each fade: start, stop, seek, loop and either half of a standard switch (BS.1534-3)."""

MAX_CROSSFADE_MS = 1000.0

STANDARD = -1
"""Value of `Request.crossfade` that asks for standard switching."""


class Request(NamedTuple):
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
        Tells programmes apart; a request names the one that it is meant for.
    lanes
        Each ``(frames, channels)`` float32 at the device's rate; one channel goes to all outputs.
    scale
        Lane frames per frame of the clip, as numerator and denominator (resampling, slow playing).
    audible
        Only these frames are heard (see `audible_spans`), or everything.
    boundaries
        Sorted frames at which gaps begin or end; no fade of a switch shall cover one.
    feed
        Tells what of long lanes is there; None if all of them is.
    """

    id: int
    lanes: tuple[Samples | RingLane, ...]
    scale: tuple[int, int] = (1, 1)
    audible: Frames | None = None
    boundaries: Frames | None = None
    feed: Feed | None = None

    @property
    def frames(self) -> int:
        """Length of the longest lane."""
        return max((len(lane) for lane in self.lanes), default=0)


EMPTY = Programme(0, ())


def fade_frames(rate: int, milliseconds: float) -> int:
    """Return the length of a fade in frames, at least one."""
    return max(1, round(rate * milliseconds / 1000.0))


def raised_cosine(frames: int) -> Samples:
    """Return rising weights, shape ``(frames, 1)``, all strictly between 0 and 1.

    Symmetric (``ramp + ramp[::-1] == 1``), so that fading in, turning round midway and fading out again makes
    no step, and so that a cross-fade of a lane with itself is that lane.
    """
    steps = np.arange(1, frames + 1, dtype=np.float64) / (frames + 1)
    return (0.5 - 0.5 * np.cos(np.pi * steps)).astype(np.float32)[:, None]


def audible_spans(spans: Sequence[tuple[int, int]], fade: int) -> Frames:
    """Return spans, shape ``(n, 2)``, sorted, with those merged that leave no room for two fades.

    Spans are heard whole: they are faded in *before* their start and faded out *after* their stop, because
    the edge of a lost part is exactly what one wants to hear.
    """
    merged: list[list[int]] = []
    for start, stop in sorted((int(a), int(b)) for a, b in spans if b > a):
        if merged and start - merged[-1][1] <= 2 * fade:
            merged[-1][1] = max(merged[-1][1], stop)
        else:
            merged.append([start, stop])
    return np.array(merged, dtype=np.int64).reshape(-1, 2)
