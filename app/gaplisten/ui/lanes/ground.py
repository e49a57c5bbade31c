"""What lies under the lanes, and the marks of lost sound over them.

A bar and thin edges tell what was lost; tint, hatching and zones are a soft ground that leads the eye there.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from gaplisten.audio.filemap import Frames
from gaplisten.audio.raster import Pixels, blend, hatching
from gaplisten.loss.shading import FEWEST_ZONE_PIXELS, ZONE_SECONDS, Shading
from gaplisten.loss.trace import runs_of
from gaplisten.ui.lanes.colours import argb
from gaplisten.ui.lanes.scene import Scene, Strip

HATCH_PERIOD = 8
_MOSTLY = 0.75
_BAR = 3
_NARROWEST = 4  # pixels of a gap at whose edges lines are drawn


class Ground:
    """The ground of one picture, in pixels; what several strips need is computed once.

    Attributes
    ----------
    scene
        The picture.
    edges
        Frames at which its pixel columns begin, shape ``(columns + 1,)``.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.edges: Frames = scene.view.edges()
        self._grounds: dict[int, Pixels] = {}

    @cached_property
    def shading(self) -> Shading | None:
        """How the columns are shaded; None without a trace."""
        loss, view = self.scene.loss, self.scene.view
        return None if loss is None else loss.shading(self.edges, view.frames_per_pixel)

    @cached_property
    def lost(self) -> npt.NDArray[np.bool_]:
        """In which columns anything was lost."""
        none = np.zeros(self.scene.view.width, np.bool_)
        return none if self.shading is None else self.shading.lost > 0

    @cached_property
    def tints(self) -> Pixels:
        """The colour of each column, before hatching."""
        colours, width = self.scene.colours, self.scene.view.width
        row = np.full(width, argb(colours.background), np.uint32)
        if self.shading is None:
            return row
        row = np.where(self.shading.zone, np.uint32(argb(colours.zone)), row)
        return blend(row, np.full(width, argb(colours.loss), np.uint32), self.shading.strength)

    @cached_property
    def edge_columns(self) -> npt.NDArray[np.int64]:
        """First and last columns of lost stretches that are wide enough to have edges apart."""
        thick = np.arange(max(self.scene.layout.device(1), 1))
        begins, ends = runs_of(self.lost).T
        wide = ends - begins >= _NARROWEST * len(thick)
        first, last = begins[wide & (begins > 0)], ends[wide & (ends < len(self.lost))]
        return np.concatenate(((first[:, None] + thick).ravel(), (last[:, None] - 1 - thick).ravel()))

    def mark(self, pixels: Pixels) -> None:
        """Paint a bar over what was lost along the top of a strip, shape ``(height, columns)``.

        It is as dark as much of a pixel was lost, and set off by the background, whatever it lies on.
        """
        if self.shading is None or not self.lost.any():
            return
        colours, layout = self.scene.colours, self.scene.layout
        thick, apart = max(layout.device(_BAR), 1), max(layout.device(1), 1)
        around = np.convolve(self.lost, np.ones(2 * apart + 1), "same") > 0
        pixels[: thick + apart, around] = argb(colours.background)
        ink = np.full(len(around), argb(colours.text), np.uint32)
        bare = np.full(len(around), argb(colours.background), np.uint32)
        bar = blend(bare, ink, self.shading.mark)
        pixels[:thick, self.lost] = bar[self.lost]

    def shaded(self, height: int) -> Pixels:
        """Return the ground of a strip, shape ``(height, columns)``; not to be written to."""
        if height not in self._grounds:
            self._grounds[height] = self._made(height)
        return self._grounds[height]

    def _made(self, height: int) -> Pixels:
        colours, width, row = self.scene.colours, self.scene.view.width, self.tints
        ground = np.broadcast_to(row, (height, width)).copy()
        ground[height // 2] = np.where(self.lost, row, np.uint32(argb(colours.grid)))
        if self.shading is not None and self.lost.any():
            # Where a pixel holds much and little of it was lost, the hatching is as faint as the tint.
            ink = blend(row, np.full(width, argb(colours.hatch), np.uint32), self.shading.strength)
            np.copyto(ground, np.where(self.hatch_lines(height), ink, ground))
            ground[:, self.edge_columns] = argb(colours.edge)
        return ground

    def hatch_lines(self, height: int) -> npt.NDArray[np.bool_]:
        """Return where the lines across lost packets run, shape ``(height, columns)``."""
        layout, view = self.scene.layout, self.scene.view
        period = layout.device(HATCH_PERIOD)
        thickness = max(layout.device(1), 1)
        # The lines are tied to the sound, so that they move with it.
        shift = round(view.grid_start / view.frames_per_pixel) % period
        return hatching(height, view.width, shift, period, thickness) & self._hatched

    @cached_property
    def _hatched(self) -> npt.NDArray[np.bool_]:
        """Which columns are hatched: where pixels hold received sound, too, their tint tells how much of it.

        Hatched alike, an hour that lost a twentieth would look lost as a whole.
        """
        if self.shading is None:
            return self.lost
        near = np.concatenate(([0.0], self.shading.lost, [0.0]))
        whole = self.shading.lost >= _MOSTLY
        # A gap's first and last pixel belong to it.
        return np.asarray(whole | (self.lost & ((near[:-2] >= _MOSTLY) | (near[2:] >= _MOSTLY))))


def gap_boxes(scene: Scene, strip: Strip, reach: float = 0.0) -> list[QRectF]:
    """Return the places of the visible gaps, `reach` logical pixels wider on both sides, inside the strip."""
    if scene.loss is None:
        return []
    box = scene.box(strip)
    gaps = scene.loss.visible(scene.view.start, scene.view.stop)
    places = [(scene.x_of(start) - reach, scene.x_of(stop) + reach) for start, stop in gaps]
    boxes = [QRectF(begin, box.top(), max(end - begin, 0.3), box.height()) for begin, end in places]
    return [found.intersected(box) for found in boxes if found.intersects(box)]


def draw_losses(painter: QPainter, scene: Scene, strip: Strip) -> None:
    """Draw the ground on paper, and the edges of gaps."""
    if scene.loss is None:
        return
    reach = ZONE_SECONDS * scene.rate / scene.view.frames_per_pixel / scene.layout.ratio
    if reach * scene.layout.ratio >= FEWEST_ZONE_PIXELS:
        for box in gap_boxes(scene, strip, reach):
            painter.fillRect(box, scene.colours.zone)
    for box in gap_boxes(scene, strip):
        painter.fillRect(box, scene.colours.loss)
    draw_hatching(painter, scene, strip)
    painter.setPen(QPen(scene.colours.edge, 1))
    whole = scene.box(strip)
    for box in gap_boxes(scene, strip):
        if box.width() >= _NARROWEST:
            for x in (round(box.left()) + 0.5, round(box.right()) - 0.5):
                if whole.left() + 1 < x < whole.right() - 1:
                    painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))


def draw_bars(painter: QPainter, scene: Scene, strip: Strip) -> None:
    """Draw on paper the bars over what was lost, each set off by the background."""
    bars = [box.adjusted(0, 0, 0, _BAR - box.height()) for box in gap_boxes(scene, strip)]
    for bar in bars:
        painter.fillRect(bar.adjusted(-1, 0, 1, 1), scene.colours.background)
    for bar in bars:
        painter.fillRect(bar, scene.colours.text)


def draw_hatching(painter: QPainter, scene: Scene, strip: Strip) -> None:
    """Draw the lines across lost packets on paper."""
    # SVG drawings know no clipping, so the lines are cut to the gaps here.
    painter.setPen(QPen(scene.colours.hatch, 0.7))
    for box in gap_boxes(scene, strip):
        first = int((box.left() + box.top()) // HATCH_PERIOD)
        last = int((box.right() + box.bottom()) // HATCH_PERIOD) + 1
        for total in range(first * HATCH_PERIOD, (last + 1) * HATCH_PERIOD, HATCH_PERIOD):
            upper, lower = max(box.top(), total - box.right()), min(box.bottom(), total - box.left())
            if lower > upper:
                painter.drawLine(QPointF(total - upper, upper), QPointF(total - lower, lower))
