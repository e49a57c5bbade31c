"""Which pixel columns are lost, and which lie just before and after a gap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaplisten.audio.filemap import Frames
from gaplisten.loss.trace import LossTrace

ZONE_SECONDS = 0.005
FEWEST_ZONE_PIXELS = 3.0


@dataclass(frozen=True, eq=False)
class Shading:
    """How each pixel column is shaded: shape ``(columns,)`` each.

    `lost` is the share of its frames that were lost, 0..1; `zone` marks the 5 ms before and after gaps and is
    all False where they would be narrower than three pixels.
    """

    lost: npt.NDArray[np.float32]
    zone: npt.NDArray[np.bool_]

    @property
    def strength(self) -> npt.NDArray[np.float32]:
        """How dark to shade: never invisible when anything was lost, darker the more of it."""
        faint = 0.25 + 0.75 * self.lost
        return np.where(self.lost > 0, faint, 0.0).astype(np.float32)

    @property
    def mark(self) -> npt.NDArray[np.float32]:
        """How dark to mark: stands out 3 to 1 when anything was lost, darker the more of it."""
        return np.where(self.lost > 0, 0.55 + 0.45 * self.lost, 0.0).astype(np.float32)


class LossMap:
    """A loss trace prepared for being asked about any stretch."""

    def __init__(self, trace: LossTrace, frames: int) -> None:
        self.trace = trace.fitted(frames)
        self.frames = frames
        gaps = self.trace.gaps(frames)
        self.starts = np.array([gap.start for gap in gaps], np.int64)
        self.stops = np.array([gap.stop for gap in gaps], np.int64)
        self._before = np.concatenate(([0], np.cumsum(self.stops - self.starts)))

    def shading(self, edges: Frames, frames_per_pixel: float) -> Shading:
        """Return the shading of the columns between `edges`."""
        return Shading(self._share(edges), self._zones(edges, frames_per_pixel))

    def visible(self, start: float, stop: float) -> list[tuple[int, int]]:
        """Return the gaps that reach into ``[start, stop)``."""
        first = int(np.searchsorted(self.stops, start, "right"))
        last = int(np.searchsorted(self.starts, stop, "left"))
        return list(zip(self.starts[first:last].tolist(), self.stops[first:last].tolist(), strict=True))

    def lost_before(self, frames: Frames) -> Frames:
        """Return how many frames before each of `frames` were lost."""
        inside = np.clip(frames, 0, self.frames)
        begun = np.searchsorted(self.starts, inside, "right")
        # Of the gap begun last, what lies beyond the place was not lost before it.
        after = np.maximum(np.append(0, self.stops)[begun] - inside, 0)
        counted: Frames = self._before[begun] - after
        return counted

    def _share(self, edges: Frames) -> npt.NDArray[np.float32]:
        # A column between two frames has no frame of its own; it shows the one before its left edge.
        left = np.minimum(edges[:-1], edges[1:] - 1)
        return ((self.lost_before(edges[1:]) - self.lost_before(left)) / (edges[1:] - left)).astype(
            np.float32
        )

    def _zones(self, edges: Frames, frames_per_pixel: float) -> npt.NDArray[np.bool_]:
        zone = np.zeros(len(edges) - 1, np.bool_)
        reach = round(ZONE_SECONDS * self.trace.rate)
        if reach < FEWEST_ZONE_PIXELS * frames_per_pixel:
            return zone
        for start, stop in self.visible(edges[0] - reach, edges[-1] + reach):
            for begin, end in ((start - reach, start), (stop, stop + reach)):
                first, last = np.searchsorted(edges, (begin, end))
                zone[max(first - (edges[min(first, len(edges) - 1)] > begin), 0) : last] = True
        return zone
