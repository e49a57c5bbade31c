"""Every widget that the keyboard can reach says what it is: by its name, its text or its label."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QDialog

from kit.spoken_names import nameless

# Each opens a dialog of its own by its command, as from the menu.
DIALOGS = (
    "help.keys",
    "help.manual",
    "help.log",
    "help.about",
    "file.settings",
    "edit.loss_model",
    "gap.measures",
    "conceal.clips",
    "scores.clips",
    "scores.service",
    "panel.new",
    "panel.export",
    "panel.import",
)


def test_in_the_window(opened):
    for dock in opened.docks.values():
        dock.raise_()
        QApplication.processEvents()
        assert nameless(opened) == []


@pytest.mark.parametrize("command", DIALOGS)
def test_in_the_dialogs(opened, qtbot, command):
    before = set(QApplication.topLevelWidgets())
    opened.actions_table[command].trigger()

    def dialogs() -> list[QDialog]:
        tops = set(QApplication.topLevelWidgets()) - before
        return [one for one in tops if isinstance(one, QDialog) and one.isVisible()]

    qtbot.waitUntil(lambda: bool(dialogs()))
    (dialog,) = dialogs()
    found = nameless(dialog)
    dialog.close()
    assert found == []
