"""The clip list as a table model: 25,000 names at once, figures only for the rows that are seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from gaplisten.bench.controller import DOUBTFUL
from gaplisten.bench.derived import Derived, Inputs
from gaplisten.clips.clip import Clip
from gaplisten.clips.summary import ClipSummary, summarise
from gaplisten.errors import GaplistenError, in_line
from gaplisten.jobs import Job
from gaplisten.loss.strata import Stratum
from gaplisten.ui.theme import figures, quiet_colour, warning_colour
from gaplisten.ui.translation import tr, tr_said

Index = QModelIndex | QPersistentModelIndex
Summarise = Callable[[Clip], ClipSummary | None]

COLUMNS = (tr("Clip"), tr("Loss"), tr("Gaps"), tr("Longest"), tr("Bursts"))

STRATA = {
    Stratum.NONE: tr("none"),
    Stratum.SHORT: tr("short"),
    Stratum.MEDIUM: tr("medium"),
    Stratum.LONG: tr("long"),
    Stratum.BEYOND: tr("beyond"),
}
"""The challenge's burst classes in a word each."""
_HELP = (
    tr("Name of the clip"),
    tr("Share of packets lost, in percent"),
    tr("Number of gaps"),
    tr("Longest burst in milliseconds"),
    tr("Class of the longest burst: short <= 120 ms, medium <= 320 ms, long <= 1000 ms"),
)
_AT_ONCE = 64
_NO_CELLS: Mapping[str, str] = MappingProxyType({})
EDITED = "\N{LOWER RIGHT PENCIL}"
"""Stands before the name of a clip whose losses were edited here."""


class ClipModel(QAbstractTableModel):
    """Clips with their losses.

    Figures are read on threads for the rows that were asked for last, and shown when they come in.

    Signals
    -------
    counted
        Clips shown and clips in all.
    """

    counted = Signal(int, int)

    def __init__(self, summarise: Summarise = summarise, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._summarise = summarise
        self._clips: tuple[Clip, ...] = ()
        self._shown: list[int] = []
        self._doubtful: frozenset[str] = frozenset()
        self._edited: dict[str, ClipSummary] = {}
        self._heads: tuple[str, ...] = ()
        self._cells: Mapping[str, Mapping[str, str]] = {}
        self._words = ""
        self._sorting: tuple[int, bool] = (0, False)
        self._found: dict[int, ClipSummary | str | None] = {}
        self._coming: Derived[int, ClipSummary | str | None] = Derived(self._start, most=_AT_ONCE)
        self._closed = False
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="summary")
        self._timer = QTimer(self, interval=40)
        self._timer.timeout.connect(self._collect)

    # -- what is listed -------------------------------------------------------------------------------

    def set_clips(self, clips: Sequence[Clip]) -> None:
        """List these clips."""
        with self._listed_anew():
            self._clips = tuple(clips)
            self._found.clear()
            self._coming.drop()

    def set_told(self, heads: Sequence[str], cells: Mapping[str, Mapping[str, str]]) -> None:
        """List what a table tells of the clips, too.

        Parameters
        ----------
        heads
            The table's columns; they stand behind our own.
        cells
            By clip's name and head; a clip or a cell that is not there is empty.
        """
        if (tuple(heads), cells) == (self._heads, self._cells):
            return
        with self._listed_anew():
            self._heads, self._cells = tuple(heads), cells
            if self._sorting[0] >= len(COLUMNS):
                self._sorting = (0, False)

    def set_filter(self, words: str) -> None:
        """List the clips that contain every one of these words.

        In their name, their stratum (where it is known) or what a table tells of them, as ``head:cell``.
        """
        with self._listed_anew():
            self._words = words

    @contextmanager
    def _listed_anew(self) -> Iterator[None]:
        self.beginResetModel()
        yield
        self._shown = self._matching()
        self.endResetModel()
        self.counted.emit(len(self._shown), len(self._clips))

    def _matching(self) -> list[int]:
        words = self._words.casefold().split()
        rows = range(len(self._clips))
        if words:
            rows = [row for row in rows if all(word in self._searched(row) for word in words)]  # type: ignore[assignment]
        return self._ordered(list(rows))

    def set_edited(self, edited: Mapping[str, ClipSummary]) -> None:
        """List these figures for the clips of these names, whose losses are others than their files tell."""
        if edited == self._edited:
            return
        self._edited = dict(edited)
        if self._sorting[0]:
            self._reorder()
        if self._shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._shown) - 1, self.columnCount() - 1))

    def _figures(self, row: int) -> ClipSummary | str | None:
        """Return what is known of a clip's losses; None for nothing."""
        return self._edited.get(self._clips[row].name) or self._found.get(row)

    def _searched(self, row: int) -> str:
        found = self._figures(row)
        stratum = f" {STRATA[found.stratum]}" if isinstance(found, ClipSummary) else ""
        told = map(":".join, self._cells_of(row).items())
        return " ".join([self._clips[row].name + stratum, *told]).casefold()

    def _cells_of(self, row: int) -> Mapping[str, str]:
        """Return what the table tells of a clip, by head."""
        return self._cells.get(self._clips[row].name, _NO_CELLS)

    def _ordered(self, rows: list[int]) -> list[int]:
        column, down = self._sorting
        if column == 0:
            return rows[::-1] if down else rows
        if column >= len(COLUMNS):
            return self._ordered_by_cells(rows, self._heads[column - len(COLUMNS)], down)
        known = [row for row in rows if isinstance(self._figures(row), ClipSummary)]
        rest = [row for row in rows if not isinstance(self._figures(row), ClipSummary)]
        return sorted(known, key=lambda row: _figure(self._figures(row), column), reverse=down) + rest

    def _ordered_by_cells(self, rows: list[int], head: str, down: bool) -> list[int]:
        """Return rows by what the table tells: numbers before words, and nothing at the end."""
        cells = {row: self._cells_of(row).get(head, "") for row in rows}
        told, rest = [row for row in rows if cells[row]], [row for row in rows if not cells[row]]
        return sorted(told, key=lambda row: _place_of(cells[row]), reverse=down) + rest

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column; every clip's figures are fetched then, and rows settle as they come in."""
        self._sorting = (column, order == Qt.SortOrder.DescendingOrder)
        if self._by_figures:
            self._fetch(())
        self._reorder()

    @property
    def _by_figures(self) -> bool:
        """Whether the order follows from what has to be fetched."""
        return 0 < self._sorting[0] < len(COLUMNS)

    def _reorder(self) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        rows = [self._shown[index.row()] for index in before]
        self._shown = self._matching()
        places = {row: place for place, row in enumerate(self._shown)}
        after = [
            self.index(places[row], index.column()) if row in places else QModelIndex()
            for row, index in zip(rows, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def clip(self, row: int) -> Clip:
        """Return the clip in a row of the list."""
        return self._clips[self._shown[row]]

    def row_of(self, name: str) -> int | None:
        """Return the row that shows the clip of that name; None while it is filtered out."""
        return next((row for row, each in enumerate(self._shown) if self._clips[each].name == name), None)

    # -- figures --------------------------------------------------------------------------------------

    def want(self, rows: Sequence[int]) -> None:
        """Fetch the figures of these rows of the list before any others."""
        ahead = [self._shown[row] for row in rows if 0 <= row < len(self._shown)]
        if any(row not in self._found for row in ahead):
            self._fetch(ahead)

    def _fetch(self, ahead: Sequence[int]) -> None:
        """Fetch the figures of these clips first; of no others, unless all are needed for the order."""
        if self._closed:
            return
        rows = dict.fromkeys((*ahead, *(range(len(self._clips)) if self._by_figures else ())))
        self._coming.want({row: (self._clips[row],) for row in rows if row not in self._found})
        self._timer.start()

    def _start(self, asked: Mapping[int, Inputs], job: Job) -> Future[ClipSummary | str | None]:
        ((clip,),) = asked.values()
        return self._pool.submit(_summary, self._summarise, clip)

    def _collect(self) -> None:
        done = self._coming.poll()
        self._found.update({row: self._coming.value(row) for row in done})
        if done and self._by_figures and not self._coming.busy:
            self._reorder()
        elif done and self._shown:
            last = len(self._shown) - 1
            self.dataChanged.emit(self.index(0, 1), self.index(last, len(COLUMNS) - 1))
        if not self._coming.busy:
            self._timer.stop()

    def close(self) -> None:
        """Stop the threads; figures are fetched no more."""
        self._closed = True
        self._timer.stop()
        self._coming.drop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    # -- Qt -------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many clips are listed."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(COLUMNS) + len(self._heads)

    def headerData(self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a column's title or what it means."""
        if way != Qt.Orientation.Horizontal:
            return None
        own = section < len(COLUMNS)
        head = COLUMNS[section] if own else in_line(self._heads[section - len(COLUMNS)])
        if role == Qt.ItemDataRole.DisplayRole:
            return head
        if role == Qt.ItemDataRole.ToolTipRole:
            return _HELP[section] if own else tr("{head}, as the table of the clips tells", head=head)
        return None

    def set_doubtful(self, names: frozenset[str]) -> None:
        """Mark the clips of these names: their figures follow from files that do not fit together."""
        if names != self._doubtful:
            self._doubtful = names
            last = self.index(max(self.rowCount() - 1, 0), 0)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.DisplayRole])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        row, column = self._shown[index.row()], index.column()
        if column >= len(COLUMNS):
            return self._told_in(row, self._heads[column - len(COLUMNS)], role)
        if role == Qt.ItemDataRole.DisplayRole:
            if column == 0:
                return self._named(self._clips[row].name)
            return self._cell(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and 1 <= column <= 3:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole and 1 <= column <= 3:
            return figures()
        found = self._figures(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._told(row)
        if role == Qt.ItemDataRole.ForegroundRole and column:
            if isinstance(found, str):
                return warning_colour()
            return None if self._is_known(row) else quiet_colour()
        return None

    def _told_in(self, row: int, head: str, role: int) -> Any:
        cell = self._cells_of(row).get(head, "")
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return in_line(cell)
        if role == Qt.ItemDataRole.TextAlignmentRole and cell and not isinstance(_place_of(cell)[1], str):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _named(self, name: str) -> str:
        marks = {DOUBTFUL: name in self._doubtful, EDITED: name in self._edited}
        return " ".join([*(mark for mark, has in marks.items() if has), name])

    def _told(self, row: int) -> str:
        found, clip = self._figures(row), self._clips[row]
        edited = tr(
            "Its losses were edited here; undo or Revert to Original Loss brings back those of its files"
        )
        if isinstance(found, str):
            return found
        return edited if clip.name in self._edited else str(clip.sound or "")

    def _is_known(self, row: int) -> bool:
        return row in self._found or self._clips[row].name in self._edited

    def _cell(self, row: int, column: int) -> str:
        if not self._is_known(row):
            return "…" if column == 1 else ""
        found = self._figures(row)
        if isinstance(found, str):
            return tr("unusable") if column == 1 else ""
        return _text(found, column)


def _summary(summarise: Summarise, clip: Clip) -> ClipSummary | str | None:
    try:
        return summarise(clip)
    except GaplistenError as error:
        return tr_said(error)
    except Exception as error:  # noqa: BLE001 - one clip's surprise must not empty the list
        return f"{clip.name}: {error}"


def _place_of(cell: str) -> tuple[bool, float | str]:
    """Return where a cell stands in an order: numbers by their size, then words by their letters."""
    try:
        number = float(cell)
    except ValueError:
        return True, cell.casefold()
    return (False, number) if math.isfinite(number) else (True, cell.casefold())


def _text(found: ClipSummary | None, column: int) -> str:
    if found is None:
        return "-" if column == 1 else ""
    mark = tr(" (zeros)") if found.detected else ""
    figures = {1: f"{100 * found.loss_rate:.1f} %", 2: str(found.gaps), 3: f"{found.longest_ms:.0f} ms"}
    return figures.get(column, f"{STRATA[found.stratum]}{mark}")


def _figure(found: ClipSummary | str | None, column: int) -> float:
    if not isinstance(found, ClipSummary):
        return -1.0
    return {1: found.loss_rate, 2: float(found.gaps)}.get(column, found.longest_ms)
