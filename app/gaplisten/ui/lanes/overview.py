"""The whole file in a strip: its loudness, all gaps, and the part that is seen."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gaplisten.audio.peaks import PeakPyramid
from gaplisten.audio.raster import Pixels, blend, paint_spans, spans_of
from gaplisten.audio.ruler import duration
from gaplisten.audio.viewport import Viewport
from gaplisten.loss.shading import LossMap
from gaplisten.ui.lanes.colours import ViewColours, argb, mix
from gaplisten.ui.lanes.ruler_and_headers import tabular
from gaplisten.ui.lanes.time_axis import TimeAxis, notches
from gaplisten.ui.translation import tr

HEIGHT = 46
_FOOT = 4  # what marks of losses have at the bottom
_EDGE = 5.0


class OverviewStrip(QWidget):
    """Shows the whole clip; the visible window can be dragged, its edges too."""

    def __init__(self, axis: TimeAxis, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Whole file"))
        self._axis = axis
        self._left = 0
        self._peaks: PeakPyramid | None = None
        self._loss: LossMap | None = None
        self._colours = ViewColours.of(self.palette())
        self._colour = self._colours.text
        self._gain, self._rate, self._playhead = 1.0, 48000, 0
        self._marks: tuple[int, ...] = ()
        self._image: QImage | None = None
        self._pixels: Pixels | None = None
        self._grip: tuple[str, float] | None = None
        axis.changed.connect(self.update)

    def set_content(
        self,
        *,
        peaks: PeakPyramid | None,
        loss: LossMap | None,
        colours: ViewColours,
        colour: QColor,
        gain: float,
        rate: int,
        left: int,
        marks: tuple[int, ...],
    ) -> None:
        """Show another lane, trace, amplitude or theme."""
        self._peaks, self._loss, self._colours, self._colour = peaks, loss, colours, colour
        self._gain, self._rate, self._left, self._marks = gain, rate, left, marks
        self._image = None
        self.update()

    def set_playhead(self, frame: int) -> None:
        """Move the playhead."""
        if self._x(frame) != self._x(self._playhead):
            self.update()
        self._playhead = frame

    # drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Copy the kept picture; draw the window and the playhead over it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._colours.header)
        if self._image is None:
            self._image = self._draw()
        painter.drawImage(QPointF(self._left, 0), self._image)
        self._paint_window(painter)
        painter.setPen(QPen(self._colours.text, 0))
        x = self._x(self._playhead)
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        self._paint_label(painter)
        painter.end()

    def _draw(self) -> QImage:
        ratio = self.devicePixelRatioF()
        width, height = max(round((self.width() - self._left) * ratio), 1), round(self.height() * ratio)
        view = Viewport.whole(self._axis.view.total, width)
        edges, colours = view.edges(), self._colours
        pixels = self._pixels = np.full((height, width), argb(colours.background), np.uint32)
        if self._loss is not None:
            shading = self._loss.shading(edges, view.frames_per_pixel)
            tinted = blend(pixels[0], np.full(width, argb(colours.hatch), np.uint32), shading.strength)
            pixels[:] = tinted
            # At the bottom losses have marks that can be seen however short they are.
            pixels[height - round(_FOOT * ratio) :] = blend(
                pixels[-1], np.full(width, argb(colours.text), np.uint32), shading.mark
            )
        if self._peaks is not None:
            columns = self._peaks.columns(edges)
            spans = spans_of(columns, height - round(_FOOT * ratio), self._gain)
            shown = columns.known | columns.coarse
            paint_spans(pixels[: height - round(_FOOT * ratio)], spans, argb(self._colour), shown)
        image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        return image

    def _paint_window(self, painter: QPainter) -> None:
        begin, end = (self._x(frame) for frame in (self._axis.view.start, self._axis.view.stop))
        veil = mix(self._colours.background, self._colours.text, 0.35)
        veil.setAlpha(70)
        right, foot = float(self.width()), self.height() - _FOOT  # the marks of losses are never veiled
        painter.fillRect(QRectF(self._left, 0, begin - self._left, foot), veil)
        painter.fillRect(QRectF(end, 0, right - end, foot), veil)
        for mark in self._marks:
            painter.fillRect(QRectF(self._x(mark) - 1, 0, 2, 7), self._colours.altered)
        painter.setPen(QPen(self._colours.accent, 0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(begin, 0, max(end - begin - 1, 2.0), self.height() - 1))

    def _paint_label(self, painter: QPainter) -> None:
        painter.setFont(tabular(self.font()))
        painter.setPen(self._colours.faint_text)
        length = duration(self._axis.view.total / self._rate, 1)
        lost = (
            tr(
                "\n{loss_rate:.1%} lost, {n_starts} gaps",
                loss_rate=self._loss.trace.loss_rate,
                n_starts=len(self._loss.starts),
            )
            if self._loss
            else ""
        )
        box = QRectF(10, 0, max(self._left - 14, 0), self.height())
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(box, align, tr("Whole file {length}{lost}", length=length, lost=lost))

    # input

    def _x(self, frame: float) -> float:
        return self._left + frame / max(self._axis.view.total, 1) * (self.width() - self._left)

    def _frame(self, x: float) -> float:
        return (x - self._left) / max(self.width() - self._left, 1) * self._axis.view.total

    def _grip_at(self, x: float) -> str:
        begin, end = self._x(self._axis.view.start), self._x(self._axis.view.stop)
        if end - begin > 4 * _EDGE:
            if abs(x - begin) < _EDGE:
                return "start"
            if abs(x - end) < _EDGE:
                return "stop"
        return "window" if begin - 1 <= x <= end + 1 else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the window, or bring it here."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        x = event.position().x()
        if not self._grip_at(x):
            self._axis.show(self._axis.view.centred(self._frame(x)))
        self._grip = (self._grip_at(x) or "window", self._frame(x) - self._axis.view.start)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the window or an edge of it."""
        x, view = event.position().x(), self._axis.view
        if self._grip is None:
            edge = self._grip_at(x) in ("start", "stop")
            self.setCursor(Qt.CursorShape.SplitHCursor if edge else Qt.CursorShape.ArrowCursor)
            return
        kind, offset = self._grip
        if kind == "start":
            self._axis.show(view.between(min(self._frame(x), view.stop - 16), view.stop))
        elif kind == "stop":
            self._axis.show(view.between(view.start, max(self._frame(x), view.start + 16)))
        else:
            self._axis.pan((self._frame(x) - offset - view.start) / view.frames_per_pixel)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._grip = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll time; with Ctrl zoom."""
        turned = notches(event.angleDelta().y() or event.angleDelta().x())
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._axis.zoom(1.25**turned, self._frame(event.position().x()))
        else:
            self._axis.pan(-turned * self._axis.view.width / 10)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw anew at the new width."""
        self._image = None
