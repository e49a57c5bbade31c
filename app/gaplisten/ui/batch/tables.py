"""Tables in windows: numbers with their even digits to the right, rows that can be activated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from gaplisten.tables import Cell, Table
from gaplisten.ui.theme import figures
from gaplisten.ui.translation import tr
from gaplisten.ui.widgets import plain_table

Index = QModelIndex | QPersistentModelIndex
_MOST_MEASURED = 60
_ROOM, _WIDEST = 14, 420


class PlainModel(QAbstractTableModel):
    """A table of plain values; tens of thousands of rows cost nothing until they are looked at."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.table = Table((), ())
        self._heads: Sequence[str] = ()

    def show_table(self, table: Table, heads: Sequence[str]) -> None:
        """Show these rows under these headings."""
        self.beginResetModel()
        self.table, self._heads = table, heads or table.columns
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many rows there are."""
        return 0 if parent.isValid() else len(self.table.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(self.table.columns)

    def headerData(self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a column's heading."""
        if way != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(self.numeric(section))
        return self._heads[section] if role == Qt.ItemDataRole.DisplayRole else None

    def numeric(self, column: int) -> bool:
        """Tell whether a column holds numbers."""
        return any(is_number(row[column]) for row in self.table.rows[:_MOST_MEASURED])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        value = self.table.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return shown(value)
        if role == Qt.ItemDataRole.ToolTipRole and isinstance(value, str) and value:
            return value
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(is_number(value) or (value is None and self.numeric(index.column())))
        return None


class PlainTable(QTableView):
    """A read-only table.

    Signals
    -------
    row_activated
        Place of the row that was double-clicked, or on which Enter was pressed.
    row_chosen
        Place of the row that the cursor is on.
    """

    row_activated = Signal(int)
    row_chosen = Signal(int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = PlainModel(self)
        self.setModel(self._model)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setFont(figures(self.font()))
        plain_table(self, name)
        self.horizontalHeader().setResizeContentsPrecision(_MOST_MEASURED)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.activated.connect(lambda index: self.row_activated.emit(index.row()))
        self.selectionModel().currentRowChanged.connect(lambda now, _before: self._tell_row(now))

    def _tell_row(self, index: QModelIndex) -> None:
        if index.isValid():
            self.row_chosen.emit(index.row())

    @property
    def table(self) -> Table:
        """What is shown."""
        return self._model.table

    def show_table(self, table: Table, heads: Sequence[str] = ()) -> None:
        """Show these rows; `heads` are the columns' names for people."""
        self._model.show_table(table, heads)
        self.horizontalHeader().setStretchLastSection(False)
        self.resizeColumnsToContents()
        for column in range(len(table.columns)):
            self.setColumnWidth(column, min(self.columnWidth(column) + _ROOM, _WIDEST))
        self.horizontalHeader().setStretchLastSection(not self._model.numeric(len(table.columns) - 1))


def _side(number: bool) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def is_number(value: Cell) -> bool:
    """Tell whether a cell holds a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def shown(value: Cell) -> str:
    """Return a cell's text."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    return _figure(value) if isinstance(value, float) else str(value)


def _figure(value: float) -> str:
    """Return four significant digits, zeros at the end too: 3.6 beside 3.601 is out of line."""
    whole = value == 0 or not math.isfinite(value)
    return f"{value:.4g}" if whole else f"{value:#.4g}".removesuffix(".")
