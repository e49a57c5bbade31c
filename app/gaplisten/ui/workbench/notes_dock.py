"""The notes on the clip that is shown: listed, searched, written and removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.notes import TAGS, Number, lane_named, matching, no_number
from gaplisten.bench.state import Note
from gaplisten.ui.fields import ChoiceField, FilterField
from gaplisten.ui.theme import figures
from gaplisten.ui.translation import tr
from gaplisten.ui.widgets import plain_table

COLUMNS = (tr("Time"), tr("Gap"), tr("Lane"), tr("Tag"), tr("Text"))


class NotesDock(QWidget):
    """The notes.

    Signals
    -------
    begun
        A new note is being written, and whether it was asked for just now or its first letter was typed.
    forgotten
        It will not be written.
    added
        Tag and text of a new note.
    chosen
        Index of the note that the user went to.
    changed
        Index and the note as it should be.
    removed
        Index of the note to remove.
    """

    begun = Signal(bool)
    forgotten = Signal()
    added = Signal(str, str)
    chosen = Signal(int)
    changed = Signal(int, object)
    removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = FilterField(tr("Search notes"), self)
        self.search.textChanged.connect(self._fill)
        self.table = self._made_table()
        self.tag = ChoiceField(self)
        self.tag.addItems(list(TAGS))
        self.tag.setAccessibleName(tr("Tag of the new note"))
        self.text = QLineEdit(self, placeholderText=tr("What do you hear?"))
        self.text.setAccessibleName(tr("Text of the new note"))
        self.text.setAcceptDrops(False)
        self.text.setStatusTip(tr("Enter adds the note where you began to write it, for the lane heard then"))
        self.text.returnPressed.connect(self._add)
        self.text.textEdited.connect(self._on_typed)
        self.text.installEventFilter(self)
        self.add = QToolButton(self)
        self.add.setText(tr("Add"))
        self.add.setToolTip(tr("Add the note at the playhead (N)"))
        self.add.setAccessibleName(tr("Add note"))
        self.add.clicked.connect(self._add)
        line = QHBoxLayout()
        line.setSpacing(4)
        for widget, stretch in ((self.tag, 0), (self.text, 1), (self.add, 0)):
            line.addWidget(widget, stretch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addWidget(self.search)
        layout.addWidget(self.table, 1)
        layout.addLayout(line)
        self._notes: tuple[Note, ...] = ()
        self._rate = 1
        self._lane_names: dict[str, str] = {}
        self._number: Number = no_number
        self._shown: list[int] = []
        self._filling = False
        self._written = ""

    def _made_table(self) -> QTableWidget:
        table = QTableWidget(0, len(COLUMNS), self)
        table.setHorizontalHeaderLabels(list(COLUMNS))
        plain_table(table, tr("Notes"), spacing=6, editable=True)
        table.setStatusTip(tr("Notes: Enter or double click edits the text"))
        table.setWordWrap(False)
        table.horizontalHeader().setStretchLastSection(True)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        wide = table.fontMetrics().horizontalAdvance
        for column, text in enumerate((tr("00.000 s"), "#000", "Lossy", tr("metallic"))):
            table.setColumnWidth(column, wide(text) + 12)
        table.currentCellChanged.connect(self._on_row)
        table.itemChanged.connect(self._on_edited)
        return table

    def show_notes(
        self, notes: Sequence[Note], rate: int, lane_names: dict[str, str], number: Number = no_number
    ) -> None:
        """List these notes; `number` tells which gap each is about."""
        self._notes, self._rate, self._lane_names = tuple(notes), max(rate, 1), lane_names
        self._number = number
        self._fill()

    def _fill(self) -> None:
        kept = matching(self._notes, self.search.text(), self._number, self._lane_names)
        self._shown = [index for index, note in enumerate(self._notes) if note in kept]
        self._filling = True
        self.table.setRowCount(len(self._shown))
        for row, index in enumerate(self._shown):
            for column, text in enumerate(self._cells(self._notes[index])):
                item = QTableWidgetItem(text)
                if column < 2:
                    item.setFont(figures())
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if column != 4:
                    item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                item.setToolTip(text)
                self.table.setItem(row, column, item)
        self._filling = False

    def _cells(self, note: Note) -> tuple[str, ...]:
        number = self._number(note)
        gap = "" if number is None else f"#{number}"
        lane = lane_named(note.lane, self._lane_names)
        return (f"{note.frame / self._rate:.3f} s", gap, lane, note.tag, note.text)

    def _on_row(self, row: int, _column: int, before: int, _before_column: int) -> None:
        if row != before and 0 <= row < len(self._shown) and not self._filling:
            self.chosen.emit(self._shown[row])

    def _on_edited(self, item: QTableWidgetItem) -> None:
        if self._filling or item.column() != 4:
            return
        index = self._shown[item.row()]
        self.changed.emit(index, replace(self._notes[index], text=item.text()))

    def _add(self) -> None:
        self.added.emit(self.tag.currentText(), self.text.text().strip())
        self._clear()

    def _clear(self) -> None:
        self.text.clear()
        self._written = ""

    def _on_typed(self, text: str) -> None:
        if text and not self._written:
            self.begun.emit(False)
        elif not text:
            self.forgotten.emit()
        self._written = text

    def begin(self) -> None:
        """Get ready for a new note: the text field has the focus."""
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.begun.emit(True)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let Escape put the note away."""
        if watched is self.text and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            if event.type() == QEvent.Type.KeyPress:
                self._clear()
                self.forgotten.emit()
            return True
        return super().eventFilter(watched, event)

    def remove_selected(self) -> None:
        """Ask for the selected note to be removed."""
        row = self.table.currentRow()
        if 0 <= row < len(self._shown):
            self.removed.emit(self._shown[row])
