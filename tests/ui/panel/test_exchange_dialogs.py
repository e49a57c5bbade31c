"""Panel > Export and Panel > Import Votes: the same as the commands do, with a look before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from gaplisten.panel.imported import open_source
from gaplisten.panel.session import Session
from gaplisten.ui.panel.export_dialog import ExportDialog
from gaplisten.ui.panel.import_dialog import ImportDialog
from kit.panels import make_panel, take

PLAIN = "who,file,system,opinion\nann,c1,one,4\nann,c1,two,2\nben,c1,one,5\nben,c1,two,1\n"


@pytest.fixture
def exporting(window: Any) -> ExportDialog:
    window.actions_table["panel.export"].trigger()
    found: ExportDialog = window.panes["exchange"].export_dialog
    return found


@pytest.fixture
def importing(window: Any) -> ImportDialog:
    window.actions_table["panel.import"].trigger()
    found: ImportDialog = window.panes["exchange"].import_dialog
    return found


def choose(dialog: ExportDialog, tool: str) -> None:
    dialog.tool.setCurrentIndex(dialog.tool.findData(tool))


def exported(qtbot: QtBot, dialog: ExportDialog) -> str:
    dialog.export.click()
    qtbot.waitUntil(dialog.export.isEnabled)
    return dialog.said.toPlainText()


def test_a_panel_is_written_for_webmushra_and_the_way_on_is_told(
    qtbot: QtBot, exporting: ExportDialog, tmp_path: Path
) -> None:
    panel, out = make_panel(tmp_path, "acr", clips=1), tmp_path / "out"
    assert not exporting.export.isEnabled()
    exporting.panel.line.setText(str(panel.folder))
    exporting.out.line.setText(str(out))
    said = exported(qtbot, exporting)
    assert "copy what is in" in said
    assert (out / "key.csv").is_file()
    assert "Nothing was made." in exported(qtbot, exporting)  # it is there already


def test_the_folder_of_a_user_whom_nobody_knows_is_no_place_yet(
    exporting: ExportDialog, tmp_path: Path
) -> None:
    exporting.out.line.setText(str(tmp_path / "out"))
    exporting.panel.line.setText("~nobody-of-that-name/panel")
    assert exporting.panel.path is None
    assert not exporting.export.isEnabled()


def test_what_a_tool_cannot_take_is_refused_with_the_reason(
    qtbot: QtBot, exporting: ExportDialog, tmp_path: Path
) -> None:
    exporting.panel.line.setText(str(make_panel(tmp_path, "ccr", clips=1).folder))
    exporting.out.line.setText(str(tmp_path / "out"))
    assert exported(qtbot, exporting).startswith("Nothing was made.")
    assert not (tmp_path / "out").exists()


def test_the_toolkits_lists_need_an_address_and_its_votes_need_none(
    qtbot: QtBot, exporting: ExportDialog, tmp_path: Path
) -> None:
    panel = make_panel(tmp_path, "acr", clips=2)
    with Session.open(panel, "Ann") as session:
        take(session)
    exporting.panel.line.setText(str(panel.folder))
    exporting.out.line.setText(str(tmp_path / "answers"))
    choose(exporting, "p808")
    assert exporting.url.isVisible()
    assert not exporting.export.isEnabled()
    exporting.url.setText("http://plain.example")
    assert "Nothing was made." in exported(qtbot, exporting)
    choose(exporting, "p808_answers")
    assert not exporting.url.isVisible()
    assert "result_parser.py" in exported(qtbot, exporting)


def test_votes_are_looked_at_and_taken_over_and_their_results_shown(
    qtbot: QtBot, window: Any, importing: ImportDialog, tmp_path: Path
) -> None:
    table, out = tmp_path / "plain.csv", tmp_path / "votes"
    table.write_text(PLAIN)
    assert not importing.take.isEnabled()
    importing.add([table])
    qtbot.waitUntil(lambda: "no form that is known" in importing.found.toPlainText())
    qtbot.waitUntil(lambda: importing.columns["clip"].findData("file") > 0)
    assert not importing.take.isEnabled()
    for word, column in (
        ("listener", "who"),
        ("clip", "file"),
        ("condition", "system"),
        ("score", "opinion"),
    ):
        importing.columns[word].setCurrentIndex(importing.columns[word].findData(column))
    importing.method.setCurrentIndex(importing.method.findData("acr"))
    qtbot.waitUntil(lambda: "4 votes" in importing.found.toPlainText())
    assert "4 votes of 2 listeners on 1 clip" in importing.found.toPlainText()
    importing.against.setCurrentIndex(importing.against.findData("two"))
    importing.title.setText("Elsewhere")
    importing.out.line.setText(str(out))
    importing.take.click()
    qtbot.waitUntil(lambda: bool(window.panes["results"].windows))
    source = open_source(out)
    assert source.definition.title == "Elsewhere"
    assert source.definition.results.against == "two"
    (shown,) = window.panes["results"].windows
    shown.close()


def test_a_folder_that_is_there_already_keeps_the_dialog_and_what_is_in_it(
    qtbot: QtBot, importing: ImportDialog, tmp_path: Path
) -> None:
    table, out = tmp_path / "votes.csv", tmp_path / "there"
    table.write_text(PLAIN.replace("who,file", "listener,clip").replace("opinion", "score"))
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    importing.method.setCurrentIndex(importing.method.findData("acr"))
    importing.add([table])
    importing.out.line.setText(str(out))
    qtbot.waitUntil(importing.take.isEnabled)
    importing.take.click()
    qtbot.waitUntil(lambda: str(out) in importing.found.toPlainText())
    assert importing.isVisible()
    assert [one.name for one in out.iterdir()] == ["mine.txt"]
