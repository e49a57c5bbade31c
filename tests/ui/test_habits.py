"""Habits from other tools: a right click, Escape, and a layout that can be had back."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu

from gaplisten.bench.lane_sizes import LaneSizes
from gaplisten.ui.lanes.scene import RULER_HEIGHT
from kit.workbench import RATE


def _popup(qtbot):
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    names = [action.objectName() for action in menu.actions() if not action.isSeparator()]
    menu.close()
    return names


def _right_click(widget, place):
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(widget, QContextMenuEvent(reason, place, widget.mapToGlobal(place)))


def test_a_right_click_on_a_lane_offers_its_commands_hears_it_and_takes_the_gap_there(opened, qtbot, settle):
    settle(opened)
    view = opened.lanes_view
    view.zoom_to(0, 2 * RATE)
    canvas = view._canvas
    canvas.grab()
    scene = canvas.scene
    row = next(row for row, lane in enumerate(scene.lanes) if lane.key == 2)
    place = QPoint(round(scene.x_of(11 * 320)), round(RULER_HEIGHT + (row + 0.5) * scene.layout.lane_height))
    _right_click(canvas, place)
    names = _popup(qtbot)
    assert {"gap.play", "gap.exit", "edit.note", "view.this_spectrogram", "edit.lane_up"} <= {*names}
    assert opened.controller.hearing.heard == 2
    assert opened.shell.hand.index == 0


@pytest.mark.parametrize(
    ("pane", "table", "command"),
    [("clips", "table", "edit.loss_model"), ("gaps", "table", "gap.exit"), ("notes", "table", "edit.note")],
)
def test_a_right_click_in_a_list_offers_what_the_menus_have_for_it(opened, qtbot, pane, table, command):
    opened.docks[pane].raise_()
    widget = getattr(opened.panes[pane].dock, table)
    _right_click(widget.viewport(), QPoint(4, 4))
    assert command in _popup(qtbot)


@pytest.mark.parametrize(
    ("pane", "field"), [("clips", "filter"), ("notes", "search"), ("concealers", "filter")]
)
def test_escape_clears_a_filter_and_once_more_goes_back_to_the_lanes(opened, qtbot, pane, field):
    line = getattr(opened.panes[pane].dock, field)
    opened.docks[pane].show()
    opened.docks[pane].raise_()
    line.setFocus()
    qtbot.keyClicks(line, "x7")
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    assert (line.text(), line.hasFocus()) == ("", True)
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    assert opened.lanes_view.focusProxy().hasFocus()


def test_reset_layout_puts_panes_back_that_were_closed_floating_or_behind_others(opened, qtbot):
    docks = opened.docks
    docks["gaps"].close()
    docks["notes"].setFloating(True)
    opened.tabifyDockWidget(docks["clips"], docks["concealers"])
    opened.actions_table["view.reset_layout"].trigger()
    qtbot.waitUntil(lambda: docks["gaps"].isVisible() and not docks["notes"].isFloating())
    assert not opened.tabifiedDockWidgets(docks["clips"])


def test_each_size_of_screens_keeps_a_layout_of_its_own(opened):
    room = opened.screen().availableGeometry()
    opened.controller.document.mark_saved()
    opened.close()
    kept = opened.shell.settings.allKeys()
    assert f"state {room.width()}x{room.height()}" in kept
    assert "state" not in kept


def test_a_saved_workbench_opens_as_it_was_looked_at_with_the_version_that_was_heard(
    opened, qtbot, settle, player, tmp_path
):
    opened.controller.document.switch_on("loud")
    settle(opened)
    heard = next(lane.key for lane in opened.controller.lanes if lane.ident == "loud")
    opened.controller.hearing.hear(heard)
    opened.controller.hearing.seek(9000)
    opened.actions_table["view.spectrogram"].trigger()
    opened.lanes_view.zoom_to(8000, 16000)
    seen = opened.shell.seen()
    opened.panes["file"].save_to(tmp_path / "w.gaplisten.toml")
    opened.controller.hearing.hear(0)
    opened.controller.hearing.seek(0)
    opened.actions_table["view.waveform"].trigger()
    opened.lanes_view.fit()
    assert not opened.controller.document.unsaved, "to look elsewhere is no edit"
    opened.panes["file"].open_work_file(tmp_path / "w.gaplisten.toml", may_open=True)
    qtbot.waitUntil(lambda: opened.shell.seen() == seen)
    assert opened.actions_table["view.spectrogram"].isChecked()


def test_lanes_come_back_as_high_collapsed_or_hidden_as_they_were_saved(opened, qtbot, tmp_path):
    view, sizes = opened.lanes_view, opened.lanes_view.sizes
    sizes.set_height("lossy", 123.0)
    sizes.collapse("reference")
    view.set_lanes(view._all)
    opened.controller.hearing.hear(1)
    names = [lane.ident for lane in opened.controller.lanes]
    hidden = names[-1]
    assert view.hide_lane(opened.controller.lanes[-1].key)
    view.zoom_to(7001, 7001 + 997)
    seen = opened.shell.seen()
    assert (seen.heights, seen.collapsed, seen.hidden) == ((("lossy", 123.0),), ("reference",), (hidden,))
    opened.panes["file"].save_to(tmp_path / "w.gaplisten.toml")
    opened.actions_table["view.all_lanes"].trigger()
    view.fit()
    assert (view.hidden, view.sizes.heights) == (0, {})
    opened.panes["file"].open_work_file(tmp_path / "w.gaplisten.toml", may_open=True)
    qtbot.waitUntil(lambda: opened.shell.seen() == seen)
    assert view.hidden == 1
    view.put_sizes(LaneSizes())
    assert opened.shell.seen().heights == ()


def test_how_a_clip_was_looked_at_says_nothing_of_another_one(opened, qtbot, tmp_path):
    path, controller = tmp_path / "w.gaplisten.toml", opened.controller
    controller.hearing.seek(9000)
    opened.panes["file"].save_to(path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('current = "first"', 'current = "gone"'), encoding="utf-8")
    opened.panes["file"].open_work_file(path, may_open=True)
    controller.show_clip("second")
    qtbot.waitUntil(lambda: controller.clip_name == "second")
    assert controller.document.work.seen.position == 9000
    assert controller.hearing.state.position == 0


def test_one_goes_back_to_where_one_was_and_forward_again_also_into_another_clip(opened, qtbot, settle):
    settle(opened)
    act, view = opened.actions_table, opened.lanes_view
    # Where one stays for a moment is remembered.
    qtbot.waitUntil(lambda: len(opened.panes["trail"].places._trail) == 1)
    act["gap.next"].trigger()
    qtbot.waitUntil(lambda: len(opened.panes["trail"].places._trail) == 2)
    first = view.visible_range
    act["gap.next"].trigger()
    qtbot.waitUntil(lambda: len(opened.panes["trail"].places._trail) == 3)
    second = view.visible_range
    act["gap.back"].trigger()
    assert view.visible_range == first
    assert opened.shell.hand.index == 0
    act["gap.forward"].trigger()
    assert view.visible_range == second
    opened.controller.show_clip("second")
    qtbot.waitUntil(lambda: opened.controller.clip_name == "second")
    qtbot.waitUntil(lambda: len(opened.panes["trail"].places._trail) == 4)
    act["gap.back"].trigger()
    qtbot.waitUntil(lambda: opened.controller.clip_name == "first")
    qtbot.waitUntil(lambda: view.visible_range == second)


def test_one_who_goes_back_at_once_comes_to_where_one_was_before(opened, qtbot, settle):
    settle(opened)
    act, view, trail = opened.actions_table, opened.lanes_view, opened.panes["trail"]
    qtbot.waitUntil(lambda: len(trail.places._trail) == 1)
    act["gap.next"].trigger()
    qtbot.waitUntil(lambda: len(trail.places._trail) == 2)
    first = view.visible_range
    act["gap.next"].trigger()
    second = view.visible_range
    act["gap.back"].trigger()  # sooner than a place is remembered
    assert (view.visible_range, opened.shell.hand.index) == (first, 0)
    act["gap.forward"].trigger()
    assert (view.visible_range, opened.shell.hand.index) == (second, 1)


def test_what_is_dragged_over_the_window_is_told_where_it_would_go(opened, tmp_path):
    from PySide6.QtCore import QMimeData, QUrl
    from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent

    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("a.wav", "b.wav")])
    event = QDragEnterEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(opened, event)
    assert opened._drop_sign.isVisible()
    assert opened._drop_sign.text.text() == "Drop to open these 2"
    QApplication.sendEvent(opened, QDragLeaveEvent())
    assert not opened._drop_sign.isVisible()
