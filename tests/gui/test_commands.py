import pytest
from PySide6.QtGui import QKeySequence

from gaplisten.ui.commands import COMMANDS, MENUS, key_texts
from gaplisten.ui.workbench.help_actions import KeySheet


def test_no_two_commands_share_a_key(window):
    keys = [key for command in window.actions_table.bound for key in key_texts(command)]
    assert len(keys) == len(set(keys))


def test_names_are_unique_and_menus_known():
    names = [command.name for command in COMMANDS]
    assert len(names) == len(set(names))
    assert {command.menu.split("/")[0] for command in COMMANDS} <= set(MENUS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_key_is_one_that_qt_knows(qapp, command):
    for key in key_texts(command):
        sequence = QKeySequence.fromString(key)
        assert not sequence.isEmpty()
        assert sequence[0].key() != 0


def test_every_command_is_carried_out_and_stands_in_a_menu(window):
    bound = {command.name for command in window.actions_table.bound}
    assert {command.name for command in COMMANDS} <= bound
    for name in bound:
        action = window.actions_table[name]
        assert any(action in menu.actions() for menu in window.menus.values()), name


def test_menus_stand_in_their_order(window):
    titles = [action.text().replace("&", "") for action in window.menuBar().actions()]
    assert titles == [name for name in MENUS if name in titles]


def test_the_sheet_lists_every_key_and_can_be_narrowed(window, qtbot):
    sheet = KeySheet(window.actions_table, window)
    qtbot.addWidget(sheet)
    assert sheet.table.rowCount() == len(window.actions_table.bound)
    sheet.filter.setText("next gap alt+right")
    assert sheet.table.rowCount() == 1
    assert "Alt+Right" in sheet.table.item(0, 0).text()


def test_everything_that_can_be_reached_has_a_name_for_screen_readers(opened):
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QTableView

    kinds = (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QTableView)
    nameless = [
        widget
        for kind in kinds
        for widget in opened.findChildren(kind)
        if widget.isVisible()
        and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not widget.objectName().startswith("qt_")
        and not widget.accessibleName()
        and not getattr(widget, "text", str)()
    ]
    assert nameless == []


def test_the_window_fits_a_small_screen(opened):
    hint = opened.minimumSizeHint()
    assert hint.width() <= 1280
    assert hint.height() <= 720
