"""Pictures of a comparison: how conditions are spread, how they differ, predicted against heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPalette, QResizeEvent
from PySide6.QtWidgets import QWidget

from gaplisten.batch.compare import Distribution, Paired, Point
from gaplisten.batch.comparison import Agreement, Differences, Picture, Scale, Spread
from gaplisten.batch.heard import Pair
from gaplisten.ui.plots import Plot
from gaplisten.ui.theme import accent
from gaplisten.ui.translation import tr, tr_said

# Of the distance of columns: how far dots, box and mean with its interval lie from a column's middle.
_JITTER, _HALF_BOX, _BESIDE = 0.2, 0.26, 0.36
_LONGEST_NAME = 22
# Pixels: between neighbours' names, and what a name needs to say anything.
_BETWEEN, _NARROWEST = 10, 48
_KEY_OF_SPREAD = tr("box: quartiles and median · diamond on a bar: mean and its 95 % interval")
_KEY_OF_DIFFERENCES = tr("dots: clips · diamond on a bar: mean difference and its 95 % interval")


class ComparisonPlot(Plot):
    """One picture at a time; a click on a dot names its point.

    Signals
    -------
    point_clicked
        The `Point` or `Pair` under the pointer.
    """

    point_clicked = Signal(object)
    _columns: Sequence[str] = ()

    def __init__(self, parent: QWidget | None = None, palette: QPalette | None = None) -> None:
        super().__init__(tr("Plot of the scores; the tables hold the same numbers"), parent, palette)
        self.getPlotItem().layout.setContentsMargins(8, 10, 10, 4)
        self._places: dict[tuple[str, str], tuple[float, float]] = {}
        self._ring: Any = None

    def begin(self) -> QColor:
        """Clear everything and dress the axes; return the ink."""
        ink = super().begin()
        self._places, self._ring = {}, None
        self._columns = ()
        for name in ("left", "bottom"):
            self.showAxis(name)
            self.getAxis(name).setTicks(None)
            self.setLabel(name, "")
        self.setTitle(None)
        self.showGrid(x=False, y=True, alpha=0.2)
        self.enableAutoRange(True)
        return ink

    def show_picture(self, picture: Picture) -> None:
        """Draw what a page of a comparison shows."""
        match picture:
            case Spread():
                self.show_distributions(picture.scale, picture.points, picture.found)
            case Differences():
                self.show_differences(picture.scale, picture.points, picture.pairs)
            case Agreement():
                self.show_agreement(picture.scale, picture.clips, picture.conditions)
            case str():
                self.say(tr_said(picture))

    def say(self, text: str) -> None:
        """Show a sentence instead of a picture."""
        ink = self.begin()
        item = pg.TextItem(text, color=ink, anchor=(0.5, 0.5))
        self.keep(item)
        self.setRange(xRange=(-1, 1), yRange=(-1, 1))
        for name in ("left", "bottom"):
            self.hideAxis(name)

    # --- distributions -----------------------------------------------------------------------------

    def show_distributions(
        self, scale: Scale, points: Sequence[Point], found: Sequence[Distribution]
    ) -> None:
        """Draw every clip's dot, the quartiles as a box, and the mean with its 95 % interval."""
        ink = self.begin()
        self.setLabel("left", _label(scale))
        self.setTitle(_KEY_OF_SPREAD, color=ink, size=f"{self.font().pointSizeF():g}pt")
        names = []
        for at, one in enumerate(found):
            own = [point for point in points if point.condition == one.condition]
            values = np.array([point.value for point in own])
            self._strip(np.full(values.size, at), values, self.colour(at), own)
            self._box(at, one, ink)
            self.draw_mean(at + _BESIDE, one.mean, one.ci_low, one.ci_high, ink)
            names.append(
                tr(
                    "{short}\n{mean:#.4g}\nn = {clips}",
                    short=short(one.condition),
                    mean=one.mean,
                    clips=one.clips,
                )
            )
        self._name_columns(names)
        # An interval over few clips reaches farther than any of them.
        ends = [(one.lowest, one.highest, one.ci_low, one.ci_high) for one in found]
        self._fit_values([end for four in ends for end in four if end is not None])

    def show_differences(self, scale: Scale, points: Sequence[Point], pairs: Sequence[Paired]) -> None:
        """Draw each clip's difference, and the mean difference with its 95 % interval."""
        ink = self.begin()
        self.setLabel("left", tr("difference, {label}", label=_label(scale)))
        self.setTitle(_KEY_OF_DIFFERENCES, color=ink, size=f"{self.font().pointSizeF():g}pt")
        self.keep(pg.InfiniteLine(0.0, angle=0, pen=pg.mkPen(ink, width=1, style=Qt.PenStyle.DashLine)))
        values = {(point.condition, point.clip): point for point in points}
        names, ends = [], [0.0]
        for at, pair in enumerate(pairs):
            own = [point for point in points if point.condition == pair.first]
            own = [point for point in own if (pair.second, point.clip) in values]
            difference = np.array([point.value - values[pair.second, point.clip].value for point in own])
            self._strip(np.full(difference.size, at), difference, accent(self.palette()), own)
            self.draw_mean(at + _BESIDE, pair.mean, pair.ci_low, pair.ci_high, ink)
            names.append(f"{short(pair.first)} −\n{short(pair.second)}\n{p_text(pair.p_holm)}")
            ends += [float(difference.min()), float(difference.max())]
            ends += [end for end in (pair.ci_low, pair.ci_high) if end is not None]
        self._name_columns(names)
        self._fit_values(ends)

    def _strip(
        self, where: Any, values: Any, colour: QColor, data: Sequence[Point | Pair], spread: bool = True
    ) -> None:
        # Spread by rank within the column, always the same way, so that a picture can be drawn again.
        shares = (np.arange(values.size) * 0.618034) % 1
        aside = _JITTER * (2 * shares - 1) if spread and values.size > 1 else 0.0
        soft = QColor(colour)
        soft.setAlpha(190 if values.size < 100 else 110)
        dots = pg.ScatterPlotItem(
            where + aside, values, size=7 if values.size < 100 else 5, pen=None, brush=soft, data=list(data),
            hoverable=True, hoverSize=11, tip=_tip,
        )  # fmt: skip
        for point, x, y in zip(data, np.broadcast_to(where + aside, values.shape), values, strict=True):
            self._places[point.condition, point.clip] = float(x), float(y)
        dots.sigClicked.connect(self._clicked)
        self.keep(dots)

    def point_out(self, point: Point | Pair | None) -> None:
        """Put a ring around a clip's dot, or around none."""
        if self._ring is not None:
            self.removeItem(self._ring)
            self._ring = None
        place = self._places.get((point.condition, point.clip)) if point is not None else None
        if place is not None:
            pen = pg.mkPen(QColor(self.palette().color(QPalette.ColorRole.Text)), width=2)
            self._ring = pg.ScatterPlotItem([place[0]], [place[1]], size=16, pen=pen, brush=None)
            self.addItem(self._ring)

    def _clicked(self, _item: Any, spots: Sequence[Any], *_event: Any) -> None:
        if len(spots):
            self.point_clicked.emit(spots[0].data())

    def _box(self, at: int, one: Distribution, ink: QColor) -> None:
        if one.clips < 4:
            return
        left, right = at - _HALF_BOX, at + _HALF_BOX
        low, high, middle = one.quartile_1, one.quartile_3, one.median
        self.keep(
            pg.PlotDataItem(
                [left, right, right, left, left], [low, low, high, high, low], pen=pg.mkPen(ink, width=1)
            )
        )
        self.keep(pg.PlotDataItem([left, right], [middle, middle], pen=pg.mkPen(ink, width=2)))

    def _name_columns(self, names: Sequence[str]) -> None:
        self._columns = names
        self.getAxis("bottom").setStyle(tickLength=0)
        self.setXRange(-0.6, max(len(names), 1) - 0.4, padding=0)
        self._fit_names()

    def _fit_names(self) -> None:
        """Cut the columns' names to the room there is; where there is none, say where they stand."""
        room = (self.width() - self.getAxis("left").width() - 24) / max(len(self._columns), 1) - _BETWEEN
        crowded = room < _NARROWEST
        self.setLabel("bottom", tr("in the order of the table") if crowded else "")
        metrics = self.fontMetrics()
        lines = 1 if crowded else max((name.count("\n") + 1 for name in self._columns), default=1)
        self.getAxis("bottom").setHeight((lines + 0.8) * metrics.height())
        fitting = [] if crowded else [_fitted(name, metrics, int(room)) for name in self._columns]
        self.getAxis("bottom").setTicks([list(enumerate(fitting))])

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Give the names the room that they have now."""
        super().resizeEvent(event)
        if self._columns:
            self._fit_names()

    def _fit_values(self, values: Sequence[float]) -> None:
        low, high = min(values, default=0.0), max(values, default=1.0)
        room = 0.06 * (high - low) or 0.5
        self.setYRange(low - room, high + room, padding=0)

    # --- predicted against heard -------------------------------------------------------------------

    def show_agreement(self, scale: Scale, clips: Sequence[Pair], conditions: Sequence[Pair]) -> None:
        """Draw each clip as a dot, each condition's mean as a large named one."""
        ink = self.begin()
        self.setLabel("bottom", tr("predicted: {label}", label=_label(scale)))
        self.setLabel("left", tr("heard: mean rating"))
        self.getAxis("bottom").setStyle(tickLength=-5)
        self.getAxis("bottom").setHeight(2.6 * self.fontMetrics().height())
        self.showGrid(x=True, y=True, alpha=0.2)
        for at, mean in enumerate(conditions):
            own = [pair for pair in clips if pair.condition == mean.condition]
            predicted = np.array([pair.predicted for pair in own])
            heard = np.array([pair.heard for pair in own])
            self._strip(predicted, heard, self.colour(at), own, spread=False)
        ground = QColor(self.palette().color(QPalette.ColorRole.Base))
        ground.setAlpha(200)
        for at, mean in enumerate(conditions):
            pen, brush = pg.mkPen(ink, width=2), self.colour(at)
            where = ([mean.predicted], [mean.heard])
            self.keep(pg.ScatterPlotItem(*where, symbol="d", size=15, pen=pen, brush=brush))
            side = (-0.08, 0.5) if at % 2 else (1.08, 0.5)  # neighbours' names do not cover each other
            label = pg.TextItem(short(mean.condition), color=ink, anchor=side, fill=ground)
            label.setPos(mean.predicted, mean.heard)
            self.keep(label)
        self._fit_both(clips)

    def _fit_both(self, pairs: Sequence[Pair]) -> None:
        x, y = [pair.predicted for pair in pairs], [pair.heard for pair in pairs]
        wide = 0.12 * (max(x) - min(x)) or 0.5
        self.setXRange(min(x) - wide, max(x) + 1.5 * wide, padding=0)
        self._fit_values(y)


def _fitted(name: str, metrics: QFontMetrics, room: int) -> str:
    lines = (metrics.elidedText(line, Qt.TextElideMode.ElideRight, room) for line in name.split("\n"))
    return "\n".join(lines)


def short(name: str) -> str:
    """Return a condition's name for a narrow place."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _label(scale: Scale) -> str:
    return replace(scale, title=tr_said(scale.title)).label


def p_text(p: float) -> str:
    """Return a probability as papers print it."""
    return tr("p < 0.001") if p < 0.001 else tr("p = {p:.2g}", p=p)


def _tip(x: float, y: float, data: Any) -> str:
    if isinstance(data, Pair):
        return tr(
            "{clip}, {condition}: predicted {predicted:.3g}, heard {heard:.3g}",
            clip=data.clip,
            condition=data.condition,
            predicted=data.predicted,
            heard=data.heard,
        )
    return f"{data.clip}, {data.condition}: {data.value:.4g}"
