"""Qt's Fusion style, with tick boxes that can be seen on a dark ground."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import QProxyStyle, QStyle, QStyleOption, QWidget

_BOXES = (
    QStyle.PrimitiveElement.PE_IndicatorCheckBox,
    QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck,
)


class VisibleBoxes(QProxyStyle):
    """Fusion draws a box's outline darker than the window: on a dark one nobody sees an empty box."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """Draw as Fusion does; on a dark ground outline boxes in the colour of quiet text."""
        super().drawPrimitive(element, option, painter, widget)
        palette = option.palette
        if element in _BOXES and palette.color(QPalette.ColorRole.Window).lightness() < 128:
            painter.save()
            painter.setPen(QPen(palette.color(QPalette.ColorRole.PlaceholderText), 1))
            painter.drawRect(option.rect.adjusted(1, 1, -2, -2))
            painter.restore()
