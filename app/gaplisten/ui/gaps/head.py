"""The table's head: over the lanes' numbers stands the measure they share, with its unit and threshold."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHeaderView, QWidget

from gaplisten.bench import gap_wording as wording
from gaplisten.bench.gap_content import Column, Fact
from gaplisten.loss.measures import Measure
from gaplisten.ui.gaps.model import GapModel
from gaplisten.ui.theme import figures, lane_colour, quiet_colour
from gaplisten.ui.translation import tr_said

_PAD = 4
_STRIPE = 3
_SAMPLES = {"Start": ("00.000",), "Burst": ("medium", "beyond"), "Speech": ("unvoiced", "voiced")}


def _sample(measure: Measure) -> str:
    """Return a value as wide as a measure's values are."""
    decimals = wording.digits(measure)
    return "! -" + "0" * (4 if not decimals else 2) + (f".{'0' * decimals}" if decimals else "")


class GapHead(QHeaderView):
    """Two lines: measures (or facts), and under them lane numbers (or units).

    Attributes
    ----------
    heard
        Key of the lane that is heard: its number is bold.
    """

    def __init__(self, model: GapModel, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._content_of = model
        self.heard = -1
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(16)

    def sizeHint(self) -> QSize:
        """Be two lines high."""
        return QSize(super().sizeHint().width(), 2 * self._line)

    @property
    def _line(self) -> int:
        return self.fontMetrics().height() + 5

    @property
    def _columns(self) -> tuple[Fact | Column, ...]:
        return self._content_of.content.columns

    def titles(self) -> list[tuple[int, int, str]]:
        """Return the first and last column of each measure, and what stands over them."""
        columns = [(place, c) for place, c in enumerate(self._columns) if isinstance(c, Column)]
        found = []
        for measure, group in groupby(columns, key=lambda pair: pair[1].measure):
            places = [place for place, _ in group]
            found.append((places[0], places[-1], self._title(measure)))
        return found

    def _title(self, measure: Measure) -> str:
        limit = wording.limit(measure, self._content_of.content.chosen.threshold(measure))
        unit = f" {measure.unit}" if measure.unit else ""
        return f"{tr_said(wording.short(measure))}{unit}" + (f"  ! {limit}" if limit else "")

    def fit(self) -> None:
        """Make each column as wide as its numbers, and those of a measure together as wide as its title."""
        wide, bold = self.fontMetrics().horizontalAdvance, QFont(figures())
        bold.setBold(True)
        numbers = QFontMetrics(bold).horizontalAdvance
        for place, column in enumerate(self._columns):
            if isinstance(column, Fact):
                widest = max(wide(tr_said(text)) for text in (column.title, *_SAMPLES.get(column.title, ())))
                self.resizeSection(place, widest + 2 * _PAD + 4)
        for first, last, title in self.titles():
            column = self._columns[first]
            assert isinstance(column, Column)
            share = -(-(wide(title) + 2 * _PAD + 2) // (last - first + 1))
            each = max(numbers(_sample(column.measure)) + 2 * _PAD, share)
            for place in range(first, last + 1):
                self.resizeSection(place, each)

    # -- painting -------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the sections, then what spans several of them."""
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        for first, last, title in self.titles():
            left = self.sectionViewportPosition(first)
            right = self.sectionViewportPosition(last) + self.sectionSize(last)
            self._paint_title(painter, QRect(left, 0, right - left, self._line), title)
        painter.end()

    def _paint_title(self, painter: QPainter, room: QRect, title: str) -> None:
        seen = room.intersected(self.viewport().rect())
        if seen.isEmpty():
            return
        painter.setPen(self.palette().mid().color())
        painter.drawLine(room.left(), 2, room.left(), self.height() - 3)
        text = seen.adjusted(_PAD, 0, -_PAD, 0)
        # A title that is partly scrolled away stays readable over what is left of its columns.
        painter.setPen(self.palette().buttonText().color())
        elided = self.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)

    def paintSection(self, painter: QPainter, rect: QRect, logical: int) -> None:
        """Paint one column's own part."""
        if not 0 <= logical < len(self._columns):
            return
        painter.save()
        painter.fillRect(rect, self.palette().button())
        painter.setPen(self.palette().mid().color())
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        column = self._columns[logical]
        if isinstance(column, Fact):
            self._paint_fact(painter, rect, column, logical)
        else:
            self._paint_lane(painter, rect, column, logical)
        painter.restore()

    def _paint_fact(self, painter: QPainter, rect: QRect, column: Fact, logical: int) -> None:
        side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
        upper, lower = self._halves(rect)
        painter.setPen(self.palette().buttonText().color())
        painter.drawText(upper, side | Qt.AlignmentFlag.AlignVCenter, tr_said(column.title))
        painter.setPen(quiet_colour())
        painter.drawText(lower, side | Qt.AlignmentFlag.AlignVCenter, self._arrow(logical) + column.unit)

    def _paint_lane(self, painter: QPainter, rect: QRect, column: Column, logical: int) -> None:
        _, lower = self._halves(rect)
        font = QFont(self.font())
        font.setBold(column.lane.key == self.heard)
        painter.setFont(font)
        painter.setPen(self.palette().buttonText().color())
        text = f"{self._arrow(logical)}{column.lane.key}"
        painter.drawText(lower, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        colour: QColor = lane_colour(column.lane.colour)
        painter.fillRect(QRect(rect.left() + 3, rect.bottom() - _STRIPE, rect.width() - 6, _STRIPE), colour)

    def _halves(self, rect: QRect) -> tuple[QRect, QRect]:
        inner = rect.adjusted(_PAD, 0, -_PAD, 0)
        upper = QRect(inner.left(), inner.top(), inner.width(), self._line)
        return upper, QRect(inner.left(), upper.bottom() - 1, inner.width(), self._line - 2)

    def _arrow(self, logical: int) -> str:
        if logical != self.sortIndicatorSection():
            return ""
        return "▾ " if self.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder else "▴ "
