"""Delay over time, for versions that drift."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from gaplisten.audio.alignment import Delay
from gaplisten.ui.theme import accent, figures, quiet_colour


class DelayPlot(QWidget):
    """The delay of one lane against its reference, over the clip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points: tuple[tuple[float, float], ...] = ()
        self._seconds = 1.0
        self.setAccessibleName("Delay over time")
        self.setMinimumSize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """Return a size that shows a few steps."""
        return QSize(20 * self.fontMetrics().averageCharWidth() + 40, 5 * self.fontMetrics().height())

    def show_delay(self, delay: Delay | None, removed: int, rate: int, seconds: float) -> None:
        """Draw this delay, less what was removed; hidden for one that does not drift."""
        drifts = delay is not None and delay.drifts
        self.setVisible(drifts)
        if delay is None or not drifts:
            self.points = ()
            return
        self.points = tuple((second, 1000.0 * (frames - removed) / rate) for second, frames in delay.track)
        self._seconds = max(seconds, self.points[-1][0])
        each = "; ".join(f"{second:.1f} s: {late:.1f} ms" for second, late in self.points[:40])
        self.setAccessibleDescription(each)
        self.setToolTip(f"Delay against the reference, {len(self.points)} windows of speech\n{each}")
        self.update()

    @property
    def _bounds(self) -> tuple[float, float]:
        values = [late for _, late in self.points]
        low, high = min(0.0, *values), max(0.0, *values)
        return low, max(high, low + 1.0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw steps, the line of no delay, and the two extremes."""
        if not self.points:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(figures(self.font()))
        metrics = painter.fontMetrics()
        low, high = self._bounds
        left = metrics.horizontalAdvance("-000 ms") + 8
        half = metrics.height() / 2
        area = QRectF(left, half, self.width() - left - 8, self.height() - 2 * half - metrics.height())
        self._axes(painter, area, low, high)
        self._steps(painter, area, low, high)
        painter.end()

    def _y(self, area: QRectF, value: float, low: float, high: float) -> float:
        return area.bottom() - (value - low) / (high - low) * area.height()

    def _axes(self, painter: QPainter, area: QRectF, low: float, high: float) -> None:
        quiet = quiet_colour(self.palette())
        height = painter.fontMetrics().height()
        for value in {low, 0.0, high}:
            y = self._y(area, value, low, high)
            painter.setPen(QPen(self.palette().mid().color() if value else quiet, 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(quiet)
            box = QRectF(0, y - height / 2, area.left() - 6, height)
            painter.drawText(
                box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:.0f} ms"
            )
        below = QRectF(area.left(), area.bottom() + height / 2, area.width(), height)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "0 s")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"{self._seconds:.1f} s")

    def _steps(self, painter: QPainter, area: QRectF, low: float, high: float) -> None:
        places = [
            QPointF(
                area.left() + second / self._seconds * area.width(),
                self._y(area, late, low, high),
            )
            for second, late in self.points
        ]
        painter.setPen(QPen(accent(self.palette()), 2))
        painter.drawPolyline(QPolygonF(places))
        painter.setBrush(accent(self.palette()))
        painter.setPen(Qt.PenStyle.NoPen)
        for place in places:
            painter.drawEllipse(place, 2.5, 2.5)
