"""The output meter: level with peak hold, and a light for clipping that stays on until it is clicked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gaplisten.playback.player import PlayerState
from gaplisten.ui.theme import accent, quiet_colour, warning_colour

FLOOR_DB = -60.0


class Meter(QWidget):
    """One bar from -60 to 0 dB of full scale.

    Signals
    -------
    cleared
        The clip indicator was clicked.
    """

    cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._level, self._hold, self._clipped = FLOOR_DB, FLOOR_DB, False
        self.setAccessibleName("Output level")
        self.setStatusTip("Output level, -60 to 0 dB of full scale; click to reset the clip indicator")
        self.setToolTip("Output level")

    def sizeHint(self) -> QSize:
        """Return a size that fits a toolbar."""
        return QSize(110, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Return the least that can still be read."""
        return QSize(60, 10)

    def show_state(self, state: PlayerState) -> None:
        """Show a player's output level."""
        level, hold = level_db(state.peak), level_db(state.peak_hold)
        if (level, hold, state.clipped) != (self._level, self._hold, self._clipped):
            self._level, self._hold, self._clipped = level, hold, state.clipped
            self.setToolTip(f"Peak {hold:.1f} dB" + (", clipped" if state.clipped else ""))
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Reset the clip indicator."""
        self.cleared.emit()
        event.accept()

    def _place(self, decibels: float, width: float) -> float:
        return width * min(max(1.0 - decibels / FLOOR_DB, 0.0), 1.0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw bar, ticks, hold mark and clip indicator."""
        painter = QPainter(self)
        light = 10.0
        area = QRectF(0.5, self.height() / 2 - 5.0, self.width() - light - 4.0, 10.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().mid())
        painter.drawRoundedRect(area, 2, 2)
        filled = QRectF(area.left(), area.top(), self._place(self._level, area.width()), area.height())
        painter.setBrush(accent(self.palette()))
        painter.drawRoundedRect(filled, 2, 2)
        self._ticks(painter, area)
        if self._hold > FLOOR_DB:
            x = area.left() + self._place(self._hold, area.width())
            painter.fillRect(
                QRectF(x - 1.0, area.top() - 1.0, 2.0, area.height() + 2.0), self.palette().text()
            )
        painter.setPen(quiet_colour(self.palette()))
        painter.setBrush(warning_colour(self.palette()) if self._clipped else QColor(0, 0, 0, 0))
        painter.drawRect(QRectF(self.width() - light - 0.5, area.top(), light - 0.5, area.height() - 0.5))
        painter.end()

    def _ticks(self, painter: QPainter, area: QRectF) -> None:
        for decibels in (-48.0, -36.0, -26.0, -12.0):
            x = round(area.left() + self._place(decibels, area.width()))
            painter.fillRect(QRectF(x, area.top() + 3.0, 1.0, area.height() - 6.0), self.palette().base())


def level_db(peak: Sequence[float]) -> float:
    """Return the louder channel's peak in dB, -120 for silence."""
    return float(20.0 * np.log10(max([*peak, 1e-6])))
