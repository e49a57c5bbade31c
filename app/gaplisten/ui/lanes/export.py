"""The current view as a picture or a drawing for a paper: everything as shapes, nothing as screen pixels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QRectF, QSize
from PySide6.QtGui import QFont, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from gaplisten.durable.files import not_written, write_whole
from gaplisten.errors import GaplistenError
from gaplisten.ui.lanes.canvas import paint_lines
from gaplisten.ui.lanes.drawer import Drawer
from gaplisten.ui.lanes.furniture import paint_furniture
from gaplisten.ui.lanes.ground import draw_losses
from gaplisten.ui.lanes.scene import Scene

_DOTS_PER_METRE_AT_96 = 3780


class ExportError(GaplistenError):
    """A picture could not be written."""


def write_png(scene: Scene, drawers: Mapping[str, Drawer], path: Path) -> None:
    """Write the scene as a PNG of its layout's device pixels.

    Raises
    ------
    ExportError
        If the file cannot be written.
    """
    layout = scene.layout
    image = QImage(layout.device(layout.width), layout.device(layout.height), QImage.Format.Format_RGB32)
    image.fill(scene.colours.background)
    image.setDevicePixelRatio(layout.ratio)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_drawing(painter, scene, drawers)
    painter.end()
    # Only now, or the text would grow with the resolution.
    dots = round(_DOTS_PER_METRE_AT_96 * layout.ratio)
    image.setDotsPerMeterX(dots)
    image.setDotsPerMeterY(dots)
    store = QBuffer()
    store.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(store, "PNG")  # type: ignore[call-overload]
    _write(path, bytes(store.data().data()))


def write_svg(scene: Scene, drawers: Mapping[str, Drawer], path: Path) -> None:
    """Write the scene as an SVG drawing, one unit per logical pixel.

    Raises
    ------
    ExportError
        If the file cannot be written.
    """
    store = QBuffer()
    store.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(store)
    generator.setSize(QSize(scene.layout.width, scene.layout.height))
    generator.setViewBox(QRectF(0, 0, scene.layout.width, scene.layout.height))
    generator.setTitle("Gaplisten")
    generator.setDescription(", ".join(f"{lane.key} {lane.name}" for lane in scene.lanes))
    painter = QPainter(generator)
    painter.fillRect(QRectF(0, 0, scene.layout.width, scene.layout.height), scene.colours.background)
    paint_drawing(painter, scene, drawers)
    painter.end()
    _write(path, bytes(store.data().data()))


def paint_drawing(painter: QPainter, scene: Scene, drawers: Mapping[str, Drawer]) -> None:
    """Paint the scene with shapes only (spectrograms stay pictures)."""
    font = QFont(painter.font())
    font.setPixelSize(12)
    painter.setFont(font)
    for row in range(scene.rows):
        met = scene.with_losses_of(row)
        for strip in scene.strips(row):
            drawer = drawers[strip.drawer]
            painter.save()
            painter.setClipRect(scene.box(strip))
            if drawer.shaded:
                draw_losses(painter, met, strip)
            drawer.draw(painter, met, scene.in_row(row), strip)
            painter.restore()
    paint_lines(painter, scene, drawers)
    paint_furniture(painter, scene, drawers)


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise ExportError(*not_written(path, error)) from error
