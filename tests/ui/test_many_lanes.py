"""Many lanes: their heights, hidden ones, new ones, and a blind shuffle of them."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QLineEdit
from shiboken6 import delete

from gaplisten.bench.lane_sizes import COLLAPSED_LANE
from gaplisten.ui.lanes.scene import RULER_HEIGHT
from kit.mouse import mouse


@pytest.fixture
def three(opened, settle):
    """Return the window with a concealer's lane, too."""
    opened.controller.document.switch_on("loud")
    settle(opened)
    opened.lanes_view._canvas.grab()
    return opened


def _heights(window):
    layout = window.lanes_view.layout_now()
    return [layout.height_of(row) for row in range(layout.rows)]


def test_a_lane_is_as_high_as_its_border_is_dragged_and_stays_so_when_it_moves(three, settle):
    canvas, view = three.lanes_view._canvas, three.lanes_view
    layout = view.layout_now()
    border = RULER_HEIGHT + layout.top_of(3) - layout.scroll
    mouse(canvas, QEvent.Type.MouseButtonPress, 30, border - 1)
    mouse(canvas, QEvent.Type.MouseMove, 30, border + 60)
    mouse(canvas, QEvent.Type.MouseButtonRelease, 30, border + 60)
    before = _heights(three)
    assert before[2] == pytest.approx(before[1] + 60, abs=40)
    assert before[2] > before[1]
    ident = three.controller.lane(2).ident
    canvas.grab()
    three.controller.document.switch_on("fails")
    settle(three)
    row = next(row for row, lane in enumerate(view._shown.lanes) if lane.ident == ident)
    assert _heights(three)[row] == before[2]
    layout = replace(view.layout_now(), scroll=0)
    assert [layout.row_at(RULER_HEIGHT + layout.top_of(n) + 2) for n in range(3)] == [0, 1, 2]


def test_the_heard_lane_collapses_and_unfolds(three):
    three.controller.hearing.hear(2)
    before = _heights(three)
    three.actions_table["view.collapse"].trigger()
    assert _heights(three)[2] == COLLAPSED_LANE
    assert _heights(three)[0] > before[0]
    three.lanes_view.grab()
    three.actions_table["view.collapse"].trigger()
    assert _heights(three) == before


def test_a_hidden_lane_is_not_drawn_and_can_be_heard_and_comes_back(three):
    controller, view = three.controller, three.lanes_view
    controller.hearing.hear(2)
    three.actions_table["view.hide"].trigger()
    assert [lane.key for lane in view._shown.lanes] == [0, 1, 3]
    controller.hearing.hear(0)
    controller.hearing.hear(2)
    assert controller.hearing.heard == 2
    three.actions_table["view.all_lanes"].trigger()
    assert [lane.key for lane in view._shown.lanes] == [0, 1, 2, 3]


def test_the_reference_is_not_hidden(three):
    three.controller.hearing.hear(0)
    three.actions_table["view.hide"].trigger()
    assert three.lanes_view.hidden == 0
    assert "reference" in three.status.currentMessage()


def test_a_new_lane_is_scrolled_to(three, settle):
    three.resize(900, 420)
    QApplication.processEvents()
    view = three.lanes_view
    three.controller.document.switch_on("fails")
    settle(three)
    QApplication.processEvents()
    layout = view.layout_now()
    assert layout.overflow > 0, "the window is too high for this test"
    assert layout.scroll + view._canvas.height() >= RULER_HEIGHT + layout.top_of(layout.rows) - 2


def test_the_lanes_get_the_whole_screen_and_the_panes_come_back(three, qtbot):
    three.actions_table["view.only_lanes"].trigger()
    qtbot.waitUntil(lambda: not any(dock.isVisible() for dock in three.docks.values()))
    three.actions_table["view.only_lanes"].trigger()
    qtbot.waitUntil(lambda: three.docks["clips"].isVisible() and not three.isFullScreen())


def test_a_layout_without_panes_is_never_kept(three):
    three.actions_table["view.only_lanes"].trigger()
    three.controller.document.mark_saved()
    three.close()
    assert not three.docks["clips"].isHidden()


def test_blind_the_window_tells_nothing_and_letters_are_heard_and_counted(three, qtbot):
    controller = three.controller
    three.actions_table["listen.blind"].trigger()
    pane = three.panes["blind"]
    dialog, blind = pane.dialog, pane.blind
    shown = [dock for dock in three.findChildren(QDockWidget) if not dock.isHidden()]
    assert shown == []
    assert three.shell.page.isHidden()
    assert sorted(blind.order) == sorted(lane.ident for lane in controller.lanes if lane.key in (2, 3))
    qtbot.keyClick(dialog, Qt.Key.Key_B)
    assert controller.lane(controller.hearing.heard).ident == blind.version("B")
    qtbot.keyClick(dialog, Qt.Key.Key_0)
    assert controller.hearing.heard == 0
    for letter, field in dialog.guesses.items():
        field.setCurrentIndex(field.findData(blind.version(letter)))
    assert dialog.truths["A"].text() == ""
    dialog.reveal()
    assert dialog.verdict.text() == "2 of 2 right; by chance it is 1 on average"
    assert dialog.truths["A"].text().startswith("✓ ")
    dialog.reject()
    assert not three.shell.page.isHidden()
    assert three.docks["clips"].isVisible()


def test_the_pane_of_concealers_grows_with_what_is_shown_in_it_later(three, qtbot):
    dock = three.panes["concealers"].dock
    dock.settings[0].form.setMinimumWidth(271)
    qtbot.waitUntil(lambda: dock._area.minimumWidth() > 271)


def test_after_a_blind_shuffle_every_pane_is_as_large_as_before(three, qtbot):
    def sizes():
        shown = (name for name in ("clips", "gaps", "concealers", "scores") if three.docks[name].isVisible())
        return {name: three.docks[name].size() for name in shown}

    three.resize(1280, 720)
    three.resizeDocks([three.docks["clips"]], [333], Qt.Orientation.Horizontal)
    QApplication.processEvents()
    before = sizes()
    three.actions_table["listen.blind"].trigger()
    assert sizes() == {}
    QApplication.processEvents()
    three.panes["blind"].dialog.reject()
    qtbot.waitUntil(lambda: sizes() == before)


def test_a_round_that_ends_unrevealed_tells_nothing_by_what_is_heard_behind_it(three, qtbot):
    hearing = three.controller.hearing
    hearing.hear(0)
    for letter in (Qt.Key.Key_A, Qt.Key.Key_B):
        three.actions_table["listen.blind"].trigger()
        qtbot.keyClick(three.panes["blind"].dialog, letter)
        assert hearing.heard != 0
        three.panes["blind"].dialog.reject()
        assert hearing.heard == 0
    three.actions_table["listen.blind"].trigger()
    dialog = three.panes["blind"].dialog
    qtbot.keyClick(dialog, Qt.Key.Key_B)
    dialog.reveal()
    told = hearing.heard
    dialog.reject()
    assert hearing.heard == told


def test_a_layout_is_kept_with_its_panes_when_the_window_is_ended_during_a_round(three):
    three.actions_table["listen.blind"].trigger()
    assert three.docks["clips"].isHidden()
    three.controller.document.mark_saved()
    three.close()
    assert three.panes["blind"].dialog is None
    assert not three.docks["clips"].isHidden()


def test_what_had_the_focus_before_a_round_may_be_gone_behind_it(three):
    editor = QLineEdit(three)  # as that of a table's cell, which goes when it loses the focus
    editor.show()
    editor.setFocus()
    three.actions_table["listen.blind"].trigger()
    delete(editor)
    three.panes["blind"].dialog.reject()
    assert three.lanes_view.focusProxy().hasFocus()


def test_there_is_no_round_without_two_versions(opened, settle, monkeypatch):
    settle(opened)
    monkeypatch.setattr(opened.panes["blind"], "_versions", lambda: [])
    opened.actions_table["listen.blind"].trigger()
    assert opened.panes["blind"].dialog is None
    assert opened.shell.page.isVisible()
