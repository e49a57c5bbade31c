"""What the plots of scores and of results share, on screen and as pictures for a paper (PNG or SVG)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPalette
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication, QGraphicsView, QWidget

from gaplisten.errors import GaplistenError
from gaplisten.languages import ENGLISH, decimals
from gaplisten.ui.theme import LANES_DARK, LANES_LIGHT, is_dark
from gaplisten.ui.translation import tr

_SOFT, _BAR_WIDTH = 120, 8  # of intervals: opacity of 255, and pixels


class NumberAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An axis whose numbers stand as they are, with a language's decimal mark.

    Attributes
    ----------
    language
        Its code.
    """

    language = ENGLISH

    def updateAutoSIPrefix(self) -> None:
        """Scale nothing: thousandths are written as such, and never as whole ones beside "(x0.001)".

        Switched off the usual way, pyqtgraph goes on to scale the numbers and no longer says so.
        """

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return what stands at the ticks."""
        return [decimals(self.language, said) for said in super().tickStrings(values, scale, spacing)]


class Plot(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A plot that stays as it is drawn: no menu, no dragging.

    Parameters
    ----------
    name
        For screen readers.
    palette
        Colours of the ground and the text; the widget's own when not given.
    """

    def __init__(self, name: str, parent: QWidget | None = None, palette: QPalette | None = None) -> None:
        super().__init__(parent, axisItems={side: NumberAxis(side) for side in ("left", "bottom")})
        if palette is not None:
            self.setPalette(palette)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setAccessibleName(name)
        self._items: list[Any] = []

    def begin(self) -> QColor:
        """Clear everything and dress ground and axes; return the ink."""
        ink = QColor(self.palette().color(QPalette.ColorRole.Text))
        self.setBackground(self.palette().color(QPalette.ColorRole.Base))
        self.clear()
        self._items = []
        for name in ("left", "bottom"):
            self.getAxis(name).setPen(ink)
            self.getAxis(name).setTextPen(ink)
        return ink

    def colour(self, index: int) -> QColor:
        """Return the colour of the condition at this place."""
        colours = LANES_DARK if is_dark(self.palette()) else LANES_LIGHT
        return QColor(colours[1 + index % (len(colours) - 1)])

    def draw_mean(self, at: float, mean: float, low: float | None, high: float | None, ink: QColor) -> None:
        """Draw a mean and its interval as a diamond on a soft bar: lines with ends are whiskers of boxes."""
        if low is not None and high is not None:
            soft = QColor(ink)
            soft.setAlpha(_SOFT)
            pen = pg.mkPen(soft, width=_BAR_WIDTH)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            self.keep(pg.PlotDataItem([at, at], [low, high], pen=pen))
        pen = pg.mkPen(self.palette().color(QPalette.ColorRole.Base), width=1)
        self.keep(pg.ScatterPlotItem([at], [mean], symbol="d", size=12, pen=pen, brush=ink))

    def keep(self, item: Any) -> None:
        """Add an item; one without a Python reference may be deleted under Qt's hands."""
        self._items.append(item)
        self.addItem(item)


SIZE = (900, 560)
PNG_SCALE = 3
SUFFIXES = (".png", ".svg")


class FigureError(GaplistenError):
    """A figure that cannot be written."""


def check_suffix(path: Path) -> None:
    """Make sure that the ending says which kind of picture is wanted.

    Raises
    ------
    FigureError
        If the ending is neither ``.png`` nor ``.svg``.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise FigureError(str(path), tr("figures are .png or .svg"), tr("give one of these endings"))


def save_plot(plot: QGraphicsView, path: Path) -> None:
    """Draw a plot, in its own colours and size, into a ``.png`` (three pixels for one) or ``.svg`` file.

    Raises
    ------
    FigureError
        If the ending is another one, or the file cannot be written.
    """
    check_suffix(path)
    plot.grab()  # lays the axes out
    QApplication.processEvents()
    size = plot.width(), plot.height()
    good = _svg(plot, path, *size) if path.suffix.lower() == ".svg" else _png(plot, path, *size)
    if not good or not path.is_file():
        raise FigureError(str(path), tr("it cannot be written"), tr("choose another place"))


def _svg(plot: QGraphicsView, path: Path, width: int, height: int) -> bool:
    target = QSvgGenerator()
    target.setFileName(str(path))
    target.setSize(QSize(width, height))
    target.setViewBox(QRectF(0, 0, width, height))
    painter = QPainter(target)
    plot.render(painter, QRectF(0, 0, width, height))
    return painter.end()


def _png(plot: QGraphicsView, path: Path, width: int, height: int) -> bool:
    image = QImage(PNG_SCALE * width, PNG_SCALE * height, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(PNG_SCALE)
    image.fill(0xFFFFFFFF)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    plot.render(painter, QRectF(0, 0, width, height))
    painter.end()
    return image.save(str(path))
