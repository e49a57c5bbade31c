"""Choosing a sound device, trying it, and going on after one went away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from gaplisten.playback.devices import OutputDevice
from gaplisten.playback.player import PlayerState
from gaplisten.ui.panes.devices import DeviceDialog, rate_text

USB = OutputDevice("USB Headset", "ALSA", 2, 48000)
BUILT_IN = OutputDevice("Built-in", "ALSA", 8, 44100, default=True)
SAME_NAME = OutputDevice("USB Headset", "JACK", 2, 16000)
DEVICES = (BUILT_IN, USB, SAME_NAME)


@pytest.fixture
def with_devices(window, player, monkeypatch):
    monkeypatch.setattr(player, "devices", lambda: DEVICES)
    player.state = replace(player.state, device=BUILT_IN.title)
    window.controller.hearing.poll()
    return window


def rows(table):
    return [
        [table.item(row, c).text().strip() for c in range(table.columnCount())]
        for row in range(table.rowCount())
    ]


def test_the_list_says_name_host_api_channels_rate_and_what_is_default(with_devices) -> None:
    with_devices.actions_table["listen.device"].trigger()
    dialog = with_devices.panes["devices"].dialog
    assert dialog.isVisible()
    assert rows(dialog.table)[1:] == [
        ["Built-in", "ALSA", "8", "44.1 kHz", "in use, system default"],
        ["USB Headset", "ALSA", "2", "48 kHz", ""],
        ["USB Headset", "JACK", "2", "16 kHz", ""],
    ]
    assert dialog.table.chosen() == BUILT_IN


def test_enter_uses_the_selected_device_the_first_row_the_systems_choice(with_devices, player, qtbot) -> None:
    with_devices.panes["devices"].open()
    table = with_devices.panes["devices"].dialog.table
    table.setCurrentCell(3, 0)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert player.last("choose") == (SAME_NAME,)
    table.setCurrentCell(0, 0)
    with_devices.panes["devices"].dialog.use.click()
    assert player.last("choose") == (None,)


def test_the_selection_stays_while_the_list_is_read_again(with_devices, player) -> None:
    with_devices.panes["devices"].open()
    table = with_devices.panes["devices"].dialog.table
    table.setCurrentCell(2, 0)
    table.show_devices((USB, BUILT_IN), BUILT_IN.title)
    assert table.chosen() == USB


def test_a_click_on_the_device_in_the_status_bar_opens_the_list(with_devices, qtbot) -> None:
    with_devices.status.show_sound(with_devices.controller.hearing.state)
    qtbot.mouseClick(with_devices.status.sound, Qt.MouseButton.LeftButton)
    assert with_devices.panes["devices"].dialog.isVisible()


def test_the_test_tones_and_the_search_reach_the_player(with_devices, player) -> None:
    with_devices.panes["devices"].open()
    dialog = with_devices.panes["devices"].dialog
    heard = []
    for side, button in dialog.tones.items():
        button.click()
        heard.append(player.last("tone"))
        assert heard[-1] == (side,)
    dialog.rescan.click()
    assert player.last("rescan") == ()


def test_underflows_are_counted_from_the_reset_on(qtbot) -> None:
    dialog = DeviceDialog()
    qtbot.addWidget(dialog)
    state = PlayerState(available=True, rate=48000, latency_ms=21.3, underflows=3, device=USB.title)
    dialog.show_state(state, DEVICES)
    assert dialog.lines["Underflows"].text() == "3"
    assert dialog.lines["Latency"].text() == "21.3 ms"
    dialog.reset.click()
    assert dialog.lines["Underflows"].text() == "0 (3 in all)"
    dialog.show_state(replace(state, underflows=5), DEVICES)
    assert dialog.lines["Underflows"].text() == "2 (5 in all)"


def test_resampling_is_said() -> None:
    state = PlayerState(available=True, rate=48000)
    assert rate_text(state) == "48000 Hz, the clip's own samples"
    assert "resampled" in rate_text(replace(state, resampled=True))
    assert rate_text(PlayerState()) == "no sound"


def test_without_sound_the_reason_is_shown_and_tones_are_off(qtbot) -> None:
    dialog = DeviceDialog()
    qtbot.addWidget(dialog)
    dialog.show_state(PlayerState(reason="no output device; connect one, then look again"), ())
    assert dialog.reason.text().startswith("no output device")
    assert not dialog.reason.isHidden()
    assert not any(button.isEnabled() for button in dialog.tones.values())
    assert dialog.rescan.isEnabled()


def test_a_device_that_goes_away_is_told_with_a_way_out_and_playing_goes_on_where_it_was(
    opened, player, monkeypatch
) -> None:
    monkeypatch.setattr(player, "devices", lambda: DEVICES)
    hearing = opened.controller.hearing
    player.play()
    player.seek(9000)
    hearing.poll()
    assert opened.messages.isHidden()
    gone = "USB Headset (ALSA) takes no more sound; playing is paused where it was."
    player.state = replace(player.state, playing=False, reason=gone)
    hearing.poll()
    assert opened.messages.said[-1].endswith(gone)
    assert len(opened.messages.said) == 1
    hearing.poll()
    assert len(opened.messages.said) == 1
    player.state = replace(player.state, reason="USB Headset is not there; sound goes to Built-in (ALSA)")
    hearing.poll()
    assert opened.messages.said[-1].endswith(
        f"{gone} USB Headset is not there; sound goes to Built-in (ALSA)"
    )
    opened.messages.way_out.click()
    dialog = opened.panes["devices"].dialog
    assert dialog.isVisible()
    dialog.table.setCurrentCell(1, 0)
    dialog.use.click()
    assert player.last("choose") == (BUILT_IN,)
    assert opened.messages.isHidden()
    hearing.toggle()
    assert (player.state.playing, player.state.position) == (True, 9000)


def test_the_message_goes_with_its_reason_and_another_has_no_such_button(opened, player) -> None:
    player.state = replace(player.state, reason="gone")
    opened.controller.hearing.poll()
    assert not opened.messages.way_out.isHidden()
    player.state = replace(player.state, reason="")
    opened.controller.hearing.poll()
    assert opened.messages.isHidden()
    opened.report("something else")
    assert opened.messages.way_out.isHidden()
    opened.panes["devices"].choose(None)
    assert not opened.messages.isHidden()


def test_a_machine_without_sound_is_not_scolded_at_the_start(window, player) -> None:
    reason = "sound is switched off"
    for off in (PlayerState(reason=reason, off=True), PlayerState(reason="no output device")):
        player.state = off
        window.panes["devices"]._sounded = False
        window.controller.hearing.poll()
        assert window.messages.isHidden()


def test_sound_that_was_handed_to_a_panel_is_no_trouble_to_be_told(window, player) -> None:
    hearing, heard = window.controller.hearing, player.state
    hearing.poll()
    player.state = replace(heard, available=False, off=True, reason="a listening panel has the sound")
    hearing.poll()
    assert window.messages.isHidden()
    player.state = heard
    hearing.poll()
    assert window.messages.isHidden()
    player.state = replace(heard, reason="Fake takes no more sound")
    hearing.poll()
    assert not window.messages.isHidden()


def test_looking_again_asks_the_player_whatever_its_state(window, player) -> None:
    player.state = PlayerState(reason="no sound", off=True)
    window.actions_table["listen.rescan"].trigger()
    assert player.last("rescan") == ()
    window.panes["devices"].open()
    window.panes["devices"].dialog.rescan.click()
    assert [call[0] for call in player.calls].count("rescan") == 2


def test_the_dialogs_make_way_for_a_panel(with_devices) -> None:
    with_devices.panes["devices"].open()
    with_devices.panes["audit"].open()
    with_devices.shell.make_way()
    assert not with_devices.isVisible()
    assert not with_devices.panes["devices"].dialog.isVisible()
    assert not with_devices.panes["audit"].dialog.isVisible()
    with_devices.shell.come_back()
    assert with_devices.isVisible()
