"""What a person must see to use it: outlines on a dark ground."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gaplisten.ui.theme import VisibleBoxes, dark_palette


def luminance(colour: QColor) -> float:
    """Return the relative luminance (WCAG 2)."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_an_empty_field_on_a_dark_ground_has_an_outline_that_can_be_seen(qtbot: QtBot) -> None:
    style = VisibleBoxes()
    page, field = QWidget(), QLineEdit(placeholderText="Comment")
    qtbot.addWidget(page)
    field.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    QVBoxLayout(page).addWidget(field)
    for one in (page, field):
        one.setStyle(style)
    page.setPalette(dark_palette())
    page.resize(300, 60)
    page.show()
    picture, edge = page.grab().toImage(), field.geometry().topRight()
    ground = luminance(picture.pixelColor(2, 2))
    line = [luminance(picture.pixelColor(edge.x() - 60, edge.y() + row)) for row in range(3)]
    assert (max(line) + 0.05) / (ground + 0.05) >= 3.0  # WCAG 2, 1.4.11
