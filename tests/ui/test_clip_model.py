"""Figures of the clip list: fetched for the rows that are seen, for all of them when they are the order."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from gaplisten.clips.clip import Clip
from gaplisten.clips.summary import ClipSummary
from gaplisten.errors import GaplistenError
from gaplisten.loss.strata import Stratum
from gaplisten.ui.workbench.clip_model import ClipModel
from kit.timing import PATIENCE


def clips(count):
    return [Clip(f"c{number:03}", Path("/clips")) for number in range(count)]


class Reader:
    """Gives figures by a clip's number; each waits until the test lets it go."""

    def __init__(self):
        self.asked, self.go = [], threading.Event()

    def __call__(self, clip):
        number = int(clip.name[1:])
        self.asked.append(number)
        self.go.wait(PATIENCE)
        if number == 3:
            raise GaplistenError(clip.name, "cannot be read", "look at it")
        return ClipSummary(0.01 * ((number * 7) % 10), number, 20.0, Stratum.SHORT, False)


@pytest.fixture
def reader():
    made = Reader()
    yield made
    made.go.set()


@pytest.fixture
def model(qapp, reader):
    made = ClipModel(reader)
    yield made
    reader.go.set()
    made.close()


def shown(model, column):
    return [model.data(model.index(row, column)) for row in range(model.rowCount())]


def test_only_rows_that_are_seen_are_fetched_and_a_clip_that_cannot_be_read_says_so(model, reader, qtbot):
    reader.go.set()
    model.set_clips(clips(200))
    model.want(range(2, 5))
    qtbot.waitUntil(lambda: model.data(model.index(4, 2)) == "4")
    qtbot.waitUntil(lambda: shown(model, 1)[2:5] == ["4.0 %", "unusable", "8.0 %"])
    assert sorted(reader.asked) == [2, 3, 4]
    assert "cannot be read" in model.data(model.index(3, 0), Qt.ItemDataRole.ToolTipRole)
    model.want(range(2, 5))
    assert len(reader.asked) == 3


def test_who_scrolls_on_does_not_wait_for_what_was_passed(model, reader, qtbot):
    model.set_clips(clips(200))
    model.want(range(50))
    qtbot.waitUntil(lambda: len(reader.asked) == 2)  # two threads
    model.want(range(150, 152))
    reader.go.set()
    qtbot.waitUntil(lambda: model.data(model.index(151, 2)) == "151")
    assert len([number for number in reader.asked if number < 50]) == 2


def test_an_order_by_figures_fetches_them_all_and_settles_once_they_are_there(model, reader, qtbot):
    reader.go.set()
    model.set_clips([clip for clip in clips(100) if clip.name != "c003"])
    model.sort(2, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: shown(model, 2) == [str(number) for number in range(99, -1, -1) if number != 3])
    assert len(reader.asked) == 99


def test_a_clip_whose_losses_were_edited_is_marked_and_listed_sorted_and_found_by_the_edited_ones(
    model, reader, qtbot
):
    reader.go.set()
    model.set_clips(clips(6))
    model.sort(1, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: shown(model, 1)[0] == "8.0 %")
    model.set_edited({"c002": ClipSummary(0.337, 29, 200.0, Stratum.MEDIUM)})
    assert (shown(model, 0)[0], shown(model, 1)[0], shown(model, 2)[0]) == ("✎ c002", "33.7 %", "29")
    model.set_filter("medium")
    assert shown(model, 0) == ["✎ c002"]
    model.set_filter("")
    model.set_edited({})
    assert "✎ c002" not in shown(model, 0)
