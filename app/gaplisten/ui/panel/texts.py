"""Labels of the panel's screens."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from gaplisten.ui.theme import quiet_colour


def heading(text: str) -> QLabel:
    """Return a large, centred line."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)  # a stranger's title is no markup
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    font = QFont(label.font())
    font.setPointSizeF(font.pointSizeF() * 1.5)
    font.setBold(True)
    label.setFont(font)
    return label


def paragraph(text: str, *, centred: bool = False, quiet: bool = False) -> QLabel:
    """Return wrapped text; `quiet` text is secondary."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if centred:
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    if quiet:
        palette = label.palette()
        palette.setColor(label.foregroundRole(), quiet_colour())
        label.setPalette(palette)
    font = QFont(label.font())
    font.setPointSizeF(font.pointSizeF() * 1.1)
    label.setFont(font)
    return label


def emptied(layout: QHBoxLayout | QVBoxLayout) -> None:
    """Take everything out of a row or column."""
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.setParent(None)
            widget.deleteLater()
