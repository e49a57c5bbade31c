"""The list of clips, with a filter."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHeaderView,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.loss_edits import summary_of
from gaplisten.bench.tasks import Task
from gaplisten.clips.clip import Clip
from gaplisten.clips.clip_tables import table_of_clips
from gaplisten.clips.transcripts import keys_of
from gaplisten.ui.actions import section
from gaplisten.ui.fields import FilterField
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr, tr_n
from gaplisten.ui.widgets import plain_table
from gaplisten.ui.workbench.clip_model import COLUMNS, ClipModel

COMMANDS = (
    *section("Edit", "find")(
        ("edit.filter", "Find Clip", "Ctrl+K", "Type into the clip list's filter"),
        ("edit.next_clip", "Next Clip", "Ctrl+PgDown", "Show the next clip of the list"),
        ("edit.previous_clip", "Previous Clip", "Ctrl+PgUp", "Show the previous clip"),
    ),
    *section("File", "set")(
        ("file.clip_table", "Table of the Clips…", "", "Choose a table that tells more of the clips"),
        ("file.no_clip_table", "No Table of the Clips", "", "Take that table's columns out of the list"),
    ),
)

_NAME_LETTERS, _CELL_LETTERS = 10, 24  # of columns, where a table tells more of the clips
_LOOKED_AT = 200  # rows of a table, for how wide its columns are

_MENU = (
    *(
        "edit.filter",
        "",
        "edit.loss_model",
        "edit.reset_loss",
        "file.reference",
        "file.packet",
        "file.layout",
        "file.clip_table",
        "file.no_clip_table",
    ),
    *("", "conceal.clips", "scores.clips", "export.lanes", "export.trace"),
)


class Clips(QObject):
    """Keeps the list in step with the clips that are open."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._controller = controller = shell.controller
        self._table: Path | None = None
        self._listed = controller.document.work.sources
        self._reading: Task | None = None
        self.dock = ClipList(ClipModel(), shell.window)
        shell.actions.bind("edit.filter", lambda: shell.bring("clips", self.dock.filter))
        shell.actions.bind("edit.next_clip", lambda: self.dock.step(1))
        shell.actions.bind("edit.previous_clip", lambda: self.dock.step(-1))
        shell.actions.bind("file.clip_table", self.ask_table)
        shell.actions.bind("file.no_clip_table", lambda: controller.document.set_clip_table(None))
        shell.actions.enable(["file.no_clip_table"], False)
        shell.actions.listen_in(self.dock.table)
        shell.stop_at(self.dock, self.dock.table)
        shell.offer_menu(self.dock.table, _MENU)
        self.dock.filter.given_up.connect(shell.lanes.setFocus)
        self.dock.chosen.connect(controller.show_clip)
        shell.signals.clips_changed.connect(self._on_clips)
        shell.signals.doubts_changed.connect(self._on_doubts)
        shell.signals.document_changed.connect(self._on_document)
        shell.signals.clip_changed.connect(lambda: self.dock.select(controller.clip_name))
        shell.signals.closed.connect(self.dock.close_threads)

    def _on_clips(self) -> None:
        clipset = self._controller.clipset
        clips = clipset.clips if clipset else ()
        self.dock.model.set_clips(clips)
        self._listed = self._controller.document.work.sources
        self._read_table()
        # A list that gets the focus goes to its first row where it has none: that would choose another clip.
        current = self._controller.document.work.current
        if clips:
            self.dock.select(current if any(each.name == current for each in clips) else clips[0].name)

    def _on_document(self) -> None:
        clips = self._controller.document.work.clips
        edited = {name: summary_of(done.loss) for name, done in clips.items() if done.loss is not None}
        self.dock.model.set_edited(edited)
        work = self._controller.document.work
        # The table of work that brings other clips is read once these are there.
        if work.clip_table != self._table and work.sources == self._listed:
            self._read_table()

    def _on_doubts(self) -> None:
        self.dock.model.set_doubtful(self._controller.doubtful_clips)

    # -- the table that tells more of the clips ---------------------------------------------------------

    def ask_table(self) -> None:
        """Let the user choose a table that tells more of the clips."""
        if self._controller.clipset is None:
            self._shell.say(tr("open clips first"))
            return
        kinds = tr("Tables (*.csv *.tsv *.txt);;All files (*)")
        title = tr("Table of the Clips")
        name, _ = QFileDialog.getOpenFileName(self._shell.window, title, self._shell.last_folder(), kinds)
        if name:
            self._controller.document.set_clip_table(Path(name))

    def _read_table(self) -> None:
        """Have the list show what the work's table tells, as soon as it is read; or nothing."""
        clipset, path = self._controller.clipset, self._controller.document.work.clip_table
        self._table = path
        self._shell.actions.enable(["file.no_clip_table"], path is not None)
        self._controller.tasks.cancel(self._reading)
        self._reading = None
        if clipset is None or path is None:
            self.dock.show_told((), {})
            return
        clips = clipset.clips
        self._reading = self._controller.tasks.run(
            tr("reading the table of the clips"),
            lambda _job: _told(path, clips),
            lambda told: self.dock.show_told(*told),
            self._on_unread,
        )

    def _on_unread(self, error: Exception) -> None:
        self.dock.show_told((), {})
        self._shell.report(error)


def _told(path: Path, clips: Sequence[Clip]) -> tuple[tuple[str, ...], dict[str, Mapping[str, str]]]:
    table = table_of_clips(path, [keys_of(clip) for clip in clips])
    return table.columns, {clip.name: table.says(keys_of(clip)) for clip in clips}


class _Filter(FilterField):
    """A filter that hands Down and Enter on to the list."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go on to the list with Down and Enter."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left.emit()
        else:
            super().keyPressEvent(event)


class ClipList(QWidget):
    """Clips with loss rate, gaps and longest burst.

    Signals
    -------
    chosen
        Name of the clip that the user went to.
    """

    chosen = Signal(str)

    def __init__(self, model: ClipModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        model.setParent(self)
        self.filter = _Filter(tr("Filter clips"), self)
        self.filter.setStatusTip(
            tr("Show the clips that contain these words: name, bursts, cells (column:cell)")
        )
        self.filter.textChanged.connect(self._filtered)
        self.table = self._made_table()
        self.filter.left.connect(self._enter)
        self._count = QLabel(self)
        model.counted.connect(self._on_counted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addWidget(self.filter)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._count)
        self._settle = QTimer(self, interval=60, singleShot=True)
        self._settle.timeout.connect(self._want_visible)
        for bar in (self.table.verticalScrollBar(),):
            bar.valueChanged.connect(self._settle.start)
            bar.rangeChanged.connect(self._settle.start)
        model.modelReset.connect(self._settle.start)
        model.layoutChanged.connect(self._settle.start)

    def _made_table(self) -> QTableView:
        table = QTableView(self)
        table.setModel(self.model)
        plain_table(table, tr("Clips"), spacing=6)
        table.setStatusTip(tr("Clips: Up and Down show another one"))
        table.setWordWrap(False)
        table.setSortingEnabled(True)
        table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        wide = table.fontMetrics().horizontalAdvance
        for column, text in enumerate(("100.0 %", tr("Gaps"), tr("1000 ms"), "medium"), 1):
            table.setColumnWidth(column, wide(text) + 12)
        figures = sum(table.columnWidth(column) for column in range(1, 5))
        table.setMinimumWidth(figures + wide("000000") + 24)
        table.selectionModel().currentRowChanged.connect(self._on_row)
        return table

    def show_told(self, heads: Sequence[str], cells: Mapping[str, Mapping[str, str]]) -> None:
        """Show a table's columns behind our own; by clip's name what it tells."""
        if not heads and self.model.columnCount() == len(COLUMNS):
            return
        current = self._current()
        self.model.set_told(heads, cells)
        header, table = self.table.horizontalHeader(), self.table
        wide = table.fontMetrics().horizontalAdvance
        # A name that takes what room is left has none beside a dozen columns: these are scrolled to.
        mode = QHeaderView.ResizeMode.Interactive if heads else QHeaderView.ResizeMode.Stretch
        header.setSectionResizeMode(0, mode)
        if heads:
            table.setColumnWidth(0, max(wide("0" * _NAME_LETTERS), table.columnWidth(0)))
        for column, head in enumerate(heads, len(COLUMNS)):
            said = [head, *(row.get(head, "") for row in itertools.islice(cells.values(), _LOOKED_AT))]
            table.setColumnWidth(column, min(max(map(wide, said)) + 28, wide("0" * _CELL_LETTERS)))
        self.select(current)

    def _enter(self) -> None:
        self.table.setFocus()
        if not self.table.selectionModel().hasSelection() and self.model.rowCount():
            self.table.selectRow(0)

    def _on_row(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.model.clip(index.row()).name)

    def _filtered(self, words: str) -> None:
        current = self._current()
        self.model.set_filter(words)
        if current is not None:
            self.select(current)

    def _current(self) -> str | None:
        index = self.table.currentIndex()
        return self.model.clip(index.row()).name if index.isValid() else None

    def select(self, name: str | None) -> None:
        """Mark the clip `name` without choosing it."""
        row = None if name is None else self.model.row_of(name)
        if row is None or row == self.table.currentIndex().row():
            return
        selection = self.table.selectionModel()
        selection.currentRowChanged.disconnect(self._on_row)
        self.table.selectRow(row)
        selection.currentRowChanged.connect(self._on_row)

    def step(self, by: int) -> None:
        """Go to the next (1) or previous (-1) clip of the list."""
        row = self.table.currentIndex().row() + by
        if 0 <= row < self.model.rowCount():
            self.table.selectRow(row)

    def _on_counted(self, shown: int, total: int) -> None:
        clips = tr_n("{n:,} clip", "{n:,} clips", total)
        self._count.setText(tr("{shown:,} of {clips}", shown=shown, clips=clips) if shown != total else clips)

    def _want_visible(self) -> None:
        top = self.table.rowAt(0)
        bottom = self.table.rowAt(self.table.viewport().height() - 1)
        if top >= 0:
            last = self.model.rowCount() - 1 if bottom < 0 else bottom
            self.model.want(range(top, min(last, top + 200) + 1))

    def close_threads(self) -> None:
        """Stop fetching figures."""
        self._settle.stop()
        self.model.close()


PANE = Pane("clips", Clips, COMMANDS, "Clips", Qt.DockWidgetArea.LeftDockWidgetArea, place=11)
