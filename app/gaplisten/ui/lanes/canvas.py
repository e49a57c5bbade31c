"""The widget on which lanes are drawn; it keeps the picture and turns input into signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gaplisten.audio.raster import Pixels
from gaplisten.ui.lanes.colours import argb
from gaplisten.ui.lanes.drawer import Drawer
from gaplisten.ui.lanes.ground import Ground
from gaplisten.ui.lanes.readout import paint_readings
from gaplisten.ui.lanes.ruler_and_headers import paint_ruler_and_headers
from gaplisten.ui.lanes.scene import RULER_HEIGHT, Scene


@dataclass(frozen=True, slots=True)
class Preview:
    """A stretch that a drag would choose; `paint` tells whether it would become lost or received."""

    start: int
    stop: int
    paint: bool | None = None


class Canvas(QWidget):
    """Draws a scene once and keeps the picture; the playhead is drawn over it.

    Signals
    -------
    resized
        The canvas has another size: the scene must be made anew.
    """

    resized = Signal()

    def __init__(self, drawers: Mapping[str, Drawer], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drawers = drawers
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setMinimumSize(240, RULER_HEIGHT + 40)
        self._scene: Scene | None = None
        self._pixels: Pixels | None = None
        self._image: QImage | None = None
        self._stale = True
        self._playhead = 0
        self._preview: Preview | None = None
        self._reads = False
        self._hovered: QPointF | None = None

    @property
    def scene(self) -> Scene | None:
        """What is drawn."""
        return self._scene

    def show_scene(self, scene: Scene) -> None:
        """Draw another scene at the next repaint."""
        self._scene, self._stale = scene, True
        self.update()

    def set_playhead(self, frame: int) -> None:
        """Move the playhead; only the two strips that change are repainted."""
        if frame == self._playhead:
            return
        old, self._playhead = self._playhead, frame
        if self._reads and self._hovered is None:
            self.update()
            return
        for place in (old, frame):
            x = self._playhead_x(place)
            if x is not None:
                self.update(QRect(int(x) - 6, 0, 13, self.height()))

    @property
    def playhead(self) -> int:
        """Frame of the playhead."""
        return self._playhead

    def set_preview(self, preview: Preview | None) -> None:
        """Show what a drag would choose, or nothing."""
        if preview != self._preview:
            self._preview = preview
            self.update()

    def set_reading(self, on: bool) -> None:
        """Write what every lane is under the mouse, or at the playhead while that is elsewhere."""
        self._reads = on
        self.update()

    def set_hovered(self, place: QPointF | None) -> None:
        """Take it that the mouse is there, or not on the lanes."""
        self._hovered = place
        if self._reads:
            self.update()

    @property
    def read_at(self) -> tuple[int, float | None] | None:
        """The frame whose values are written and the height of the mouse; None while none are."""
        if not self._reads or self._scene is None:
            return None
        place = self._hovered
        if place is None:
            return self._playhead, None
        return self._scene.frame_at(place.x()), place.y()

    def picture(self) -> QImage | None:
        """Return the picture without the playhead, drawn now if needed."""
        if self._stale and self._scene is not None:
            self._draw(self._scene)
        return self._image

    def paintEvent(self, event: QPaintEvent) -> None:
        """Copy the kept picture and draw the playhead."""
        picture = self.picture()
        painter = QPainter(self)
        if picture is None:
            painter.fillRect(event.rect(), self.palette().base())
        else:
            painter.drawImage(0, 0, picture)
            self._paint_preview(painter)
            self._paint_playhead(painter)
            if self._scene is not None and (read := self.read_at) is not None:
                paint_readings(painter, self._scene, self._drawers, *read)
            self._paint_focus(painter)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for a scene of the new size."""
        self._stale = True
        self.resized.emit()

    def _draw(self, scene: Scene) -> None:
        layout = scene.layout
        width, height = layout.device(layout.width), layout.device(layout.height)
        if self._pixels is None or self._pixels.shape != (height, width):
            self._pixels = np.empty((height, width), np.uint32)
            self._image = QImage(self._pixels.data, width, height, width * 4, QImage.Format.Format_RGB32)
        assert self._image is not None
        paint_lanes(self._pixels, scene, self._drawers)
        self._image.setDevicePixelRatio(layout.ratio)
        painter = QPainter(self._image)
        painter.setFont(self.font())
        paint_lines(painter, scene, self._drawers)
        paint_ruler_and_headers(painter, scene, self._drawers)
        painter.end()
        self._stale = False

    def _playhead_x(self, frame: int) -> float | None:
        if self._scene is None:
            return None
        x = self._scene.x_of(frame)
        inside = self._scene.layout.plot_left - 1 <= x <= self._scene.layout.width + 1
        return x if inside else None

    def _paint_preview(self, painter: QPainter) -> None:
        if self._preview is None or self._scene is None:
            return
        scene, preview = self._scene, self._preview
        begin, end = (scene.x_of(frame) for frame in (preview.start, preview.stop))
        colour = QColor(scene.colours.accent if preview.paint is None else scene.colours.altered)
        if preview.paint is False:
            colour = QColor(scene.colours.background)
        colour.setAlpha(110)
        painter.save()
        painter.setClipRect(QRectF(scene.layout.plot_left, 0, scene.layout.plot_width, self.height()))
        painter.fillRect(QRectF(begin, 0, max(end - begin, 1.0), self.height()), colour)
        painter.restore()

    def _paint_focus(self, painter: QPainter) -> None:
        if self.hasFocus() and self._scene is not None:
            painter.setPen(QPen(self._scene.colours.accent, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(0.5, 0.5, self.width() - 1.0, self.height() - 1.0))

    def _paint_playhead(self, painter: QPainter) -> None:
        x = self._playhead_x(self._playhead)
        if x is None or self._scene is None:
            return
        colour = self._scene.colours.text
        painter.setPen(QPen(colour, 1))
        left = round(x) + 0.5
        painter.drawLine(QPointF(left, 0), QPointF(left, self.height()))
        painter.setBrush(colour)
        painter.drawPolygon([QPointF(left - 5, 0), QPointF(left + 5, 0), QPointF(left, 7)])


def paint_lanes(pixels: Pixels, scene: Scene, drawers: Mapping[str, Drawer]) -> None:
    """Paint the background and every strip into `pixels`, shape ``(height, width)``."""
    shared = Ground(scene)
    left = pixels.shape[1] - scene.layout.columns
    background, plot = argb(scene.colours.background), pixels[:, left:]
    roof = scene.layout.device(scene.layout.ruler)
    bare = np.ones(len(plot), np.bool_)
    for row in range(scene.rows):
        met = scene.with_losses_of(row)
        ground = shared if met is scene else Ground(met)
        for strip in scene.strips(row):
            first, last = max(strip.top, roof), min(strip.bottom, len(plot))
            if last <= first:
                continue
            bare[first:last] = False
            drawer, whole = drawers[strip.drawer], (first, last) == (strip.top, strip.bottom)
            target = plot[first:last] if whole else np.empty((strip.height, plot.shape[1]), np.uint32)
            if drawer.shaded:
                target[:] = ground.shaded(strip.height)
            drawer.paint(target, ground, scene.in_row(row), strip)
            ground.mark(target)
            if not whole:
                plot[first:last] = target[first - strip.top : last - strip.top]
    # Only what no lane covers: filling everything first would cost a tenth of the time.
    plot[bare] = background
    pixels[:, :left] = background


def paint_lines(painter: QPainter, scene: Scene, drawers: Mapping[str, Drawer]) -> None:
    """Paint what the drawers have to say in lines, over pixels or shapes."""
    for row in range(scene.rows):
        for strip in scene.strips(row):
            drawers[strip.drawer].paint_over(painter, scene.with_losses_of(row), scene.in_row(row), strip)
