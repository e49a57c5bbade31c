"""What files are taken as can be corrected for the whole set; what does not fit is marked until settled."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from gaplisten.bench.controller import DOUBTFUL
from gaplisten.clips.arrangement import Layout
from gaplisten.clips.layout_file import read_layout
from gaplisten.clips.names import Role
from gaplisten.folders import resources
from gaplisten.ui.workbench.layout_dialog import FOUND, NAME, LayoutDialog

CLIPS = ("demo1", "demo2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    for kind, source in (("clean", "clean"), ("lossy", "lossy_signals"), ("net", "clean")):
        (root / kind).mkdir(parents=True)
        for name in CLIPS:
            shutil.copy(resources() / f"demo/{source}/{name}.flac", root / kind)
    for name in CLIPS:
        shutil.copy(resources() / f"demo/lossy_signals/{name}_is_lost.txt", root / "lossy")
    return root


@pytest.fixture
def inverted(folder: Path) -> Path:
    for trace in (folder / "lossy").glob("*.txt"):
        trace.write_text(trace.read_text().translate(str.maketrans("01", "10")))
    return folder


def show(window, qtbot, folder: Path) -> None:
    window.open_paths([folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "demo1" and bool(window.controller.checked))


def strip(window):
    return window.panes["layout"].strip


def names(window) -> list[str]:
    return [lane.name for lane in window.controller.lanes]


def dialog_of(window) -> LayoutDialog:
    window.actions_table["file.layout"].trigger()
    return window.findChild(LayoutDialog)


def test_what_fits_says_nothing(window, qtbot, folder) -> None:
    show(window, qtbot, folder)
    assert not strip(window).isVisible()
    assert names(window) == ["Reference", "Lossy", "net"]


def test_what_does_not_fit_is_marked_and_set_right_for_the_whole_set_at_once(window, qtbot, inverted) -> None:
    show(window, qtbot, inverted)
    assert "1 means received" in strip(window).text.text()
    assert "1 of 2 other clips checked, too" in strip(window).text.text()
    assert names(window) == [f"{DOUBTFUL} {name}" for name in ("Reference", "Lossy", "net")]
    model = window.panes["clips"].dock.model
    assert [model.index(row, 0).data() for row in range(2)] == [f"{DOUBTFUL} {name}" for name in CLIPS]
    strip(window).take.click()
    qtbot.waitUntil(lambda: not strip(window).isVisible() and window.controller.trace.loss_rate < 0.5)
    assert names(window) == ["Reference", "Lossy", "net"]
    assert window.controller.document.work.sources.layout.parts[-1].trace_inverted
    window.controller.show_clip("demo2")
    qtbot.waitUntil(lambda: window.controller.clip_name == "demo2")
    assert not strip(window).isVisible()


def test_marks_go_when_the_user_goes_on_with_it_and_that_can_be_undone(window, qtbot, inverted) -> None:
    show(window, qtbot, inverted)
    strip(window).accept.click()
    assert names(window) == ["Reference", "Lossy", "net"]
    assert "In 1 of 2 clips checked something does not fit: demo2" in strip(window).text.text()
    assert strip(window).take.text() == "Show demo2"
    window.controller.document.undo()
    assert names(window)[0] == f"{DOUBTFUL} Reference"


def test_another_clips_reference_that_fits_is_taken(window, qtbot, folder) -> None:
    (folder / "clean/demo1.flac").rename(folder / "x.flac")
    (folder / "clean/demo2.flac").rename(folder / "clean/demo1.flac")
    (folder / "x.flac").rename(folder / "clean/demo2.flac")
    for trace in (folder / "lossy").glob("*.txt"):
        trace.unlink()
    show(window, qtbot, folder)
    assert "do not sound alike" in strip(window).text.text()
    strip(window).take.click()
    qtbot.waitUntil(lambda: window.controller.opened.clip.reference == folder / "clean/demo2.flac")
    qtbot.waitUntil(lambda: not window.controller.doubts)
    assert window.controller.doubtful_clips == {"demo2"}
    window.controller.show_clip("demo2")
    qtbot.waitUntil(lambda: window.controller.clip_name == "demo2")
    assert window.controller.doubtful_clips == {"demo2"}, "the first one is settled, and stays so"


def test_the_table_corrects_roles_names_and_patterns(window, qtbot, folder) -> None:
    show(window, qtbot, folder)
    dialog = dialog_of(window)
    assert [dialog.taken_as(row) for row in range(4)] == [
        Role.REFERENCE,
        Role.LOSSY,
        Role.CONDITION,
        Role.TRACE,
    ]
    assert [dialog.table.item(row, FOUND).text() for row in range(4)] == ["2 of 2"] * 4
    dialog.table.item(2, NAME).setText("Our Net")
    dialog.role_box(3).setCurrentText("not used")
    dialog.packet_kind.setCurrentIndex(2)
    dialog.packet.setValue(160)
    with qtbot.waitSignal(dialog.settled) as settled:
        dialog.use.click()
    layout: Layout = settled.args[0]
    assert layout.packet.frames == 160
    qtbot.waitUntil(lambda: window.controller.clip_name == "demo1" and "Our Net" in names(window))
    assert window.controller.opened.clip.trace is None


def test_what_makes_no_clips_cannot_be_used_and_is_said(window, qtbot, folder) -> None:
    show(window, qtbot, folder)
    dialog = dialog_of(window)
    dialog.role_box(1).setCurrentText("reference")
    assert not dialog.use.isEnabled()
    assert "only one part that is the reference" in dialog.note.text()
    dialog.role_box(0).setCurrentText("lossy")
    assert dialog.use.isEnabled()
    dialog.table.item(2, 0).setText("nowhere/{clip}")
    qtbot.waitUntil(lambda: dialog.table.item(2, FOUND).text() == "0 of 2")


def test_a_layout_is_saved_and_loaded(window, qtbot, folder, tmp_path, monkeypatch) -> None:
    show(window, qtbot, folder)
    file = tmp_path / "l.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    dialog = dialog_of(window)
    dialog.turned_box(3).setChecked(True)
    dialog.save.click()
    assert read_layout(file).parts[3].trace_inverted
    dialog.turned_box(3).setChecked(False)
    dialog.load.click()
    assert dialog.turned_box(3).isChecked()
    file.write_text("nonsense")
    dialog.load.click()
    assert "no TOML" in dialog.note.text()
    dialog.reject()


def test_references_elsewhere_are_offered_with_their_whole_path(window, qtbot, folder) -> None:
    show(window, qtbot, folder)
    window.open_paths([folder / "lossy"])
    qtbot.waitUntil(lambda: window.controller.clipset.root == folder / "lossy")
    assert f"2 of 2 references could be in {folder / 'clean'}" in strip(window).text.text()
    strip(window).take.click()
    qtbot.waitUntil(
        lambda: window.controller.opened is not None and window.controller.opened.reference is not None
    )
    qtbot.waitUntil(lambda: not strip(window).isVisible())


def test_what_only_the_user_knows_is_asked_once(window, qtbot, folder) -> None:
    for name in CLIPS:
        for number, kind in enumerate(("clean", "lossy", "net")):
            (folder / kind / f"{name}.flac").rename(folder / f"{name}_cond0{number}.flac")
    shutil.rmtree(folder / "lossy")
    window.open_paths([folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "demo1")
    assert "cond00 the reference?" in strip(window).text.text()
    strip(window).accept.click()
    assert not strip(window).isVisible()


def chosen_once(window, qtbot, folder: Path) -> None:
    """Open a folder and take its network's output under another name."""
    show(window, qtbot, folder)
    dialog = dialog_of(window)
    place = next(row for row in range(3) if dialog.table.item(row, NAME).text() == "net")
    dialog.table.item(place, NAME).setText("Our Net")
    dialog.use.click()
    qtbot.waitUntil(lambda: "Our Net" in names(window))


def test_what_was_chosen_for_a_folder_is_taken_when_it_is_opened_anew_and_that_is_said(
    window, qtbot, folder, clips_folder
) -> None:
    chosen_once(window, qtbot, folder)
    assert "as before" not in strip(window).text.text()
    window.controller.document.mark_saved()
    window.open_paths([clips_folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    assert not strip(window).isVisible()
    window.open_paths([folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "demo1")
    assert "Our Net" in names(window)
    said = strip(window).text.text()
    assert "Taken as before, by your choice: " in said
    assert "condition Our Net" in said
    strip(window).accept.click()
    assert not strip(window).isVisible()
    assert "Our Net" in names(window)


def test_a_folder_can_be_taken_as_found_again_for_good(window, qtbot, folder) -> None:
    chosen_once(window, qtbot, folder)
    for left in ("Our Net", "net"):
        window.controller.document.mark_saved()
        window.open_paths([folder])
        qtbot.waitUntil(lambda name=left: name in names(window) and not window.controller.busy)
        assert strip(window).isVisible() is (left == "Our Net")
        if left == "Our Net":
            assert strip(window).take.text() == "Take as Found"
            strip(window).take.click()
            qtbot.waitUntil(lambda: "net" in names(window))


def test_a_choice_that_fits_the_folder_no_more_is_dropped_and_that_is_said(window, qtbot, folder) -> None:
    chosen_once(window, qtbot, folder)
    window.controller.document.mark_saved()
    for part in ("clean", "lossy", "net"):
        (folder / part).rename(folder / f"new_{part}")
    heard = []
    window.controller.said.connect(heard.append)
    window.open_paths([folder])
    qtbot.waitUntil(lambda: "new_net" in names(window) or "net" in names(window))
    assert any("does not fit it any more" in said for said in heard)
    assert not window.controller.document.work.sources.remembered
