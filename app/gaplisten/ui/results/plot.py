"""Means with intervals over listeners and clips, and every listener's dot, one column per condition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from gaplisten.languages import ENGLISH, decimals
from gaplisten.panel.results.evaluation import ConditionResult, Results
from gaplisten.panel.results.wording import worded
from gaplisten.panel.statistics.crossed import Speaks
from gaplisten.ui.plots import Plot
from gaplisten.ui.translation import tr

_BESIDE = 0.34  # of the distance of columns: how far means stand from the dots


class ResultsPlot(Plot):
    """MOS (or what the method calls it) on the vertical axis, as P.800 asks.

    Parameters
    ----------
    palette
        Colours of the ground and the text; the widget's own when not given.
    """

    def __init__(self, parent: QWidget | None = None, palette: QPalette | None = None) -> None:
        super().__init__(tr("Results by condition; the table beside holds the same numbers"), parent, palette)
        bottom = self.getAxis("bottom")
        bottom.setStyle(tickLength=0)
        self._medians = False

    def show_results(self, results: Results) -> None:
        """Draw these results."""
        ink = self.begin()
        # Whole in the panel's language, whatever the window speaks: half of each would be in neither.
        label = f"{results.score_name}, 95 % over {results.spoken or Speaks.NOTHING}"
        self.setLabel("left", worded(label, results.language))
        self.getAxis("left").language = results.language  # the panel's, as in tables and verdict
        self._medians = results.method.medians
        low, high = results.method.range
        self.setYRange(low, high, padding=0.04)
        self.showGrid(y=True, alpha=0.2)
        names = self._draw_pairs(results, ink) if results.pairs else self._draw_means(results, ink)
        bottom = self.getAxis("bottom")
        lines = 1 + max((name.count("\n") for name in names), default=1)
        bottom.setHeight((lines + 0.8) * self.fontMetrics().height())
        bottom.setTicks([list(enumerate(names))])
        self.setXRange(-0.6, max(len(names), 1) - 0.4, padding=0)

    def _draw_means(self, results: Results, ink: QColor) -> list[str]:
        for at, one in enumerate(results.conditions):
            self._draw_dots(at, list(one.by_listener.values()))
            if self._medians:
                self._draw_box(at, one, ink)
            low, high = one.interval or (None, None)
            self.draw_mean(at + _BESIDE, one.adjusted, low, high, ink)
        return labels(results.conditions, results.language)

    def _draw_dots(self, at: int, values: Sequence[float]) -> None:
        spread = np.linspace(-0.22, 0.22, len(values)) if len(values) != 1 else np.zeros(1)
        self.keep(pg.ScatterPlotItem(at + spread, np.array(values), size=7, pen=None, brush=self.colour(at)))

    def _draw_box(self, at: int, one: ConditionResult, ink: QColor) -> None:
        box = pg.BarGraphItem(
            x=[at], y0=[one.spread.q1], y1=[one.spread.q3], width=0.5, brush=None, pen=pg.mkPen(ink, width=1)
        )
        self.keep(box)
        line = pg.PlotDataItem([at - 0.25, at + 0.25], [one.spread.median] * 2, pen=pg.mkPen(ink, width=2))
        self.keep(line)

    def _draw_pairs(self, results: Results, ink: QColor) -> list[str]:
        self.keep(pg.InfiniteLine(0.5, angle=0, pen=pg.mkPen(ink, width=1)))
        drawn = {(one.condition, one.against): one for one in results.contrasts}
        names = []
        for at, pair in enumerate(results.pairs):
            own = [one.share for one in pair.by_listener.values()]
            self._draw_dots(at, own)
            name = f"{pair.first} / {pair.second}"
            found = drawn.get((pair.first, pair.second))
            if found is None:  # not asked about
                names.append(f"{name}\n ")
                continue
            self.draw_mean(at + _BESIDE, found.mean, found.low, found.high, ink)
            told = "" if found.p is None else tr(", p = {p}", p=decimals(results.language, f"{found.p:.3g}"))
            names.append(
                tr(
                    "{name}\n{mean} of {votes}{told}",
                    name=name,
                    mean=decimals(results.language, f"{found.mean:.2f}"),
                    votes=found.votes,
                    told=told,
                )
            )
        return names


def labels(conditions: Sequence[ConditionResult], language: str = ENGLISH) -> list[str]:
    """Return what stands under each column.

    Columns of several scales are narrow: the condition is named once, under the middle one of its scales.
    """
    found = []
    for at, one in enumerate(conditions):
        adjusted = decimals(language, f"{one.adjusted:.2f}")
        if not one.scale:
            found.append(
                tr(
                    "{condition}\n{adjusted} (n = {n})",
                    condition=one.condition,
                    adjusted=adjusted,
                    n=one.mean.n,
                )
            )
            continue
        places = [place for place, other in enumerate(conditions) if other.condition == one.condition]
        name = one.condition if at == places[(len(places) - 1) // 2] else ""
        found.append(
            tr(
                "{scale}\n{adjusted}\nn = {n}\n{value}",
                scale=one.scale,
                adjusted=adjusted,
                n=one.mean.n,
                value=name or " ",
            )
        )
    return found
