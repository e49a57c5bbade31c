"""Samples without a header, in the window: asked about once, seen before they are believed, kept."""

from __future__ import annotations

import pytest
import soundfile

from gaplisten.audio.headerless import RawFormat
from gaplisten.folders import resources
from gaplisten.ui.workbench.raw_dialog import RawDialog
from gaplisten.ui.workbench.roles_dialog import RolesDialog


@pytest.fixture
def bare(tmp_path):
    samples, _ = soundfile.read(resources() / "demo/clean/demo1.flac", dtype="int16", frames=32000)
    root = tmp_path / "bare"
    for kind in ("clean", "lossy"):
        (root / kind).mkdir(parents=True)
        whole = samples.copy()
        if kind == "lossy":
            whole[6400:7680] = 0
        whole.astype(">i2").tofile(root / kind / "one.pcm")
    return root


def test_a_folder_is_asked_about_once_and_remembered(window, qtbot, bare):
    files, controller = window.panes["file"], window.controller
    files.open_paths([bare])
    qtbot.waitUntil(lambda: window.findChild(RawDialog) is not None)
    dialog = window.findChild(RawDialog)
    assert dialog.chosen() == RawFormat(16000, "s16be")  # as the bytes look; the rate is the usual one
    assert "one.pcm is 2.00 s of sound" in dialog.note.text()
    dialog.encoding.setCurrentText("s16le")
    assert not dialog.use.isEnabled()
    assert "it would fit as 16000,s16be,1" in dialog.note.text()
    dialog.rate.setCurrentText("many")
    assert not dialog.use.isEnabled()
    dialog.encoding.setCurrentText("s16be")
    dialog.rate.setCurrentText("8000")
    dialog.use.click()
    qtbot.waitUntil(lambda: controller.opened is not None)
    assert not window.messages.isVisible()
    assert controller.opened.rate == 8000
    assert controller.opened.reference.frames == 32000
    qtbot.waitUntil(lambda: window.findChild(RawDialog) is None)
    files.open_paths([bare])
    qtbot.waitUntil(lambda: controller.document.work.sources.reading.raw == RawFormat(8000, "s16be"))
    assert window.findChild(RawDialog) is None


def test_it_can_be_corrected_from_the_menu(window, qtbot, bare):
    controller = window.controller
    window.panes["file"].open_paths([bare])
    qtbot.waitUntil(lambda: window.findChild(RawDialog) is not None)
    window.findChild(RawDialog).use.click()
    qtbot.waitUntil(lambda: controller.opened is not None and window.findChild(RawDialog) is None)
    window.actions_table["file.raw"].trigger()
    dialog = window.findChild(RawDialog)
    assert dialog.chosen() == RawFormat(16000, "s16be")
    dialog.rate.setCurrentText("48000")
    dialog.use.click()
    qtbot.waitUntil(lambda: controller.opened is not None and controller.opened.rate == 48000)


def test_loose_files_are_asked_about_before_their_roles(window, qtbot, bare):
    window.panes["file"].open_paths([bare / "clean" / "one.pcm", bare / "lossy" / "one.pcm"])
    dialog = window.findChild(RawDialog)
    dialog.use.click()
    qtbot.waitUntil(lambda: window.findChild(RolesDialog) is not None)
    roles = window.findChild(RolesDialog)
    qtbot.waitUntil(lambda: roles.open_button.isEnabled())
    roles.open_button.click()
    qtbot.waitUntil(lambda: window.controller.opened is not None)
    assert window.controller.opened.reference.frames == 32000
    assert window.controller.document.work.sources.reading.raw == RawFormat(16000, "s16be")
