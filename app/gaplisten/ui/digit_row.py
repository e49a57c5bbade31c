"""The digit keys by where they are on the keyboard, whatever a layout writes on them.

On a French keyboard the second key of the row types é, and 2 only with Shift; Qt looks for shortcuts by what
is typed, so that Shift+2 would be 2, and 2 nothing. Scan codes name the key itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import cast

from PySide6.QtCore import QEvent, QKeyCombination, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QWidget

_DIGITS = "1234567890"
# Linux: the kernel's codes (linux/input-event-codes.h), and 8 on top, as X11 and Wayland have them. Windows:
# scan codes of set 1. macOS: kVK_ANSI_1 to kVK_ANSI_0 of HIToolbox/Events.h, as virtual keys.
_EVDEV = {code: int(digit) for code, digit in enumerate(_DIGITS, 10)}
_SET_1 = {code: int(digit) for code, digit in enumerate(_DIGITS, 2)}
_MAC = dict(zip((18, 19, 20, 21, 23, 22, 26, 28, 25, 29), map(int, _DIGITS), strict=True))

_SHIFT, _CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def digit_at(event: QKeyEvent, platform: str = sys.platform) -> int | None:
    """Return the digit that an American keyboard has on the key of this event; None for keys elsewhere."""
    if event.modifiers() & Qt.KeyboardModifier.KeypadModifier:
        return None
    if Qt.Key.Key_A <= event.key() <= Qt.Key.Key_Z:
        # No layout has these there: it is a keyboard that numbers its keys otherwise, as a Mac's does when
        # the window is shown on it from another machine.
        return None
    if platform == "darwin":
        return _MAC.get(event.nativeVirtualKey()) if event.nativeVirtualKey() else None
    codes = _SET_1 if platform == "win32" else _EVDEV
    return codes.get(event.nativeScanCode())


def meant_by(event: QKeyEvent) -> QKeySequence | None:
    """Return the shortcut that a key of the digit row stands for; None where Qt finds it by itself."""
    digit, modifiers = digit_at(event), event.modifiers()
    if digit is None or modifiers & ~(_SHIFT | _CONTROL):
        return None
    key = Qt.Key(Qt.Key.Key_0.value + digit)
    if not modifiers & _SHIFT and Qt.Key.Key_0 <= event.key() <= Qt.Key.Key_9:
        return None  # the layout has digits here, and knows better which
    return QKeySequence(QKeyCombination(modifiers, key))


class _Swallower(QObject):
    """Has the letter of a key that was a shortcut go nowhere: a table would look for a row with it."""

    def __init__(self, typist: QWidget) -> None:
        super().__init__(typist)
        typist.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take one press; it follows at once, if it comes at all."""
        if event.type() not in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.FocusOut):
            return False
        watched.removeEventFilter(self)
        self.deleteLater()
        return event.type() == QEvent.Type.KeyPress


class DigitRow(QObject):
    """Carries out the shortcuts of the digit row by position.

    What is typed into a field never comes here: fields take their keys before windows are asked.

    Parameters
    ----------
    carry_out
        Does what a shortcut stands for; returns whether there was anything to do.
    """

    def __init__(self, parent: QObject, carry_out: Callable[[QKeySequence], bool]) -> None:
        super().__init__(parent)
        self._carry_out = carry_out

    def watch(self, widget: QWidget) -> None:
        """Take the keys that nothing in `widget` wanted for itself."""
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Look at keys before Qt looks for shortcuts, and at nothing else."""
        if event.type() != QEvent.Type.ShortcutOverride:
            return False
        keys = meant_by(cast("QKeyEvent", event))
        if keys is None or not self._carry_out(keys):
            return False
        event.accept()
        if (typist := QApplication.focusWidget()) is not None:
            _Swallower(typist)
        return True
