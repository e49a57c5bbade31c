"""A screen before the trials: consent, questions, level, left and right, room, headphones, hearing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFormLayout, QLineEdit, QPushButton

from gaplisten.panel.checks import StepKind
from gaplisten.panel.session import Session
from gaplisten.panel.step_taking import StepTaking
from gaplisten.panel.steps import Step
from gaplisten.panel.taking import lost
from gaplisten.playback.player import Player
from gaplisten.ui.fields import ChoiceField
from gaplisten.ui.panel.listening import LOOK_MS
from gaplisten.ui.panel.pages import Page
from gaplisten.ui.panel.texts import heading, paragraph
from gaplisten.ui.panel.turns import TurnRow


def _is_space(event: QEvent) -> bool:
    return cast("QKeyEvent", event).key() == Qt.Key.Key_Space


class _Digits(QLineEdit):
    """A field for digits: it has no use for Space, which plays."""

    def event(self, event: QEvent) -> bool:
        """Leave Space to the page."""
        if event.type() is QEvent.Type.ShortcutOverride and _is_space(event):
            event.ignore()
            return False
        return super().event(event)


class StepPage(Page):
    """Shows one step and tells the answers.

    Signals
    -------
    answered
        A dictionary of question name (or the step's kind) to answer; the window saves and goes on.
    """

    answered = Signal(object)

    def __init__(self, step: Step, session: Session, player: Player, words: Mapping[str, str]) -> None:
        super().__init__(760)
        self._step, self._words, self._player = step, words, player
        self._silent = False
        self._taking: StepTaking | None = None
        self._fields: dict[str, QLineEdit | ChoiceField] = {}
        title = step.title if step.total == 1 else f"{step.title}  ({step.number}/{step.total})"
        self.column.addWidget(heading(title))
        if step.text:
            self.column.addWidget(paragraph(step.text, centred=len(step.text) < 300))
        self._add_sounds(session)
        self._add_questions()
        again = step.attempt > 1 and step.number == 1
        self._message = paragraph(words["failed_check"] if again else "", centred=True)
        self._add_answers()
        self.column.addWidget(self._message)

    # --- sounds ------------------------------------------------------------------------------------

    def _add_sounds(self, session: Session) -> None:
        if not self._step.stimuli:
            return
        self._player.clear_loop()
        self._taking = StepTaking(session, self._player)
        if self._step.kind is StepKind.LEVEL:
            self._player.set_loop(0, self._taking.frames)
        self._play = QPushButton(self._words["play"])
        self._play.setMinimumSize(200, 52)
        self._play.clicked.connect(self._toggle)
        self.column.addWidget(self._play, alignment=Qt.AlignmentFlag.AlignHCenter)
        self._turns = TurnRow()
        if len(self._step.stimuli) > 1:
            names = (self._words[key] for key in ("first", "second", "third"))
            self._turns.show_names([name for name, _ in zip(names, self._step.stimuli, strict=False)])
            self.column.addWidget(self._turns)
        shortcut = QShortcut(QKeySequence("Space"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self._play.click)
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._show_playing)
        self._timer.start()

    def _toggle(self) -> None:
        assert self._taking is not None
        self._taking.toggle()

    def _show_playing(self) -> None:
        assert self._taking is not None
        self._taking.look()
        state = self._player.state
        silent = lost(state)
        self._play.setText(self._words["again" if silent else "pause" if state.playing else "play"])
        self._play.setEnabled(state.available or silent)
        self._turns.mark(self._taking.sounding)
        if silent:
            self._message.setText(self._words["sound_lost"])
        elif self._silent:
            self._message.setText("")
        self._silent = silent

    # --- answers -----------------------------------------------------------------------------------

    def _add_questions(self) -> None:
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        form.setVerticalSpacing(12)
        for question in self._step.questions:
            field: QLineEdit | ChoiceField
            if question.kind == "choice":
                field = ChoiceField()
                field.addItems(["", *question.choices])
            else:
                field = QLineEdit()
            field.setMinimumHeight(36)
            field.setAccessibleName(question.text)
            label = paragraph(question.text)
            if question.optional:
                label.setText(f"{question.text}  {self._words['optional']}")
            label.setWordWrap(len(label.text()) > 60)
            form.addRow(label, field)
            self._fields[question.name] = field
        if self._step.questions:
            self.column.addLayout(form)

    def _add_answers(self) -> None:
        kind = self._step.kind
        if kind is StepKind.DIGITS:
            field = _Digits()
            field.setMinimumHeight(44)
            field.setAccessibleName(self._step.text)
            self._fields[kind.value] = field
            self.column.addWidget(field)
        for number, (value, words) in enumerate(self._step.choices, start=1):
            self._add_choice(number, value, words)
        if not self._step.choices:
            self.add_way_on(self._words["continue"], self._answer_fields)

    def _add_choice(self, number: int, value: str, words: str) -> None:
        alone = len(self._step.choices) == 1
        button = QPushButton(words if alone else f"{number}   {words}")
        button.setMinimumHeight(46)
        button.clicked.connect(lambda: self._answer({self._step.kind.value: value}))
        self.column.addWidget(button)
        for key in ("Return", "Enter") if alone else (str(number),):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(button.click)

    def _answer_fields(self) -> None:
        texts = {
            name: field.currentText() if isinstance(field, ChoiceField) else field.text()
            for name, field in self._fields.items()
        }
        self._answer(texts)

    def _answer(self, answers: Mapping[str, str]) -> None:
        if self._taking is not None:
            self._taking.stop()
        self.answered.emit(dict(answers))

    def tell(self, text: str) -> None:
        """Say what is missing."""
        self._message.setText(text)

    def focus(self) -> None:
        """Put the cursor where an answer is typed."""
        first = next(iter(self._fields.values()), None)
        (first or self).setFocus()
