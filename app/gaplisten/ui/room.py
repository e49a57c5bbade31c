"""Fitting into the room there is: small screens, and large ones at twice the scale."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

_TITLE_BAR = 40


def resize_within(window: QWidget, width: int, height: int) -> None:
    """Give a window its size, or as much of it as its screen has."""
    room = window.screen().availableGeometry()
    window.resize(min(width, room.width()), min(height, room.height() - _TITLE_BAR))


class Scrolled(QScrollArea):
    """What can be made smaller than its content; a bar appears only then."""

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its content can be reached; it scrolls along
        self.setWidget(content)
