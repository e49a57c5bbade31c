"""A pane of the window is one file: made up here, put into the folder, seen in menus, keys and docks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from gaplisten.ui import panes
from gaplisten.ui.help.keys import KeySheet

PLACE = '''
"""Where the playhead is, large."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane

COMMANDS = section("View", "panes")(("view.place", "Place", "Ctrl+Alt+P", "Show where the playhead is"),)


class Place(QLabel):
    def __init__(self, shell):
        super().__init__("nowhere", shell.window)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        shell.actions.bind("view.place", lambda: shell.bring("place", self))
        shell.signals.moved.connect(lambda state: self.setText(f"frame {state.position}"))


PANE = Pane("place", Place, COMMANDS, "Place", Qt.DockWidgetArea.LeftDockWidgetArea, below="clips")
'''


@pytest.fixture
def more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "more"
    folder.mkdir()
    monkeypatch.setattr(panes, "__path__", [*panes.__path__, str(folder)])
    yield folder
    for name in [
        name for name in sys.modules if name in (f"{panes.__name__}.place", f"{panes.__name__}.broken")
    ]:
        del sys.modules[name]


@pytest.fixture
def placed(more: Path, request: pytest.FixtureRequest):
    (more / "place.py").write_text(PLACE, encoding="utf-8")
    return request.getfixturevalue("opened")


def test_a_file_in_the_folder_is_a_pane_with_dock_menu_row_and_key(placed, qtbot):
    dock = placed.docks["place"]
    assert dock.windowTitle() == "Place"
    assert placed.actions_table["view.place"] in placed.menus["View"].actions()
    assert dock.toggleViewAction() in placed.menus["View/Panes"].actions()
    sheet = KeySheet(placed.actions_table, placed)
    qtbot.addWidget(sheet)
    sheet.filter.setText("where the playhead is")
    assert sheet.table.item(1, 0).text() == "Ctrl+Alt+P"


def test_what_it_shows_follows_the_workbench(placed, qtbot):
    placed.controller.hearing.seek(640)
    qtbot.waitUntil(lambda: placed.panes["place"].text() == "frame 640")


def test_its_command_brings_it_to_the_front_with_the_focus(placed, qtbot):
    placed.docks["place"].hide()
    placed.actions_table["view.place"].trigger()
    assert placed.docks["place"].isVisible()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is placed.panes["place"])


def test_a_pane_that_cannot_be_made_does_not_keep_the_workbench_shut(more: Path, request, caplog):
    broken = (
        PLACE.replace("nowhere", "").replace("super()", "1 / 0, super()").replace("view.place", "view.broken")
    )
    (more / "broken.py").write_text(broken.replace('"place"', '"broken"'), encoding="utf-8")
    window = request.getfixturevalue("window")
    assert "broken" not in window.panes
    assert "the pane broken could not be made" in caplog.text
    assert window.panes["clips"].dock.isVisible()
