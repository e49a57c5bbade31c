"""Consent, questions, level, sides, room, headphones and digits in the window: by keys, and by mouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from gaplisten.panel.checks import CHECKED, StepKind, task_of
from gaplisten.ui.panel.pages import MessagePage
from gaplisten.ui.panel.step_page import StepPage
from gaplisten.ui.panel.trial_page import TrialPage
from gaplisten.ui.panel.window import PanelWindow
from kit.listener import built, definition
from kit.player import ClockedPlayer
from kit.tables import rows_of

CHECKS = "[checks]\nsides = true\nquiet_room = true\nheadphones = true\nbandwidth = true\ndigits = true\n"
QUESTIONS = """
[[question]]
name = "age"
text = "How old are you?"
kind = "number"
[[question]]
name = "hearing"
text = "Is your hearing normal?"
kind = "choice"
choices = ["yes", "no"]
"""
SYSTEM = '[[condition]]\nname = "zilch"\nlossy = true\n'


@pytest.fixture
def player() -> ClockedPlayer:
    return ClockedPlayer()


@pytest.fixture
def window(
    tmp_path: Path, qtbot: QtBot, player: ClockedPlayer, monkeypatch: pytest.MonkeyPatch
) -> PanelWindow:
    folder = built(tmp_path, definition("acr", 'consent = "I agree."\n', SYSTEM + CHECKS + QUESTIONS))
    made = PanelWindow(folder, player, "ann")
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    monkeypatch.setattr(made, "_wishes_to_leave", lambda: True)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def step(window: PanelWindow) -> StepPage:
    assert isinstance(window.page, StepPage)
    return window.page


def right_answer(window: PanelWindow) -> str:
    """Look the answer up, as a listener with ears would hear it."""
    assert window.session is not None
    shown = window.session.step
    assert shown is not None
    session = window.session
    return task_of(session.panel.key, session.listener, shown.kind, shown.attempt, shown.number).answer


def press(qtbot: QtBot, window: PanelWindow, key: Qt.Key) -> None:
    """Press a key on whatever has the focus."""
    qtbot.keyClick(window.focusWidget() or window.page, key)


def answer_by_key(qtbot: QtBot, window: PanelWindow) -> None:
    page = step(window)
    kind = page._step.kind
    if kind is StepKind.QUESTIONNAIRE:
        qtbot.keyClicks(window.focusWidget(), "31")
        press(qtbot, window, Qt.Key.Key_Tab)
        press(qtbot, window, Qt.Key.Key_Down)
    elif kind is StepKind.DIGITS:
        qtbot.keyClicks(window.focusWidget(), right_answer(window))
    elif kind is StepKind.CONSENT:
        press(qtbot, window, Qt.Key.Key_1)
        return
    elif page._step.choices:
        values = [value for value, _ in page._step.choices]
        press(qtbot, window, Qt.Key(Qt.Key.Key_1 + values.index(right_answer(window))))
        return
    press(qtbot, window, Qt.Key.Key_Return)


def answer_by_mouse(qtbot: QtBot, window: PanelWindow) -> None:
    page = step(window)
    at = 0
    if page._step.kind is StepKind.QUESTIONNAIRE:
        page.findChildren(QLineEdit)[0].setText("31")
        page.findChildren(QComboBox)[0].setCurrentText("yes")
    elif page._step.kind is StepKind.DIGITS:
        page.findChildren(QLineEdit)[0].setText(right_answer(window))
    elif page._step.choices and page._step.kind is not StepKind.CONSENT:
        at = [value for value, _ in page._step.choices].index(right_answer(window))
    ways = [one for one in page.findChildren(QPushButton) if one is not getattr(page, "_play", None)]
    qtbot.mouseClick(ways[at], Qt.MouseButton.LeftButton)


def heard(qtbot: QtBot, window: PanelWindow, player: ClockedPlayer) -> None:
    """Play a step's sound with Space, wherever the cursor is."""
    if not step(window)._step.stimuli:
        return
    press(qtbot, window, Qt.Key.Key_Space)
    assert player.state.playing
    while player.state.playing:
        player.run(0.3)
        step(window)._show_playing()


@pytest.mark.parametrize("way", [answer_by_key, answer_by_mouse])
def test_every_step_can_be_heard_and_answered(
    way: Callable[[QtBot, PanelWindow], None],
    window: PanelWindow,
    qtbot: QtBot,
    player: ClockedPlayer,
    tmp_path: Path,
) -> None:
    seen = []
    while isinstance(window.page, StepPage):
        seen.append(window.page._step.kind)
        heard(qtbot, window, player)
        way(qtbot, window)
        assert len(seen) < 40
    assert list(dict.fromkeys(seen)) == list(StepKind)[:8]
    assert isinstance(window.page, TrialPage)
    (file,) = (tmp_path / "panel" / "ratings" / "answers").glob("*.csv")
    rows = rows_of(file)
    assert {row["right"] for row in rows if row["step"] in [kind.value for kind in CHECKED]} == {"true"}
    assert {row["question"]: row["answer"] for row in rows if row["step"] == "questionnaire"} == {
        "age": "31",
        "hearing": "yes",
    }


def test_what_is_not_answered_is_said_on_the_page(window: PanelWindow, qtbot: QtBot) -> None:
    press(qtbot, window, Qt.Key.Key_1)
    page = step(window)
    press(qtbot, window, Qt.Key.Key_Return)
    assert window.page is page
    assert any("Please answer: How old are you?" in one.text() for one in page.findChildren(QLabel))


def test_a_failed_check_says_so_and_at_last_ends_the_test(
    tmp_path: Path, qtbot: QtBot, player: ClockedPlayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = "[checks]\nlevel = false\nsides = true\nrequired = true\nattempts = 2\n"
    window = PanelWindow(built(tmp_path, definition("acr", conditions=SYSTEM + checks)), player, "ann")
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    monkeypatch.setattr(window, "_wishes_to_leave", lambda: True)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    for number in range(4 + 7):
        page = step(window)
        said = [one.text() for one in page.findChildren(QLabel)]
        assert any("You may try again" in text for text in said) == (number == 4)
        press(qtbot, window, Qt.Key.Key_1)
        assert step(window) is page  # nothing was heard yet
        assert any("play" in one.text() for one in page.findChildren(QLabel))
        heard(qtbot, window, player)
        right = right_answer(window)
        press(qtbot, window, Qt.Key.Key_2 if right == "left" else Qt.Key.Key_1)
        QApplication.processEvents()
    assert isinstance(window.page, MessagePage)
    assert any("cannot take part" in one.text() for one in window.page.findChildren(QLabel))


def test_what_a_stranger_wrote_is_text_and_no_markup(
    tmp_path: Path, qtbot: QtBot, player: ClockedPlayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    wild = '<b>bold</b><img src="x.png">'
    more = f"[[question]]\nname = 'q'\ntext = '{wild}'\n"
    made = definition("acr", f"consent = '{wild}'\n", SYSTEM + more)
    window = PanelWindow(built(tmp_path, made.model_copy(update={"title": wild})), player)
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    monkeypatch.setattr(window, "_wishes_to_leave", lambda: True)
    qtbot.addWidget(window)
    formats = []
    for go_on in (lambda: window._begin("ann"), lambda: window._answer({"consent": "yes"}), lambda: None):
        formats += [label.textFormat() for label in window.page.findChildren(QLabel) if label.text() == wild]
        go_on()
    assert formats == [Qt.TextFormat.PlainText] * 3  # title, consent, question
