"""Digit keys count by where they are: layouts that write letters there switch versions all the same."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from gaplisten.ui.digit_row import digit_at, meant_by
from gaplisten.ui.help.keys import KeySheet

PLAIN, SHIFT, CONTROL, KEYPAD, ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.KeypadModifier,
    Qt.KeyboardModifier.AltModifier,
)
FRENCH = "&é\"'(-è_çà"


def key_of(place, text, modifiers=PLAIN, kind=QEvent.Type.ShortcutOverride, *, virtual=0):
    """Return the event of the key at a place of the digit row, counted from 1, as X11 has it."""
    key = ord(text.upper()) if text else 0
    return QKeyEvent(kind, key, modifiers, 9 + place, virtual, 0, text)


def press(widget, place, text, modifiers=PLAIN):
    """Press a key as Qt does: shortcuts come first, then what is typed; return whether it was one."""
    override = key_of(place, text, modifiers)
    override.ignore()
    QApplication.sendEvent(widget, override)
    QApplication.sendEvent(widget, key_of(place, text, modifiers, QEvent.Type.KeyPress))
    return override.isAccepted()


@pytest.mark.parametrize(
    ("platform", "codes"),
    [
        ("linux", {place: (9 + place, 0) for place in range(1, 11)}),
        ("win32", {place: (1 + place, 0) for place in range(1, 11)}),
        ("darwin", dict(enumerate([(0, code) for code in (18, 19, 20, 21, 23, 22, 26, 28, 25, 29)], 1))),
    ],
)
def test_each_system_has_codes_for_the_ten_keys(platform, codes):
    for place, (scan, virtual) in codes.items():
        event = QKeyEvent(QEvent.Type.KeyPress, ord("&"), PLAIN, scan, virtual, 0, "&")
        assert digit_at(event, platform) == place % 10


def test_keys_beside_the_row_and_on_the_keypad_stand_for_no_digit():
    assert digit_at(key_of(0, "²")) is None
    assert digit_at(key_of(11, ")")) is None
    assert digit_at(key_of(1, "1", KEYPAD)) is None


def test_a_letter_from_a_to_z_is_no_digit_wherever_its_keyboard_says_it_is():
    for place, letter in enumerate("dfhgzxcv", 1):  # a Mac's keys, as its X server numbers them
        assert digit_at(key_of(place, letter)) is None
        assert meant_by(key_of(place, letter.upper(), SHIFT)) is None
        assert meant_by(key_of(place, letter, CONTROL)) is None


def test_a_layout_with_digits_there_is_left_to_itself_and_so_is_what_alt_types():
    assert meant_by(key_of(1, "1")) is None
    assert meant_by(key_of(2, "~", ALT)) is None
    assert meant_by(key_of(1, "!", SHIFT)).toString() == "Shift+1"
    assert meant_by(key_of(1, "1", SHIFT)).toString() == "Shift+1"
    assert meant_by(key_of(2, "é", CONTROL)).toString() == "Ctrl+2"


def test_french_keys_switch_versions_without_shift_and_set_the_speed_with_it(opened, settle):
    opened.controller.document.switch_on("loud")
    settle(opened)
    view, hearing = opened.lanes_view.focusProxy(), opened.controller.hearing
    heard = []
    for place in (3, 2, 10):
        assert press(view, place, FRENCH[place - 1])
        heard.append(hearing.heard)
    assert heard == [3, 2, 0]
    assert press(view, 2, "2", SHIFT)
    assert opened.actions_table["listen.half"].isChecked()
    assert hearing.heard == 0, "the speed alone changes"
    assert press(view, 3, '"', CONTROL)
    assert opened.actions_table["view.residual"].isChecked()


def test_what_is_typed_into_a_field_stays_there(opened, qtbot):
    field = opened.panes["clips"].dock.filter
    field.setFocus()
    heard = opened.controller.hearing.heard
    press(field, 2, "é")
    press(field, 10, "à")
    assert (field.text(), opened.controller.hearing.heard) == ("éà", heard)


def test_a_list_that_has_the_focus_does_not_look_for_the_sign_on_the_key(opened, qtbot, settle):
    settle(opened)
    table = opened.panes["clips"].dock.table
    table.setFocus()
    sought = []
    table.keyboardSearch = sought.append
    assert press(table, 2, "é")
    assert opened.controller.hearing.heard == 2
    assert sought == []
    assert not press(table, 11, ")")
    assert sought == [")"], "other keys look for rows as ever"


def test_panes_that_float_take_the_keys_too(opened, settle):
    settle(opened)
    dock = opened.docks["gaps"]
    dock.setFloating(True)
    assert press(opened.panes["gaps"].dock.table, 2, "é")
    assert opened.controller.hearing.heard == 2


def test_a_dialog_keeps_its_keys(opened, qtbot, settle):
    settle(opened)
    dialog = KeySheet(opened.actions_table, opened)
    qtbot.addWidget(dialog)
    dialog.show()
    assert not press(dialog.table, 2, "é")
    assert opened.controller.hearing.heard == 0
