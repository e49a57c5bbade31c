"""The waveform: columns of extremes; outlines where lanes are overlaid; close up the curve of the samples."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from gaplisten.audio.filemap import Frames
from gaplisten.audio.peaks import Columns
from gaplisten.audio.raster import Pixels, Spans, blend, paint_spans, spans_of
from gaplisten.ui.lanes.colours import argb, readable
from gaplisten.ui.lanes.curves import Bend, draw_line, is_curve, paint_curves, polyline, runs
from gaplisten.ui.lanes.drawer import Drawer, Lanes
from gaplisten.ui.lanes.ground import Ground
from gaplisten.ui.lanes.scene import Scene, SceneLane, Strip, round_step
from gaplisten.ui.translation import tr

Places = npt.NDArray[np.floating[Any]]

_OVERLAY_FILL = 0.30


class Waveform(Drawer):
    """Draws amplitude over time, full scale filling the strip at amplitude 1."""

    name = "waveform"
    title = tr("Waveform")
    keys = "Ctrl+4"
    help = tr("Draw waveforms")
    lane_help = tr("Draw the heard lane as waveform")
    place = 10
    counts = tr("full scale = 1")
    overlays = True

    def scale(self, scene: Scene, strip: Strip) -> list[tuple[float, str]]:
        """Return the amplitude scale, full scale 1."""
        ratio = scene.layout.ratio
        middle, reach = (strip.top + strip.bottom) / 2 / ratio, strip.height / 2 / ratio
        step = round_step(max(scene.layout.scale_room, reach / 6) / reach / scene.gain)
        count = math.floor((reach - scene.layout.scale_text / 2) / reach / scene.gain / step)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        return [
            (
                middle - n * step * scene.gain * reach,
                f"{n * step:.{decimals}f}".replace("-", "\u2212") if n else "0",
            )
            for n in range(-count, count + 1)
        ]

    def bend(self, scene: Scene) -> Bend:
        """Return at which heights values of amplitude are drawn."""
        return lambda values: values * scene.gain

    def spans(self, columns: Columns, height: int, scene: Scene) -> Spans:
        """Return the top and bottom of each column in a strip of that height."""
        return spans_of(columns, height, scene.gain)

    def paint(self, pixels: Pixels, ground: Ground, lanes: Lanes, strip: Strip) -> None:
        """Paint columns; of overlaid lanes the body of the active one, faintly."""
        if is_curve(ground.scene.view):
            return
        if ground.scene.overlaid:
            _paint_body(self, pixels, lanes[-1], ground)
            return
        for lane in lanes:
            _paint_columns(self, pixels, lane, ground)

    def paint_over(self, painter: QPainter, scene: Scene, lanes: Lanes, strip: Strip) -> None:
        """Paint the curve through the samples when zoomed in, else the outlines of overlaid lanes."""
        if is_curve(scene.view):
            paint_curves(painter, scene, lanes, strip, self.bend(scene))
        elif scene.overlaid:
            _paint_outlines(self, painter, scene, lanes, strip)

    def draw(self, painter: QPainter, scene: Scene, lanes: Lanes, strip: Strip) -> None:
        """Draw the middle line, and one polygon for each run of columns of one colour."""
        box = scene.box(strip)
        painter.setPen(QPen(scene.colours.grid, 0.7))
        painter.drawLine(QPointF(box.left(), box.center().y()), QPointF(box.right(), box.center().y()))
        if is_curve(scene.view):
            return
        for lane in () if scene.overlaid else lanes:
            _draw_columns(self, painter, scene, lane, strip)


def _paint_columns(shape: Waveform, pixels: Pixels, lane: SceneLane, ground: Ground) -> None:
    if lane.peaks is None:
        return
    scene, edges = ground.scene, ground.edges
    columns = lane.peaks.columns(edges)
    spans = shape.spans(columns, pixels.shape[0], scene)
    paint_spans(pixels, spans, column_colours(lane, scene, edges), columns.known)
    # Not by colour alone: altered columns are underlined too.
    pixels[-scene.layout.device(3) :, changed_columns(lane, edges)] = argb(scene.colours.altered)
    if columns.coarse.any():
        # A first picture is pale, so that nobody takes it for the truth.
        paint_spans(pixels, spans, argb(scene.colours.unknown), columns.coarse)


def _paint_body(shape: Waveform, pixels: Pixels, lane: SceneLane, ground: Ground) -> None:
    """Paint the active lane of an overlay faintly; the outlines of all lanes are drawn over it later."""
    if lane.peaks is None:
        return
    scene, edges = ground.scene, ground.edges
    columns = lane.peaks.columns(edges)
    faint = blend(ground.tints, column_colours(lane, scene, edges), _OVERLAY_FILL)
    paint_spans(pixels, shape.spans(columns, pixels.shape[0], scene), faint, columns.known | columns.coarse)


def column_colours(lane: SceneLane, scene: Scene, edges: Frames) -> Pixels:
    """Return the colour of each column of a lane.

    Where altered samples are looked for: grey where the sound is what was received, the lane's colour where
    the packet was lost, and the signal colour where a received sample was altered.
    """
    own = np.full(len(edges) - 1, argb(readable(lane.colour, scene.colours)), np.uint32)
    if lane.altered is None or scene.loss is None:
        return own
    lost = scene.loss.shading(edges, scene.view.frames_per_pixel).lost > 0
    calm = np.where(lost, own, np.uint32(argb(scene.colours.same)))
    return np.where(changed_columns(lane, edges), np.uint32(argb(scene.colours.altered)), calm)


def changed_columns(lane: SceneLane, edges: Frames) -> npt.NDArray[np.bool_]:
    """Return in which columns a received sample was altered."""
    if lane.altered is None:
        return np.zeros(len(edges) - 1, np.bool_)
    columns = lane.altered.columns(edges)
    changed: npt.NDArray[np.bool_] = columns.known & (columns.high > 0)
    return changed


def _paint_outlines(shape: Waveform, painter: QPainter, scene: Scene, lanes: Lanes, strip: Strip) -> None:
    """Paint the upper and lower edge of every lane: opaque lines one pixel thin, told apart by hue."""
    layout = scene.layout
    painter.save()
    # On a plain screen smoothed lines of several lanes would mix into brown.
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, layout.ratio > 1.0)
    painter.setClipRect(QRectF(layout.plot_left, layout.ruler, layout.plot_width, layout.height))
    for lane in lanes:
        _paint_outline(shape, painter, lane, scene, strip)
    painter.restore()


def _paint_outline(shape: Waveform, painter: QPainter, lane: SceneLane, scene: Scene, strip: Strip) -> None:
    if lane.peaks is None:
        return
    edges, ratio = scene.view.edges(), scene.layout.ratio
    columns = lane.peaks.columns(edges)
    colours = np.where(columns.known | columns.coarse, column_colours(lane, scene, edges), 0).astype(np.int64)
    top, bottom = shape.spans(columns, strip.height, scene)
    x = scene.layout.plot_left + (np.arange(len(top)) + 0.5) / ratio
    for begin, end, colour in runs(colours):
        if colour == 0:
            continue
        painter.setPen(QPen(QColor.fromRgb(colour), 0))
        for edge in (top + 0.5, bottom - 0.5):
            y = (strip.top + edge[begin : end + 1]) / ratio
            draw_line(painter, polyline(x[begin : end + 1], y), ratio)


def _draw_columns(shape: Waveform, painter: QPainter, scene: Scene, lane: SceneLane, strip: Strip) -> None:
    """Draw one polygon for each run of columns of one colour."""
    if lane.peaks is None:
        return
    edges, ratio = scene.view.edges(), scene.layout.ratio
    columns = lane.peaks.columns(edges)
    top, bottom = shape.spans(columns, strip.height, scene)
    colours = np.where(columns.known | columns.coarse, column_colours(lane, scene, edges), 0)
    cuts = [0, *(np.flatnonzero(np.diff(colours)) + 1).tolist(), len(colours)]
    x = scene.layout.plot_left + np.arange(len(colours) + 1) / ratio
    upper, lower = (strip.top + top) / ratio, (strip.top + bottom) / ratio
    for begin, end in itertools.pairwise(cuts):
        if colours[begin] == 0:
            continue
        colour = QColor.fromRgb(int(colours[begin]))
        band = (x[begin : end + 1], upper[begin:end], lower[begin:end])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(_band(*band))
    _draw_altered_line(painter, scene, lane, strip)


def _band(x: Places, upper: Places, lower: Places) -> QPolygonF:
    """Return the outline of columns: along their tops, back along their bottoms."""
    across = np.repeat(x, 2)[1:-1]
    along = list(zip(across.tolist(), np.repeat(upper, 2).tolist(), strict=True))
    back = list(zip(across[::-1].tolist(), np.repeat(lower[::-1], 2).tolist(), strict=True))
    return QPolygonF([QPointF(*place) for place in along + back])


def _draw_altered_line(painter: QPainter, scene: Scene, lane: SceneLane, strip: Strip) -> None:
    if lane.altered is None:
        return
    box, ratio = scene.box(strip), scene.layout.ratio
    for column in np.flatnonzero(changed_columns(lane, scene.view.edges())).tolist():
        left = scene.layout.plot_left + column / ratio
        painter.fillRect(QRectF(left, box.bottom() - 3, 1 / ratio, 3), scene.colours.altered)


DRAWERS = (Waveform,)
