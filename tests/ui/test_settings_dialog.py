"""The settings as the user changes them."""

from __future__ import annotations

from dataclasses import fields

import pytest
from PySide6.QtWidgets import QFileDialog, QPushButton

from gaplisten.bench.settings import Settings, read_settings
from gaplisten.ui.workbench.settings_dialog import SettingsDialog


@pytest.fixture
def dialog(window):
    window.actions_table["file.settings"].trigger()
    return window.findChild(SettingsDialog)


def test_every_setting_is_shown_and_kept_as_it_was(qtbot):
    odd = Settings("dark", "crossfade", 12.0, 300.0, -30.0, "packets", ("/opt/plc",))
    assert len(fields(odd)) >= 7
    made = SettingsDialog(odd)
    qtbot.addWidget(made)
    assert made.settings() == odd
    assert made.places.item(0).text() == "/opt/plc (not there)"


def test_what_is_chosen_holds_at_once_and_is_kept(window, dialog):
    dialog.theme.setCurrentIndex(dialog.theme.findData("dark"))
    dialog.switching.setCurrentIndex(dialog.switching.findData("crossfade"))
    dialog.fade.setValue(20)
    dialog.edges.setCurrentIndex(dialog.edges.findData("crossings"))
    dialog.accept()
    kept = read_settings()
    assert (kept.theme, kept.switching, kept.switching_ms, kept.loop_edges) == (
        "dark", "crossfade", 20.0, "crossings",
    )  # fmt: skip
    assert window.actions_table["view.dark"].isChecked()
    assert window.actions_table["listen.crossfade"].isChecked()
    assert window.actions_table["listen.edges_crossings"].isChecked()
    assert window.controller.settings == kept


def test_a_folder_of_plugins_is_added_and_read(window, dialog, qtbot, tmp_path, monkeypatch, plugins_known):
    (tmp_path / "theirs.py").write_text(
        "def conceal(lossy, lost, rate, packet_frames):\n    return lossy\n", encoding="utf-8"
    )
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    dialog.add.click()
    dialog.add.click()  # the same once more
    assert dialog.listed == (str(tmp_path),)
    dialog.accept()
    qtbot.waitUntil(lambda: "theirs" in {each.name for each in window.controller.catalogue.entries})
    assert read_settings().plugin_folders == (str(tmp_path),)
    window.actions_table["file.settings"].trigger()
    again = next(each for each in window.findChildren(SettingsDialog) if each is not dialog)
    again.places.setCurrentRow(0)
    again.remove.click()
    again.accept()
    qtbot.waitUntil(lambda: "theirs" not in {each.name for each in window.controller.catalogue.entries})


def test_buttons_lead_to_what_is_set_elsewhere(dialog):
    texts = {button.text() for button in dialog.findChildren(QPushButton)}
    assert {"Sound Device…", "Measures and Thresholds…", "PLC-MOS Service…"} <= texts
