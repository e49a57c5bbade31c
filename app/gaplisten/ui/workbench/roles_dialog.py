"""Loose files: what each is taken for, shown and correctable before anything else happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.bench.state import RoleChoice
from gaplisten.bench.tasks import Tasks
from gaplisten.clips.roles import Role, RoleGuess, guess_roles
from gaplisten.errors import GaplistenError
from gaplisten.loss.formats import FORMATS, AmbiguousTrace, read_trace
from gaplisten.ui.fields import ChoiceField, NumberField
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import resize_within

ROLES = ("reference", "lossy", "condition", "trace", "ignore")
AS_FOUND = tr("as found")
ASK = tr("choose its format…")
_SINGLE = ("reference", "lossy", "trace")

Meanings = Mapping[Path, Mapping[str, str]]


class RolesDialog(QDialog):
    """One row per file: name, role, the condition's name or the trace's format, and why it is taken for that.

    Signals
    -------
    settled
        The roles as the user left them, and the packet length in milliseconds.
    """

    settled = Signal(object, float)

    def __init__(
        self,
        files: Sequence[Path],
        tasks: Tasks,
        parent: QWidget | None = None,
        reading: Reading = AS_TOLD,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("What are these files?"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._files, self._tasks = list(files), tasks
        self._guesses: list[RoleGuess] = []
        self._meanings: Meanings = {}
        self.table = QTableWidget(0, 4, self)
        self.table.setTabKeyNavigation(False)
        self.table.setHorizontalHeaderLabels(
            [tr("File"), tr("Is the"), tr("Condition or format"), tr("Because")]
        )
        self.table.setAccessibleName(tr("Files and their roles"))
        self.table.verticalHeader().hide()
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.note = QLabel(tr("Looking at the files…"), self)
        self.note.setWordWrap(True)
        self.packet = NumberField(self, minimum=0.5, maximum=1000.0, decimals=3, value=20.0, suffix=" ms")
        self.packet.setAccessibleName(tr("Packet length"))
        line = QHBoxLayout()
        label = QLabel(tr("Packet length"), self)
        label.setBuddy(self.packet)
        line.addWidget(label)
        line.addWidget(self.packet)
        line.addStretch(1)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel, self
        )
        self.open_button = self.buttons.button(QDialogButtonBox.StandardButton.Open)
        self.open_button.setEnabled(False)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self.table, self.note):
            layout.addWidget(widget)
        layout.addLayout(line)
        layout.addWidget(self.buttons)
        resize_within(self, 820, 360)
        self._task = tasks.run(
            tr("looking at files"),
            lambda _job: _looked_at(self._files, reading),
            self._show,
            self._on_failed,
            quiet=True,
        )

    def _on_failed(self, error: Exception) -> None:
        self.note.setText(tr_said(error))

    def _show(self, found: tuple[list[RoleGuess], Meanings]) -> None:
        self._guesses, self._meanings = found
        guesses = self._guesses
        self.table.setRowCount(len(guesses))
        for row, guess in enumerate(guesses):
            self._show_row(row, guess)
        self.table.resizeColumnToContents(1)
        self.table.setColumnWidth(2, 160)
        self._check()

    def _show_row(self, row: int, guess: RoleGuess) -> None:
        name = QTableWidgetItem(guess.path.name)
        name.setFlags(Qt.ItemFlag.ItemIsEnabled)
        name.setToolTip(str(guess.path))
        why = QTableWidgetItem(tr_said(guess.why))
        why.setFlags(Qt.ItemFlag.ItemIsEnabled)
        why.setToolTip(why.text())
        role = ChoiceField(self.table)
        for each in ROLES:
            role.addItem(tr_said(each), each)
        role.setCurrentIndex(ROLES.index(str(guess.role) if str(guess.role) in ROLES else "ignore"))
        role.setAccessibleName(tr("Role of {path_name}", path_name=guess.path.name))
        role.currentIndexChanged.connect(self._check)
        condition = QLineEdit(guess.condition, self.table)
        condition.setAccessibleName(tr("Condition of {path_name}", path_name=guess.path.name))
        condition.textChanged.connect(self._check)
        self.table.setItem(row, 0, name)
        self.table.setCellWidget(row, 1, role)
        meaning = meaning_box(guess.path, self._meanings, self.table)
        meaning.currentIndexChanged.connect(self._check)
        either = QStackedWidget(self.table)
        either.addWidget(condition)
        either.addWidget(meaning)
        self.table.setCellWidget(row, 2, either)
        self.table.setItem(row, 3, why)

    def role_box(self, row: int) -> Any:
        """Return the field with the role of a row."""
        return self.table.cellWidget(row, 1)

    def condition_field(self, row: int) -> Any:
        """Return the field with the condition's name of a row."""
        return self._either(row).widget(0)

    def meaning_field(self, row: int) -> Any:
        """Return the field with the trace's format of a row."""
        return self._either(row).widget(1)

    def _either(self, row: int) -> Any:
        return self.table.cellWidget(row, 2)

    def choices(self) -> tuple[RoleChoice, ...]:
        """Return the roles as they stand."""
        return tuple(self._choice(row, guess.path) for row, guess in enumerate(self._guesses))

    def _choice(self, row: int, path: Path) -> RoleChoice:
        role = self.role_box(row).currentData()
        if role == "trace":
            return RoleChoice(path, role, form=self.meaning_field(row).currentData())
        name = self.condition_field(row).text().strip() or path.stem
        return RoleChoice(path, role, name if role == "condition" else "")

    def _check(self) -> None:
        for row in range(len(self._guesses)):
            role = self.role_box(row).currentData()
            self.condition_field(row).setEnabled(role == "condition")
            self._either(row).setCurrentIndex(int(role == "trace"))
        choices = self.choices()
        problem = wrong_with(choices) or self._unclear(choices)
        self.note.setText(problem)
        self.note.setVisible(bool(problem))
        self.open_button.setEnabled(not problem)

    def _unclear(self, choices: Sequence[RoleChoice]) -> str:
        asked = [each.path.name for each in choices if each.path in self._meanings and each.role == "trace"]
        answered = all(each.form for each in choices if each.role == "trace")
        return (
            ""
            if answered or not asked
            else tr("{asked} can be read in several ways: choose its format.", asked=asked[0])
        )

    def _accept(self) -> None:
        self.settled.emit(self.choices(), self.packet.value())
        self.accept()

    def done(self, result: int) -> None:
        """Stop looking when the dialog goes."""
        self._tasks.cancel(self._task)
        super().done(result)


def _looked_at(files: Sequence[Path], reading: Reading) -> tuple[list[RoleGuess], Meanings]:
    guesses = guess_roles(files, reading=reading)
    return guesses, unclear(guesses)


def wrong_with(choices: Sequence[RoleChoice]) -> str:
    """Return why these roles make no clip; empty when they do."""
    for role in _SINGLE:
        if sum(choice.role == role for choice in choices) > 1:
            return tr("There can be only one {role}.", role=tr_said(role))
    if not any(choice.role in ("reference", "lossy", "condition") for choice in choices):
        return tr("There must be at least one sound file.")
    names = [choice.condition for choice in choices if choice.role == "condition"]
    if len(set(names)) < len(names):
        return tr("Each condition needs a name of its own.")
    return ""


def unclear(guesses: Iterable[RoleGuess]) -> Meanings:
    """Return the formats to choose from, for each trace that can be read in several ways."""
    found: dict[Path, Mapping[str, str]] = {}
    for guess in guesses:
        if guess.role is not Role.TRACE:
            continue
        try:
            read_trace(guess.path)
        except AmbiguousTrace as question:
            found[guess.path] = question.meanings
        except GaplistenError:
            continue  # opening the clip says what is wrong
    return found


def meaning_box(path: Path, meanings: Meanings, parent: QWidget) -> ChoiceField:
    """Return a field for the format of a trace; where only the user knows it, nothing is chosen yet."""
    box = ChoiceField(parent)
    box.setAccessibleName(tr("Format of {path_name}", path_name=path.name))
    candidates = meanings.get(path, {})
    box.addItem(ASK if candidates else AS_FOUND, "")
    likely = [form for form in FORMATS if form.name in candidates]
    for form in (*likely, *(form for form in FORMATS if form not in likely)):
        told = f"{form.help}; {form.polarity}"
        meaning = candidates.get(form.name)
        box.addItem(f"{form.name}: {meaning}" if meaning else form.name, form.name)
        box.setItemData(box.count() - 1, told, Qt.ItemDataRole.ToolTipRole)
    return box
