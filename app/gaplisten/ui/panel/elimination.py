"""Ranking by elimination on the screen: the worst of those that are left goes out, until one is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from gaplisten.panel.trial import Trial, Vote
from gaplisten.ui.panel.responses import Response

_COLUMNS = 4


class Elimination(Response):
    """A button for each recording that takes it out; the place that it got stands below."""

    def __init__(self, trial: Trial, words: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._buttons: dict[int, QPushButton] = {}
        self._places: dict[int, QLabel] = {}
        self._votes: dict[int, Vote] = {}
        self._allowed: set[int] = set()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        for at, slot in enumerate(trial.rated_slots):
            button = QPushButton(words["place_worst"].format(letter=trial.slots[slot].letter))
            button.setMinimumHeight(44)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setProperty("answer", True)
            button.clicked.connect(lambda _=False, slot=slot: self._out(slot))
            place = QLabel("")
            place.setAlignment(Qt.AlignmentFlag.AlignCenter)
            row, column = divmod(at, _COLUMNS)
            grid.addWidget(button, 2 * row, column)
            grid.addWidget(place, 2 * row + 1, column)
            self._buttons[slot], self._places[slot] = button, place
        grid.setRowStretch(grid.rowCount(), 1)  # a place stands right under its button, on any screen

    def _out(self, slot: int) -> None:
        self.voted.emit(slot, len(self._buttons) - len(self._votes))

    def show_votes(self, votes: Mapping[int, Vote]) -> None:
        """Show the places that were given."""
        self._votes = dict(votes)
        for slot, label in self._places.items():
            text = self._words["place_of"].format(place=votes[slot]) if slot in votes else ""
            label.setText(text)
        self._enable()

    def allow(self, slots: Sequence[int]) -> None:
        """Enable the buttons of these recordings, but for those that are out."""
        self._allowed = set(slots)
        self._enable()

    def _enable(self) -> None:
        for slot, button in self._buttons.items():
            button.setEnabled(slot in self._allowed and slot not in self._votes)

    def nudge(self, slot: int, steps: int) -> None:
        """Take a recording out by the key that goes down."""
        if steps < 0 and slot in self._buttons:
            self._out(slot)
