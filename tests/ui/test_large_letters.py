"""With letters twice as large nothing is cut, numbers least of all."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QTableView,
    QToolButton,
)


@pytest.fixture
def large(qapp):
    """Let letters be twice as large, as somebody's desktop has them."""
    before = qapp.font()
    font = qapp.font()
    font.setPointSizeF(2 * font.pointSizeF())
    qapp.setFont(font)
    yield
    qapp.setFont(before)


@pytest.fixture
def wide(large, window, qtbot, clips_folder):
    """Return a window on a usual screen with two clips, and a concealer's form in it."""
    window.resize(1920, 1040)
    window.open_paths([clips_folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    window._first_panes()
    window.panes["concealers"].dock.boxes["loud"].setChecked(True)
    qtbot.waitUntil(lambda: not window.controller.busy)
    QApplication.processEvents()
    return window


def small(widget) -> bool:
    """Tell whether a control is too small for what is written in it."""
    letters = widget.fontMetrics()
    if isinstance(widget, QToolButton) and widget.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonIconOnly:
        return False
    if isinstance(widget, QAbstractButton):
        text, room = (
            widget.text(),
            widget.minimumSizeHint().width() - letters.horizontalAdvance(widget.text()),
        )
    else:
        text, room = widget.currentText() if isinstance(widget, QComboBox) else widget.text(), 16
    return bool(text) and (
        letters.horizontalAdvance(text) + max(room, 0) > widget.width() + 1
        or letters.height() > widget.height()
    )


def cut_in(window):
    """Return what is cut of a window's buttons, boxes and number fields, and of the cells of its tables."""
    kinds = (QAbstractButton, QComboBox, QAbstractSpinBox)
    seen = [one for kind in kinds for one in window.findChildren(kind) if not one.visibleRegion().isEmpty()]
    found = [f"{type(one).__name__} {one.accessibleName()}" for one in seen if small(one)]
    for table in window.findChildren(QTableView):
        model, letters = table.model(), table.fontMetrics()
        for row in range(min(model.rowCount(), 5) if not table.visibleRegion().isEmpty() else 0):
            if table.rowHeight(row) < letters.height():
                found.append(f"{table.accessibleName()}: row {row}")
            for column in range(model.columnCount()):
                text = str(model.index(row, column).data() or "")
                number = any(letter.isdigit() for letter in text)
                if number and letters.horizontalAdvance(text) > table.columnWidth(column):
                    found.append(f"{table.accessibleName()}: {text}")
    return found


def test_controls_and_numbers_of_the_window_have_room(wide):
    assert cut_in(wide) == []


def test_what_is_drawn_around_the_lanes_has_room(wide):
    view = wide.lanes_view
    scene, letters = view._canvas.scene, QFontMetricsF(view.font())
    assert scene.layout.ruler >= letters.height() + 10  # the ticks are below
    assert view._overview.height() >= 2 * letters.height()
    font = view.font()
    font.setPointSizeF(font.pointSizeF() - 2 * scene.layout.scale)
    figures = QFontMetricsF(font)
    values = [
        text
        for row in range(scene.rows)
        for strip in scene.strips(row)
        for _y, text in view._drawers[strip.drawer].scale(scene, strip)
    ]
    assert values
    assert all(figures.horizontalAdvance(text) <= scene.layout.gutter - 7 for text in [*values, "\u22120.25"])
    assert scene.layout.scale_text >= figures.ascent()
    assert scene.layout.plot_left <= view.width() / 3


@pytest.mark.parametrize("command", ["file.settings", "gap.measures", "help.keys"])
def test_dialogs_have_room(wide, command):
    before = set(QApplication.topLevelWidgets())
    wide.actions_table[command].trigger()
    QApplication.processEvents()
    opened = set(QApplication.topLevelWidgets()) - before
    (dialog,) = [one for one in opened if isinstance(one, QDialog) and one.isVisible()]
    found = cut_in(dialog)
    dialog.close()
    assert found == []


def test_letters_that_grow_while_the_window_is_open_are_given_room(opened, qapp):
    before = opened.lanes_view.layout_now().ruler
    font = opened.font()
    font.setPointSizeF(2 * font.pointSizeF())
    opened.setFont(font)
    assert opened.lanes_view.layout_now().ruler > before
