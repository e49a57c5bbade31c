"""A table that tells more of the clips: columns of the clip list, found, ordered and taken away again."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from gaplisten.bench.state import Sources, Work
from gaplisten.bench.store import write_work
from gaplisten.clips.clip import Clip
from gaplisten.clips.clip_tables import table_of_clips
from gaplisten.ui.workbench.clip_model import COLUMNS, ClipModel
from kit.workbench import loss, write_clip

NAMES = ("c1", "c2", "c3", "c4", "c5")
CELLS = {
    "c1": {"Device": "phone", "snr": "9"},
    "c2": {"Device": "Laptop", "snr": "10"},
    "c3": {"Device": "phone", "snr": "-3.5"},
    "c4": {"Device": "", "snr": "n/a"},
}
SNR = len(COLUMNS) + 1


@pytest.fixture
def model(qapp, tmp_path):
    made = ClipModel(lambda _clip: None)
    made.set_clips([Clip(name, tmp_path) for name in NAMES])
    made.set_told(("Device", "snr"), CELLS)
    yield made
    made.close()


def column(model, number):
    return [model.data(model.index(row, number)) for row in range(model.rowCount())]


def test_columns_of_a_table_stand_behind_our_own(model):
    heads = [model.headerData(at, Qt.Orientation.Horizontal) for at in range(model.columnCount())]
    assert heads == [*COLUMNS, "Device", "snr"]
    assert column(model, SNR) == ["9", "10", "-3.5", "n/a", ""]


def test_cells_are_ordered_as_numbers_then_as_words_and_what_is_not_told_stays_last(model):
    model.sort(SNR)
    assert column(model, 0) == ["c3", "c1", "c2", "c4", "c5"]
    model.sort(SNR, Qt.SortOrder.DescendingOrder)
    assert column(model, 0) == ["c4", "c2", "c1", "c3", "c5"]
    model.sort(SNR - 1)
    assert column(model, 0) == ["c2", "c1", "c3", "c4", "c5"], "small and large letters are one"


@pytest.mark.parametrize(
    ("words", "names"),
    [("phone", ["c1", "c3"]), ("device:phone snr:-", ["c3"]), ("snr:10", ["c2"]), ("device:10", [])],
)
def test_the_filter_finds_cells_also_by_their_column(model, words, names):
    model.set_filter(words)
    assert column(model, 0) == names


def test_an_order_by_a_column_that_goes_is_the_clips_own_again(model):
    model.sort(SNR)
    model.set_told((), {})
    assert column(model, 0) == list(NAMES)
    assert model.columnCount() == len(COLUMNS)


def test_cells_of_strangers_stay_in_their_line(model):
    model.set_told(("a\x1b[2J\nb",), {"c1": {"a\x1b[2J\nb": "one\ntwo\u202e"}})
    assert "\n" not in model.headerData(len(COLUMNS), Qt.Orientation.Horizontal)
    assert not {"\n", "\u202e"} & {*model.data(model.index(0, len(COLUMNS)))}


def test_a_table_is_shown_beside_the_clips_undone_and_taken_away(opened, qtbot, tmp_path):
    model, document = opened.panes["clips"].dock.model, opened.controller.document
    path = tmp_path / "meta.csv"
    path.write_text("file,room\nfirst.wav,hall\nsecond.wav,street\n")
    document.set_clip_table(path)
    qtbot.waitUntil(lambda: model.columnCount() == len(COLUMNS) + 1)
    assert column(model, len(COLUMNS)) == ["hall", "street"]
    assert opened.shell.actions["file.no_clip_table"].isEnabled()
    assert opened.controller.clip_name == "first"
    opened.shell.actions["file.no_clip_table"].trigger()
    assert model.columnCount() == len(COLUMNS)
    document.undo()
    qtbot.waitUntil(lambda: model.columnCount() == len(COLUMNS) + 1)
    path.write_text("room\nhall\n")
    document.undo()
    document.redo()
    qtbot.waitUntil(lambda: "no column that names these clips" in opened.shell.messages.text.text())
    assert model.columnCount() == len(COLUMNS)


def test_the_table_of_other_work_waits_for_its_clips(opened, qtbot, settle, tmp_path, monkeypatch):
    settle(opened)
    held_against = []

    def noted(path, keys):
        held_against.append(keys)
        return table_of_clips(path, keys)

    monkeypatch.setattr("gaplisten.ui.panes.clips.table_of_clips", noted)
    model = opened.panes["clips"].dock.model
    write_clip(tmp_path / "set", "third", loss("10-12"))
    (tmp_path / "meta.csv").write_text("file,room\nthird.wav,hall\n")
    work = tmp_path / "w.gaplisten.toml"
    write_work(work, Work(Sources((tmp_path / "set",)), clip_table=tmp_path / "meta.csv"))
    opened.open_paths([work])
    qtbot.waitUntil(lambda: model.columnCount() == len(COLUMNS) + 1)
    assert column(model, len(COLUMNS)) == ["hall"]
    assert [len(keys) for keys in held_against] == [1]
