"""When packets came: a dot for each, its delay over time, and the jitter buffer as a line to drag."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from gaplisten.bench.calls import Heard
from gaplisten.captures.timeline import Slot
from gaplisten.ui.plots import Plot
from gaplisten.ui.theme import accent, warning_colour
from gaplisten.ui.translation import tr

_DOTS = 6000  # more are drawn as the range of delays in each column
_COLUMNS = 1500
_ABOVE = 1.12
_LEAST_MS = 10.0


class DelayPlot(Plot):
    """Delay per packet; late ones in the colour of warnings, those that never came as ticks above.

    Signals
    -------
    buffer_dragged
        Where the user put the buffer's line, in ms.
    """

    buffer_dragged = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Delay of each packet over time; the text below says what was lost"), parent)
        self.setMouseEnabled(x=True, y=False)
        self.setMinimumHeight(160)
        self._line: Any = None
        self._seen: object = None

    def show_call(self, call: Heard) -> None:
        """Draw a stream under a buffer; the stretch that is seen stays while it is the same stream."""
        same, stretch = self._seen is call.timeline, self.viewRange()[0]
        ink = self.begin()
        self._seen = call.timeline
        seconds = np.arange(call.timeline.slots.size) * call.timeline.packet_ms / 1000
        delays, slots = call.delays_ms, call.timeline.slots
        top = float(np.nanmax(delays, initial=0.0)) if np.isfinite(delays).any() else 0.0
        top = max(top, call.found.buffer_ms or 0.0, _LEAST_MS) * _ABOVE
        self._shade(slots == Slot.SILENCE, call.timeline.packet_ms / 1000, ink)
        late = call.late()
        known = np.isfinite(delays)
        self._dots(seconds, delays, known & ~late & (slots == Slot.RECEIVED), accent(self.palette()))
        self._dots(seconds, delays, known & late, warning_colour(self.palette()))
        never = np.flatnonzero(slots == Slot.LOST)
        self._ticks(seconds[never], top, warning_colour(self.palette()))
        self._draw_buffer(call.found.buffer_ms, ink)
        self.setLabel("left", tr("Delay (ms)"))
        self.setLabel("bottom", tr("Time in the call (s)"))
        self.setYRange(min(float(np.nanmin(delays, initial=0.0)), 0.0), top, padding=0.02)
        if same:
            self.setXRange(*stretch, padding=0)
        else:
            self.setXRange(0, max(call.timeline.seconds, 0.1), padding=0.01)

    def _shade(self, silent: npt.NDArray[np.bool_], width: float, ink: QColor) -> None:
        """Shade where nothing was sent."""
        edges = np.flatnonzero(np.diff(np.concatenate(([False], silent, [False])))).reshape(-1, 2)
        ground = QColor(ink)
        ground.setAlpha(22)
        for start, stop in edges[:2000].tolist():
            region = pg.LinearRegionItem(
                (start * width, stop * width), movable=False, brush=ground, pen=pg.mkPen(None)
            )
            region.setZValue(-10)
            self.keep(region)

    def _dots(
        self,
        seconds: npt.NDArray[np.float64],
        delays: npt.NDArray[np.float64],
        shown: npt.NDArray[np.bool_],
        colour: QColor,
    ) -> None:
        x, y = seconds[shown], delays[shown]
        if x.size > _DOTS:
            x, y = _ranges(x, y)
            self.keep(pg.PlotDataItem(x, y, connect="pairs", pen=pg.mkPen(colour, width=2)))
        elif x.size:
            self.keep(pg.ScatterPlotItem(x, y, size=4, pen=pg.mkPen(None), brush=colour))

    def _ticks(self, seconds: npt.NDArray[np.float64], top: float, colour: QColor) -> None:
        if seconds.size:
            x = np.repeat(seconds, 2)
            y = np.tile([top * 0.94, top], seconds.size)
            self.keep(pg.PlotDataItem(x, y, connect="pairs", pen=pg.mkPen(colour, width=1.5)))

    def _draw_buffer(self, buffer_ms: float | None, ink: QColor) -> None:
        self._line = None
        if buffer_ms is None:
            return
        pen = pg.mkPen(ink, width=1.5, style=Qt.PenStyle.DashLine)
        line = pg.InfiniteLine(
            buffer_ms, angle=0, movable=True, pen=pen, label="buffer", labelOpts={"color": ink}
        )
        line.sigPositionChangeFinished.connect(
            lambda: self.buffer_dragged.emit(max(float(line.value()), 0.0))
        )
        self._line = line
        self.keep(line)


def _ranges(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return a vertical stroke from the smallest to the largest value of each column, end by end."""
    edges = np.linspace(0, x.size, _COLUMNS + 1).astype(np.int64)[:-1]
    low, high = np.minimum.reduceat(y, edges), np.maximum.reduceat(y, edges)
    high = np.maximum(high, low + 0.01)
    return np.repeat(x[edges], 2), np.stack([low, high], axis=1).reshape(-1)
