"""From the worst gap to the next, and listening around one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from gaplisten.bench.state import Loop

Key, Shift, Alt = Qt.Key, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
Ctrl = Qt.KeyboardModifier.ControlModifier
CONTEXT = 4000


@pytest.fixture
def press(qtbot, opened):
    def key(which, modifier=Qt.KeyboardModifier.NoModifier):
        qtbot.keyClick(opened.lanes_view, which, modifier)

    return key


def key_of(window, name):
    return next(lane.key for lane in window.controller.lanes if lane.name == name)


def walk(window, press, *keys):
    found = []
    for key in keys:
        press(*key) if isinstance(key, tuple) else press(key)
        found.append(window.shell.hand.index + 1)
    return found


def engines_order(window, name, measure):
    lane = next(lane for lane in window.controller.lanes if lane.name == name)
    return [place + 1 for place in window.panes["gaps"].measuring.table.worst(lane.ident, measure)]


def tick(window):
    window.controller.hearing.poll()


# -- the worst ----------------------------------------------------------------------------------------------


def test_w_goes_from_the_worst_to_the_next_worst_of_the_lane_that_is_heard(opened, press):
    opened.controller.hearing.hear(key_of(opened, "bad"))
    order = engines_order(opened, "bad", "click_exit")
    assert order[0] == 2
    assert walk(opened, press, Key.Key_W, Key.Key_W, Key.Key_W, Key.Key_W) == [*order, order[0]]
    assert walk(opened, press, (Key.Key_W, Shift)) == [order[-1]]
    assert "(3 of 3)" in opened.status.currentMessage()


def test_it_says_measure_value_and_lane(opened, press):
    bad = key_of(opened, "bad")
    opened.controller.hearing.hear(bad)
    press(Key.Key_W)
    said = opened.status.currentMessage()
    assert said.startswith("gap #2: Exit click = ")
    assert said.endswith(f" z !, lane {bad} bad (1 of 3)")
    assert opened.panes["gaps"].dock.table.currentIndex().row() == 1
    start, stop = opened.lanes_view.visible_range
    assert start < 12800 < stop


def test_after_going_elsewhere_w_begins_with_the_worst_again(opened, press):
    opened.controller.hearing.hear(key_of(opened, "bad"))
    order = engines_order(opened, "bad", "click_exit")
    walk(opened, press, Key.Key_W, Key.Key_W)
    opened.panes["gaps"].walk.go_to(order[2] - 1)
    assert walk(opened, press, Key.Key_W) == [order[0]]


def test_the_measure_is_chosen_in_menu_or_dock_and_kept(opened, press):
    opened.controller.hearing.hear(key_of(opened, "bad"))
    opened.actions_table["gap.by_energy_error"].trigger()
    assert opened.panes["gaps"].dock.worst.currentData() == "energy_error"
    assert walk(opened, press, Key.Key_W) == [3]
    opened.panes["gaps"].dock.worst.setCurrentIndex(opened.panes["gaps"].dock.worst.findData("lsd"))
    opened.panes["gaps"].dock.worst.activated.emit(opened.panes["gaps"].dock.worst.currentIndex())
    assert opened.actions_table["gap.by_lsd"].isChecked()
    assert opened.controller.document.work.gaps.worst == "lsd"


def test_while_the_reference_is_heard_the_worst_of_all_lanes_is_meant(opened, press):
    assert opened.controller.hearing.heard == 0
    assert walk(opened, press, Key.Key_W) == [2]
    assert "bad" in opened.status.currentMessage()


def test_the_walk_keeps_to_the_gaps_that_the_filter_shows(opened, press):
    opened.controller.hearing.hear(key_of(opened, "bad"))
    opened.panes["gaps"].dock.burst.setCurrentIndex(2)
    assert walk(opened, press, Key.Key_W, Key.Key_W) == [3, 3]


def test_without_values_it_says_why(qtbot, window, bare_folder, measured):
    qtbot.keyClick(window.lanes_view, Key.Key_W)
    window.actions_table["gap.next_worst"].trigger()
    assert window.status.currentMessage() == "there are no gaps"
    window.open_paths([bare_folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    measured(window)
    window.actions_table["gap.by_lsd"].trigger()
    window.actions_table["gap.next_worst"].trigger()
    assert "needs the reference" in window.status.currentMessage()


def test_the_table_lists_the_worst_first_for_the_lane_that_is_heard(opened):
    opened.controller.hearing.hear(key_of(opened, "bad"))
    opened.actions_table["gap.by_buzz"].trigger()
    opened.actions_table["gap.worst_first"].trigger()
    model = opened.panes["gaps"].dock.model
    worst = engines_order(opened, "bad", "buzz")
    assert [model.gap_at(row) + 1 for row in range(len(worst))] == worst
    assert opened.actions_table["gap.worst_first"].isChecked()
    opened.actions_table["gap.worst_first"].trigger()
    assert [model.gap_at(row) for row in range(3)] == [0, 1, 2]
    opened.actions_table["gap.worst_first"].trigger()
    opened.panes["gaps"].dock.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert not opened.actions_table["gap.worst_first"].isChecked()


# -- listening ----------------------------------------------------------------------------------------------


def test_g_works_with_half_speed_only_lost_parts_and_another_lane_meanwhile(opened, player, press):
    opened.panes["gaps"].walk.go_to(1)
    opened.actions_table["listen.half"].trigger()
    opened.actions_table["listen.lost"].trigger()
    press(Key.Key_G)
    assert (player.state.playing, player.state.position) == (True, 12800 - CONTEXT)
    player.state = replace(player.state, position=12700)
    tick(opened)
    press(Key.Key_3)
    assert (player.state.playing, player.state.position, player.state.lane) == (True, 12700, 3)
    opened.actions_table["listen.quarter"].trigger()
    assert player.last("audible") == ([(3200, 4160), (12800, 13120), (19200, 22400)],)
    player.state = replace(player.state, position=13120 + CONTEXT)
    tick(opened)
    assert not player.state.playing
    assert player.last("speed") == (0.25,)


def test_g_plays_all_of_a_gap_outside_the_loop_and_then_the_loop_is_there_again(opened, player, press):
    opened.lanes_view.loop_edited.emit(0, 9000)
    opened.panes["gaps"].walk.go_to(2)
    press(Key.Key_G)
    assert player.last("loop") == ()
    player.state = replace(player.state, position=22400 + CONTEXT)
    tick(opened)
    assert not player.state.playing
    tick(opened)
    assert player.last("loop") == (0, 9000)


def test_whoever_goes_elsewhere_while_g_plays_has_the_loop_back(opened, player, press):
    opened.lanes_view.loop_edited.emit(0, 9000)
    opened.panes["gaps"].walk.go_to(2)
    press(Key.Key_G)
    opened.controller.hearing.seek(2000)
    tick(opened)
    assert player.last("loop") == (0, 9000)
    assert player.state.playing


def test_shift_g_plays_the_gap_in_a_loop_that_follows_to_the_next_gap(opened, player, press):
    opened.panes["gaps"].walk.go_to(1)
    press(Key.Key_G, Shift)
    assert player.last("loop") == (12800 - CONTEXT, 13120 + CONTEXT)
    assert player.state.playing
    press(Key.Key_Right, Alt)
    assert player.last("loop") == (19200 - CONTEXT, 22400 + CONTEXT)
    assert (player.state.playing, player.state.position) == (True, 19200 - CONTEXT)
    opened.lanes_view.loop_edited.emit(0, 9000)
    press(Key.Key_Right, Alt)
    assert player.last("loop") == (0, 9000)


def test_a_loop_whose_fade_would_hide_an_edge_of_a_gap_is_made_longer_and_that_is_said(opened, player):
    opened.lanes_view.loop_edited.emit(3190, 13150)
    assert player.last("loop") == (3120, 13201)
    assert "fade of 5 ms would have hidden the edge of a gap" in opened.status.currentMessage()
    assert opened.controller.document.work.clip("first").loop == Loop(3120, 13201)


def test_without_context_the_fades_still_keep_off_the_gap(opened, player, press):
    opened.controller.use_settings(replace(opened.controller.settings, context_ms=0.0))
    opened.panes["gaps"].walk.go_to(1)
    press(Key.Key_G)
    assert player.state.position == 12800 - 80
    press(Key.Key_G, Shift)
    start, stop = player.last("loop")
    assert start <= 12800 - 80
    assert stop >= 13120 + 80


def test_the_context_is_the_users(opened, player, press):
    opened.controller.use_settings(replace(opened.controller.settings, context_ms=100.0))
    opened.panes["gaps"].walk.go_to(1)
    press(Key.Key_G)
    assert player.state.position == 12800 - 1600


def test_loss_painted_under_the_edge_of_a_loop_is_told(opened, player):
    opened.lanes_view.loop_edited.emit(23680, 32000)
    assert "hid" not in opened.status.currentMessage()
    opened.controller.paint(72, 73, True)
    assert "the loop's fade now hides the edge of a gap" in opened.status.currentMessage()


# -- the gap at hand ----------------------------------------------------------------------------------------


@pytest.fixture
def close(qtbot, window, write_clip, tmp_path):
    """Return the window with two gaps so close that the context of the second begins inside the first."""
    write_clip(tmp_path, "first", "10-11 24 26")
    window.open_paths([tmp_path])
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    window.lanes_view.setFocus()
    return window


def the_note(window):
    (note,) = window.controller.document.work.clip("first").notes
    return note


def test_a_note_belongs_to_the_gap_one_went_to_although_its_context_touches_another(close, player, qtbot):
    close.panes["gaps"].walk.go_to(1)
    assert player.state.position == 24 * 320 - CONTEXT  # inside the first gap
    qtbot.keyClick(close.lanes_view, Key.Key_N)
    assert "gap #2" in close.status.currentMessage()
    qtbot.keyClick(close.panes["notes"].dock.text, Key.Key_Return)
    assert the_note(close).gap == (24 * 320, 25 * 320)


def test_while_it_plays_on_past_the_gap_at_hand_a_note_belongs_to_the_gap_that_is_heard(
    opened, player, press
):
    opened.panes["gaps"].walk.go_to(0)
    press(Key.Key_Space)
    player.seek(40 * 320 + 100)
    press(Key.Key_N)
    assert "gap #2" in opened.status.currentMessage()


def test_next_gap_skips_none_after_g_ran_past_the_end_of_its_context(close, player, qtbot):
    close.panes["gaps"].walk.go_to(1)
    qtbot.keyClick(close.lanes_view, Key.Key_G)
    player.seek(25 * 320 + CONTEXT + 800)
    tick(close)
    assert not player.state.playing
    qtbot.keyClick(close.lanes_view, Key.Key_Right, Alt)
    assert close.shell.hand.index == 2


def test_a_click_beside_a_gap_takes_it_to_hand_and_one_far_from_any_lets_go(opened, player, press):
    opened.panes["gaps"].walk.go_to(0)
    opened.lanes_view.seek_requested.emit(62 * 320)
    assert (opened.shell.hand.index, opened.panes["gaps"].dock.table.currentIndex().row()) == (2, 2)
    press(Key.Key_G)
    assert player.state.position == 60 * 320 - CONTEXT
    opened.lanes_view.seek_requested.emit(90 * 320)
    assert opened.shell.hand.index == -1
    assert not opened.panes["gaps"].dock.table.selectionModel().hasSelection()


def test_the_gap_at_hand_stays_the_same_when_painting_gives_it_another_number(opened, player, press):
    opened.panes["gaps"].walk.go_to(1)
    opened.controller.paint(2, 2, True)
    assert opened.shell.hand.index == 2
    press(Key.Key_G)
    assert player.state.position == 40 * 320 - CONTEXT
    opened.controller.paint(40, 40, False)
    assert opened.shell.hand.index == -1


def test_a_note_keeps_the_place_lane_and_gap_where_it_was_begun(opened, player, press, qtbot):
    opened.controller.hearing.hear(key_of(opened, "bad"))
    opened.panes["gaps"].walk.go_to(1)
    press(Key.Key_N)
    player.seek(60 * 320)  # the sound goes on
    opened.controller.hearing.hear(0)
    qtbot.keyClicks(opened.panes["notes"].dock.text, "rough")
    qtbot.keyClick(opened.panes["notes"].dock.text, Key.Key_Return)
    note = the_note(opened)
    assert (note.frame, note.gap, note.lane) == (40 * 320 - CONTEXT, (40 * 320, 41 * 320), "condition:bad")


def test_a_note_typed_without_n_is_begun_by_its_first_letter(opened, player, qtbot):
    player.seek(30 * 320)
    qtbot.keyClicks(opened.panes["notes"].dock.text, "a")
    player.seek(60 * 320)
    qtbot.keyClicks(opened.panes["notes"].dock.text, "b")
    qtbot.mouseClick(opened.panes["notes"].dock.add, Qt.MouseButton.LeftButton)
    assert the_note(opened).frame == 30 * 320


def test_a_click_elsewhere_while_writing_moves_the_note_there(opened, player, press, qtbot):
    press(Key.Key_N)
    qtbot.keyClicks(opened.panes["notes"].dock.text, "here")
    opened.lanes_view.seek_requested.emit(62 * 320)
    qtbot.keyClick(opened.panes["notes"].dock.text, Key.Key_Return)
    assert (the_note(opened).frame, the_note(opened).gap) == (62 * 320, (60 * 320, 70 * 320))


def test_escape_forgets_a_note_and_goes_back_to_the_lanes(opened, player, press, qtbot):
    press(Key.Key_N)
    qtbot.keyClicks(opened.panes["notes"].dock.text, "no")
    qtbot.keyClick(opened.panes["notes"].dock.text, Key.Key_Escape)
    assert opened.panes["notes"].dock.text.text() == ""
    assert opened.lanes_view.hasFocus() or opened.lanes_view.focusProxy().hasFocus()
    player.seek(60 * 320)
    opened.panes["notes"].add_note("own", "later")
    assert the_note(opened).frame == 60 * 320


# -- to the edge --------------------------------------------------------------------------------------------


def seen_ms(window):
    """Return the middle of what is seen as a frame, and its width in milliseconds."""
    start, stop = window.lanes_view.visible_range
    return (start + stop) / 2, 1000 * (stop - start) / 16000


def test_four_keys_lead_to_the_exit_edge_of_the_worst_gap_looping_at_half_speed(opened, press, player):
    opened.controller.hearing.hear(key_of(opened, "bad"))
    for keys in ((Key.Key_W,), (Key.Key_E, Shift), (Key.Key_G, Ctrl), (Key.Key_2, Shift)):
        press(*keys)
    exit_edge = 41 * 320
    middle, wide = seen_ms(opened)
    assert middle == pytest.approx(exit_edge, abs=2)
    assert wide == pytest.approx(10.0, abs=0.5)
    start, stop = player.last("loop")
    assert start < exit_edge < stop
    assert stop - start <= 16000 * 0.05, "40 ms, and the fade that would have hidden the gap's beginning"
    assert player.last("speed") == (0.5,)
    assert player.state.playing
    press(Key.Key_E, Shift)
    assert seen_ms(opened)[1] == pytest.approx(2.0, abs=0.2)


def test_the_edge_stays_in_sight_while_the_loop_comes_and_goes_and_goes_on_to_the_next_gap(
    opened, press, player
):
    opened.panes["gaps"].walk.go_to(1)
    press(Key.Key_E)
    press(Key.Key_G, Ctrl)
    before = seen_ms(opened)
    for frame in (40 * 320 - 300, 40 * 320 + 300, 40 * 320 - 310):
        player.seek(frame)
        tick(opened)
    assert seen_ms(opened) == before
    press(Key.Key_PageDown)
    assert seen_ms(opened)[0] == pytest.approx(60 * 320, abs=2)
    start, stop = player.last("loop")
    assert start < 60 * 320 < stop


def test_z_shows_the_gap_though_another_place_plays_and_zooming_goes_about_it(opened, press, player):
    opened.panes["gaps"].walk.go_to(1)
    press(Key.Key_Space)
    player.seek(90 * 320)
    press(Key.Key_Z)
    tick(opened)
    gap = (40 * 320, 41 * 320)
    start, stop = opened.lanes_view.visible_range
    assert start < gap[0] < gap[1] < stop
    for _ in range(8):
        opened.actions_table["view.zoom_in"].trigger()
    assert seen_ms(opened)[0] == pytest.approx(sum(gap) / 2, abs=8)


def test_next_and_worst_gap_while_playing_take_the_sound_there_with_what_leads_up_to_it(
    opened, press, player
):
    opened.controller.hearing.hear(key_of(opened, "bad"))
    press(Key.Key_Space)
    player.seek(80 * 320)
    press(Key.Key_W)
    assert (player.state.playing, player.state.position) == (True, 40 * 320 - CONTEXT)
    tick(opened)
    start, stop = opened.lanes_view.visible_range
    assert start < 40 * 320 < 41 * 320 < stop
    press(Key.Key_PageDown)
    assert (player.state.playing, player.state.position) == (True, 60 * 320 - CONTEXT)


def test_where_the_sound_sets_in_hides_no_edge_of_a_gap(close, player, qtbot):
    qtbot.keyClick(close.lanes_view, Key.Key_Space)
    close.panes["gaps"].walk.go_to(1)
    start, edges = (
        player.state.position,
        [edge for gap in close.controller.gaps for edge in (gap.start, gap.stop)],
    )
    assert not [edge for edge in edges if start < edge < start + 80]


def test_a_loop_elsewhere_is_put_aside_while_the_sound_goes_to_a_gap_and_comes_back(opened, press, player):
    opened.shell.looping.set(90 * 320, 95 * 320)
    press(Key.Key_Space)
    press(Key.Key_PageDown)
    tick(opened)
    assert player.last("loop") == ()
    press(Key.Key_Space)
    tick(opened)
    assert player.last("loop") == (90 * 320, 95 * 320)
