"""The current view as a picture or a drawing for a paper: everything as shapes, nothing as screen pixels."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QBuffer, QIODevice, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen, QPolygonF
from PySide6.QtSvg import QSvgGenerator

from gaplisten.audio.raster import spans_of
from gaplisten.errors import GaplistenError
from gaplisten.loss.shading import FEWEST_ZONE_PIXELS, ZONE_SECONDS
from gaplisten.ui.lanes.curves import paint_curves
from gaplisten.ui.lanes.furniture import paint_furniture, x_of
from gaplisten.ui.lanes.lane_pixels import HATCH_PERIOD, changed_columns, column_colours, is_curve
from gaplisten.ui.lanes.outlines import paint_outlines
from gaplisten.ui.lanes.scene import Part, Scene, SceneLane

Places = npt.NDArray[np.floating[Any]]

_DOTS_PER_METRE_AT_96 = 3780


class ExportError(GaplistenError):
    """A picture could not be written."""


def write_png(scene: Scene, path: Path) -> None:
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
    paint_drawing(painter, scene)
    painter.end()
    # Only now, or the text would grow with the resolution.
    dots = round(_DOTS_PER_METRE_AT_96 * layout.ratio)
    image.setDotsPerMeterX(dots)
    image.setDotsPerMeterY(dots)
    store = QBuffer()
    store.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(store, "PNG")  # type: ignore[call-overload]
    _write(path, bytes(store.data().data()))


def write_svg(scene: Scene, path: Path) -> None:
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
    paint_drawing(painter, scene)
    painter.end()
    _write(path, bytes(store.data().data()))


def paint_drawing(painter: QPainter, scene: Scene) -> None:
    """Paint the scene with shapes only (spectrograms stay pictures)."""
    font = QFont(painter.font())
    font.setPixelSize(12)
    painter.setFont(font)
    for row in range(scene.rows):
        for part in scene.parts(row):
            painter.save()
            painter.setClipRect(_box(scene, part))
            if part.spectrogram:
                _draw_spectrogram(painter, scene, scene.in_row(row)[-1], part)
                _draw_hatching(painter, scene, part)
            else:
                _draw_losses(painter, scene, part)
                _draw_waveforms(painter, scene, scene.in_row(row), part)
            painter.restore()
    paint_outlines(painter, scene)
    paint_curves(painter, scene)
    paint_furniture(painter, scene)


def _box(scene: Scene, part: Part) -> QRectF:
    layout = scene.layout
    top, height = part.top / layout.ratio, part.height / layout.ratio
    return QRectF(layout.plot_left, top, layout.plot_width, height)


def _gap_boxes(scene: Scene, part: Part, reach: float = 0.0) -> list[QRectF]:
    """Return the places of the visible gaps, `reach` wider on both sides, inside the lane."""
    if scene.loss is None:
        return []
    box = _box(scene, part)
    gaps = scene.loss.visible(scene.view.start, scene.view.stop)
    places = [(x_of(scene, start) - reach, x_of(scene, stop) + reach) for start, stop in gaps]
    boxes = [QRectF(begin, box.top(), max(end - begin, 0.3), box.height()) for begin, end in places]
    return [found.intersected(box) for found in boxes if found.intersects(box)]


def _draw_losses(painter: QPainter, scene: Scene, part: Part) -> None:
    if scene.loss is None:
        return
    reach = ZONE_SECONDS * scene.rate / scene.view.frames_per_pixel / scene.layout.ratio
    if reach * scene.layout.ratio >= FEWEST_ZONE_PIXELS:
        for box in _gap_boxes(scene, part, reach):
            painter.fillRect(box, scene.colours.zone)
    for box in _gap_boxes(scene, part):
        painter.fillRect(box, scene.colours.loss)
    _draw_hatching(painter, scene, part)


def _draw_hatching(painter: QPainter, scene: Scene, part: Part) -> None:
    # SVG drawings know no clipping, so the lines are cut to the gaps here.
    painter.setPen(QPen(scene.colours.hatch, 0.7))
    for box in _gap_boxes(scene, part):
        first = int((box.left() + box.top()) // HATCH_PERIOD)
        last = int((box.right() + box.bottom()) // HATCH_PERIOD) + 1
        for total in range(first * HATCH_PERIOD, (last + 1) * HATCH_PERIOD, HATCH_PERIOD):
            upper, lower = max(box.top(), total - box.right()), min(box.bottom(), total - box.left())
            if lower > upper:
                painter.drawLine(QPointF(total - upper, upper), QPointF(total - lower, lower))


def _draw_waveforms(painter: QPainter, scene: Scene, lanes: tuple[SceneLane, ...], part: Part) -> None:
    box = _box(scene, part)
    painter.setPen(QPen(scene.colours.grid, 0.7))
    painter.drawLine(QPointF(box.left(), box.center().y()), QPointF(box.right(), box.center().y()))
    if is_curve(scene.view):
        return
    for lane in () if scene.overlaid else lanes:
        _draw_columns(painter, scene, lane, part)


def _draw_columns(painter: QPainter, scene: Scene, lane: SceneLane, part: Part) -> None:
    """Draw one polygon for each run of columns of one colour."""
    if lane.peaks is None:
        return
    edges, ratio = scene.view.edges(), scene.layout.ratio
    columns = lane.peaks.columns(edges)
    top, bottom = spans_of(columns, part.height, scene.gain)
    colours = np.where(columns.known | columns.coarse, column_colours(lane, scene, edges), 0)
    cuts = [0, *(np.flatnonzero(np.diff(colours)) + 1).tolist(), len(colours)]
    x = scene.layout.plot_left + np.arange(len(colours) + 1) / ratio
    upper, lower = (part.top + top) / ratio, (part.top + bottom) / ratio
    for begin, end in itertools.pairwise(cuts):
        if colours[begin] == 0:
            continue
        colour = QColor.fromRgb(int(colours[begin]))
        band = (x[begin : end + 1], upper[begin:end], lower[begin:end])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(_band(*band))
    _draw_altered_line(painter, scene, lane, part)


def _band(x: Places, upper: Places, lower: Places) -> QPolygonF:
    """Return the outline of columns: along their tops, back along their bottoms."""
    across = np.repeat(x, 2)[1:-1]
    along = list(zip(across.tolist(), np.repeat(upper, 2).tolist(), strict=True))
    back = list(zip(across[::-1].tolist(), np.repeat(lower[::-1], 2).tolist(), strict=True))
    return QPolygonF([QPointF(*place) for place in along + back])


def _draw_altered_line(painter: QPainter, scene: Scene, lane: SceneLane, part: Part) -> None:
    if lane.altered is None:
        return
    box, ratio = _box(scene, part), scene.layout.ratio
    for column in np.flatnonzero(changed_columns(lane, scene.view.edges())).tolist():
        left = scene.layout.plot_left + column / ratio
        painter.fillRect(QRectF(left, box.bottom() - 3, 1 / ratio, 3), scene.colours.altered)


def _draw_spectrogram(painter: QPainter, scene: Scene, lane: SceneLane, part: Part) -> None:
    levels = scene.spectra.picture(lane.source, scene.view, scene.view.width, part.height)
    pixels = np.ascontiguousarray(scene.heat[levels])
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32).copy()
    painter.drawImage(_box(scene, part), image)


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ExportError(
            str(path), f"cannot be written ({error.strerror})", "choose another place"
        ) from error
