"""What only a switched trial has: a button for each recording, and a row that repeats a part of them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from gaplisten.panel.trial import Slot, Trial
from gaplisten.ui.panel.listening import TrialPlayer
from gaplisten.ui.panel.responses import Sliders
from gaplisten.ui.panel.texts import emptied, paragraph

_LETTER, _LETTERS = 84, 8  # width of a recording's button; with more of them each has less
_PADDING = 36


class SlotRow(QWidget):
    """Buttons to hear one recording or another.

    Signals
    -------
    chosen
        ``(index)`` of the recording that the listener wants to hear.
    """

    chosen = Signal(int)

    def __init__(self, words: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self.buttons: list[QPushButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)

    def show_trial(self, trial: Trial, sliders: Sliders | None) -> None:
        """Make the buttons of a trial: above their sliders where there are some, else in a row."""
        emptied(self._row)
        many = len(trial.slots) > _LETTERS
        self.buttons = [self._button(index, slot, many) for index, slot in enumerate(trial.slots)]
        self.setVisible(sliders is None)
        if sliders is not None:
            for index, button in enumerate(self.buttons):
                sliders.place(index, button)
            return
        self._row.setSpacing(4 if many else 10)
        self._row.addStretch(1)
        for button in self.buttons:
            self._row.addWidget(button)
        self._row.addStretch(1)

    def _button(self, index: int, slot: Slot, many: bool) -> QPushButton:
        button = QPushButton(self._name(slot))
        button.setCheckable(True)
        button.setMinimumSize(self._width(button, slot, many), 46)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _=False: self.chosen.emit(index))
        return button

    def _width(self, button: QPushButton, slot: Slot, many: bool) -> int:
        least = _LETTER // 2 if many else _LETTER
        if not slot.named_reference:
            return least
        bold = QFont(self.font())  # as it is written while it sounds
        bold.setBold(True)
        return max(least, QFontMetrics(bold).horizontalAdvance(button.text()) + _PADDING)

    def _name(self, slot: Slot) -> str:
        if not slot.named_reference:
            return slot.letter
        # BS.1116's triple stimulus calls its open reference A.
        return f"{slot.letter}  {self._words['reference']}".strip()

    def mark(self, slot: int) -> None:
        """Mark what the listener has chosen to hear."""
        for index, button in enumerate(self.buttons):
            button.setChecked(index == slot)

    def names(self, slots: tuple[int, ...]) -> str:
        """Return what the buttons of these recordings say."""
        return ", ".join(self.buttons[slot].text() for slot in slots)


class LoopRow(QWidget):
    """Repeat from here, to here, everything or no more; and what is repeated now."""

    def __init__(self, player: TrialPlayer, words: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._player = player
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        for key, act in (
            ("loop_from", player.loop_from_here),
            ("loop_to", player.loop_to_here),
            ("loop", player.toggle_loop),
        ):
            button = QPushButton(words[key])
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(act)
            row.addWidget(button)
        self._button = button
        button.setCheckable(True)
        self._text = paragraph("", quiet=True)
        row.addWidget(self._text)
        row.addStretch(1)

    def show_loop(self) -> None:
        """Show what is repeated."""
        loop, rate = self._player.loop, self._player.state.rate
        bold = QFont(self._button.font())  # as it is written while it repeats, in whatever size by now
        bold.setBold(True)
        self._button.setMinimumWidth(QFontMetrics(bold).horizontalAdvance(self._button.text()) + _PADDING)
        self._button.setChecked(loop is not None)
        self._text.setText("" if loop is None else f"{loop[0] / rate:.2f} – {loop[1] / rate:.2f} s")
