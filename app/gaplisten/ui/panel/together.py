"""Several scales of one recording on one page, in two columns; one of them is where the keys go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gaplisten.panel.scales import Scale
from gaplisten.panel.trial import WHOLE_TRIAL, Vote
from gaplisten.ui.panel.responses import Response
from gaplisten.ui.panel.texts import sized

_COLUMNS = 2
# A frame that is there all the time, seen or not: bold words would break their lines elsewhere, and the
# buttons below would move from under the pointer.
_FRAME = (
    "QFrame#scale { border: 2px solid transparent; border-radius: 4px }"
    "QFrame#scale[current=true] { border-color: palette(window-text) }"
)


def _unbroken(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")


class _Block(QFrame):
    """One scale: its question, and a row of answers, best first."""

    voted = Signal(object)

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self.setObjectName("scale")
        self.setStyleSheet(_FRAME)
        self.setProperty("current", False)
        self._question = QLabel(scale.question)
        self._question.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 2, 8, 2)
        column.setSpacing(2)
        column.addWidget(self._question)
        row = QHBoxLayout()
        row.setSpacing(4)
        self._buttons: list[tuple[Vote, QPushButton]] = []
        for value, words in scale.labels:
            row.addWidget(self._answer(value, words))
        column.addLayout(row)
        said = [text for _, text in scale.labels if text]
        # Five words do not fit beside their digits on a small screen: they stand below, in the same order.
        self._ends = QLabel("   ".join(_unbroken(f"{value} {text}") for value, text in scale.labels if text))
        if len(said) == 2:
            self._ends.setText(f"{scale.labels[0][0]} {said[0]} … {scale.labels[-1][0]} {said[1]}")
        self._ends.setWordWrap(True)
        sized(self._ends, 0.85)
        column.addWidget(self._ends)

    def _answer(self, value: Vote, words: str) -> QPushButton:
        button = QPushButton(str(value))
        button.setCheckable(True)
        button.setMinimumHeight(30)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(f"{self._question.text()}: {value} {words}".rstrip())
        button.setProperty("answer", True)
        button.clicked.connect(lambda _=False, vote=value: self._clicked(vote))
        self._buttons.append((value, button))
        return button

    def _clicked(self, vote: Vote) -> None:
        for value, button in self._buttons:
            if value == vote:
                button.setChecked(not button.isChecked())  # the page decides whether it counts
        self.voted.emit(vote)

    def show_vote(self, vote: Vote | None) -> None:
        for value, button in self._buttons:
            button.setChecked(vote is not None and value == vote)

    def nudge(self, steps: int) -> None:
        chosen = [at for at, (_, button) in enumerate(self._buttons) if button.isChecked()]
        at = len(self._buttons) // 2
        if chosen:
            at = min(max(chosen[0] - (1 if steps > 0 else -1), 0), len(self._buttons) - 1)
        self.voted.emit(self._buttons[at][0])

    def allow(self, allowed: bool) -> None:
        for _, button in self._buttons:
            button.setEnabled(allowed)

    def mark(self, current: bool) -> None:
        """Show whether digits answer here: a frame tells it, and nothing on the page moves by it."""
        if self.property("current") != current:
            self.setProperty("current", current)
            self.style().unpolish(self)
            self.style().polish(self)
            self.update()  # which polishing leaves out


class ScalesTogether(Response):
    """All scales of a trial.

    Signals
    -------
    answered
        ``(scale, vote)``: the listener wishes to answer on a scale.
    """

    answered = Signal(str, object)

    def __init__(self, scales: Mapping[str, Scale], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._blocks: dict[str, _Block] = {}
        # Columns of their own: the words of one scale take no room beside them, and none is cut off.
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(24)
        rows = -(-len(scales) // _COLUMNS)
        columns = [QVBoxLayout() for _ in range(_COLUMNS)]
        for place, (name, scale) in enumerate(scales.items()):
            block = _Block(scale)
            block.voted.connect(lambda vote, name=name: self.answered.emit(name, vote))
            columns[place // rows].addWidget(block)
            columns[place // rows].addStretch(1)  # what a large screen has more stands between them
            self._blocks[name] = block
        for column in columns:
            column.setSpacing(0)
            column.addStretch(2 * (rows - column.count() // 2))
            whole.addLayout(column, 1)

    def show_scales(self, votes: Mapping[str, Vote]) -> None:
        """Show what was answered on each scale."""
        for name, block in self._blocks.items():
            block.show_vote(votes.get(name))

    def nudge_scale(self, scale: str, steps: int) -> None:
        """Answer one better or worse than now; the middle one to begin with."""
        self._blocks[scale].nudge(steps)

    def mark(self, scale: str) -> None:
        """Show on which scale digits answer now."""
        for name, block in self._blocks.items():
            block.mark(name == scale)

    def allow(self, slots: Sequence[int]) -> None:
        """Enable all answers or none."""
        for block in self._blocks.values():
            block.allow(WHOLE_TRIAL in slots)
