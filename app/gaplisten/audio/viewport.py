"""Which stretch of the clip is seen, and how frames map to pixels; pure arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from gaplisten.audio.filemap import Frames

FEWEST_FRAMES = 16.0


@dataclass(frozen=True, slots=True)
class Viewport:
    """A window on the time axis.

    Parameters
    ----------
    start
        Frame at the left edge; may be fractional.
    frames_per_pixel
        Zoom, in frames per device pixel.
    width
        Width in device pixels, at least 1.
    total
        Frames of the clip.
    """

    start: float
    frames_per_pixel: float
    width: int
    total: int

    @classmethod
    def whole(cls, total: int, width: int) -> Viewport:
        """Return the view of everything."""
        return cls(0.0, max(total, 1) / max(width, 1), max(width, 1), total)

    @property
    def stop(self) -> float:
        """Frame at the right edge."""
        return self.start + self.span

    @property
    def span(self) -> float:
        """Frames seen."""
        return self.frames_per_pixel * self.width

    @property
    def grid_start(self) -> float:
        """The left edge on the grid of pixel columns.

        Columns keep their frames while panning, so that peaks do not shimmer.
        """
        if self.frames_per_pixel < 1.0:
            return self.start
        return math.floor(self.start / self.frames_per_pixel + 0.5) * self.frames_per_pixel

    def x_of(self, frame: float) -> float:
        """Return the device pixel of a frame."""
        return (frame - self.grid_start) / self.frames_per_pixel

    def frame_at(self, x: float) -> float:
        """Return the frame at a device pixel."""
        return self.grid_start + x * self.frames_per_pixel

    def edges(self) -> Frames:
        """Return the frames at which the pixel columns begin, shape ``(width + 1,)``."""
        columns = np.arange(self.width + 1) * self.frames_per_pixel + self.grid_start
        edges: Frames = np.ceil(columns - 1e-6).astype(np.int64)
        return edges

    def between(self, start: float, stop: float) -> Viewport:
        """Return the view of ``[start, stop)``."""
        span = max(abs(stop - start), FEWEST_FRAMES)
        return replace(self, start=min(start, stop), frames_per_pixel=span / self.width).clamped()

    def zoomed(self, factor: float, at: float) -> Viewport:
        """Return the view magnified by `factor`, with frame `at` staying where it is."""
        if not math.isfinite(factor) or factor <= 0.0:
            return self
        scale = self._clamp_scale(self.frames_per_pixel / factor)
        start = at - (at - self.start) * scale / self.frames_per_pixel
        return replace(self, start=start, frames_per_pixel=scale).clamped()

    def panned(self, pixels: float) -> Viewport:
        """Return the view moved by so many device pixels, to the right if positive."""
        return replace(self, start=self.start + pixels * self.frames_per_pixel).clamped()

    def centred(self, frame: float) -> Viewport:
        """Return the view with `frame` in the middle."""
        return replace(self, start=frame - self.span / 2).clamped()

    def resized(self, width: int) -> Viewport:
        """Return the view for another width: the left edge and the zoom stay, all of it stays all of it."""
        width = max(width, 1)
        if self.span >= self.total:
            return Viewport.whole(self.total, width)
        return replace(self, width=width).clamped()

    def clamped(self) -> Viewport:
        """Return the view inside the clip."""
        scale = self._clamp_scale(self.frames_per_pixel)
        start = min(max(self.start, 0.0), max(self.total - scale * self.width, 0.0))
        return replace(self, start=start, frames_per_pixel=scale)

    def _clamp_scale(self, scale: float) -> float:
        most = max(self.total, FEWEST_FRAMES) / self.width
        return min(max(scale, FEWEST_FRAMES / self.width), most)
