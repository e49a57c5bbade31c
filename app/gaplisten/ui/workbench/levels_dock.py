"""Level and delay of each lane, what is done about them, and delay over time for versions that drift."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gaplisten.audio.alignment import Delay
from gaplisten.bench.lane_edits import LaneRow
from gaplisten.ui.fields import ChoiceField
from gaplisten.ui.theme import accent, figures, quiet_colour
from gaplisten.ui.translation import tr
from gaplisten.ui.widgets import QuietLabel, pane_button, plain_table


class DelayPlot(QWidget):
    """The delay of one lane against its reference, over the clip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points: tuple[tuple[float, float], ...] = ()
        self._seconds = 1.0
        self.setAccessibleName(tr("Delay over time"))
        self.setMinimumSize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """Return a size that shows a few steps."""
        return QSize(20 * self.fontMetrics().averageCharWidth() + 40, 5 * self.fontMetrics().height())

    def show_delay(self, delay: Delay | None, removed: int, rate: int, seconds: float) -> None:
        """Draw this delay, less what was removed; hidden for one that does not drift."""
        drifts = delay is not None and delay.drifts
        self.setVisible(drifts)
        if delay is None or not drifts:
            self.points = ()
            return
        self.points = tuple((second, 1000.0 * (frames - removed) / rate) for second, frames in delay.track)
        self._seconds = max(seconds, self.points[-1][0])
        each = "; ".join(
            tr("{second:.1f} s: {late:.1f} ms", second=second, late=late) for second, late in self.points[:40]
        )
        self.setAccessibleDescription(each)
        self.setToolTip(
            tr(
                "Delay against the reference, {n_points} windows of speech\n{each}",
                n_points=len(self.points),
                each=each,
            )
        )
        self.update()

    @property
    def _bounds(self) -> tuple[float, float]:
        values = [late for _, late in self.points]
        low, high = min(0.0, *values), max(0.0, *values)
        return low, max(high, low + 1.0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw steps, the line of no delay, and the two extremes."""
        if not self.points:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(figures(self.font()))
        metrics = painter.fontMetrics()
        low, high = self._bounds
        left = metrics.horizontalAdvance(tr("-000 ms")) + 8
        half = metrics.height() / 2
        area = QRectF(left, half, self.width() - left - 8, self.height() - 2 * half - metrics.height())
        self._axes(painter, area, low, high)
        self._steps(painter, area, low, high)
        painter.end()

    def _y(self, area: QRectF, value: float, low: float, high: float) -> float:
        return area.bottom() - (value - low) / (high - low) * area.height()

    def _axes(self, painter: QPainter, area: QRectF, low: float, high: float) -> None:
        quiet = quiet_colour(self.palette())
        height = painter.fontMetrics().height()
        for value in {low, 0.0, high}:
            y = self._y(area, value, low, high)
            painter.setPen(QPen(self.palette().mid().color() if value else quiet, 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(quiet)
            box = QRectF(0, y - height / 2, area.left() - 6, height)
            painter.drawText(
                box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:.0f} ms"
            )
        below = QRectF(area.left(), area.bottom() + height / 2, area.width(), height)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, tr("0 s"))
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"{self._seconds:.1f} s")

    def _steps(self, painter: QPainter, area: QRectF, low: float, high: float) -> None:
        places = [
            QPointF(
                area.left() + second / self._seconds * area.width(),
                self._y(area, late, low, high),
            )
            for second, late in self.points
        ]
        painter.setPen(QPen(accent(self.palette()), 2))
        painter.drawPolyline(QPolygonF(places))
        painter.setBrush(accent(self.palette()))
        painter.setPen(Qt.PenStyle.NoPen)
        for place in places:
            painter.drawEllipse(place, 2.5, 2.5)


COLUMNS = (tr("Lane"), tr("Delay"), tr("Level"), tr("Off by"), tr("Matched"), tr("Active"), tr("Loudness"))
_DELAY = COLUMNS.index(tr("Delay"))
_TIPS = (
    "",
    tr("Against the reference, less what was removed"),
    tr("Active speech level, ITU-T P.56 method B, dBov; meant for clean speech"),
    tr("Active level less the reference's, dB"),
    tr("Gain given to this lane alone, because you asked for it, dB"),
    tr("Share of the time that counts as speech (P.56)"),
    tr("Integrated loudness, ITU-R BS.1770, LUFS"),
)
MATCHING = (
    (tr("As they are"), "off"),
    (tr("Matched in this clip"), "clip"),
    (tr("Matched in all clips"), "all"),
)


class LevelsDock(QWidget):
    """The table.

    Signals
    -------
    matching_chosen
        "off", "clip" or "all".
    removal_wanted
        Identifier of a lane, and whether its delay is to be removed.
    delay_wanted
        Identifier of a lane whose delay is to be measured.
    note_wanted
        The gains are to be noted.
    """

    matching_chosen = Signal(str)
    removal_wanted = Signal(str, bool)
    delay_wanted = Signal(str)
    note_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[LaneRow, ...] = ()
        self._rate, self._seconds = 0, 1.0
        self.gain = QuietLabel("", self, wrap=True)
        self.gain.setAccessibleName(tr("The one gain of this clip"))
        self.table = self._made_table()
        self.matching = ChoiceField(self)
        for text, value in MATCHING:
            self.matching.addItem(text, value)
        self.matching.setAccessibleName(tr("Levels of the lanes"))
        self.matching.setToolTip(tr("Matching hides a concealer's own level error; undo puts it back"))
        self.matching.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.note = pane_button(
            tr("Write Gains to Notes"),
            tr("Write the gains into the notes, which are saved and exported"),
            self,
        )
        self.measure = pane_button(
            tr("Measure Delay"), tr("Find the selected lane's delay against the reference"), self
        )
        self.remove = pane_button(
            tr("Remove Delay"), tr("Move the selected lane onto the reference's clock"), self
        )
        self.remove.setCheckable(True)
        self.plot = DelayPlot(self)
        self.plot.hide()
        self._lay_out()
        self._connect()

    def _made_table(self) -> QTableWidget:
        table = QTableWidget(0, len(COLUMNS), self)
        table.setHorizontalHeaderLabels(COLUMNS)
        for column, tip in enumerate(_TIPS):
            title = table.horizontalHeaderItem(column)
            if title is not None:
                title.setToolTip(tip)
        plain_table(table, tr("Levels and delays of the lanes"), spacing=6)
        table.setStatusTip(tr("Levels and delays; the buttons act on the selected lane"))
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setStretchLastSection(True)
        return table

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(4)
        label = QLabel(tr("Levels"), self)
        label.setBuddy(self.matching)
        for widget in (label, self.matching, self.note):
            line.addWidget(widget)
        line.addStretch(1)
        line.addWidget(self.measure)
        line.addWidget(self.remove)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addWidget(self.gain)
        layout.addLayout(line)
        for one, other in pairwise((self.matching, self.note, self.measure, self.remove, self.table)):
            self.setTabOrder(one, other)
        below = QHBoxLayout()
        below.addWidget(self.table, 1)
        below.addWidget(self.plot)
        layout.addLayout(below, 1)

    def _connect(self) -> None:
        self.matching.activated.connect(lambda _place: self.matching_chosen.emit(self.matching.currentData()))
        self.note.clicked.connect(self.note_wanted)
        self.measure.clicked.connect(lambda: self.delay_wanted.emit(self._ident()))
        self.remove.clicked.connect(lambda on: self.removal_wanted.emit(self._ident(), on))
        self.table.currentCellChanged.connect(lambda *_: self._show_selected())

    def _ident(self) -> str:
        row = self.selected()
        return row.ident if row is not None else ""

    def selected(self) -> LaneRow | None:
        """Return the lane that is selected."""
        place = self.table.currentRow()
        return self._rows[place] if 0 <= place < len(self._rows) else None

    def select(self, key: int) -> None:
        """Select the lane with that key."""
        places = [place for place, row in enumerate(self._rows) if row.key == key]
        if places and places[0] != self.table.currentRow():
            self.table.setCurrentCell(places[0], 0)

    def show_rows(self, rows: Sequence[LaneRow], rate: int, seconds: float) -> None:
        """Fill the table."""
        self._rows, self._rate, self._seconds = tuple(rows), rate, seconds
        self.table.setRowCount(len(rows))
        for place, row in enumerate(rows):
            for column, text in enumerate(row.cells):
                self._put(place, column, text)
            self._put(place, _DELAY, row.cells[_DELAY], row.about)
        self._show_selected()

    def _put(self, place: int, column: int, text: str, tip: str = "") -> None:
        item = self.table.item(place, column)
        if item is None:
            item = QTableWidgetItem()
            if column:
                item.setFont(figures())
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(place, column, item)
        if item.text() != text:
            item.setText(text)
        item.setToolTip(tip or _TIPS[column] or text)

    def show_matching(self, value: str, possible: bool) -> None:
        """Show which levels are matched."""
        self.matching.setCurrentIndex(self.matching.findData(value))
        self.matching.setEnabled(possible)
        self.note.setEnabled(value != "off")

    def _show_selected(self) -> None:
        row = self.selected()
        delay, removed = (row.delay, row.removed) if row else (None, 0)
        known = delay is not None and bool(delay.track) and delay.frames != 0
        self.measure.setEnabled(row is not None and row.measurable)
        self.remove.setEnabled(bool(removed) or (known and row is not None and row.measurable))
        self.remove.setChecked(bool(removed))
        self.plot.show_delay(delay, removed, max(self._rate, 1), self._seconds)
