"""Files of more than two channels, in the window: asked about once, kept, correctable."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from gaplisten.audio.channels import parse_channels
from gaplisten.bench.store import read_work
from gaplisten.folders import resources
from gaplisten.ui.workbench.channels_dialog import ChannelsDialog
from gaplisten.ui.workbench.roles_dialog import RolesDialog


@pytest.fixture
def array(tmp_path):
    """Return a folder with a clip whose lossy file has four channels, and one of six."""
    root = tmp_path / "array"
    for number, count in (("demo1", 4), ("demo2", 6)):
        clean, rate = soundfile.read(resources() / f"demo/clean/{number}.flac", dtype="int16", frames=32000)
        lossy, _ = soundfile.read(
            resources() / f"demo/lossy_signals/{number}.flac", dtype="int16", frames=32000
        )
        many = np.zeros((len(lossy), count), np.int16)
        many[:, 2] = lossy
        for kind, samples in (("clean", clean), ("lossy", many)):
            (root / kind).mkdir(parents=True, exist_ok=True)
            soundfile.write(root / kind / f"{number}.wav", samples, rate, subtype="PCM_16")
    return root


def _dialog(window, qtbot):
    qtbot.waitUntil(lambda: window.findChild(ChannelsDialog) is not None)
    return window.findChild(ChannelsDialog)


def test_a_clip_asks_once_and_what_was_chosen_is_heard_kept_and_saved(window, qtbot, array, tmp_path):
    files, controller = window.panes["file"], window.controller
    files.open_paths([array])
    dialog = _dialog(window, qtbot)
    assert "3: −" in dialog.rows[0].levels.text()  # what each channel holds
    dialog.rows[0].first.setValue(3)
    dialog.use.click()
    qtbot.waitUntil(lambda: controller.opened is not None and controller.opened.lossy is not None)
    assert controller.opened.lossy.channels == 1
    assert np.abs(controller.opened.lossy.samples).max() > 0.01
    assert controller.document.work.sources.reading.channels == parse_channels("4:3")
    assert any("channel 3 is used" in note for note in controller.opened.notes)
    qtbot.waitUntil(lambda: window.findChild(ChannelsDialog) is None)
    saved = tmp_path / "array.gaplisten.toml"
    assert files.save_to(saved)
    assert read_work(saved).sources.reading.channels == parse_channels("4:3")
    files.open_paths([array])
    qtbot.waitUntil(lambda: controller.document.work.sources.reading.channels == parse_channels("4:3"))
    qtbot.waitUntil(lambda: controller.opened is not None and controller.opened.lossy is not None)
    assert window.findChild(ChannelsDialog) is None


def test_a_clip_of_another_number_of_channels_is_asked_about_by_itself(window, qtbot, array):
    controller = window.controller
    window.panes["file"].open_paths([array])
    _dialog(window, qtbot).use.click()
    qtbot.waitUntil(lambda: controller.opened is not None and controller.opened.lossy is not None)
    qtbot.waitUntil(lambda: window.findChild(ChannelsDialog) is None)
    controller.show_clip("demo2")
    dialog = _dialog(window, qtbot)
    assert [row.count for row in dialog.rows] == [6]
    dialog.rows[0].what.setCurrentIndex(dialog.rows[0].what.findData("mean"))
    dialog.use.click()
    qtbot.waitUntil(lambda: controller.clip_name == "demo2" and controller.opened.lossy is not None)
    assert controller.document.work.sources.reading.channels == parse_channels("4:1,6:mean")


def test_who_declines_is_not_asked_again_but_can_choose_from_the_menu(window, qtbot, array):
    controller = window.controller
    window.panes["file"].open_paths([array])
    _dialog(window, qtbot).reject()
    qtbot.waitUntil(lambda: window.findChild(ChannelsDialog) is None)
    assert "4 channels" in window.messages.text.text()
    window.actions_table["file.channels"].trigger()
    dialog = _dialog(window, qtbot)
    dialog.rows[0].what.setCurrentIndex(dialog.rows[0].what.findData("two"))
    dialog.rows[0].second.setValue(1)
    assert not dialog.use.isEnabled()  # the same channel twice
    dialog.rows[0].second.setValue(3)
    dialog.use.click()
    qtbot.waitUntil(lambda: controller.opened is not None and controller.opened.lossy is not None)
    assert controller.opened.lossy.channels == 2


def test_loose_files_are_asked_about_before_their_roles(window, qtbot, array):
    window.panes["file"].open_paths([array / "clean" / "demo1.wav", array / "lossy" / "demo1.wav"])
    dialog = _dialog(window, qtbot)
    dialog.rows[0].first.setValue(3)
    dialog.use.click()
    qtbot.waitUntil(lambda: window.findChild(RolesDialog) is not None)
    roles = window.findChild(RolesDialog)
    qtbot.waitUntil(lambda: roles.open_button.isEnabled())
    roles.open_button.click()
    qtbot.waitUntil(lambda: window.controller.opened is not None)
    assert window.controller.opened.lossy.channels == 1
    assert window.controller.document.work.sources.reading.channels == parse_channels("4:3")
