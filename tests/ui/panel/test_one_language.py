"""A German panel speaks German on every page, in every refusal and in every error; so do Qt's own words."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gaplisten import languages
from gaplisten.durable.locks import Locked, LockedElsewhere
from gaplisten.errors import GaplistenError
from gaplisten.panel.breaks import Advice
from gaplisten.panel.checks import StepKind, task_of
from gaplisten.panel.journal import NotSaved, not_saved
from gaplisten.panel.methods import names
from gaplisten.panel.reading import JournalDamaged
from gaplisten.panel.rules import Refusal
from gaplisten.panel.safety import UntrustedPanel
from gaplisten.panel.scales import texts
from gaplisten.panel.session import NotListed, Session
from gaplisten.panel.steps import AnswerMissing
from gaplisten.panel.telling import told
from gaplisten.panel.unseal import OtherPlan
from gaplisten.ui.panel.step_page import StepPage
from gaplisten.ui.panel.trial_page import TrialPage
from gaplisten.ui.panel.window import PanelWindow
from kit.listener import built, definition
from kit.player import ClockedPlayer

CHECKS = "[checks]\nsides = true\nquiet_room = true\nheadphones = true\nbandwidth = true\ndigits = true\n"
SYSTEM = '[[condition]]\nname = "zilch"\nlossy = true\n[[condition]]\nname = "quuxnet"\nfiles = "quuxnet"\n'
QUESTIONS = """
[training]
trials = 1
[[question]]
name = "age"
text = "Wie alt sind Sie?"
kind = "number"
[[question]]
name = "after"
text = "War es schwer?"
when = "after"
optional = true
"""
TOP = 'language = "de"\nconsent = "Ich mache mit."\n'
# Words of our own that are no English: what the test's panel is called, letters, keys.
OWN = {"test", "gaplisten", "ann", "pause", "name", "csv"}


def _words(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from re.findall(r"[a-zäöüß]{2,}", value.casefold())
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in ("source", "translation"):
                yield from _words(one)


MORE = """file folder disk open close save cancel yes no error failed the is was not there again another
 device sound could cannot may it its copy paste undo redo cut delete select all directory look"""
ENGLISH = {*_words(languages.words("en")), *_words(MORE)}
GERMAN = set(_words(languages.words("de")))


def english_in(text: str) -> set[str]:
    return (set(_words(text)) & ENGLISH) - GERMAN - OWN


def everything(window: QWidget) -> Iterator[str]:
    """Yield whatever a listener or a screen reader can read of a window."""
    for widget in [window, *window.findChildren(QWidget)]:
        yield from (
            widget.windowTitle(),
            widget.toolTip(),
            widget.statusTip(),
            widget.whatsThis(),
            widget.accessibleName(),
            widget.accessibleDescription(),
        )
        if isinstance(widget, QLabel | QAbstractButton):
            yield widget.text()
        if isinstance(widget, QLineEdit):
            yield from (widget.placeholderText(), widget.text())
        if isinstance(widget, QComboBox):
            yield from (widget.itemText(at) for at in range(widget.count()))
        if isinstance(widget, QMenu):
            yield from (action.text() for action in widget.actions())


def assert_german(window: QWidget) -> None:
    wrong = {text: found for text in everything(window) if (found := english_in(text))}
    assert wrong == {}


@pytest.fixture
def player() -> ClockedPlayer:
    return ClockedPlayer()


Open = Callable[..., PanelWindow]


@pytest.fixture
def open_window(qtbot: QtBot, player: ClockedPlayer, monkeypatch: pytest.MonkeyPatch) -> Open:
    def opened(folder: Path, listener: str | None = "ann") -> PanelWindow:
        window = PanelWindow(folder, player, listener)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        monkeypatch.setattr(window, "_wishes_to_leave", lambda: True)
        qtbot.addWidget(window)
        with qtbot.waitExposed(window):
            window.show()
        return window

    return opened


def hear_step(window: PanelWindow, player: ClockedPlayer) -> None:
    page = window.page
    assert isinstance(page, StepPage)
    if page._step.stimuli:
        page._toggle()
        while player.state.playing:
            player.run(0.4)
            page._show_playing()


def test_every_page_around_the_trials_is_german(
    tmp_path: Path, open_window: Open, player: ClockedPlayer
) -> None:
    window = open_window(built(tmp_path, definition("acr", TOP, SYSTEM + CHECKS + QUESTIONS)), None)
    assert_german(window)
    window._begin("a\u202eb")
    assert_german(window)
    window._begin("ann")
    assert window.session is not None
    seen = []
    while isinstance(window.page, StepPage):
        step = window.page._step
        seen.append(step.kind)
        assert_german(window)
        window._answer({})  # something is missing
        assert_german(window)
        hear_step(window, player)
        if step.kind is StepKind.QUESTIONNAIRE:
            window._answer({"age": "alt"})
            assert_german(window)
            window._answer({"age": "30"})
        elif step.kind is StepKind.CONSENT:
            window._answer({"consent": "yes"})
        elif isinstance(window.page, StepPage) and window.page._step is step:
            session = window.session
            right = task_of(session.panel.key, session.listener, step.kind, step.attempt, step.number).answer
            window._answer({step.kind.value: right})
    assert list(dict.fromkeys(seen)) == list(StepKind)[:8]
    assert_german(window)  # practice begins
    for advice in (Advice.SUGGEST, Advice.INSIST):
        window._rest(advice)
        assert_german(window)
    window._rest(Advice.SUGGEST, texts("de")["block_over"])
    assert_german(window)
    window._session._record.moved = Path("w.csv")
    window._session.notices.append("Some technical note about a file")
    window._finish()
    assert_german(window)


@pytest.mark.parametrize("method", names())
def test_every_trial_is_german_whatever_happens(
    method: str, tmp_path: Path, open_window: Open, player: ClockedPlayer
) -> None:
    folder = built(tmp_path, definition(method, 'language = "de"\n[checks]\nlevel = false\n'))
    window = open_window(folder)
    page = window.page
    assert isinstance(page, TrialPage)
    assert_german(window)
    for refusal in Refusal:
        page._refuse(refusal)
        assert_german(window)
    page.toggle()
    player.run(0.1)
    window._player.look()
    assert_german(window)
    player.hiccup("the headset takes no more sound")
    window._player.look()
    assert_german(window)
    player.lose_device("default: the device is gone; choose another")
    window._player.look()
    assert_german(window)
    window.choose_device()
    assert_german(window)


ERRORS: list[GaplistenError] = [
    *(not_saved(Path("ratings/a.csv"), OSError(number, "No such thing")) for number in errno.errorcode),
    NotSaved("a.csv", "the rating was not saved: another program changed the file", key="file_changed"),
    NotSaved("a.csv", "there is another file of that name", key="other_file"),
    Locked("a.lock", "the session is already open: process 7"),
    LockedElsewhere("a.lock", "the session is open elsewhere"),
    NotListed("Eve", "the panel has a list of listeners and this is none of them"),
    OtherPlan("a.csv", "line 3 cannot be read"),
    JournalDamaged("a.csv", "its columns are not those of such a file"),
    UntrustedPanel("stimuli/0.wav", "the stimulus is not the one that was built"),
    UntrustedPanel("listener", "it is empty", key="name"),
    AnswerMissing("Wie alt?", "there is no answer", key="no_answer"),
    AnswerMissing("Wie alt?", "nothing was chosen", key="no_choice"),
    AnswerMissing("Wie alt?", "'x' is no number", key="no_number"),
    AnswerMissing("Links und rechts", "its sound was not heard", key="not_played"),
    GaplistenError("thing", "something that nobody thought of"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda one: f"{type(one).__name__} {one.fact[-40:]}")
def test_every_error_is_told_in_german(error: GaplistenError) -> None:
    said = told(error, texts("de"))
    assert said
    assert english_in(said) == set()
    assert told(error, texts("en"))


def test_what_keeps_a_session_from_being_saved_or_opened_is_told_in_german(
    tmp_path: Path, open_window: Open, player: ClockedPlayer
) -> None:
    folder = built(tmp_path, definition("acr", 'language = "de"\n[checks]\nlevel = false\n'))
    window = open_window(folder)
    page = window.page
    assert isinstance(page, TrialPage)
    page.toggle()
    while player.state.playing:
        player.run(0.2)
        window._player.look()
    page.vote(-1, 4)
    (tmp_path / "aside").mkdir()
    shutil.move(folder / "ratings", tmp_path / "aside")
    page.go_on()
    assert "nichts ist verloren" in " ".join(everything(window))
    assert_german(window)
    shutil.move(tmp_path / "aside/ratings", folder)
    second = open_window(folder)
    assert second.session is None
    assert_german(second)
    page.go_on()
    window.close()
    (path,) = (folder / "ratings").glob("*.csv")
    path.write_bytes(b"my,own,table\r\n1,2,3\r\n")
    third = open_window(folder)
    assert third.session is None
    assert_german(third)
    with pytest.raises(JournalDamaged):
        Session.open(folder, "ann")


def test_words_of_qt_itself_are_german_while_the_window_is_open(tmp_path: Path, open_window: Open) -> None:
    def copy() -> str:
        return QCoreApplication.translate("QWidgetTextControl", "&Copy")

    window = open_window(built(tmp_path, definition("acr", 'language = "de"\n[checks]\nlevel = false\n')))
    assert copy() == "&Kopieren"
    window.close()
    assert copy() == "&Copy"


def test_both_languages_have_the_same_texts() -> None:
    english, german = languages.words("en", "panel"), languages.words("de", "panel")
    assert set(english) <= set(german)
    assert all(key.startswith("error_") for key in set(german) - set(english))
    for key in english:
        assert set(re.findall(r"{\w+}", english[key])) == set(re.findall(r"{\w+}", german[key])), key
