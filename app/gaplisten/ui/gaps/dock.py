"""The gaps of the clip that is shown, one row each, with what was measured there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench import gap_wording as wording
from gaplisten.bench.gap_content import Column, Content, LaneHead, facts_alone, unmeasured
from gaplisten.bench.state import GapChoices
from gaplisten.loss.measures import MEASURES, GapTable
from gaplisten.loss.trace import Gap
from gaplisten.tables import Table
from gaplisten.ui.fields import ChoiceField
from gaplisten.ui.gaps.head import GapHead
from gaplisten.ui.gaps.model import GapModel
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel


class _Note(QuietLabel):
    """A line that ends in dots where it has no room; its tooltip says all of it."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), self.alignment(), text)


class GapsDock(QWidget):
    """The table, with its filter over it.

    Signals
    -------
    chosen
        Index of the gap that the user went to.
    choices_made
        The choices of measures and thresholds, when the user made others.
    measures_wanted
        The user wants to choose measures.
    resume_wanted
        The user wants what was cancelled to be measured after all.
    """

    chosen = Signal(int)
    choices_made = Signal(object)
    measures_wanted = Signal()
    resume_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = GapModel(self)
        self.table = self._made_table()
        self.choices = GapChoices()
        self.burst = ChoiceField(self)
        self.burst.addItem(tr("All bursts"), None)
        for stratum, word in wording.BURSTS.items():
            self.burst.addItem(
                f"{tr_said(word)} {stratum.value.replace('<=', '≤ ').replace('>', '> ')}", stratum
            )
        self._name(self.burst, tr("Bursts shown"), tr("Show gaps of one class of length only"))
        self.flagged = QCheckBox(tr("Flagged"), self)
        self._name(
            self.flagged, tr("Flagged only"), tr("Show only gaps with a value beyond its threshold (!)")
        )
        self.worst = ChoiceField(self)
        for measure in MEASURES:
            self.worst.addItem(tr_said(wording.short(measure)), measure.key)
        self._name(
            self.worst,
            tr("Worst by"),
            tr("The measure by which gaps are worse, for W and for Compare"),
        )
        self.measures = QToolButton(self)
        self.measures.setText(tr("Measures…"))
        self._name(self.measures, tr("Measures and thresholds"), tr("Choose columns, set thresholds"))
        self.note = _Note("", self)
        self.resume = QToolButton(self)
        self.resume.setText(tr("Measure"))
        self._name(self.resume, tr("Measure the gaps"), tr("Measure the gaps after all"))
        self.resume.hide()
        self._lay_out()
        self._quiet = False
        self._selected = -1
        self.provider: Callable[[Callable[[Table], None]], None] = self._just_gaps
        self.burst.currentIndexChanged.connect(self._filter)
        self.flagged.toggled.connect(self._filter)
        self.worst.activated.connect(self._on_worst)
        self.measures.clicked.connect(self.measures_wanted)
        self.resume.clicked.connect(self.resume_wanted)
        self.model.modelReset.connect(self._reselect)  # after the view's own, which forgets the selection
        self.set_choices(self.choices)

    def _name(self, widget: QWidget, name: str, tip: str) -> None:
        widget.setAccessibleName(name)
        widget.setToolTip(tip)
        widget.setStatusTip(tip)

    def _lay_out(self) -> None:
        by = QLabel(tr("Worst by"), self)
        by.setBuddy(self.worst)
        bar = QHBoxLayout()
        bar.setSpacing(6)
        for widget in (self.burst, self.flagged, by, self.worst, self.measures):
            bar.addWidget(widget)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        bar.addWidget(self.note, 1)
        bar.addWidget(self.resume)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 3, 4, 4)
        layout.setSpacing(3)
        layout.addLayout(bar)
        layout.addWidget(self.table, 1)

    def _made_table(self) -> QTableView:
        table = QTableView(self)
        self.head = GapHead(self.model, table)
        table.setHorizontalHeader(self.head)
        table.setModel(self.model)
        _name_corner(table, "#")
        table.setAccessibleName(tr("Gaps"))
        table.setStatusTip(tr("Gaps: Up and Down go to another one; a click on a head sorts"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.setTabKeyNavigation(False)
        table.setWordWrap(False)
        table.verticalHeader().setFixedWidth(table.fontMetrics().horizontalAdvance("0000") + 8)
        table.verticalHeader().setHighlightSections(False)
        table.verticalHeader().setMinimumSectionSize(self.fontMetrics().height() + 2)
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 5)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.head.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        table.setSortingEnabled(True)
        self.head.sortIndicatorChanged.connect(table.scrollToTop)
        self.head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.head.customContextMenuRequested.connect(self.measures_wanted)
        table.selectionModel().currentRowChanged.connect(self._on_row)
        return table

    # -- content --------------------------------------------------------------------------------------

    def show_gaps(self, gaps: Sequence[Gap], rate: int) -> None:
        """List these gaps, with nothing measured yet."""
        self._selected = -1
        content = replace(self.model.content, gaps=unmeasured(gaps, max(rate, 1)), table=None)
        self._show(content)
        self._reselect()

    def show_lanes(self, lanes: Sequence[LaneHead]) -> None:
        """Have columns for these lanes."""
        if tuple(lanes) != self.model.content.lanes:
            self._show(replace(self.model.content, lanes=tuple(lanes)))

    def show_values(self, table: GapTable | None, pending: frozenset[str], *, reference: bool) -> None:
        """Show what was measured so far.

        Parameters
        ----------
        table
            By lane identifier; None for nothing yet. One of other gaps than those listed is not shown.
        pending
            Identifiers of the lanes that are still being measured.
        """
        content = self.model.content
        if table is not None and len(table.gaps) != len(content.gaps):
            table = None
        gaps = table.gaps if table is not None else content.gaps
        self._show(replace(content, gaps=gaps, table=table, pending=pending, reference=reference))

    def set_choices(self, chosen: GapChoices) -> None:
        """Show these measures, with these thresholds."""
        self.choices = chosen
        self.worst.setCurrentIndex(self.worst.findData(chosen.worst))
        self._show(replace(self.model.content, chosen=chosen))

    def show_heard(self, key: int) -> None:
        """Mark the lane that is heard."""
        self.head.heard = key
        self.head.viewport().update()

    def say(self, text: str, details: Sequence[str] = (), *, stopped: bool = False) -> None:
        """Say beside the filter what is going on; details are shown under the pointer."""
        self.note.setText(text)
        self.note.setToolTip("\n".join([text, *(line for line in details if line not in text)]))
        self.resume.setVisible(stopped)

    def _show(self, content: Content) -> None:
        before = self.model.columnCount()
        self.model.show(content)
        column, order = self.model.sorted_by
        blocked = self.head.blockSignals(True)
        self.head.setSortIndicator(column, order)
        self.head.blockSignals(blocked)
        self.head.fit()
        self.head.viewport().update()
        if before != self.model.columnCount():
            self.head.updateGeometry()

    def when_complete(self, callback: Callable[[Table], None]) -> None:
        """Hand over all measures of all lanes, for a file: as soon as nothing is being measured any more."""
        self.provider(callback)

    def _just_gaps(self, callback: Callable[[Table], None]) -> None:
        callback(facts_alone(self.model.content.gaps).table())

    # -- filter ---------------------------------------------------------------------------------------

    def _filter(self) -> None:
        self.model.set_filter(self.burst.currentData(), self.flagged.isChecked())

    def _on_worst(self) -> None:
        self.choices_made.emit(replace(self.choices, worst=str(self.worst.currentData())))

    def reveal(self, measure: str, ident: str | None = None) -> None:
        """Scroll the columns of a measure into view, or at least that of one lane."""
        columns = [
            (place, column.lane.ident)
            for place, column in enumerate(self.model.content.columns)
            if isinstance(column, Column) and column.measure.key == measure
        ]
        row = max(self.table.currentIndex().row(), 0)
        # Last is what must be seen, should there be no room for all.
        for place, _ in sorted([*columns[-1:], *columns[:1]], reverse=True) + [
            c for c in columns if c[1] == ident
        ]:
            self.table.scrollTo(self.model.index(row, place))

    def sort_by(self, ident: str | None, measure: str) -> bool:
        """Order by a measure of a lane, worst first, or by start for None; tell if it has a column."""
        if ident is None:
            self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
            return True
        for place, column in enumerate(self.model.content.columns):
            if isinstance(column, Column) and (column.lane.ident, column.measure.key) == (ident, measure):
                order = self.model.headerData(
                    place, Qt.Orientation.Horizontal, Qt.ItemDataRole.InitialSortOrderRole
                )
                self.table.sortByColumn(place, order)
                return True
        return False

    # -- the gap at hand ------------------------------------------------------------------------------

    def select(self, index: int) -> None:
        """Mark a gap without choosing it."""
        self._selected = index
        self._reselect()
        row = self.model.row_of(index)
        if row is not None:
            self.table.scrollTo(self.model.index(row, self._leftmost()))

    def _leftmost(self) -> int:
        return max(self.table.columnAt(0), 0)

    def _reselect(self) -> None:
        bars = (self.table.horizontalScrollBar(), self.table.verticalScrollBar())
        seen = [bar.value() for bar in bars]
        row = self.model.row_of(self._selected)
        self._quiet = True
        if row is None:
            self.table.clearSelection()
            self.table.setCurrentIndex(QModelIndex())
        elif row != self.table.currentIndex().row() or not self.table.selectionModel().hasSelection():
            self.table.selectRow(row)
            for bar, value in zip(bars, seen, strict=True):
                bar.setValue(value)  # only going to a gap moves what is seen
        self._quiet = False

    def _on_row(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid() and not self._quiet:
            self._selected = self.model.gap_at(index.row())
            self.chosen.emit(self._selected)


def _name_corner(table: QTableView, text: str) -> None:
    """Write into the corner what the numbers of the rows are."""
    corner = table.findChild(QAbstractButton)
    if corner is not None:
        layout = QVBoxLayout(corner)
        layout.setContentsMargins(0, 3, 6, 0)
        label = QLabel(text, corner)
        layout.addWidget(label, 0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
