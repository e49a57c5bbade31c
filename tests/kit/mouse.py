"""The mouse on a widget, at a place in logical pixels."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

Left, NoButton = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
Plain = Qt.KeyboardModifier.NoModifier


def mouse(
    widget: QWidget,
    kind: QEvent.Type,
    x: float,
    y: float,
    button: Qt.MouseButton = Left,
    modifiers: Qt.KeyboardModifier = Plain,
) -> None:
    """Press, move or release a button there; it is held but as it is released."""
    place = QPointF(x, y)
    held = NoButton if kind == QEvent.Type.MouseButtonRelease else button
    event = QMouseEvent(kind, place, widget.mapToGlobal(place), button, held, modifiers)
    QApplication.sendEvent(widget, event)
