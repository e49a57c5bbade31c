"""Plots as pictures for a paper: PNG or SVG, dark on white, with or without a display."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gaplisten.errors import GaplistenError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QGraphicsView

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
        raise FigureError(str(path), "figures are .png or .svg", "give one of these endings")


def save_plot(plot: QGraphicsView, path: Path) -> None:
    """Draw a plot, in its own colours and size, into a ``.png`` (three pixels for one) or ``.svg`` file.

    Raises
    ------
    FigureError
        If the ending is another one, or the file cannot be written.
    """
    from PySide6.QtWidgets import QApplication

    check_suffix(path)
    plot.grab()  # lays the axes out
    QApplication.processEvents()
    size = plot.width(), plot.height()
    good = _svg(plot, path, *size) if path.suffix.lower() == ".svg" else _png(plot, path, *size)
    if not good or not path.is_file():
        raise FigureError(str(path), "it cannot be written", "choose another place")


def _svg(plot: QGraphicsView, path: Path, width: int, height: int) -> bool:
    from PySide6.QtCore import QRectF, QSize
    from PySide6.QtGui import QPainter
    from PySide6.QtSvg import QSvgGenerator

    target = QSvgGenerator()
    target.setFileName(str(path))
    target.setSize(QSize(width, height))
    target.setViewBox(QRectF(0, 0, width, height))
    painter = QPainter(target)
    plot.render(painter, QRectF(0, 0, width, height))
    return painter.end()


def _png(plot: QGraphicsView, path: Path, width: int, height: int) -> bool:
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QImage, QPainter

    image = QImage(PNG_SCALE * width, PNG_SCALE * height, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(PNG_SCALE)
    image.fill(0xFFFFFFFF)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    plot.render(painter, QRectF(0, 0, width, height))
    painter.end()
    return image.save(str(path))
