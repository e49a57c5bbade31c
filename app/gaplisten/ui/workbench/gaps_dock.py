"""The gaps of the clip that is shown, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QVBoxLayout, QWidget

from gaplisten.loss.strata import stratum_of
from gaplisten.loss.trace import Gap
from gaplisten.tables import Cell, Table
from gaplisten.ui.theme import figures
from gaplisten.ui.workbench.clip_model import STRATA

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("#", "Start", "Length", "Packets", "First packet", "Burst")


def gap_table(gaps: Sequence[Gap], rate: int) -> Table:
    """Return the gaps as a table: index, start (s), length (ms), packets, first packet, burst stratum."""
    rows: list[tuple[Cell, ...]] = []
    for index, gap in enumerate(gaps):
        length = 1000.0 * gap.frames / rate
        stratum = STRATA[stratum_of(length)]
        rows.append((index, gap.start / rate, length, gap.packets, gap.first_packet, stratum))
    return Table(("gap", "start_s", "length_ms", "packets", "first_packet", "stratum"), tuple(rows))


class GapModel(QAbstractTableModel):
    """Gaps as rows."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[tuple[Cell, ...], ...] = ()

    def set_gaps(self, gaps: Sequence[Gap], rate: int) -> None:
        """List these gaps."""
        self.beginResetModel()
        self._rows = gap_table(gaps, max(rate, 1)).rows
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many gaps there are."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a column's title."""
        if way == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        value, column = self._rows[index.row()][index.column()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                {1: f"{value:.3f} s", 2: f"{value:.0f} ms"}.get(column, str(value))
                if column in (1, 2)
                else str(value)
            )
        if role == Qt.ItemDataRole.TextAlignmentRole and column < 5:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole and column < 5:
            return figures()
        return None


class GapsDock(QWidget):
    """The table.

    Signals
    -------
    chosen
        Index of the gap that the user went to.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = GapModel(self)
        self.table = QTableView(self)
        self.table.setModel(self.model)
        self.table.setAccessibleName("Gaps")
        self.table.setStatusTip("Gaps: Up and Down go to another one")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setStretchLastSection(True)
        wide = self.fontMetrics().horizontalAdvance
        for column, text in enumerate(("0000", "000.000 s", "0000 ms", "Packets", "First packet")):
            self.table.setColumnWidth(column, wide(text) + 24)
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.table)
        self._quiet = False

    def show_gaps(self, gaps: Sequence[Gap], rate: int) -> None:
        """List these gaps."""
        self.model.set_gaps(gaps, rate)

    def select(self, index: int) -> None:
        """Mark a gap without choosing it."""
        if 0 <= index < self.model.rowCount() and index != self.table.currentIndex().row():
            self._quiet = True
            self.table.selectRow(index)
            self._quiet = False

    def _on_row(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid() and not self._quiet:
            self.chosen.emit(index.row())
