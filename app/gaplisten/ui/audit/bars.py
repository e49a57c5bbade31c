"""Look-ahead and time per packet as bars against their limits."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gaplisten.concealers.findings import CHALLENGE_LIMIT_MS, Audit
from gaplisten.ui.theme import accent, figures, quiet_colour, warning_colour
from gaplisten.ui.translation import tr

_FROM = {
    "look-ahead": tr("Look-ahead"),
    "delay": tr("Delay"),
    "delay and time per packet": tr("Delay + time per packet"),
    "time per packet, p99": tr("Time per packet, p99"),
    "time per packet, max": tr("Time per packet, max"),
    "time per packet, mean": tr("Time per packet, mean"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One measured length in ms, what was declared, and the limit that is drawn as a line."""

    name: str
    measured: float
    declared: float | None
    limit: float
    over: bool

    @property
    def words(self) -> str:
        """The bar for those who cannot see it."""
        declared = "" if self.declared is None else tr(", declared {declared:.3g} ms", declared=self.declared)
        return tr(
            "{name} {measured:.3g} ms{declared}, limit {limit:g} ms",
            name=self.name,
            measured=self.measured,
            declared=declared,
            limit=self.limit,
        )


def bars_of(audit: Audit) -> tuple[Bar, ...]:
    """Return the bars of an audit: delays against the challenge's limit, times against the packet's."""
    packet_ms = 1000.0 * audit.packet_frames / audit.rate
    found = []
    for one in audit.findings:
        if one.measure not in _FROM or not isinstance(one.measured, float | int):
            continue
        limit = packet_ms if one.measure.startswith("time") else CHALLENGE_LIMIT_MS
        declared = float(one.declared) if isinstance(one.declared, float | int) else None
        declared = None if one.measure == "delay and time per packet" else declared
        over = one.measured > limit or one.verdict == "LIES"
        found.append(Bar(_FROM[one.measure], float(one.measured), declared, limit, over))
    return tuple(found)


class LimitBars(QWidget):
    """The bars, all on one scale of milliseconds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars: tuple[Bar, ...] = ()
        self.setAccessibleName(tr("Look-ahead and time per packet against their limits"))

    def show_bars(self, bars: tuple[Bar, ...]) -> None:
        """Draw these."""
        self.bars = bars
        words = "\n".join(bar.words for bar in bars)
        self.setAccessibleDescription(words)
        self.setToolTip(words)
        self.setVisible(bool(bars))
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    @property
    def _line(self) -> int:
        return self.fontMetrics().height() + 6

    def sizeHint(self) -> QSize:
        """Return a size with one line for each bar, and one for the scale."""
        return QSize(420, self._line * (len(self.bars) + 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw names, bars, declared lengths as ticks, and the limits as lines."""
        if not self.bars:
            return
        painter = QPainter(self)
        painter.setFont(figures(self.font()))
        metrics = painter.fontMetrics()
        left = max(metrics.horizontalAdvance(bar.name) for bar in self.bars) + 10
        right = metrics.horizontalAdvance(tr("0.00000 ms !")) + 10
        room = max(self.width() - left - right, 20)
        longest = max(max(bar.limit * 1.25, bar.measured, bar.declared or 0.0) for bar in self.bars)
        for row, bar in enumerate(self.bars):
            box = QRectF(left, row * self._line + 3, room, self._line - 6)
            self._bar(painter, bar, box, room / longest)
        self._limits(painter, left, room / longest)
        painter.end()

    def _bar(self, painter: QPainter, bar: Bar, box: QRectF, scale: float) -> None:
        palette = self.palette()
        painter.setPen(palette.text().color())
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, box.top(), box.left() - 8, box.height()), middle, bar.name)
        painter.fillRect(box, palette.alternateBase() if palette.alternateBase() else palette.base())
        colour = warning_colour(palette) if bar.over else accent(palette)
        length = max(bar.measured * scale, 1.0)
        painter.fillRect(QRectF(box.left(), box.top() + 2, length, box.height() - 4), colour)
        if bar.declared is not None:
            x = box.left() + bar.declared * scale
            painter.setPen(QPen(palette.text().color(), 2))
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
        painter.setPen(warning_colour(palette) if bar.over else palette.text().color())
        text = f"{bar.measured:.3g} ms{' !' if bar.over else ''}"
        painter.drawText(QRectF(box.right() + 6, box.top(), self.width(), box.height()), middle, text)

    def _limits(self, painter: QPainter, left: float, scale: float) -> None:
        quiet = quiet_colour(self.palette())
        bottom = len(self.bars) * self._line
        names: dict[float, list[str]] = {}
        for row, bar in enumerate(self.bars):
            x = left + bar.limit * scale
            painter.setPen(QPen(self.palette().text().color(), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, row * self._line), QPointF(x, (row + 1) * self._line))
            name = "packet" if bar.name.startswith("Time") else "challenge"
            if name not in names.setdefault(bar.limit, []):
                names[bar.limit].append(name)
        painter.setPen(quiet)
        for limit, who in names.items():
            text = f"{' and '.join(who)}: {limit:g} ms"
            width = painter.fontMetrics().horizontalAdvance(text)
            x = min(left + limit * scale - width / 2, self.width() - width)
            painter.drawText(QRectF(x, bottom, width + 4, self._line), Qt.AlignmentFlag.AlignVCenter, text)
