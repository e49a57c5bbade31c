"""The clip list as a table model: 25,000 names at once, figures only for the rows that are seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
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
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.strata import Stratum
from gaplisten.ui.theme import figures, quiet_colour, warning_colour

Index = QModelIndex | QPersistentModelIndex
Summarise = Callable[[Clip], ClipSummary | None]

COLUMNS = ("Clip", "Loss", "Gaps", "Longest", "Bursts")

STRATA = {
    Stratum.NONE: "none",
    Stratum.SHORT: "short",
    Stratum.MEDIUM: "medium",
    Stratum.LONG: "long",
    Stratum.BEYOND: "beyond",
}
"""The challenge's burst classes in a word each."""
_HELP = (
    "Name of the clip",
    "Share of packets lost, in percent",
    "Number of gaps",
    "Longest burst in milliseconds",
    "Class of the longest burst: short <= 120 ms, medium <= 320 ms, long <= 1000 ms",
)
_AT_ONCE = 64
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
        self.beginResetModel()
        self._clips = tuple(clips)
        self._found.clear()
        self._coming.drop()
        self._shown = self._matching()
        self.endResetModel()
        self.counted.emit(len(self._shown), len(self._clips))

    def set_filter(self, words: str) -> None:
        """List the clips whose name (or stratum, where it is known) contains every one of these words."""
        self._words = words
        self.beginResetModel()
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
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._shown) - 1, len(COLUMNS) - 1))

    def _figures(self, row: int) -> ClipSummary | str | None:
        """Return what is known of a clip's losses; None for nothing."""
        return self._edited.get(self._clips[row].name) or self._found.get(row)

    def _searched(self, row: int) -> str:
        found = self._figures(row)
        stratum = f" {STRATA[found.stratum]}" if isinstance(found, ClipSummary) else ""
        return (self._clips[row].name + stratum).casefold()

    def _ordered(self, rows: list[int]) -> list[int]:
        column, down = self._sorting
        if column == 0:
            return rows[::-1] if down else rows
        known = [row for row in rows if isinstance(self._figures(row), ClipSummary)]
        rest = [row for row in rows if not isinstance(self._figures(row), ClipSummary)]
        return sorted(known, key=lambda row: _figure(self._figures(row), column), reverse=down) + rest

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column; every clip's figures are fetched then, and rows settle as they come in."""
        self._sorting = (column, order == Qt.SortOrder.DescendingOrder)
        if column:
            self._fetch(())
        self._reorder()

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
        rows = dict.fromkeys((*ahead, *(range(len(self._clips)) if self._sorting[0] else ())))
        self._coming.want({row: (self._clips[row],) for row in rows if row not in self._found})
        self._timer.start()

    def _start(self, asked: Mapping[int, Inputs], job: Job) -> Future[ClipSummary | str | None]:
        ((clip,),) = asked.values()
        return self._pool.submit(_summary, self._summarise, clip)

    def _collect(self) -> None:
        done = self._coming.poll()
        self._found.update({row: self._coming.value(row) for row in done})
        if done and self._sorting[0] and not self._coming.busy:
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
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a column's title or what it means."""
        if way == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if way == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return _HELP[section]
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

    def _named(self, name: str) -> str:
        marks = {DOUBTFUL: name in self._doubtful, EDITED: name in self._edited}
        return " ".join([*(mark for mark, has in marks.items() if has), name])

    def _told(self, row: int) -> str:
        found, clip = self._figures(row), self._clips[row]
        edited = "Its losses were edited here; undo or Revert to Original Loss brings back those of its files"
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
            return "unusable" if column == 1 else ""
        return _text(found, column)


def _summary(summarise: Summarise, clip: Clip) -> ClipSummary | str | None:
    try:
        return summarise(clip)
    except GaplistenError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - one clip's surprise must not empty the list
        return f"{clip.name}: {error}"


def _text(found: ClipSummary | None, column: int) -> str:
    if found is None:
        return "-" if column == 1 else ""
    mark = " (zeros)" if found.detected else ""
    figures = {1: f"{100 * found.loss_rate:.1f} %", 2: str(found.gaps), 3: f"{found.longest_ms:.0f} ms"}
    return figures.get(column, f"{STRATA[found.stratum]}{mark}")


def _figure(found: ClipSummary | str | None, column: int) -> float:
    if not isinstance(found, ClipSummary):
        return -1.0
    return {1: found.loss_rate, 2: float(found.gaps)}.get(column, found.longest_ms)
