"""The list of clips, with a filter."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.loss_edits import summary_of
from gaplisten.ui.actions import section
from gaplisten.ui.fields import FilterField
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.widgets import plain_table
from gaplisten.ui.workbench.clip_model import ClipModel

COMMANDS = section("Edit", "find")(
    ("edit.filter", "Find Clip", "Ctrl+K", "Type into the clip list's filter"),
    ("edit.next_clip", "Next Clip", "Ctrl+PgDown", "Show the next clip of the list"),
    ("edit.previous_clip", "Previous Clip", "Ctrl+PgUp", "Show the previous clip"),
)

_MENU = (
    *(
        "edit.filter",
        "",
        "edit.loss_model",
        "edit.reset_loss",
        "file.reference",
        "file.packet",
        "file.layout",
    ),
    *("", "conceal.clips", "scores.clips", "export.lanes", "export.trace"),
)


class Clips(QObject):
    """Keeps the list in step with the clips that are open."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._controller = controller = shell.controller
        self.dock = ClipList(ClipModel(), shell.window)
        shell.actions.bind("edit.filter", lambda: shell.bring("clips", self.dock.filter))
        shell.actions.bind("edit.next_clip", lambda: self.dock.step(1))
        shell.actions.bind("edit.previous_clip", lambda: self.dock.step(-1))
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
        # A list that gets the focus goes to its first row where it has none: that would choose another clip.
        current = self._controller.document.work.current
        if clips:
            self.dock.select(current if any(each.name == current for each in clips) else clips[0].name)

    def _on_document(self) -> None:
        clips = self._controller.document.work.clips
        edited = {name: summary_of(done.loss) for name, done in clips.items() if done.loss is not None}
        self.dock.model.set_edited(edited)

    def _on_doubts(self) -> None:
        self.dock.model.set_doubtful(self._controller.doubtful_clips)


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
        self.filter = _Filter("Filter clips", self)
        self.filter.setStatusTip("Show the clips whose name contains these words")
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
        plain_table(table, "Clips", spacing=6)
        table.setStatusTip("Clips: Up and Down show another one")
        table.setWordWrap(False)
        table.setSortingEnabled(True)
        table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        wide = table.fontMetrics().horizontalAdvance
        for column, text in enumerate(("100.0 %", "Gaps", "1000 ms", "medium"), 1):
            table.setColumnWidth(column, wide(text) + 12)
        figures = sum(table.columnWidth(column) for column in range(1, 5))
        table.setMinimumWidth(figures + wide("000000") + 24)
        table.selectionModel().currentRowChanged.connect(self._on_row)
        return table

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
        clips = "1 clip" if total == 1 else f"{total:,} clips"
        self._count.setText(f"{shown:,} of {clips}" if shown != total else clips)

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
