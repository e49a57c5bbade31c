"""Paint the curve through the samples, with points, when zoomed in; lines that Qt draws fast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import shiboken6
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from gaplisten.audio.raster import POINTS_FROM, Curve, curve
from gaplisten.audio.viewport import Viewport
from gaplisten.ui.lanes.colours import readable
from gaplisten.ui.lanes.scene import Scene, SceneLane, Strip

# Below this many frames per pixel a line through the samples is drawn instead of columns.
CURVE_BELOW = 1.0
_POINT = 2.4
_CLASSES = 3

Bend = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
"""Tells at which height values of amplitude are drawn: -1 at the bottom of the strip, 1 at its top."""


def is_curve(view: Viewport) -> bool:
    """Whether the zoom is so close that a curve through the samples is drawn instead of columns."""
    return view.frames_per_pixel < CURVE_BELOW


def paint_curves(
    painter: QPainter, scene: Scene, lanes: tuple[SceneLane, ...], strip: Strip, bend: Bend
) -> None:
    """Paint the curves of lanes that share a strip, in logical pixels."""
    layout = scene.layout
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    roof = QRectF(0, layout.ruler, layout.width, layout.height)
    painter.setClipRect(scene.box(strip).intersected(roof))
    for lane in lanes:
        _paint_lane(painter, lane, scene, strip, bend)
    painter.restore()


def _paint_lane(painter: QPainter, lane: SceneLane, scene: Scene, strip: Strip, bend: Bend) -> None:
    found = curve(lane.source, scene.view)
    if found is None:
        return
    found = _inside(found, scene)
    if not len(found.frames) or not len(found.x):
        return
    kinds = sample_kinds(lane, scene, found)
    colours = (readable(lane.colour, scene.colours), scene.colours.same, scene.colours.altered)
    for channel in range(found.y.shape[1]):
        x, y = _device(found.x, bend(found.y[:, channel]), scene, strip)
        # Each stretch between samples has the colour of the sample on its left.
        at = np.clip(np.searchsorted(found.frames, found.x, "right") - 1, 0, len(found.frames) - 1)
        for begin, end, kind in runs(kinds[at]):
            painter.setPen(QPen(colours[kind], 0))
            draw_line(painter, polyline(x[begin : end + 1], y[begin : end + 1]), scene.layout.ratio)
        if scene.view.frames_per_pixel * POINTS_FROM <= 1.0:
            heights = bend(found.samples[:, channel].astype(np.float64))
            _paint_points(painter, (found.frames, heights), scene, strip, kinds, colours)


def _inside(found: Curve, scene: Scene) -> Curve:
    """Return the curve without what lies beside the plot (a drawing cannot cut it off)."""
    view = scene.view
    first, last = view.grid_start, min(view.frame_at(view.width), view.total)
    seen, there = (found.x >= first) & (found.x <= last), (found.frames >= first) & (found.frames <= last)
    # The sample left of the plot still colours the first stretch.
    there[:-1] |= there[1:]
    return Curve(found.x[seen], found.y[seen], found.frames[there], found.samples[there])


def sample_kinds(lane: SceneLane, scene: Scene, found: Curve) -> npt.NDArray[np.int64]:
    """Return for each visible sample: 0 the lane's colour, 1 as received, 2 altered though received."""
    kinds = np.zeros(len(found.frames), np.int64)
    if lane.altered is None or scene.loss is None:
        return kinds
    first, last = int(found.frames[0]), int(found.frames[-1]) + 1
    lost = np.diff(scene.loss.lost_before(np.arange(first, last + 1))) > 0
    changed = lane.altered.source.raw(first, last)[:, 0] > 0
    kinds[~lost] = 1
    kinds[: len(changed)][changed] = 2
    return kinds


def polyline(x: npt.NDArray[np.floating[Any]], y: npt.NDArray[np.floating[Any]]) -> QPolygonF:
    """Return a polygon of the points, filled through its memory: far faster than point by point."""
    polygon = QPolygonF()
    polygon.resize(len(x))
    # The stubs know only addresses, but it takes the wrapped pointer that `data` returns.
    memory: Any = shiboken6.VoidPtr(polygon.data(), len(x) * 16, True)  # type: ignore[call-arg, arg-type]
    points = np.frombuffer(memory, np.float64).reshape(len(x), 2)
    points[:, 0], points[:, 1] = x, y
    return polygon


def draw_line(painter: QPainter, line: QPolygonF, ratio: float) -> None:
    """Draw a line one logical pixel thick in the painter's pen, which must be of width 0."""
    # Qt draws lines of one device pixel very fast and all others slowly; a thicker one is made of several.
    painter.drawPolyline(line)
    for step in range(1, round(ratio)):
        painter.drawPolyline(line.translated(0.0, step / ratio))


def _device(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], scene: Scene, strip: Strip
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    ratio = scene.layout.ratio
    across = scene.layout.plot_left + (x - scene.view.grid_start) / scene.view.frames_per_pixel / ratio
    middle, reach = (strip.top + strip.bottom) / 2 / ratio, strip.height / 2 / ratio
    return across, middle - np.clip(y, -1.0, 1.0) * reach


def runs(kinds: npt.NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Return runs of equal kind as (begin, end, kind)."""
    cuts = np.flatnonzero(np.diff(kinds)) + 1
    begins = np.concatenate(([0], cuts)).tolist()
    ends = np.concatenate((cuts, [len(kinds)])).tolist()
    return [(begin, end, int(kinds[begin])) for begin, end in zip(begins, ends, strict=True)]


def _paint_points(
    painter: QPainter,
    points: tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]],
    scene: Scene,
    strip: Strip,
    kinds: npt.NDArray[np.int64],
    colours: tuple[QColor, ...],
) -> None:
    x, y = _device(points[0].astype(np.float64), points[1], scene, strip)
    painter.setPen(Qt.PenStyle.NoPen)
    for kind in range(_CLASSES):
        painter.setBrush(colours[kind])
        size = _POINT + (0.8 if kind == 2 else 0.0)
        for index in np.flatnonzero((kinds == kind) & (x >= scene.layout.plot_left)).tolist():
            painter.drawEllipse(QPointF(x[index], y[index]), size, size)
