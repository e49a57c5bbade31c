import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from gaplisten.audio.files import read_signal
from gaplisten.bench.state import Note
from gaplisten.exchange.labels import read_labels
from gaplisten.loss.formats import read_trace
from gaplisten.ui.workbench.picture_dialog import PictureDialog
from kit.tables import rows_of


@pytest.fixture
def noted(opened, qtbot):
    opened.controller.hearing.hear(2)
    opened.controller.hearing.seek(4200)
    qtbot.keyClick(opened.lanes_view, Qt.Key.Key_N)
    qtbot.keyClicks(opened.panes["notes"].dock.text, "rough")
    opened.panes["notes"].dock.tag.setCurrentText("robotic")
    qtbot.keyClick(opened.panes["notes"].dock.text, Qt.Key.Key_Return)
    opened.controller.hearing.seek(24000)
    opened.panes["notes"].add_note("own", "")
    return opened


def rows(window):
    table = window.panes["notes"].dock.table
    return [[table.item(row, column).text() for column in range(5)] for row in range(table.rowCount())]


def test_a_note_is_bound_to_place_gap_and_lane(noted):
    assert rows(noted) == [["0.263 s", "#1", "mild", "robotic", "rough"], ["1.500 s", "", "mild", "own", ""]]
    assert noted.lanes_view.hasFocus() or noted.lanes_view.focusProxy().hasFocus()


def test_a_note_counts_its_gap_anew_when_losses_before_it_are_edited_in_pane_and_file(noted, tmp_path):
    noted.controller.paint(2, 2, True)
    assert rows(noted)[0][1] == "#2", "the gap at 0.2 s is the second one now"
    noted.panes["notes"].save_notes(tmp_path / "n.csv")
    assert [row["gap"] for row in rows_of(tmp_path / "n.csv")] == ["2", ""]
    noted.controller.show_clip("second")
    noted.panes["notes"].save_notes(tmp_path / "n.csv")
    assert [row["gap"] for row in rows_of(tmp_path / "n.csv")] == ["2", ""], (
        "of a clip that is not shown, too"
    )
    noted.actions_table["edit.undo"].trigger()
    noted.panes["notes"].save_notes(tmp_path / "n.csv")
    assert [row["gap"] for row in rows_of(tmp_path / "n.csv")] == ["1", ""]


def test_a_note_names_its_version_by_the_parameters_it_has_now(noted, settle):
    document = noted.controller.document
    document.switch_on("loud")
    document.add_note("first", Note(30000, "own", "", "loud"))
    settle(noted)
    assert rows(noted)[2][2] == "Loud"
    document.set_parameter(0, "level", 0.5)
    settle(noted)
    assert rows(noted)[2][2] == "Loud (level 0.5 FS)"


def test_notes_can_be_searched_edited_removed_and_undone(noted):
    noted.panes["notes"].dock.search.setText("robotic mild")
    assert len(rows(noted)) == 1
    noted.panes["notes"].dock.search.clear()
    noted.panes["notes"].dock.table.item(1, 4).setText("changed")
    assert rows(noted)[1][4] == "changed"
    noted.panes["notes"].dock.table.setCurrentCell(0, 0)
    noted.actions_table["edit.remove_note"].trigger()
    assert [row[4] for row in rows(noted)] == ["changed"]
    noted.actions_table["edit.undo"].trigger()
    noted.actions_table["edit.undo"].trigger()
    assert [row[4] for row in rows(noted)] == ["rough", ""]


def test_a_note_names_its_lane_as_soon_as_there_is_that_lane(opened):
    opened.controller.document.add_note("first", Note(4200, "click", "", "loud"))
    assert rows(opened)[0][2] == "loud"
    opened.controller.document.switch_on("loud")
    assert rows(opened)[0][2] == "Loud"


def test_choosing_a_note_goes_there_on_its_lane(noted, player):
    noted.controller.hearing.hear(0)
    noted.panes["notes"].dock.table.setCurrentCell(0, 0)
    assert (player.state.position, player.state.lane) == (4200, 2)


def test_notes_leave_as_csv_and_as_labels(noted, tmp_path):
    noted.panes["notes"].save_notes(tmp_path / "n.csv")
    found = rows_of(tmp_path / "n.csv")
    assert [(row["clip"], row["seconds"], row["packet"], row["tag"]) for row in found] == [
        ("first", "0.2625", "13", "robotic"),
        ("first", "1.5", "75", "own"),
    ]


@pytest.mark.parametrize("suffix", [".TextGrid", ".txt", ".svl", ".csv"])
def test_labels_leave_and_come_back_as_the_same_notes(noted, tmp_path, suffix):
    notes, path = noted.panes["notes"], tmp_path / f"n{suffix}"
    document = noted.controller.document
    gap = noted.controller.gaps[0]
    document.add_note("first", Note(gap.start, "click", 'says "no"', "", (gap.start, gap.stop)))
    document.add_note("first", Note(9000, "own", "a stretch", "", None, 800))
    before = document.work.clip("first").notes
    notes.save_labels(path)
    assert {track.name for track in read_labels(path)} >= {"lost", "notes"}
    for index in reversed(range(len(before))):
        document.remove_note("first", index)
    notes.read_labels(path)
    after = document.work.clip("first").notes
    told = [(each.tag, each.text, each.lane, each.length) for each in before]
    assert sorted((each.tag, each.text, each.lane, each.length) for each in after) == sorted(told)
    notes.read_labels(path)
    assert document.work.clip("first").notes == after


def test_labels_that_cannot_be_read_are_told(noted, tmp_path):
    path = tmp_path / "n.txt"
    path.write_text("0.1\n")
    noted.panes["notes"].read_labels(path)
    assert "no start and end" in noted.messages.said[-1]


def test_every_lane_leaves_as_the_samples_that_are_heard(opened, tmp_path, qtbot):
    places = opened.panes["export"].places(tmp_path)
    assert [path.name for path in places] == [
        "first_0_Reference.wav",
        "first_1_Lossy.wav",
        "first_2_mild.wav",
    ]
    opened.panes["export"].save_lanes(places)
    qtbot.waitUntil(lambda: not opened.controller.busy)
    for path, lane in places.items():
        assert np.array_equal(read_signal(path).samples, lane.signal.samples)


def _picture_dialog(opened, qtbot):
    opened.actions_table["export.picture"].trigger()
    dialog = opened.findChild(PictureDialog)
    qtbot.waitUntil(dialog.save.isEnabled)
    return dialog


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_lanes_leave_as_a_picture_of_the_size_that_was_set(
    opened, settle, qtbot, tmp_path, monkeypatch, suffix
):
    from PySide6.QtWidgets import QFileDialog

    settle(opened)
    path = tmp_path / f"view.{suffix}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(path), ""))
    dialog = _picture_dialog(opened, qtbot)
    dialog.paper.setCurrentIndex(1)
    dialog.paper.activated.emit(1)
    dialog.height_mm.setValue(70)
    qtbot.waitUntil(dialog.save.isEnabled)
    assert "88 × 70 mm" in dialog.told.text()
    dialog.save.click()
    if suffix == "svg":
        assert 'width="88mm" height="70mm"' in path.read_text(encoding="utf-8")[:600]
    else:
        image = QImage(str(path))
        assert (image.width(), image.height()) == (1039, 827)
    dialog.close()
    again = _picture_dialog(opened, qtbot)
    assert again.look.width_mm == 88, "the next one begins with this size"
    again.close()


def test_a_picture_shows_the_lanes_that_are_ticked_in_the_stretch_that_is_chosen_and_can_be_copied(
    opened, settle, qtbot
):
    settle(opened)
    opened.shell.selection.take(4000, 8000)
    dialog = _picture_dialog(opened, qtbot)
    dialog.stretch.setCurrentIndex(dialog.stretch.findText("Selection"))
    dialog.lanes.item(0).setCheckState(Qt.CheckState.Unchecked)
    dialog.title.setText("Without the reference")
    qtbot.waitUntil(dialog.save.isEnabled)
    assert dialog.chosen.keys == (1, 2)
    assert (dialog.chosen.start, dialog.chosen.stop) == (4000, 8000)
    dialog.copy.click()
    data = QApplication.clipboard().mimeData()
    assert data.hasImage()
    drawing = bytes(data.data("image/svg+xml").data())
    assert b"Without the reference" in drawing
    assert b"<desc>1 Lossy, 2 mild</desc>" in drawing
    for row in range(dialog.lanes.count()):
        dialog.lanes.item(row).setCheckState(Qt.CheckState.Unchecked)
    assert not dialog.save.isEnabled(), "nothing is no picture"
    dialog.close()


def test_a_picture_waits_for_spectrograms_that_are_still_computed(opened, settle, qtbot):
    opened.actions_table["view.spectrogram"].trigger()
    dialog = _picture_dialog(opened, qtbot)
    assert not opened.lanes_view.busy
    whole = dialog._print.png()
    assert dialog._printed(dialog.chosen).png() == whole
    dialog.close()


def test_the_trace_leaves_as_it_is_now(opened, tmp_path, monkeypatch):
    from PySide6.QtWidgets import QFileDialog

    opened.lanes_view.packets_painted.emit(60, 61, True)
    path = tmp_path / "t_is_lost.txt"

    def choose(parent, title, name, kinds):
        return str(path), kinds.split(";;")[0]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    opened.actions_table["export.trace"].trigger()
    assert np.flatnonzero(read_trace(path).lost).tolist() == [10, 11, 12, 40, 60, 61]


def test_the_gap_table_leaves_as_csv(opened, tmp_path, monkeypatch, qtbot):
    from PySide6.QtWidgets import QFileDialog

    path = tmp_path / "gaps.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), "CSV (*.csv)"))
    opened.actions_table["export.gaps"].trigger()
    qtbot.waitUntil(path.exists)
    found = rows_of(path)
    assert [(float(row["start_s"]), row["version"]) for row in found] == [
        (start, version) for start in (0.2, 0.8) for version in ("Lossy", "mild")
    ]


def test_a_place_that_cannot_be_written_is_told(opened, tmp_path, monkeypatch, qtbot):
    from PySide6.QtWidgets import QFileDialog

    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no" / "x.csv"), "CSV (*.csv)")
    )
    opened.actions_table["export.gaps"].trigger()
    qtbot.waitUntil(lambda: bool(opened.messages.said))
    assert "cannot be written" in opened.messages.said[-1]
    opened.panes["export"].save_lanes(opened.panes["export"].places(tmp_path / "no"))
    qtbot.waitUntil(lambda: len(opened.messages.said) == 2)


def lightness(widget):
    image = widget.grab().toImage()
    points = [
        image.pixelColor(x, y) for x in range(5, image.width(), 29) for y in range(5, image.height(), 29)
    ]
    return sum(colour.lightness() for colour in points) / len(points)


def brightness(button):
    """Return how bright the symbol on a button is: 0 black to 255 white."""
    image = button.icon().pixmap(16, 16).toImage()
    seen = [image.pixelColor(x, y) for x in range(16) for y in range(16)]
    return max(colour.lightness() for colour in seen if colour.alpha() > 200)


def test_the_symbols_of_the_transport_follow_the_theme(opened, qtbot):
    buttons = (
        opened.panes["listen"].transport.play,
        opened.panes["listen"].transport.stop,
        opened.panes["listen"].transport.loop,
    )
    assert all(brightness(button) < 128 for button in buttons)
    opened.actions_table["view.dark"].trigger()
    qtbot.waitUntil(lambda: all(brightness(button) > 128 for button in buttons))
    opened.actions_table["view.light"].trigger()
    qtbot.waitUntil(lambda: all(brightness(button) < 128 for button in buttons))


def test_dark_and_light_follow_the_theme_and_are_kept(opened, qtbot):
    from gaplisten.bench.settings import read_settings
    from gaplisten.ui.theme import is_dark

    opened.actions_table["view.dark"].trigger()
    qtbot.waitUntil(lambda: is_dark(opened.palette()))
    assert read_settings().theme == "dark"
    dark = lightness(opened.lanes_view)
    opened.actions_table["view.light"].trigger()
    qtbot.waitUntil(lambda: not is_dark(opened.palette()))
    assert dark < 90 < 160 < lightness(opened.lanes_view)
