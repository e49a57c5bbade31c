"""Labels of the panel's screens."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gaplisten.ui.theme import quiet_colour


def heading(text: str) -> QLabel:
    """Return a large, centred line."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)  # a stranger's title is no markup
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    font = QFont(label.font())
    font.setBold(True)
    label.setFont(font)
    return sized(label, 1.5)


def paragraph(text: str, *, centred: bool = False, quiet: bool = False) -> QLabel:
    """Return wrapped text; `quiet` text is secondary."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if centred:
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    if quiet:
        _tone(label, True)
    return sized(label, 1.1)


def _tone(label: QLabel, secondary: bool) -> None:
    palette = QApplication.palette(label)
    if secondary:
        palette.setColor(label.foregroundRole(), quiet_colour())
    label.setPalette(palette)


def quiet(label: QLabel, secondary: bool) -> None:
    """Show a text as secondary, or as what is to be read now."""
    if label.property(_SECONDARY) != secondary:
        label.setProperty(_SECONDARY, secondary)
        _tone(label, secondary)


_RELATIVE, _SECONDARY = "relativeSize", "secondary"


def sized(label: QLabel, relative: float) -> QLabel:
    """Write a label in a size relative to the page's, and keep it so."""
    label.setProperty(_RELATIVE, relative)
    font = QFont(label.font())
    font.setPointSizeF(font.pointSizeF() * relative)
    label.setFont(font)
    return label


def fit_type(root: QWidget, points: float) -> None:
    """Write a page in this size, and its labels in theirs, which are relative to it.

    Each widget gets its own: where there is a style sheet, fonts are not handed down.
    """
    for widget in root.findChildren(QWidget):
        font = QFont(widget.font())
        font.setPointSizeF(points * float(widget.property(_RELATIVE) or 1.0))
        if font != widget.font():
            widget.setFont(font)


def emptied(layout: QHBoxLayout | QVBoxLayout) -> None:
    """Take everything out of a row or column."""
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.setParent(None)
            widget.deleteLater()
