"""Panel > Listeners in Browsers: links, and a server that is started, watched and stopped from the window."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.session import Session
from gaplisten.panel.withdrawing import withdrawals
from gaplisten.ui.panel.serving_dialog import ServingDialog
from gaplisten.web.links import Links
from kit.panels import make_panel, saved_rows, take
from kit.served import Remote, free_listener
from kit.spoken_names import nameless
from kit.tables import rows_of
from kit.timing import PATIENCE


@pytest.fixture
def panel(tmp_path: Path) -> FrozenPanel:
    return make_panel(tmp_path, "acr", clips=2)


def opened_on(window: Any, panel: FrozenPanel) -> ServingDialog:
    window.panes["serving"].open(panel.folder)
    found: ServingDialog = window.panes["serving"].dialog
    assert found is not None
    return found


@pytest.fixture
def dialog(qtbot: QtBot, window: Any, panel: FrozenPanel) -> Any:
    found = opened_on(window, panel)
    yield found
    if window.panes["serving"].dialog is found:
        found.end()


def started(qtbot: QtBot, dialog: ServingDialog) -> int:
    dialog.settings.port.setValue(0)
    dialog.run.click()
    qtbot.waitUntil(lambda: "Served at" in dialog.state.text(), timeout=1000 * PATIENCE)
    return int(dialog.place.rpartition(":")[2])


def stopped(qtbot: QtBot, dialog: ServingDialog) -> None:
    dialog.run.click()
    qtbot.waitUntil(lambda: not dialog.serves, timeout=1000 * PATIENCE)


def cells(dialog: ServingDialog, row: int) -> list[str]:
    return [dialog.table.item(row, column).text() for column in range(dialog.table.columnCount())]


def test_links_are_made_shown_and_copied(dialog: ServingDialog, panel: FrozenPanel, tmp_path: Path) -> None:
    dialog.more.setValue(2)
    dialog.make_more.click()
    dialog.name.setText("Ann")
    dialog.make_named.click()
    tokens = [one.token for one in Links(panel, panel.ratings).all()]
    assert [cells(dialog, row)[0] for row in range(3)] == ["L001", "L002", "Ann"]
    dialog.settings.address.setText("https://lab.example/listen/")
    where = [f"https://lab.example/listen/s/{token}/" for token in tokens]
    assert [cells(dialog, row)[4] for row in range(3)] == where
    dialog.copy.click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines == [f"{name}\t1\t{link}" for name, link in zip(("L001", "L002", "Ann"), where, strict=True)]
    every = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
    dialog.table.selectionModel().select(dialog.table.model().index(2, 0), every)
    dialog.copy.click()
    assert QGuiApplication.clipboard().text() == where[2]
    dialog.copy_open.setCurrentText("anybody")
    dialog.copy_one.click()
    study = Links(panel, panel.ratings).study
    assert QGuiApplication.clipboard().text() == f"https://lab.example/listen/join/{study}"


def test_the_links_are_saved_as_the_command_saves_them(
    dialog: ServingDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog.more.setValue(1)
    dialog.make_more.click()
    out = tmp_path / "links.csv"
    monkeypatch.setattr(
        "gaplisten.ui.panel.serving_dialog.QFileDialog.getSaveFileName", lambda *_: (str(out), "")
    )
    dialog.save.click()
    assert [(row["listener"], row["section"]) for row in rows_of(out)] == [("L001", "1")]


def test_sections_are_set_before_the_first_link_and_not_after(dialog: ServingDialog) -> None:
    dialog.sections.setValue(99)
    dialog.make_more.click()
    assert "there are no 99 sections" in dialog.state.text()
    dialog.sections.setValue(2)
    dialog.more.setValue(1)
    dialog.make_more.click()
    assert [cells(dialog, row)[:2] for row in range(2)] == [["L001", "1"], ["L001", "2"]]
    assert not dialog.sections.isEnabled()
    assert "anybody, section 2" in [dialog.copy_open.itemText(at) for at in range(dialog.copy_open.count())]
    dialog.settings.at_end.setText("ONE TWO")
    assert dialog.words().count("--done") == 2


def test_a_panel_with_a_list_has_its_links_and_takes_no_more(window: Any, tmp_path: Path) -> None:
    dialog = opened_on(window, make_panel(tmp_path, "acr", clips=1, top='listeners = ["Ann", "Ben"]'))
    assert [cells(dialog, row)[0] for row in range(2)] == ["Ann", "Ben"]
    assert not dialog.make_more.isEnabled()
    assert not dialog.name.isEnabled()


def test_what_the_fields_say_is_what_the_server_is_told(dialog: ServingDialog) -> None:
    assert dialog.words()[3:] == ["--until-input-ends", "--host", "127.0.0.1", "--port", "8000"]
    dialog.settings.reach.setCurrentIndex(1)
    dialog.settings.at_end.setText("THE CODE")
    dialog.settings.failed.setText(" NO ")
    dialog.settings.frames.setText("https://a.example https://b.example")
    dialog.settings.proxies.setText("10.0.0.1")
    assert dialog.words()[4:] == [
        *("--host", "0.0.0.0", "--port", "8000", "--done", "THE CODE"),
        *("--frame", "https://a.example", "--frame", "https://b.example", "--trust-proxy", "10.0.0.1"),
        *("--failed", "NO"),
    ]


def test_ratings_can_lie_elsewhere_and_idle_sessions_be_closed_sooner(
    qtbot: QtBot, dialog: ServingDialog, panel: FrozenPanel, tmp_path: Path
) -> None:
    dialog.more.setValue(1)
    dialog.make_more.click()
    elsewhere, where = tmp_path / "elsewhere", dialog.settings.ratings
    where.line.setText(str(elsewhere))
    where.line.editingFinished.emit()
    dialog.settings.idle.setValue(2.5)
    assert dialog.words()[8:] == ["--ratings", str(elsewhere), "--idle-minutes", "2.5"]
    assert dialog.table.rowCount() == 0, "the links are another folder's"
    dialog.make_more.click()
    listener = Remote(started(qtbot, dialog), Links(panel, elsewhere).all()[0].token)
    listener.open()
    assert listener.send().status == 200
    dialog.look()
    qtbot.waitUntil(lambda: cells(dialog, 0)[2] == "1 / 4")
    stopped(qtbot, dialog)
    assert len(saved_rows(panel, elsewhere)) == 1
    assert saved_rows(panel) == []
    for wrong in ("ratings", str(tmp_path / "no" / "such")):
        where.line.setText(wrong)
        where.line.editingFinished.emit()
        assert "this is no place for ratings" in dialog.state.text()
        assert where.line.text() == str(elsewhere), "what stands there is what is served"
    where.line.clear()
    where.line.editingFinished.emit()
    assert dialog.table.rowCount() == 1
    assert "--ratings" not in dialog.words()


def test_a_panel_is_served_watched_and_stopped_and_goes_on_by_the_same_link(
    qtbot: QtBot, window: Any, dialog: ServingDialog, panel: FrozenPanel
) -> None:
    dialog.more.setValue(1)
    dialog.make_more.click()
    port = started(qtbot, dialog)
    token = Links(panel, panel.ratings).all()[0].token
    assert cells(dialog, 0)[4] == f"http://127.0.0.1:{port}/s/{token}/"
    assert not dialog.settings.isEnabled()
    listener = Remote(port, token)
    listener.open()
    assert listener.send().status == 200
    dialog.look()
    qtbot.waitUntil(lambda: cells(dialog, 0)[2] == "1 / 4")
    dialog.close()  # out of sight, and it goes on
    assert not dialog.isVisible()
    assert listener.send().status == 200
    window.actions_table["panel.serve"].trigger()
    assert window.panes["serving"].dialog is dialog
    assert dialog.isVisible()
    stopped(qtbot, dialog)
    with pytest.raises(OSError, match=r"."):
        Remote(port, token).open()
    port = started(qtbot, dialog)
    again = Remote(port, token)
    again.open()
    again.take()
    assert [row["trial"] for row in saved_rows(panel)] == ["1", "2", "3", "4"]
    stopped(qtbot, dialog)


def test_a_server_that_cannot_begin_says_why_in_the_windows_words(
    qtbot: QtBot, dialog: ServingDialog, panel: FrozenPanel
) -> None:
    dialog.settings.port.setValue(0)
    dialog.settings.proxies.setText("proxy.example")
    dialog.run.click()
    qtbot.waitUntil(lambda: not dialog.serves, timeout=1000 * PATIENCE)
    assert "Proxies proxy.example: this is no address" in dialog.state.text()
    assert dialog.settings.isEnabled()


def test_a_server_that_is_killed_is_told(qtbot: QtBot, dialog: ServingDialog) -> None:
    started(qtbot, dialog)
    os.kill(dialog.process.processId(), getattr(signal, "SIGKILL", signal.SIGTERM))
    qtbot.waitUntil(lambda: not dialog.serves, timeout=1000 * PATIENCE)
    assert dialog.state.text().startswith("Not served: the server was ended from outside.")
    assert dialog.run.isEnabled()


def test_a_port_that_is_taken_is_told_by_the_fields_names(qtbot: QtBot, dialog: ServingDialog) -> None:
    with free_listener() as taken:
        dialog.settings.port.setValue(taken.getsockname()[1])
        dialog.run.click()
        qtbot.waitUntil(lambda: not dialog.serves, timeout=1000 * PATIENCE)
    assert "give another Port, or Reached by" in dialog.state.text()


def test_no_link_is_copied_while_its_port_is_not_known(qtbot: QtBot, dialog: ServingDialog) -> None:
    dialog.make_more.click()
    buttons = (dialog.copy, dialog.save, dialog.copy_one)
    assert all(one.isEnabled() for one in buttons)
    dialog.settings.port.setValue(0)
    assert not any(one.isEnabled() for one in buttons)
    for address in ("https://lab.example", "https://PORTAL.example"):  # a proxy knows where the server is
        dialog.settings.address.setText(address)
        assert all(one.isEnabled() for one in buttons)
    dialog.settings.address.clear()
    started(qtbot, dialog)
    assert all(one.isEnabled() for one in buttons)
    stopped(qtbot, dialog)


def test_a_listener_is_forgotten_after_a_confirmation(
    qtbot: QtBot, dialog: ServingDialog, panel: FrozenPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog.more.setValue(2)
    dialog.make_more.click()
    for name in ("L001", "L002"):
        with Session.open(panel, name) as session:
            take(session)
    assert not dialog.forget.isEnabled()
    dialog.table.selectRow(1)
    answers = ["Cancel", "Erase"]

    def answer(box: QMessageBox) -> None:
        assert "L002" in box.text()
        said = answers.pop(0)
        next(one for one in box.buttons() if one.text().replace("&", "") == said).click()

    monkeypatch.setattr(QMessageBox, "exec", answer)
    dialog.forget.click()
    assert len(list(panel.ratings.glob("*.csv"))) == 2
    dialog.forget.click()
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 1, timeout=1000 * PATIENCE)
    assert [row["listener"] for row in saved_rows(panel)] == ["L001"] * 4
    assert [one.votes for one in withdrawals(panel.ratings)] == [4]
    assert not dialog.forget.isEnabled()


def test_who_quits_while_a_panel_is_served_is_asked_and_ends_the_server(
    qtbot: QtBot, window: Any, dialog: ServingDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(qtbot, dialog)
    process = dialog.process
    answers = ["Cancel", "Stop Serving and Quit"]

    def answer(box: QMessageBox) -> None:
        said = answers.pop(0)
        next(one for one in box.buttons() if one.text().replace("&", "") == said).click()

    monkeypatch.setattr(QMessageBox, "exec", answer)
    window.close()
    assert window.isVisible()
    assert dialog.serves
    window.close()
    assert not window.isVisible()
    assert process.state() == process.ProcessState.NotRunning
    assert answers == []


def test_everything_in_the_dialog_has_a_name(dialog: ServingDialog) -> None:
    for page in range(dialog.tabs.count()):
        dialog.tabs.setCurrentIndex(page)
        assert nameless(dialog) == []


def test_links_of_another_panel_are_refused_in_words(window: Any, tmp_path: Path, panel: FrozenPanel) -> None:
    other = make_panel(tmp_path, "acr", clips=1, out="other")
    Links(panel, panel.ratings)
    (other.ratings).mkdir(exist_ok=True)
    (other.ratings / "links.json").write_bytes((panel.ratings / "links.json").read_bytes())
    window.panes["serving"].open(other.folder)
    assert window.panes["serving"].dialog is None
    assert "belongs to another panel" in window.messages.text.text()
