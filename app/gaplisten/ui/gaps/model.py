"""The gap table for Qt's views."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from gaplisten.bench import gap_wording as wording
from gaplisten.bench.gap_content import Column, Content, Fact
from gaplisten.loss.measures import Direction
from gaplisten.loss.strata import Stratum
from gaplisten.ui.theme import figures, warning_colour
from gaplisten.ui.translation import tr, tr_lane, tr_said

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class GapModel(QAbstractTableModel):
    """Gaps as rows, in the order and through the filter that the user chose.

    A *row* is a place in the table as shown; a *gap* is counted from 0 in the clip.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.content = Content()
        self._rows: list[int] = []
        self._place: dict[int, int] = {}
        self._stratum: Stratum | None = None
        self._flagged = False
        self._sorting: tuple[object, bool] = ("Start", False)
        self._figures, self._bold = figures(), figures()
        self._bold.setBold(True)

    # -- what is shown --------------------------------------------------------------------------------

    def show(self, content: Content) -> None:
        """Show this; order and filter stay."""
        rows, place = self._arranged(content)
        if rows == self._rows and content.columns == self.content.columns:
            # Only numbers changed: whoever is scrolling or reading stays where they are.
            self.content = content
            if rows:
                corner = self.index(len(rows) - 1, self.columnCount() - 1)
                self.dataChanged.emit(self.index(0, 0), corner)
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.columnCount() - 1)
            return
        self.beginResetModel()
        self.content, self._rows, self._place = content, rows, place
        self.endResetModel()

    def set_filter(self, stratum: Stratum | None, flagged: bool) -> None:
        """Show only gaps of one length class, or only those that are flagged."""
        self.beginResetModel()
        self._stratum, self._flagged = stratum, flagged
        self._arrange()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column."""
        if not 0 <= column < len(self.content.columns):
            return
        self.beginResetModel()
        self._sorting = (_identity(self.content.columns[column]), order == Qt.SortOrder.DescendingOrder)
        self._arrange()
        self.endResetModel()

    @property
    def sorted_by(self) -> tuple[int, Qt.SortOrder]:
        """The column that the rows are ordered by, and the direction."""
        wanted, down = self._sorting
        names = [_identity(column) for column in self.content.columns]
        order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
        return (names.index(wanted), order) if wanted in names else (0, Qt.SortOrder.AscendingOrder)

    def _arrange(self) -> None:
        self._rows, self._place = self._arranged(self.content)

    def _arranged(self, content: Content) -> tuple[list[int], dict[int, int]]:
        wanted, down = self._sorting
        column = next((c for c in content.columns if _identity(c) == wanted), content.columns[0])
        shown = content.rows(self._stratum, self._flagged)
        rows = content.ordered(shown, column, down and _identity(column) == wanted)
        return rows, {gap: row for row, gap in enumerate(rows)}

    def gap_at(self, row: int) -> int:
        """Return the gap that a row shows."""
        return self._rows[row]

    def row_of(self, gap: int) -> int | None:
        """Return the row of a gap; None when the filter hides it."""
        return self._place.get(gap)

    @property
    def gaps_shown(self) -> frozenset[int]:
        """The gaps that the filter lets through."""
        return frozenset(self._rows)

    # -- for the view ---------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many gaps are shown."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(self.content.columns)

    def headerData(self, section: int, way: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        """Return a column's title, tip and direction to begin with; for a row the gap's number, from 1."""
        if way == Qt.Orientation.Vertical:
            return self._number(section, role)
        if not 0 <= section < len(self.content.columns):
            return None
        column = self.content.columns[section]
        if role == Role.DisplayRole:
            return tr_said(column.title) if isinstance(column, Fact) else str(column.lane.key)
        if role in (Role.ToolTipRole, Role.AccessibleDescriptionRole):
            return self.head_tip(column)
        if role == Role.AccessibleTextRole and isinstance(column, Column):
            return tr(
                "{short}, lane {lane_key} {lane_name}",
                short=tr_said(wording.short(column.measure)),
                lane_key=column.lane.key,
                lane_name=tr_lane(column.lane.name),
            )
        if role == Role.InitialSortOrderRole and isinstance(column, Column):
            low = column.measure.direction is Direction.LOW
            return Qt.SortOrder.AscendingOrder if low else Qt.SortOrder.DescendingOrder
        return None

    def _number(self, row: int, role: int) -> Any:
        if not 0 <= row < len(self._rows):
            return None
        if role == Role.DisplayRole:
            return str(self.content.gaps[self._rows[row]].index)
        if role == Role.ToolTipRole:
            return tr("Number of the gap in the clip")
        return {Role.TextAlignmentRole: _RIGHT, Role.FontRole: self._figures}.get(Role(role))

    def head_tip(self, column: Fact | Column) -> str:
        """Return what a column is."""
        if isinstance(column, Fact):
            return tr_said(column.tip)
        said = tr_said(wording.definition(column.measure, self.content.chosen.threshold(column.measure)))
        if column.measure.needs_reference and not self.content.reference:
            said += tr("\nThis clip has no reference: it cannot be measured.")
        if column.lane.elsewhere:
            said += tr("\nNo values here: {elsewhere}.", elsewhere=tr_said(column.lane.elsewhere))
        both = column.measure.direction is Direction.BOTH
        return tr(
            "Lane {lane_key} {lane_name}\n{said}",
            lane_key=column.lane.key,
            lane_name=tr_lane(column.lane.name),
            said=said,
        ) + (tr("\nSorted by how far it is from 0.") if both else "")

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """Return what a cell shows."""
        if not index.isValid():
            return None
        gap, column = self._rows[index.row()], self.content.columns[index.column()]
        if role == Role.DisplayRole:
            said = self.content.text(gap, column)
            return tr_said(said) if isinstance(column, Fact) else said
        if role == Role.TextAlignmentRole:
            return _LEFT if isinstance(column, Fact) and not column.right else _RIGHT
        if role == Role.FontRole:
            return self._font(gap, column)
        if role == Role.ForegroundRole:
            flagged = isinstance(column, Column) and self.content.is_flagged(gap, column)
            return warning_colour() if flagged else None
        if role == Role.ToolTipRole:
            return tr_said(self.content.explained(gap, column))
        return None

    def _font(self, gap: int, column: Fact | Column) -> QFont | None:
        if isinstance(column, Fact):
            return self._figures if column.right else None
        return self._bold if self.content.is_flagged(gap, column) else self._figures


def _identity(column: Fact | Column) -> object:
    """Return what a column is remembered by when others come and go."""
    if isinstance(column, Fact):
        return column.title
    return (column.lane.ident, column.measure.key)
