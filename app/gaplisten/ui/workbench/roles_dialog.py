"""Loose files: what each is taken for, shown and correctable before anything else happens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gaplisten.clips.roles import RoleGuess, guess_roles
from gaplisten.ui.background import Tasks
from gaplisten.ui.room import resize_within
from gaplisten.workbench.state import RoleChoice

ROLES = ("reference", "lossy", "condition", "trace", "ignore")
_SINGLE = ("reference", "lossy", "trace")


class RolesDialog(QDialog):
    """One row per file: name, role, name of the condition, and why it is taken for that.

    Signals
    -------
    settled
        The roles as the user left them, and the packet length in milliseconds.
    """

    settled = Signal(object, float)

    def __init__(self, files: Sequence[Path], tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("What are these files?")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._files, self._tasks = list(files), tasks
        self._guesses: list[RoleGuess] = []
        self.table = QTableWidget(0, 4, self)
        self.table.setTabKeyNavigation(False)
        self.table.setHorizontalHeaderLabels(["File", "Is the", "Condition", "Because"])
        self.table.setAccessibleName("Files and their roles")
        self.table.verticalHeader().hide()
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.note = QLabel("Looking at the files…", self)
        self.note.setWordWrap(True)
        self.packet = QDoubleSpinBox(self, minimum=0.5, maximum=1000.0, decimals=3, value=20.0, suffix=" ms")
        self.packet.setAccessibleName("Packet length")
        line = QHBoxLayout()
        label = QLabel("Packet length", self)
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
            "looking at files", lambda _job: guess_roles(self._files), self._show, self._on_failed, quiet=True
        )

    def _on_failed(self, error: Exception) -> None:
        self.note.setText(str(error))

    def _show(self, guesses: list[RoleGuess]) -> None:
        self._guesses = guesses
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
        why = QTableWidgetItem(guess.why)
        why.setFlags(Qt.ItemFlag.ItemIsEnabled)
        why.setToolTip(guess.why)
        role = QComboBox(self.table)
        role.addItems(list(ROLES))
        role.setCurrentText(str(guess.role) if str(guess.role) in ROLES else "ignore")
        role.setAccessibleName(f"Role of {guess.path.name}")
        role.currentIndexChanged.connect(self._check)
        condition = QLineEdit(guess.condition, self.table)
        condition.setAccessibleName(f"Condition of {guess.path.name}")
        condition.textChanged.connect(self._check)
        self.table.setItem(row, 0, name)
        self.table.setCellWidget(row, 1, role)
        self.table.setCellWidget(row, 2, condition)
        self.table.setItem(row, 3, why)

    def role_box(self, row: int) -> Any:
        """Return the field with the role of a row."""
        return self.table.cellWidget(row, 1)

    def condition_field(self, row: int) -> Any:
        """Return the field with the condition's name of a row."""
        return self.table.cellWidget(row, 2)

    def choices(self) -> tuple[RoleChoice, ...]:
        """Return the roles as they stand."""
        chosen = []
        for row, guess in enumerate(self._guesses):
            role = self.role_box(row).currentText()
            condition = self.condition_field(row).text().strip() if role == "condition" else ""
            chosen.append(
                RoleChoice(guess.path, role, condition or (guess.path.stem if role == "condition" else ""))
            )
        return tuple(chosen)

    def _check(self) -> None:
        for row in range(len(self._guesses)):
            self.condition_field(row).setEnabled(self.role_box(row).currentText() == "condition")
        problem = wrong_with(self.choices())
        self.note.setText(problem)
        self.note.setVisible(bool(problem))
        self.open_button.setEnabled(not problem)

    def _accept(self) -> None:
        self.settled.emit(self.choices(), self.packet.value())
        self.accept()

    def done(self, result: int) -> None:
        """Stop looking when the dialog goes."""
        self._tasks.cancel(self._task)
        super().done(result)


def wrong_with(choices: Sequence[RoleChoice]) -> str:
    """Return why these roles make no clip; empty when they do."""
    for role in _SINGLE:
        if sum(choice.role == role for choice in choices) > 1:
            return f"There can be only one {role}."
    if not any(choice.role in ("reference", "lossy", "condition") for choice in choices):
        return "There must be at least one sound file."
    names = [choice.condition for choice in choices if choice.role == "condition"]
    if len(set(names)) < len(names):
        return "Each condition needs a name of its own."
    return ""
