"""One key hands the gap at hand over; the workbench opens at a clip and a gap."""

from __future__ import annotations

import shutil
import zipfile

import numpy as np
import pytest
import soundfile
from PySide6.QtWidgets import QApplication, QFileDialog

from gaplisten.bench.arriving import Arriving
from gaplisten.bench.controller import DOUBTFUL
from kit.window_texts import window_texts
from kit.workbench import PACKET


@pytest.fixture
def at_gap(qtbot, window, gap_folder, measured):
    window.open_paths([gap_folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    measured(window)
    window.shell.gap_wanted.emit(1)
    return window


def chosen(monkeypatch, path, kind):
    asked = []
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *words: (asked.append(words), (str(path), kind))[1]
    )
    return asked


def test_one_key_hands_the_gap_over_and_asks_only_once(qtbot, at_gap, tmp_path, monkeypatch):
    asked = chosen(monkeypatch, tmp_path / "first.zip", "ZIP (*.zip)")
    action = at_gap.actions_table["gap.hand_over"]
    action.trigger()
    qtbot.waitUntil((tmp_path / "first.zip").exists)
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        names = archive.namelist()
        with archive.open("first_gap02_0.800s/0_Reference.wav") as file:
            assert soundfile.info(file).subtype == "PCM_16"
        text = archive.read("first_gap02_0.800s/gap.md").decode()
    assert {"first_gap02_0.800s/2_bad.wav", "first_gap02_0.800s/listen.html"} <= {*names}
    assert "(`click_exit`)" in text
    qtbot.waitUntil(lambda: QApplication.clipboard().text() == text)
    content = QApplication.clipboard().mimeData()
    assert content.hasImage()
    assert content.urls()[0].toLocalFile() == str(tmp_path / "first.zip")
    action.trigger()
    qtbot.waitUntil((tmp_path / "first_gap02_0.800s.zip").exists)
    assert len(asked) == 1


def test_a_folder_whose_name_is_no_text_is_written_to_and_not_remembered_as_another(
    qtbot, at_gap, tmp_path, monkeypatch
):
    folder = tmp_path / "d\udcff"
    folder.mkdir()
    chosen(monkeypatch, folder / "first.zip", "ZIP (*.zip)")
    said = []
    monkeypatch.setattr(at_gap.shell, "say", said.append)
    at_gap.actions_table["gap.hand_over_to"].trigger()
    qtbot.waitUntil(lambda: bool(said))
    assert (folder / "first.zip").exists()
    assert "d\\udcff" in said[0]
    assert QApplication.clipboard().mimeData().urls()[0].toEncoded().data().endswith(b"/d%FF/first.zip")
    assert at_gap.shell.settings.value("handed over", "", type=str) == ""
    assert "handed over" not in window_texts(), "it is found again whatever the window speaks"


def test_versions_can_be_handed_over_without_their_names(qtbot, at_gap, tmp_path, monkeypatch):
    chosen(monkeypatch, tmp_path / "blind.zip", "ZIP, versions called A, B, C (*.zip)")
    at_gap.actions_table["gap.hand_over_to"].trigger()
    qtbot.waitUntil((tmp_path / "blind.key.json").exists)  # which gets its name right after the bundle
    with zipfile.ZipFile(tmp_path / "blind.zip") as archive:
        assert not any("bad" in name or "good" in name for name in archive.namelist())
    assert '"bad"' in (tmp_path / "blind.key.json").read_text()


@pytest.mark.parametrize(
    ("typed", "kind", "there"),
    [
        ("kept", "ZIP (*.zip)", "kept.zip"),
        ("kept", "ZIP, versions called A, B, C (*.zip)", "kept.key.json"),
        ("kept.zip", "ZIP, versions called A, B, C (*.zip)", "kept.key.json"),
    ],
)
def test_what_the_dialog_did_not_ask_about_is_not_replaced(at_gap, tmp_path, monkeypatch, typed, kind, there):
    (tmp_path / there).write_text("kept")
    told = []
    monkeypatch.setattr(at_gap.shell, "report", lambda error: told.append(str(error)))
    started = []
    monkeypatch.setattr(at_gap.controller.tasks, "run", lambda *words: started.append(words))
    chosen(monkeypatch, tmp_path / typed, kind)
    at_gap.actions_table["gap.hand_over_to"].trigger()
    assert [str(tmp_path / there) in each and "is there already" in each for each in told] == [True]
    assert started == []
    assert (tmp_path / there).read_text() == "kept"


def test_a_zip_whose_replacement_was_confirmed_is_replaced(qtbot, at_gap, tmp_path, monkeypatch):
    (tmp_path / "old.zip").write_text("old")
    (tmp_path / "old.key.json").write_text("old")
    chosen(monkeypatch, tmp_path / "old.zip", "ZIP, versions called A, B, C (*.zip)")
    at_gap.actions_table["gap.hand_over_to"].trigger()
    qtbot.waitUntil(lambda: '"bad"' in (tmp_path / "old.key.json").read_text())
    assert zipfile.is_zipfile(tmp_path / "old.zip")


def test_with_no_gap_nothing_is_asked(window, monkeypatch, tmp_path):
    asked = chosen(monkeypatch, tmp_path / "x.zip", "ZIP (*.zip)")
    window.actions_table["gap.hand_over"].trigger()
    assert asked == []


def test_the_workbench_opens_at_a_clip_and_a_gap(qtbot, window, clips_folder):
    Arriving(window.controller, "second", 2, window.shell.gap_wanted.emit)
    window.open_paths([clips_folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "second" and window.shell.hand.index == 1)
    gap = window.controller.gaps[1]
    start, stop = window.lanes_view.visible_range
    assert start <= gap.start < gap.stop <= stop
    assert stop - start < 0.7 * window.controller.frames
    window.controller.show_clip("first")
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    assert window.shell.hand.index == -1, "it went there once"


def test_the_workbench_opens_at_a_gap_that_one_version_met(qtbot, window, clips_folder, tmp_path):
    root = tmp_path / "own"
    shutil.copytree(clips_folder, root)
    (root / "other").mkdir()
    packets = sum(1 for line in next(root.rglob("first_is_lost.txt")).read_text().split())
    lost = np.isin(np.arange(packets), (5, 6, 20, 30))
    (root / "other" / "first_is_lost.txt").write_text("\n".join(map(str, lost.astype(int))))
    clean, rate = soundfile.read(root / "clean" / "first.wav", dtype="float32")
    received = ~np.repeat(lost, PACKET)[: clean.size]
    soundfile.write(root / "other" / "first.wav", clean * received, rate)
    Arriving(window.controller, "first", 3, window.shell.gap_wanted.emit, "other")
    window.open_paths([root])
    qtbot.waitUntil(lambda: window.shell.hand.index == 2)
    controller = window.controller
    assert controller.lane(controller.hearing.heard).name == "other"
    assert [gap.first_packet for gap in controller.gaps] == [5, 20, 30]


def test_a_version_that_is_not_there_is_said(qtbot, window, clips_folder):
    told = []
    window.controller.failed.connect(lambda error: told.append(str(error)))
    Arriving(window.controller, "first", 1, window.shell.gap_wanted.emit, "nobody")
    window.open_paths([clips_folder])
    qtbot.waitUntil(lambda: any("version nobody of first: is not there; there are" in each for each in told))


@pytest.mark.parametrize(
    ("clip", "gap", "said"),
    [("third", None, "clip third: is not there; there are first, second"), (None, 9, "it has gaps 1 to 2")],
)
def test_a_place_that_is_not_there_is_said(qtbot, window, clips_folder, clip, gap, said):
    told = []
    window.controller.failed.connect(lambda error: told.append(str(error)))
    Arriving(window.controller, clip, gap, window.shell.gap_wanted.emit)
    window.open_paths([clips_folder])
    qtbot.waitUntil(lambda: any(said in each for each in told))
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")


def test_a_version_is_found_by_its_name_also_where_it_bears_a_mark(qtbot, window, clips_folder, tmp_path):
    root = tmp_path / "own"
    shutil.copytree(clips_folder, root)
    (root / "other").mkdir()
    shutil.copy(root / "lossy_signals" / "first.wav", root / "other")
    lines = (root / "lossy_signals" / "second_is_lost.txt").read_text()  # of another clip: it does not fit
    (root / "other" / "first_is_lost.txt").write_text(lines)
    Arriving(window.controller, "first", 2, window.shell.gap_wanted.emit, "other")
    window.open_paths([root])
    qtbot.waitUntil(lambda: window.shell.hand.index == 1)
    heard = window.controller.lane(window.controller.hearing.heard)
    assert (heard.ident, heard.name) == ("condition:other", f"{DOUBTFUL} other")
