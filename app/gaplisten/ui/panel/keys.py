"""The trial's keys: everything can be done with eyes closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from gaplisten.panel.trial import Trial


class Answering(Protocol):
    """What keys do on a trial's page."""

    def toggle(self) -> None:
        """Play or pause."""
        ...

    def restart(self) -> None:
        """Play from the beginning."""
        ...

    def go_on(self) -> None:
        """Leave the trial."""
        ...

    def nudge(self, steps: int) -> None:
        """Move the answer."""
        ...

    def choose_slot(self, index: int) -> None:
        """Hear a slot."""
        ...

    def step_slot(self, steps: int) -> None:
        """Hear the neighbouring slot."""
        ...

    def vote_digit(self, digit: int) -> None:
        """Vote with a digit."""
        ...

    def undo(self) -> None:
        """Take back the last vote."""
        ...

    def loop_from_here(self) -> None:
        """Repeat from the playhead on."""
        ...

    def loop_to_here(self) -> None:
        """Repeat up to the playhead."""
        ...

    def toggle_loop(self) -> None:
        """Repeat everything, or nothing."""
        ...

    def write_comment(self) -> None:
        """Go to the comment."""
        ...

    def step_scale(self, steps: int) -> None:
        """Go to the scale that is asked before or after."""
        ...


class TrialKeys:
    """Shortcuts of one page; those for slots and answers are made anew for each trial."""

    def __init__(self, page: QWidget) -> None:
        self._page = page
        self._own: list[QShortcut] = []
        does = self._answering
        self._always = [
            self._key("Space", lambda: does().toggle()),
            self._key("Backspace", lambda: does().restart()),
            self._key("Return", lambda: does().go_on()),
            self._key("Enter", lambda: does().go_on()),
            self._key("Up", lambda: does().nudge(1)),
            self._key("Down", lambda: does().nudge(-1)),
            self._key("Shift+Up", lambda: does().nudge(10)),
            self._key("Shift+Down", lambda: does().nudge(-10)),
            self._key("Ctrl+Z", lambda: does().undo()),
            self._key("F4", lambda: does().write_comment()),
        ]

    def _answering(self) -> Answering:
        return self._page  # type: ignore[return-value]  # the page is both a widget and what keys act on

    def _key(self, keys: str, act: Callable[[], None]) -> QShortcut:
        shortcut = QShortcut(QKeySequence(keys), self._page)
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
            self._own.append(self._key("Left", lambda: self._answering().step_scale(-1)))
            self._own.append(self._key("Right", lambda: self._answering().step_scale(1)))

    def _slot_keys(self, trial: Trial) -> None:
        self._own += [self._key("Left", lambda: self._answering().step_slot(-1))]
        self._own += [self._key("Right", lambda: self._answering().step_slot(1))]
        self._own += [
            self._key("[", lambda: self._answering().loop_from_here()),
            self._key("]", lambda: self._answering().loop_to_here()),
            self._key("L", lambda: self._answering().toggle_loop()),
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
        self._answering().choose_slot(index)

    def _vote_key(self, value: int) -> None:
        self._own.append(self._key(str(value), lambda: self._answering().vote_digit(value)))
