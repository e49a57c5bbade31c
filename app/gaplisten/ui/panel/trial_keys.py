"""The keys of a trial's page: those that always work, and those that depend on the trial."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from gaplisten.panel.trial import Trial
from gaplisten.ui.digit_row import DigitRow
from gaplisten.ui.translation import tr


class _Actions(Protocol):
    """What keys do on a trial's page."""

    def toggle(self) -> None: ...
    def restart(self) -> None: ...
    def go_on(self) -> None: ...
    def nudge(self, steps: int) -> None: ...
    def undo(self) -> None: ...
    def write_comment(self) -> None: ...
    def step_scale(self, steps: int) -> None: ...
    def step_slot(self, steps: int) -> None: ...
    def loop_from_here(self) -> None: ...
    def loop_to_here(self) -> None: ...
    def toggle_loop(self) -> None: ...
    def choose_slot(self, index: int) -> None: ...
    def vote_digit(self, digit: int) -> None: ...


# What a key is called, what it does, and the keys with what they do on the page.
ALWAYS: tuple[tuple[str, str, dict[str, Callable[[_Actions], object]]], ...] = (
    (
        tr("Play / Pause"),
        tr("Play the recording that is chosen, or pause"),
        {"Space": lambda page: page.toggle()},
    ),
    (tr("From the Start"), tr("Play it from its start"), {"Backspace": lambda page: page.restart()}),
    (
        tr("Go On"),
        tr("Save the answer and go on"),
        {"Return": lambda page: page.go_on(), "Enter": lambda page: page.go_on()},
    ),
    (
        tr("Rate"),
        tr("Rate higher or lower by one"),
        {"Up": lambda page: page.nudge(1), "Down": lambda page: page.nudge(-1)},
    ),
    (
        tr("Rate in Tens"),
        tr("Rate higher or lower by ten"),
        {"Shift+Up": lambda page: page.nudge(10), "Shift+Down": lambda page: page.nudge(-10)},
    ),
    (tr("Undo Vote"), tr("Take the last vote back"), {"Ctrl+Z": lambda page: page.undo()}),
    (tr("Comment"), tr("Go to the comment"), {"F4": lambda page: page.write_comment()}),
)
# Those that depend on the trial, or are the window's: the keys, what they are called, and what they do.
SOMETIMES = (
    ("0, R", tr("Reference"), tr("Hear the reference, where it is named")),
    ("A…, 1…9", tr("Recording"), tr("Hear this recording; a digit rates where nothing is switched")),
    (
        tr("Left, Right"),
        tr("Neighbour"),
        tr("Hear the recording beside it, or go to the scale before or after"),
    ),
    ("[, ]", tr("Repeat a Part"), tr("Begin or end the part that is repeated")),
    ("L", tr("Repeat"), tr("Repeat everything, or nothing")),
    ("Esc", tr("Leave"), tr("Leave the test; all that was rated is saved")),
)


class TrialKeys:
    """Shortcuts of one page; those for slots and answers are made anew for each trial."""

    def __init__(self, widget: QWidget, page: _Actions) -> None:
        self._widget, self._page = widget, page
        self._own: list[QShortcut] = []
        self._always = [
            self._key(keys, partial(does, page)) for _, _, made in ALWAYS for keys, does in made.items()
        ]
        DigitRow(widget, self._carry_out).watch(widget)

    def _carry_out(self, keys: QKeySequence) -> bool:
        for shortcut in self._own:
            if shortcut.key() == keys and shortcut.isEnabled():
                shortcut.activated.emit()
                return True
        return False

    def _key(self, keys: str, act: Callable[[], object]) -> QShortcut:
        shortcut = QShortcut(QKeySequence(keys), self._widget)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)
        return shortcut

    def show_trial(self, trial: Trial, digits: Iterable[int]) -> None:
        """Make the keys that depend on the trial; `digits` are those that are answers."""
        for shortcut in self._own:
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._own = []
        if trial.switched:
            self._slot_keys(trial)
        for digit in digits:
            self._vote_key(digit)
        if len(trial.scales) > 1 and not trial.switched:
            self._own.append(self._key("Left", lambda: self._page.step_scale(-1)))
            self._own.append(self._key("Right", lambda: self._page.step_scale(1)))

    def _slot_keys(self, trial: Trial) -> None:
        self._own += [self._key("Left", lambda: self._page.step_slot(-1))]
        self._own += [self._key("Right", lambda: self._page.step_slot(1))]
        self._own += [
            self._key("[", lambda: self._page.loop_from_here()),
            self._key("]", lambda: self._page.loop_to_here()),
            self._key("L", lambda: self._page.toggle_loop()),
        ]
        digit = 1
        for index, slot in enumerate(trial.slots):
            names = ["0", "R"] if slot.named_reference else []
            names += [slot.letter] if slot.letter else []
            if not slot.named_reference and digit <= 9:
                names.append(str(digit))
                digit += 1
            self._own += [self._key(name, partial(self._choose, index)) for name in names]

    def _choose(self, index: int) -> None:
        self._page.choose_slot(index)

    def _vote_key(self, value: int) -> None:
        self._own.append(self._key(str(value), lambda: self._page.vote_digit(value)))
