"""Results as a picture for a paper: PNG or SVG, dark on white, with or without a display."""

from __future__ import annotations

import os
from pathlib import Path

from gaplisten.errors import GaplistenError
from gaplisten.panel.results.evaluation import Results

SIZE = (900, 560)
PNG_SCALE = 3


class FigureError(GaplistenError):
    """A figure that cannot be written."""


def save_figure(results: Results, path: Path) -> None:
    """Draw results into a ``.png`` or ``.svg`` file.

    Raises
    ------
    FigureError
        If the ending is another one, or the file cannot be written.
    """
    if path.suffix.lower() not in (".png", ".svg"):
        raise FigureError(str(path), "figures are .png or .svg", "give one of these endings")
    from gaplisten.ui.app import has_display

    if not has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from gaplisten.ui.results.plot import ResultsPlot
    from gaplisten.ui.start import application
    from gaplisten.ui.theme import light_palette

    application()
    plot = ResultsPlot(palette=light_palette())
    plot.resize(*SIZE)
    plot.show_results(results)
    _save(plot, path)


def _save(plot: object, path: Path) -> None:
    from PySide6.QtCore import QRectF, QSize
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgGenerator
    from PySide6.QtWidgets import QApplication, QGraphicsView

    assert isinstance(plot, QGraphicsView)
    plot.grab()  # lays the axes out
    QApplication.processEvents()
    width, height = SIZE
    if path.suffix.lower() == ".svg":
        target = QSvgGenerator()
        target.setFileName(str(path))
        target.setSize(QSize(width, height))
        target.setViewBox(QRectF(0, 0, width, height))
        painter = QPainter(target)
        plot.render(painter, QRectF(0, 0, width, height))
        good = painter.end()
    else:
        image = QImage(PNG_SCALE * width, PNG_SCALE * height, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(PNG_SCALE)
        image.fill(0xFFFFFFFF)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot.render(painter, QRectF(0, 0, width, height))
        painter.end()
        good = image.save(str(path))
    if not good or not path.is_file():
        raise FigureError(str(path), "it cannot be written", "choose another place")
