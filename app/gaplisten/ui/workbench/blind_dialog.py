"""Listening to the versions without knowing which is which."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.blind import BlindRound
from gaplisten.ui.digit_row import digit_at
from gaplisten.ui.fields import ChoiceField
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel

_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)


class BlindDialog(QDialog):
    """A letter for each version, and what one takes it for.

    Parameters
    ----------
    blind
        The round.
    names
        What the versions are called, in the workbench's order, by their identifiers.
    reference
        Whether there is a reference to hear beside them.

    Signals
    -------
    hear
        ``(letter)``, empty for the reference.
    toggled
        Play or pause.
    """

    hear = Signal(str)
    toggled = Signal()

    def __init__(
        self, blind: BlindRound, names: Mapping[str, str], reference: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Blind Shuffle"))
        self.setModal(True)
        self._blind, self._names = blind, dict(names)
        self._buttons: dict[str, QPushButton] = {}
        self.guesses: dict[str, ChoiceField] = {}
        self.truths: dict[str, QLabel] = {}
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        how = tr(
            "Letters or digits switch, Space plays; what is played and looped stays as it was in the lanes."
        )
        column.addWidget(QuietLabel(how, self, wrap=True))
        column.addLayout(self._fill(reference))
        self.verdict = QLabel(self)
        self.verdict.setAccessibleName(tr("Result"))
        column.addWidget(self.verdict)
        row = QHBoxLayout()
        self.play = QPushButton(tr("Play / Pause"), self)
        self.play.clicked.connect(self.toggled)
        row.addWidget(self.play)
        row.addStretch(1)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.reveal_button = self.buttons.addButton(tr("Reveal"), QDialogButtonBox.ButtonRole.ActionRole)
        self.reveal_button.clicked.connect(self.reveal)
        self.buttons.rejected.connect(self.reject)
        row.addWidget(self.buttons)
        column.addLayout(row)

    def _fill(self, reference: bool) -> QGridLayout:
        grid = QGridLayout()
        letters = [*([""] if reference else []), *self._blind.letters]
        for place, letter in enumerate(letters):
            button = QPushButton(letter or tr("Reference"), self)
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.setAccessibleName(
                tr("Hear {letter}", letter=letter) if letter else tr("Hear the reference")
            )
            button.clicked.connect(lambda _on=False, letter=letter: self.hear.emit(letter))
            self._group.addButton(button)
            self._buttons[letter] = button
            grid.addWidget(button, place, 0)
            if letter:
                grid.addWidget(self._guess(letter), place, 1)
                truth = self.truths[letter] = QLabel(self)
                truth.setAccessibleName(tr("What {letter} is", letter=letter))
                grid.addWidget(truth, place, 2)
        grid.setColumnStretch(1, 1)
        return grid

    def _guess(self, letter: str) -> ChoiceField:
        field = self.guesses[letter] = ChoiceField(self)
        field.setAccessibleName(tr("What {letter} is taken for", letter=letter))
        field.addItem(tr("is …"), "")
        for ident, name in self._names.items():
            field.addItem(name, ident)
        return field

    def show_heard(self, letter: str) -> None:
        """Mark what is heard."""
        if letter in self._buttons:
            self._buttons[letter].setChecked(True)

    def reveal(self) -> None:
        """Tell what is what, and how many guesses were right; nothing can be guessed any more."""
        guesses = {letter: str(field.currentData()) for letter, field in self.guesses.items()}
        self._blind.guesses.update({letter: guess for letter, guess in guesses.items() if guess})
        self._blind.revealed = True
        for letter, field in self.guesses.items():
            field.setEnabled(False)
            ident = self._blind.version(letter)
            mark = "" if not guesses[letter] else "✓ " if guesses[letter] == ident else "✗ "
            self.truths[letter].setText(mark + self._names[ident])
        self.verdict.setText(tr_said(self._blind.verdict))
        self.reveal_button.setEnabled(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Switch by letters and digits, play by Space."""
        digit = digit_at(event) if event.modifiers() in _PLAIN else None
        text = event.text().upper() if digit is None else str(digit)
        if event.modifiers() in _PLAIN and event.key() == Qt.Key.Key_Space:
            self.toggled.emit()
        elif text and text in self._blind.letters:
            self._buttons[text].click()
        elif text.isdigit() and text == "0" and "" in self._buttons:
            self._buttons[""].click()
        elif text.isdigit() and 0 < int(text) <= len(self._blind.letters):
            self._buttons[self._blind.letters[int(text) - 1]].click()
        else:
            super().keyPressEvent(event)
