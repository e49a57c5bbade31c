"""What a screen reader says of the lanes, and the way of the Tab key through the window."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication

from gaplisten.errors import GaplistenError
from gaplisten.ui.panes import spoken
from kit.spoken_names import spoken_name


@pytest.fixture
def announced(monkeypatch):
    """Return what was announced since a screen reader runs."""
    texts = []
    told = SimpleNamespace(
        isActive=lambda: True,
        AnnouncementPoliteness=QAccessible.AnnouncementPoliteness,
        updateAccessibility=lambda event: texts.append((event.message(), event.politeness().name)),
    )
    monkeypatch.setattr(spoken, "QAccessible", told)
    return texts


def standing(window):
    """Return what is said of the lanes to who comes to them."""
    return window.lanes_view._canvas.accessibleDescription()


def test_the_version_the_gap_and_whether_sound_runs_are_said_as_they_change(opened, qtbot, announced):
    qtbot.keyClick(opened.lanes_view, Qt.Key.Key_2)
    opened.actions_table["gap.next"].trigger()
    first = opened.controller.gaps[0]
    where = f"gap 1 of 2 at {first.start / opened.controller.rate:.3f} s, 60 ms"
    assert announced == [("lane 2, mild", "Polite"), (where, "Polite")]
    assert standing(opened).endswith(f"lane 2, mild, {where}")
    announced.clear()
    qtbot.keyClick(opened.lanes_view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(announced))
    assert announced[0][0].startswith("playing from ")
    qtbot.keyClick(opened.lanes_view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(announced) > 1)
    assert announced[1][0].startswith("paused at ")


def test_what_went_wrong_is_said_at_once(opened, announced):
    opened.controller.failed.emit("this machine: no output device; connect one, then look again")
    assert announced == [("this machine: no output device; connect one, then look again", "Assertive")]
    opened.shell.report(GaplistenError("a.wav", "is not there"))
    opened.controller.failed.emit(KeyError("lane"))
    assert announced[1:] == [
        ("a.wav: is not there", "Assertive"),
        ("something went wrong inside Gaplisten: KeyError('lane'); the log has the details", "Assertive"),
    ]


def test_a_blind_round_is_not_given_away(opened, qtbot, announced):
    before = standing(opened)
    opened.actions_table["listen.blind"].trigger()
    round_ = opened.panes["blind"]
    assert round_.dialog is not None
    for letter in round_.blind.letters:
        round_.dialog.hear.emit(letter)
    assert announced == []
    assert standing(opened) == before
    round_.dialog.reject()


def test_nothing_is_announced_where_nobody_listens(opened, qtbot, monkeypatch):
    monkeypatch.setattr(spoken, "QAccessible", SimpleNamespace(isActive=lambda: False))
    qtbot.keyClick(opened.lanes_view, Qt.Key.Key_2)
    assert "lane 2" in standing(opened)


def test_a_parameter_is_called_by_its_concealer_and_by_which_lane_of_it(opened, qtbot):
    dock = opened.panes["concealers"].dock
    dock.boxes["loud"].setChecked(True)
    card = dock.cards["loud"]
    assert [spoken_name(settings.form.fields["level"]) for settings in card.settings] == ["Loud: level"]
    card.another.emit()
    qtbot.waitUntil(lambda: len(card.settings) == 2)
    names = [spoken_name(settings.form.fields["level"]) for settings in card.settings]
    assert names == ["Loud 1: level", "Loud 2: level"]


def test_tab_goes_through_the_window_as_it_is_read_and_back_the_same_way(opened, qtbot):
    dock = opened.panes["concealers"].dock
    dock.boxes["loud"].setChecked(True)
    qtbot.waitUntil(lambda: not opened.controller.busy)
    opened.docks["notes"].raise_()
    QApplication.processEvents()
    opened.lanes_view.setFocus()
    start = opened.focusWidget()
    way = []
    while not way or way[-1] is not start:
        qtbot.keyClick(opened.focusWidget(), Qt.Key.Key_Tab)
        way.append(opened.focusWidget())
        assert len(way) < 200
    names = [widget.accessibleName() or widget.text() for widget in way]
    places = [
        names.index(name)
        for name in (
            "Filter concealers", "Loud", "Another lane of Loud", "Loud: level", "Gaps", "Play / Pause",
            "Lane 0, Reference", "Switching", "Filter clips", "Clips",
        )
    ]  # fmt: skip
    assert places == sorted(places)
    assert "Notes" in names
    assert "Levels of the lanes" not in names  # which lie behind the notes
    back = []
    while not back or back[-1] is not start:
        qtbot.keyClick(opened.focusWidget(), Qt.Key.Key_Backtab)
        back.append(opened.focusWidget())
    assert back[:-1] == way[-2::-1]
