"""Paint the outlines of overlaid lanes: opaque lines one pixel thin, told apart by hue."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from gaplisten.audio.raster import spans_of
from gaplisten.ui.lanes.curves import draw_line, polyline, runs
from gaplisten.ui.lanes.lane_pixels import column_colours, is_curve
from gaplisten.ui.lanes.layout import RULER_HEIGHT
from gaplisten.ui.lanes.scene import Part, Scene, SceneLane


def paint_outlines(painter: QPainter, scene: Scene) -> None:
    """Paint the upper and lower edge of every overlaid lane, the active one last."""
    if not scene.overlaid or is_curve(scene.view):
        return
    layout = scene.layout
    painter.save()
    # On a plain screen smoothed lines of several lanes would mix into brown.
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, layout.ratio > 1.0)
    painter.setClipRect(QRectF(layout.plot_left, RULER_HEIGHT, layout.plot_width, layout.height))
    for part in scene.parts(0):
        for lane in scene.in_row(0):
            _paint_lane(painter, lane, scene, part)
    painter.restore()


def _paint_lane(painter: QPainter, lane: SceneLane, scene: Scene, part: Part) -> None:
    if lane.peaks is None:
        return
    edges, ratio = scene.view.edges(), scene.layout.ratio
    columns = lane.peaks.columns(edges)
    colours = np.where(columns.known | columns.coarse, column_colours(lane, scene, edges), 0).astype(np.int64)
    top, bottom = spans_of(columns, part.height, scene.gain)
    x = scene.layout.plot_left + (np.arange(len(top)) + 0.5) / ratio
    for begin, end, colour in runs(colours):
        if colour == 0:
            continue
        painter.setPen(QPen(QColor.fromRgb(colour), 0))
        for edge in (top + 0.5, bottom - 0.5):
            y = (part.top + edge[begin : end + 1]) / ratio
            draw_line(painter, polyline(x[begin : end + 1], y), ratio)
