"""The listener's window, offscreen, with a player whose clock is the test."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gaplisten.panel import taking
from gaplisten.panel.frozen import open_panel
from gaplisten.panel.methods import names
from gaplisten.panel.unsealing import unseal
from gaplisten.ui.panel.pages import BreakPage, ListenerPage, MessagePage
from gaplisten.ui.panel.responses import TouchSlider, _Words
from gaplisten.ui.panel.trial_page import TrialPage
from gaplisten.ui.panel.window import PanelWindow
from kit.listener import built, definition
from kit.player import ClockedPlayer
from kit.tables import rows_of

Open = Callable[..., PanelWindow]

NO_LEVEL = "[checks]\nlevel = false\n"
NAMES = ("zilch", "quuxnet", "kestrel", "heron", "anchor35", "anchor70")


@pytest.fixture
def player() -> ClockedPlayer:
    return ClockedPlayer()


@pytest.fixture
def open_window(qtbot: QtBot, player: ClockedPlayer, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open windows that are not deleted under the test's hands."""

    def opened(folder: Path, listener: str | None = "ann", **more: Path) -> PanelWindow:
        window = PanelWindow(folder, player, listener, **more)  # type: ignore[arg-type]
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        monkeypatch.setattr(window, "_wishes_to_leave", lambda: True)
        qtbot.addWidget(window)
        with qtbot.waitExposed(window):
            window.show()
        return window

    return opened


def page_of(window: PanelWindow) -> TrialPage:
    page = window.page
    assert isinstance(page, TrialPage)
    return page


def buttons(widget: QWidget) -> dict[str, QPushButton]:
    return {one.text(): one for one in widget.findChildren(QPushButton) if one.isVisible()}


def hear(window: PanelWindow, player: ClockedPlayer, seconds: float) -> None:
    """Let what plays sound for a while, looked at as often as a window does."""
    for _ in range(round(seconds / 0.05)):
        player.run(0.05)
        window._player.look()


def listen_to_the_end(window: PanelWindow, player: ClockedPlayer) -> None:
    """Hear every slot to its end, with the keys' own methods."""
    page, inner = page_of(window), window._player
    slots = range(len(inner.state.trial.slots)) if inner.switched else (0,)
    for slot in slots:
        if inner.switched:
            page.choose_slot(slot)
        if not inner.playing:
            page.toggle()
        hear(window, player, 3.0)


def rows(folder: Path) -> list[dict[str, str]]:
    found = list((folder / "ratings").glob("*.csv"))
    if not found:
        return []
    assert len(found) == 1
    return rows_of(found[0])


def shown_text(window: PanelWindow) -> str:
    return " ".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def test_an_acr_panel_by_keys_alone_writes_what_was_answered(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    folder = built(tmp_path, definition("acr", NO_LEVEL))
    window = open_window(folder)
    given = []
    for answer in "5241":
        page = page_of(window)
        qtbot.keyClick(page, Qt.Key.Key_Space)
        assert player.state.playing
        for _ in range(60):
            player.run(0.05)
            window._player.look()
        qtbot.keyClick(page, Qt.Key(ord(answer)))
        given.append(int(answer))
        qtbot.keyClick(page, Qt.Key.Key_Return)
    assert isinstance(window.page, MessagePage)
    saved = rows(folder)
    assert {row["condition"] for row in saved} == {""}
    window.close()
    assert len(unseal(open_panel(folder)).now) == 1
    saved = rows(folder)
    assert [int(row["vote"]) for row in saved] == given
    assert {(row["clip"], row["condition"]) for row in saved} == {
        ("kestrel", "zilch"), ("kestrel", "quuxnet"), ("heron", "zilch"), ("heron", "quuxnet")
    }  # fmt: skip
    assert {row["device"] for row in saved} == {"Test device"}
    assert {row["plays"] for row in saved} == {"1"}


def test_votes_go_by_the_place_of_a_digit_on_the_keyboard(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("acr", NO_LEVEL)))
    page = page_of(window)
    qtbot.keyClick(page, Qt.Key.Key_Space)
    for _ in range(60):
        player.run(0.05)
        window._player.look()
    fourth = QKeyEvent(
        QEvent.Type.ShortcutOverride, ord("'"), Qt.KeyboardModifier.NoModifier, 13, 0, 0, "'"
    )  # of a French keyboard
    QApplication.sendEvent(page, fourth)
    assert buttons(page)["4   Good"].isChecked()


def test_a_new_trial_begins_at_its_beginning_whatever_the_player_still_tells(
    tmp_path: Path, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("mushra", NO_LEVEL)))
    player.seek(player.lanes[0].frames)  # an audio process that has not come to the new trial yet
    window._player.look()
    assert page_of(window)._bar.value() == 0
    page_of(window).loop_from_here()
    assert window._player.loop is not None
    assert window._player.loop[0] == 0


def test_a_vote_before_the_end_is_refused_and_the_reason_said(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("acr", NO_LEVEL)))
    page = page_of(window)
    qtbot.keyClick(page, Qt.Key.Key_3)
    assert "Listen to the recording first." in shown_text(window)
    qtbot.keyClick(page, Qt.Key.Key_Space)
    player.run(0.2)
    window._player.look()
    qtbot.keyClick(page, Qt.Key.Key_3)
    assert "to its end first" in shown_text(window)
    assert window.session is not None
    assert not window.session.state.votes


def test_going_on_without_a_vote_stays_on_the_trial(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("acr", NO_LEVEL)))
    listen_to_the_end(window, player)
    qtbot.keyClick(page_of(window), Qt.Key.Key_Return)
    assert "Give a rating first." in shown_text(window)
    assert not rows(window._panel.folder)


def test_clicks_answer_and_go_on_too(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    folder = built(tmp_path, definition("acr", NO_LEVEL))
    window = open_window(folder)
    listen_to_the_end(window, player)
    page = page_of(window)
    qtbot.mouseClick(buttons(page)["2   Poor"], Qt.MouseButton.LeftButton)
    assert buttons(page)["2   Poor"].isChecked()
    qtbot.mouseClick(buttons(page)["Next   (Enter)"], Qt.MouseButton.LeftButton)
    assert [row["vote"] for row in rows(folder)] == ["2"]
    assert "Trial 2 of 4" in shown_text(window)


def test_an_untouched_slider_has_no_value_and_does_not_count(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("mushra", NO_LEVEL)))
    listen_to_the_end(window, player)
    sliders = window.findChildren(TouchSlider)
    assert not any(slider.touched for slider in sliders)
    qtbot.keyClick(page_of(window), Qt.Key.Key_Return)
    assert "Rate every recording first: A, B, C, D, E" in shown_text(window)


def test_only_the_slider_of_what_plays_can_be_moved(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("mushra", NO_LEVEL)))
    page = page_of(window)
    qtbot.keyClick(page, Qt.Key.Key_2)
    window._player.look()
    enabled = [slider.accessibleName() for slider in window.findChildren(TouchSlider) if slider.isEnabled()]
    assert enabled == ["Rating of B"]
    qtbot.keyClick(page, Qt.Key.Key_Up)
    qtbot.keyClick(page, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert window.session is not None
    assert dict(window.session.state.votes) == {(2, ""): 60}
    qtbot.keyClick(page, Qt.Key.Key_Space)  # silence: nothing can be rated
    qtbot.keyClick(page, Qt.Key.Key_Up)
    assert dict(window.session.state.votes) == {(2, ""): 60}
    assert "Only the recording that is playing can be rated." in shown_text(window)


def test_switching_keeps_the_position_and_follows_the_standard(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("mushra", NO_LEVEL)))
    qtbot.keyClick(page_of(window), Qt.Key.Key_1)
    player.run(0.3)
    before = player.state.position
    qtbot.keyClick(page_of(window), Qt.Key.Key_0)
    assert (player.state.lane, player.state.position) == (0, before)
    assert player.switching == ("standard", 5.0)


def test_a_part_is_repeated_and_never_shorter_than_half_a_second(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("mushra", NO_LEVEL)))
    page = page_of(window)
    qtbot.keyClick(page, Qt.Key.Key_1)
    player.run(0.05)
    qtbot.keyClick(page, Qt.Key.Key_BracketLeft)
    player.run(0.1)
    qtbot.keyClick(page, Qt.Key.Key_BracketRight)
    loop = window._player.loop
    assert loop is not None
    assert loop[1] - loop[0] == 8000
    assert player.loop == loop
    assert "0.05 – 0.55 s" in shown_text(window)
    qtbot.keyClick(page, Qt.Key.Key_L)
    assert window._player.loop is None
    assert player.loop is None


def test_switches_and_loops_keep_clear_of_gap_edges(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("mushra", NO_LEVEL)))
    assert player.boundaries == [5 * 320, 8 * 320]
    qtbot.keyClick(page_of(window), Qt.Key.Key_1)
    player.seek(5 * 320 - 20)
    qtbot.keyClick(page_of(window), Qt.Key.Key_BracketLeft)
    assert player.loop is not None
    assert player.loop[0] == 5 * 320 - 80  # a fade of 5 ms ends before the gap begins


def test_a_panel_may_forbid_repeating(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("mushra", NO_LEVEL + "[rules]\nloop = false\n")))
    qtbot.keyClick(page_of(window), Qt.Key.Key_L)
    assert window._player.loop is None
    assert "Repeat   L" not in buttons(page_of(window))


def test_twelve_signals_fit_a_small_screen_and_a_smaller_one_scrolls(
    tmp_path: Path, open_window: Open
) -> None:
    many = "".join(f'[[condition]]\nname = "c{at}"\nfiles = "quuxnet"\n' for at in range(8))
    window = open_window(built(tmp_path, definition("mushra", conditions=many + NO_LEVEL)))
    window.resize(1280, 720)
    page, area = page_of(window), window.findChildren(QScrollArea)[0]
    QApplication.processEvents()
    assert page.size() == window.size()
    for button in page._slot_row.buttons:
        assert button.width() >= button.fontMetrics().horizontalAdvance(button.text())
        assert page.rect().contains(button.mapTo(page, button.rect().bottomRight()))
    assert page.rect().contains(page._next.mapTo(page, page._next.rect().bottomRight()))
    window.resize(640, 360)
    QApplication.processEvents()
    assert area.verticalScrollBar().maximum() > 0


def test_a_small_screen_scrolls_rather_than_squeeze_scales_and_shows_what_is_told(
    tmp_path: Path, qtbot: QtBot, open_window: Open
) -> None:
    more = 'language = "de"\ntags = ["click", "robotic"]\n'
    window = open_window(built(tmp_path, definition("abc_hr", more + NO_LEVEL)))
    window.resize(960, 540)
    QApplication.processEvents()
    page = page_of(window)
    slider, words = page.findChildren(TouchSlider)[0], page.findChildren(_Words)[0]
    assert slider.height() >= slider.minimumHeight()
    assert words.height() >= words.minimumSizeHint().height()
    numbers = [label for label in page.findChildren(QLabel) if label.text() == "–"]
    assert all(slider.geometry().bottom() < label.geometry().top() for label in numbers)
    qtbot.keyClick(page, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert page._message.text()
    assert not page._message.visibleRegion().isEmpty()


def test_a_long_consent_is_never_cut_and_pages_by_key(
    tmp_path: Path, qtbot: QtBot, open_window: Open
) -> None:
    text = "You take part of your own free will and may stop at any time. " * 120
    window = open_window(built(tmp_path, definition("acr", f'consent = "{text}"\n' + NO_LEVEL)))
    QApplication.processEvents()
    label = next(one for one in window.findChildren(QLabel) if one.text() == text)
    assert label.height() >= label.heightForWidth(label.width())
    bar = window.findChildren(QScrollArea)[0].verticalScrollBar()
    qtbot.keyClick(window.page, Qt.Key.Key_PageDown)
    assert bar.value() > 0
    qtbot.keyClick(window.page, Qt.Key.Key_PageUp)
    assert bar.value() == 0


def test_it_is_said_which_recordings_were_not_heard_yet(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("mushra", NO_LEVEL)))
    page, inner = page_of(window), window._player
    for slot in (0, 1, 2, 4):
        page.choose_slot(slot)
        hear(window, player, 0.3 if slot == 2 else 0.6)
        page.toggle() if inner.playing else None
        inner.taking._fresh = True  # the next one from its beginning
    page.go_on()
    assert "Listen to every recording first: C, E" in shown_text(window)
    for slot in (3, 5):
        page.choose_slot(slot)
        hear(window, player, 0.6)
    page.go_on()
    assert "Listen to every recording to its end first: B" in shown_text(window)


def test_what_sounds_while_the_window_stands_still_was_heard_all_the_same(
    tmp_path: Path, open_window: Open, player: ClockedPlayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(built(tmp_path, definition("acr", NO_LEVEL)))
    page, inner, clock = page_of(window), window._player, [100.0]
    monkeypatch.setattr(taking.time, "monotonic", lambda: clock[0])
    inner._timer.stop()
    inner.look()
    page.toggle()
    player.run(0.6)
    inner.look()
    assert not inner.state.heard_whole(0)  # so far in no time: that was no listening
    page.restart()
    player.run(0.6)
    clock[0] += 0.6
    inner.look()
    assert inner.state.heard_whole(0)


def test_a_count_of_plays_does_not_shut_in_who_switched_in_the_middle(
    tmp_path: Path, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("mushra", NO_LEVEL + "[rules]\nmax_plays = 1\n")))
    page, inner = page_of(window), window._player
    assert not inner.may_loop
    assert window.session is not None
    for slot in range(len(inner.state.trial.slots)):
        page.choose_slot(slot)
        player.run(0.05)
        inner.look()
    listen_to_the_end(window, player)
    listen_to_the_end(window, player)  # what the first slot lacks after all the switching
    for slot in inner.state.trial.rated_slots:
        page.choose_slot(slot)
        page.restart() if not inner.playing else None
        inner.look()
        page.vote(slot, 50)
    assert window.session.may_go_on() is None
    page.restart()
    assert "may not be played again" in shown_text(window)


def test_in_turn_the_reference_comes_first_with_a_pause_between(
    tmp_path: Path, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("dcr", NO_LEVEL)))
    assert len(player.lanes) == 1
    one = window._player.state.frames
    pause = round(0.7 * player.lanes[0].rate)
    assert player.lanes[0].frames == 2 * one + pause
    assert not player.lanes[0].samples[one : one + pause].any()
    assert window.session is not None
    reference = window.session.sounds()[0]
    assert (player.lanes[0].samples[:one] == reference.samples).all()


def test_half_of_a_pair_is_not_the_whole(tmp_path: Path, open_window: Open, player: ClockedPlayer) -> None:
    window = open_window(built(tmp_path, definition("dcr", NO_LEVEL)))
    page_of(window).toggle()
    for _ in range(14):
        player.run(0.05)
        window._player.look()
    assert window.session is not None
    assert window.session.state.heard_whole(0)
    assert not window.session.state.heard_whole(1)


def test_underflows_of_one_trial_are_written_with_its_rating(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    folder = built(tmp_path, definition("acr", NO_LEVEL))
    window = open_window(folder)
    for answer, underflows in ((Qt.Key.Key_3, 2), (Qt.Key.Key_4, 0)):
        listen_to_the_end(window, player)
        for _ in range(underflows):
            player.underflow()
        qtbot.keyClick(page_of(window), answer)
        qtbot.keyClick(page_of(window), Qt.Key.Key_Return)
    assert [row["underflows"] for row in rows(folder)] == ["2", "0"]


def test_a_panel_closed_in_the_middle_goes_on_where_it_stopped(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    folder = built(tmp_path, definition("acr", NO_LEVEL))
    window = open_window(folder)
    listen_to_the_end(window, player)
    qtbot.keyClick(page_of(window), Qt.Key.Key_4)
    qtbot.keyClick(page_of(window), Qt.Key.Key_Return)
    assert window.session is not None
    expected = window.session.trial
    window.close()
    again = open_window(folder)
    assert isinstance(again.page, MessagePage)
    assert "trial 2 of 4" in shown_text(again)
    qtbot.keyClick(again.page, Qt.Key.Key_Return)
    assert again.session is not None
    assert again.session.trial == expected


def test_a_second_window_on_the_same_session_is_refused_with_the_reason(
    tmp_path: Path, open_window: Open
) -> None:
    folder = built(tmp_path, definition("acr", NO_LEVEL))
    open_window(folder)
    second = open_window(folder)
    assert second.session is None
    assert "open" in shown_text(second)


def test_a_rating_that_cannot_be_saved_stays_and_is_told(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = built(tmp_path, definition("acr", NO_LEVEL))
    window = open_window(folder)
    listen_to_the_end(window, player)
    qtbot.keyClick(page_of(window), Qt.Key.Key_4)
    from gaplisten.panel.journal import NotSaved

    session = window.session
    assert session is not None
    save = session.next

    def full(playback: object = None) -> None:
        raise NotSaved("ratings", "no space left on the device", "make room")

    monkeypatch.setattr(session, "next", full)
    qtbot.keyClick(page_of(window), Qt.Key.Key_Return)
    assert "no space left on the device" in shown_text(window)
    assert "nothing was lost" in shown_text(window)
    assert "Trial 1 of 4" in shown_text(window)
    monkeypatch.setattr(session, "next", save)
    qtbot.keyClick(page_of(window), Qt.Key.Key_Return)
    assert [row["vote"] for row in rows(folder)] == ["4"]


def test_when_the_folder_is_gone_the_vote_on_the_screen_is_saved_elsewhere_and_the_test_goes_on_there(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = built(tmp_path, definition("acr", NO_LEVEL))
    window = open_window(folder)
    for answer in (Qt.Key.Key_4, Qt.Key.Key_2):
        listen_to_the_end(window, player)
        qtbot.keyClick(page_of(window), answer)
        if answer == Qt.Key.Key_2:
            shutil.move(folder / "ratings", tmp_path / "moved")
        qtbot.keyClick(page_of(window), Qt.Key.Key_Return)
    assert "Trial 2 of 4" in shown_text(window)
    copy = tmp_path / "copy.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(copy), ""))
    qtbot.mouseClick(buttons(page_of(window))["Save elsewhere and go on there…"], Qt.MouseButton.LeftButton)
    assert "Trial 3 of 4" in shown_text(window)
    listen_to_the_end(window, player)
    qtbot.keyClick(page_of(window), Qt.Key.Key_5)
    qtbot.keyClick(page_of(window), Qt.Key.Key_Return)
    assert [row["vote"] for row in rows_of(copy)] == ["4", "2", "5"]


def test_a_session_of_a_machine_that_stopped_can_be_taken_over(
    tmp_path: Path, qtbot: QtBot, open_window: Open
) -> None:
    folder = built(tmp_path, definition("acr", NO_LEVEL))
    first = open_window(folder)
    assert first.session is not None
    lock = folder / "ratings" / f"{first.session.name}.lock"
    first.close()
    lock.write_text('{"host": "another-machine", "process": 1, "since": "2026-01-01T00:00:00Z"}')
    window = open_window(folder)
    assert "another-machine" in shown_text(window)
    assert window.session is None
    qtbot.mouseClick(
        buttons(window.page)["That machine has stopped: take the test over"], Qt.MouseButton.LeftButton
    )
    assert isinstance(window.page, TrialPage)


def test_a_vote_can_be_taken_back_within_the_trial(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("acr", NO_LEVEL)))
    listen_to_the_end(window, player)
    qtbot.keyClick(page_of(window), Qt.Key.Key_4)
    qtbot.keyClick(page_of(window), Qt.Key.Key_2)
    assert window.session is not None
    qtbot.keyClick(page_of(window), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert list(window.session.state.votes.values()) == [4]


def test_without_sound_the_reason_stands_on_the_page(
    tmp_path: Path, open_window: Open, player: ClockedPlayer
) -> None:
    player.lose_device("sound: the device went away; choose another")
    window = open_window(built(tmp_path, definition("acr", NO_LEVEL)))
    assert "There is no sound" in shown_text(window)
    assert "the device went away" not in shown_text(window)
    assert "▶  Play   (Space)" not in buttons(page_of(window))
    assert buttons(page_of(window))["Try again"].isEnabled()


def test_a_device_lost_in_a_trial_is_looked_for_again_and_the_row_names_what_played(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    folder = built(tmp_path, definition("acr", NO_LEVEL))
    window = open_window(folder)
    page, inner = page_of(window), window._player
    qtbot.keyClick(page, Qt.Key.Key_Space)
    player.underflow()
    player.run(0.2)
    inner.look()
    player.lose_device("the headset was pulled out")
    inner.look()
    assert "There is no sound" in shown_text(window)
    assert "Try again" in buttons(page)
    assert window.session is not None
    assert not window.session.state.heard_whole(0)
    qtbot.keyClick(page, Qt.Key.Key_Space)
    inner.look()
    assert "There is no sound" not in shown_text(window)
    player.underflow()
    listen_to_the_end(window, player)
    player.lose_device("gone")
    qtbot.keyClick(page, Qt.Key.Key_4)
    qtbot.keyClick(page, Qt.Key.Key_Return)
    (row,) = rows(folder)
    assert (row["vote"], row["device"], row["underflows"]) == ("4", "Another device", "2")


def test_playing_that_stopped_by_itself_says_why_until_it_goes_on(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("acr", NO_LEVEL)))
    page, inner = page_of(window), window._player
    qtbot.keyClick(page, Qt.Key.Key_Space)
    player.hiccup("the headset takes no more sound; playing is paused where it was")
    inner.look()
    assert "takes no more sound" not in shown_text(window)  # that is for the people who run the test
    assert "The sound was interrupted" in shown_text(window)
    assert "Try again" not in buttons(page)
    qtbot.keyClick(page, Qt.Key.Key_Space)
    inner.look()
    assert "The sound was interrupted" not in shown_text(window)


def test_comment_and_tags_are_saved_with_the_vote(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    folder = built(tmp_path, definition("acr", 'tags = ["click", "robotic"]\n' + NO_LEVEL))
    window = open_window(folder)
    listen_to_the_end(window, player)
    page = page_of(window)
    qtbot.keyClick(page, Qt.Key.Key_2)
    field = page.findChild(QLineEdit)
    assert field is not None
    qtbot.keyClicks(field, "=a click 3 at the end")
    qtbot.mouseClick(buttons(page)["click"], Qt.MouseButton.LeftButton)
    qtbot.mouseClick(buttons(page)["Next   (Enter)"], Qt.MouseButton.LeftButton)
    saved = rows(folder)[0]
    assert (saved["vote"], saved["comment"], saved["tags"]) == ("2", "'=a click 3 at the end", "click")


def test_practice_is_announced_and_kept_apart(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    folder = built(tmp_path, definition("acr", NO_LEVEL + "[training]\ntrials = 1\n"))
    window = open_window(folder)
    assert "Practice" in shown_text(window)
    qtbot.keyClick(window.page, Qt.Key.Key_Return)
    listen_to_the_end(window, player)
    qtbot.keyClick(page_of(window), Qt.Key.Key_3)
    qtbot.keyClick(page_of(window), Qt.Key.Key_Return)
    assert "these answers count" in shown_text(window)
    assert rows(folder)[0]["block"] == "training"


def test_an_insisted_break_holds_until_the_rest_is_over(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks = "[breaks]\nsuggest_minutes = 1\ninsist_minutes = 2\nrest_minutes = 5\n"
    window = open_window(built(tmp_path, definition("acr", NO_LEVEL + breaks)))
    listen_to_the_end(window, player)
    qtbot.keyClick(page_of(window), Qt.Key.Key_3)
    assert window.session is not None
    window.session.breaks._worked += 3 * 60
    qtbot.keyClick(page_of(window), Qt.Key.Key_Return)
    assert isinstance(window.page, BreakPage)
    assert "Please take a break" in shown_text(window)
    assert not buttons(window.page)["Go on   (Enter)"].isEnabled()
    window.session.breaks._resting -= 5 * 60  # type: ignore[operator]
    window.page._show()
    qtbot.keyClick(window.page, Qt.Key.Key_Return)
    assert "Trial 2 of 4" in shown_text(window)


def test_the_name_is_asked_for_and_a_bad_one_refused(tmp_path: Path, qtbot: QtBot, open_window: Open) -> None:
    folder = built(tmp_path, definition("acr", NO_LEVEL))
    window = open_window(folder, None)
    assert isinstance(window.page, ListenerPage)
    field = window.page.findChild(QLineEdit)
    assert field is not None
    qtbot.keyClicks(field, "  ")
    qtbot.keyClick(window.page, Qt.Key.Key_Return)
    assert window.session is None
    qtbot.keyClicks(field, "bea")
    qtbot.keyClick(window.page, Qt.Key.Key_Return)
    assert isinstance(window.page, TrialPage)


def test_german_panels_speak_german(tmp_path: Path, open_window: Open) -> None:
    window = open_window(built(tmp_path, definition("acr", 'language = "de"\n' + NO_LEVEL)))
    assert "Wie beurteilen Sie die Gesamtqualität der Sprache?" in shown_text(window)
    assert "Aufgabe 1 von 4" in shown_text(window)
    assert "Weiter   (Eingabe)" in buttons(page_of(window))


@pytest.mark.parametrize("method", names())
def test_nothing_on_any_screen_names_a_condition_or_clip(
    tmp_path: Path,
    qtbot: QtBot,
    open_window: Open,
    player: ClockedPlayer,
    method: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    window = open_window(built(tmp_path, definition(method, NO_LEVEL)))
    seen: list[str] = []
    for trial in range(2):
        listen_to_the_end(window, player)
        seen += [window.windowTitle(), shown_text(window)]
        for widget in window.findChildren(QWidget):
            seen += [
                widget.objectName(), widget.toolTip(), widget.statusTip(), widget.whatsThis(),
                widget.accessibleName(), widget.accessibleDescription(),
            ]  # fmt: skip
        seen += [button.text() for button in window.findChildren(QPushButton)]
        page = page_of(window)
        slots = range(len(window._player.state.trial.slots))
        for slot in slots:
            page.choose_slot(slot)
            page.nudge(1)
            page.nudge(-1)  # what goes down goes out where the worst is eliminated
        for _ in window._player.state.trial.scales:
            page.nudge(1)
            listen_to_the_end(window, player)
            if trial == 0:  # the last one is not left: a finished session may be read by anybody
                page.go_on()
    seen += [record.getMessage() for record in caplog.records]
    written = [path.read_text(encoding="utf-8") for path in (window._panel.folder / "ratings").glob("*.csv")]
    everything = "\n".join([*seen, *written])
    assert [name for name in NAMES if name in everything] == []
    assert written
    assert "Trial" in everything


def test_the_pixels_of_two_trials_differ_only_in_their_number(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("acr", NO_LEVEL)))
    pictures = []
    for _ in range(3):
        page = page_of(window)
        page._count.setText("")
        QApplication.processEvents()
        pictures.append(page.grab().toImage())
        listen_to_the_end(window, player)
        qtbot.keyClick(page, Qt.Key.Key_3)
        qtbot.keyClick(page, Qt.Key.Key_Return)
    assert all(picture == pictures[0] for picture in pictures[1:])


def test_an_unfinished_test_asks_before_it_closes(
    tmp_path: Path, qtbot: QtBot, player: ClockedPlayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = PanelWindow(built(tmp_path, definition("acr", NO_LEVEL)), player, "ann")
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(window)
    window.show()
    asked = []

    def stay(box: QMessageBox) -> int:
        asked.append(box.text())
        return 0

    monkeypatch.setattr(QMessageBox, "exec", stay)
    assert not window.close()
    assert asked
    assert not player.closed
    monkeypatch.setattr(window, "_wishes_to_leave", lambda: True)
    assert window.close()
    assert player.closed


@pytest.mark.parametrize(
    ("language", "questions", "answer"),
    [
        ("en", ("the SPEECH SIGNAL", "the BACKGROUND", "everyday speech communication"), "4   Slightly"),
        ("de", ("das SPRACHSIGNAL", "den HINTERGRUND", "alltäglicher sprachlicher"), "4   Wenig"),
    ],
)
def test_three_scales_of_one_recording_are_answered_one_after_the_other(
    tmp_path: Path,
    qtbot: QtBot,
    open_window: Open,
    player: ClockedPlayer,
    language: str,
    questions: tuple[str, str, str],
    answer: str,
) -> None:
    more = f'language = "{language}"\nlisteners = ["ann"]\n'
    folder = built(tmp_path, definition("p835", more + NO_LEVEL))
    window = open_window(folder)

    def press(*keys: Qt.Key) -> None:
        for key in keys:
            qtbot.keyClick(page_of(window), key)
            QApplication.processEvents()

    written: set[float] = set()
    for place, (question, digit) in enumerate(zip(questions, "425", strict=True), start=1):
        written |= {
            one.font().pointSizeF() for text, one in buttons(page_of(window)).items() if text[:1].isdigit()
        }
        assert len(written) == 1, "each scale is written as large as the one before"
        assert question in shown_text(window)
        assert f"{place} / 3" in shown_text(window)
        assert window.session is not None
        press(Qt.Key(ord(digit)))  # not heard yet: refused
        assert len(window.session.state.votes) == place - 1
        listen_to_the_end(window, player)
        press(Qt.Key(ord(digit)))
        if place == 3:
            press(Qt.Key.Key_Left, Qt.Key.Key_Left)  # the answers before can be looked at and changed
            chosen = [text for text, one in buttons(page_of(window)).items() if one.isChecked()]
            assert chosen[0].startswith(answer)
            press(Qt.Key.Key_3, Qt.Key.Key_Right, Qt.Key.Key_Right)
        press(Qt.Key.Key_Return)
    assert [(row["scale"], row["vote"]) for row in rows(folder)] == [
        ("signal", "3"),
        ("background", "2"),
        ("overall", "5"),
    ]
    assert questions[0] in shown_text(window)
    assert "1 / 3" in shown_text(window)


def test_a_scale_cannot_be_passed_over(
    tmp_path: Path, qtbot: QtBot, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("p835", 'listeners = ["ann"]\n' + NO_LEVEL)))
    page = page_of(window)
    qtbot.keyClick(page, Qt.Key.Key_Right)
    assert "1 / 3" in shown_text(window)
    listen_to_the_end(window, player)
    qtbot.keyClick(page, Qt.Key.Key_Return)
    assert "Give a rating first." in shown_text(window)
    assert not rows(window._panel.folder)
