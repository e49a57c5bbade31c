from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.opening import FileLanes
from gaplisten.bench.state import Loop

Key, Alt, Shift, Ctrl = (
    Qt.Key,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


@pytest.fixture
def press(qtbot, opened):
    def key(which, modifier=Qt.KeyboardModifier.NoModifier, widget=None):
        qtbot.keyClick(widget or opened.focusWidget() or opened, which, modifier)

    return key


def loop_of(window):
    return window.controller.document.work.clip(window.controller.clip_name).loop


def test_lanes_are_reference_lossy_and_conditions_in_order_of_their_keys(opened):
    assert [(lane.key, lane.name) for lane in opened.controller.lanes] == [
        (0, "Reference"),
        (1, "Lossy"),
        (2, "mild"),
    ]


def test_space_plays_and_pauses_and_backspace_stops(opened, player, press):
    press(Key.Key_Space)
    assert player.state.playing
    press(Key.Key_Space)
    assert not player.state.playing
    player.seek(8000)
    press(Key.Key_Space)
    press(Key.Key_Backspace)
    assert (player.state.playing, player.state.position) == (False, 0)


@pytest.mark.parametrize(("key", "lane"), [(Key.Key_1, 1), (Key.Key_2, 2), (Key.Key_R, 0), (Key.Key_0, 0)])
def test_digits_switch_lanes_at_once_and_do_not_move_the_position(opened, player, press, key, lane):
    player.seek(5000)
    player.play()
    press(key)
    assert (player.state.lane, player.state.position, player.state.playing) == (lane, 5000, True)
    assert opened.panes["listen"].transport.lanes.button(lane).isChecked()


def test_left_and_right_go_round_the_lanes(opened, player, press):
    lanes = []
    for key in (Key.Key_Right, Key.Key_Right, Key.Key_Right, Key.Key_Left):
        press(key)
        lanes.append(player.state.lane)
    assert lanes == [1, 2, 0, 2]


def test_left_and_right_pan_in_inspection_mode(opened, player, press):
    opened.lanes_view.zoom_to(8000, 16000)
    press(Key.Key_I)
    press(Key.Key_Right)
    assert player.state.lane == 0
    assert opened.lanes_view.visible_range[0] > 8000


def test_a_key_without_a_lane_says_so_and_changes_nothing(opened, player, press):
    press(Key.Key_7)
    assert player.state.lane == 0
    assert "no lane 7" in opened.status.currentMessage()


def test_play_says_why_nothing_is_heard_while_a_long_clip_is_still_read(opened, player, press):
    opened.controller.hearing.set_lanes(())
    opened.controller.hearing.new_clip(1.0)
    opened.controller.files = FileLanes(lanes=(Lane("reference", "Reference", Role.REFERENCE, None),))
    opened.controller.opened = None
    press(Key.Key_Space)
    assert not player.state.playing
    assert "still being read" in opened.status.currentMessage()


def test_home_and_end(opened, player, press):
    press(Key.Key_End)
    assert player.state.position == 32000
    press(Key.Key_Home)
    assert player.state.position == 0


def test_keys_typed_into_a_field_stay_there(opened, player, qtbot):
    opened.panes["clips"].dock.filter.setFocus()
    qtbot.keyClicks(opened.panes["clips"].dock.filter, "r 1n")
    assert opened.panes["clips"].dock.filter.text() == "r 1n"
    assert (player.state.playing, player.state.lane) == (False, 0)


def test_space_says_why_nothing_plays(opened, player, press):
    opened.controller.hearing.set_lanes(())
    opened.controller.hearing.new_clip(1.0)
    press(Key.Key_Space)
    assert opened.status.currentMessage() == "no lane of this clip has sound"
    player.state = replace(player.state, available=False, reason="no sound card")
    press(Key.Key_Space)
    assert opened.status.currentMessage() == "no sound card"
    assert not player.state.playing


def test_space_ticks_a_box_that_has_the_focus(opened, player, qtbot):
    box = opened.panes["concealers"].dock.boxes["loud"]
    box.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(box, Key.Key_Space)
    assert opened.controller.document.work.choices[0].concealer == "loud"
    assert not player.state.playing


def test_a_and_b_set_the_loop_and_b_never_moves_a(opened, player, press):
    player.seek(8000)
    press(Key.Key_A)
    player.seek(24000)
    press(Key.Key_B)
    assert loop_of(opened) == Loop(8000, 24000)
    assert player.last("loop") == (8000, 24000)
    player.seek(10000)
    press(Key.Key_B)
    assert loop_of(opened) == Loop(8000, 10000)
    player.seek(6000)
    press(Key.Key_B)
    assert loop_of(opened) == Loop(8000, 10000)
    assert "begins after this, at 0.500 s" in opened.status.currentMessage()
    press(Key.Key_A, Shift)
    press(Key.Key_B, Shift)
    assert loop_of(opened) == Loop(0, 32000)


@pytest.mark.parametrize(("stop", "made"), [(16960, 16960), (16640, 16640), (16639, 16640), (16001, 16640)])
def test_a_loop_set_by_hand_is_as_asked_from_40_ms_on(opened, player, press, stop, made):
    player.seek(16000)
    press(Key.Key_A)
    player.seek(stop)
    press(Key.Key_B)
    assert loop_of(opened) == Loop(16000, made)
    assert player.last("loop") == (16000, made)
    assert ("at least 40 ms" in opened.status.currentMessage()) == (made != stop)


def test_a_loop_that_is_dragged_is_as_asked_from_40_ms_on_and_the_other_edge_stays(opened):
    opened.lanes_view.loop_edited.emit(16000, 16640)
    assert loop_of(opened) == Loop(16000, 16640)
    opened.lanes_view.loop_edited.emit(16600, 16640)
    assert loop_of(opened) == Loop(16000, 16640)
    opened.lanes_view.loop_edited.emit(16000, 16010)
    assert loop_of(opened) == Loop(16000, 16640)
    opened.lanes_view.loop_edited.emit(20000, 20100)
    assert loop_of(opened) == Loop(20000, 20640)


def test_the_loop_around_a_gap_obeys_the_same_shortest_length(opened, press):
    opened.controller.use_settings(replace(opened.controller.settings, context_ms=1.0))
    gap = opened.controller.gaps[0]
    press(Key.Key_PageDown)
    press(Key.Key_G, Shift)
    loop = loop_of(opened)
    assert loop.start <= gap.start
    assert gap.stop <= loop.stop
    assert 640 <= loop.stop - loop.start < 1600


def test_b_after_the_loop_was_switched_off_begins_at_the_start_unless_the_kept_one_begins_before(
    opened, player, press
):
    opened.lanes_view.loop_edited.emit(16000, 24000)
    press(Key.Key_L)
    player.seek(12000)
    press(Key.Key_B)
    assert loop_of(opened) == Loop(0, 12000)


def test_l_switches_the_loop_off_and_on_again_as_it_was(opened, player, press):
    opened.lanes_view.loop_edited.emit(4000, 20000)
    press(Key.Key_L)
    assert (loop_of(opened), player.last("loop")) == (None, ())
    press(Key.Key_L)
    assert loop_of(opened) == Loop(4000, 20000)
    press(Key.Key_Z, Ctrl)
    press(Key.Key_Z, Ctrl)


def test_gap_keys_walk_through_the_gaps_and_point_the_table_at_them(opened, player, press):
    rows = []
    for key in (Key.Key_Right, Key.Key_Right, Key.Key_Right, Key.Key_Left):
        press(key, Alt)
        rows.append(opened.panes["gaps"].dock.table.currentIndex().row())
    assert rows == [0, 1, 0, 1]
    start, stop = opened.lanes_view.visible_range
    assert start < 12800 < 13120 < stop
    assert player.state.position == 12800 - 4000


def test_g_plays_the_gap_with_its_context_and_pauses_after_it(opened, player, press):
    press(Key.Key_PageDown)
    press(Key.Key_G)
    assert (player.state.playing, player.state.position) == (True, 0)
    player.seek(4160 + 4000)
    opened.controller.hearing.poll()
    assert not player.state.playing


def test_only_the_lost_parts_can_be_heard(opened, player):
    action = opened.actions_table["listen.lost"]
    action.trigger()
    assert player.last("audible") == ([(3200, 4160), (12800, 13120)],)
    action.trigger()
    assert player.last("audible") == (None,)


def test_the_player_learns_where_gaps_begin_and_end(opened, player):
    assert player.last("boundaries") == ((3200, 4160, 12800, 13120),)


def test_slow_speed_says_that_the_pitch_falls(opened, player):
    opened.actions_table["listen.half"].trigger()
    assert player.last("speed") == (0.5,)
    assert "pitch" in opened.status.currentMessage()
    assert opened.panes["listen"].transport.speed.currentText() == "½×"


def test_switching_is_told_to_the_player_and_kept(opened, player):
    opened.panes["listen"].transport.switching.setCurrentIndex(1)
    assert player.last("switching") == ("crossfade", 5.0)
    from gaplisten.bench.settings import read_settings

    assert read_settings().switching == "crossfade"


def test_the_status_bar_says_where_the_playhead_is(opened, player):
    player.state = replace(player.state, position=3300, playing=True)
    opened.controller.hearing.poll()
    assert opened.status.place.text() == "0.206 s · frame 3300 · packet 10 LOST"
    assert opened.status.sound.text() == "16 kHz · Fake 20 ms · 0 underflows"


def test_without_sound_everything_but_the_transport_works(opened, player, qtbot):
    player.state = replace(player.state, available=False, reason="there is no sound card")
    opened.controller.hearing.poll()
    assert not opened.panes["listen"].transport.play.isEnabled()
    assert "no sound card" in opened.panes["listen"].transport.play.toolTip()
    assert opened.status.sound.text() == "no sound"
    qtbot.keyClick(opened.lanes_view, Key.Key_2)
    assert opened.controller.hearing.heard == 2


def test_another_set_of_lanes_of_the_clip_is_heard_where_the_last_one_was(opened, player, qtbot):
    player.seek(7000)
    before = [call for call in player.calls if call[0] in ("loop", "boundaries", "audible", "switching")]
    opened.panes["concealers"].dock.boxes["loud"].click()
    qtbot.waitUntil(lambda: player.last("load") == (4,))
    assert player.state.position == 7000
    after = [call for call in player.calls if call[0] in ("loop", "boundaries", "audible", "switching")]
    assert after == before  # the player keeps them: see the player's own tests


def test_f6_goes_round_the_panes(opened, qtbot):
    from PySide6.QtWidgets import QApplication

    seen = []
    for _ in range(6):
        qtbot.keyClick(QApplication.focusWidget(), Key.Key_F6)
        focused = QApplication.focusWidget()
        parts = {**opened.docks, "lanes": opened.lanes_view}
        seen.append(next(name for name, part in parts.items() if part.isAncestorOf(focused)))
    assert seen == ["concealers", "gaps", "notes", "clips", "lanes", "concealers"]
