"""What every lane is at one place, written beside it: the numbers under the pointer, or at the playhead."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from gaplisten.ui.lanes.drawer import Drawer
from gaplisten.ui.lanes.ruler_and_headers import tabular
from gaplisten.ui.lanes.scene import Mode, Scene, SceneLane, Strip

_PAD, _BESIDE = 4.0, 9.0


def readings(
    scene: Scene, drawers: Mapping[str, Drawer], frame: int, y: float | None = None
) -> list[tuple[SceneLane, Strip, str]]:
    """Return what each lane is at a frame: the lane, the strip to write it in, and the words.

    Parameters
    ----------
    y
        Logical height of the mouse on the canvas; None where it is elsewhere.
    """
    drawer, height = pointed_strip(scene, y)
    found = []
    for row in range(scene.rows):
        strips = scene.strips(row)
        for number, lane in enumerate(sorted(scene.in_row(row), key=lambda each: each.key)):
            for strip in strips:
                at = height if strip.drawer == drawer else None
                text = drawers[strip.drawer].reading(scene, lane, frame, at)
                found.append((lane, _shifted(strip, number, scene), text))
    return [each for each in found if each[2]]


def pointed_strip(scene: Scene, y: float | None) -> tuple[str, float]:
    """Return the drawer of the strip at a logical height, and where in it that is: 0 bottom, 1 top."""
    if y is None:
        return "", 0.0
    place = y * scene.layout.ratio
    for row in range(scene.rows):
        for strip in scene.strips(row):
            if strip.top <= place < strip.bottom and place >= scene.layout.device(scene.layout.ruler):
                return strip.drawer, (strip.bottom - place) / max(strip.height, 1)
    return "", 0.0


def _shifted(strip: Strip, number: int, scene: Scene) -> Strip:
    """Return the strip for the words of a lane that shares it with others: each a line lower."""
    down = scene.layout.device(18 * number) if scene.mode is Mode.OVERLAY else 0
    return Strip(strip.top + down, strip.bottom, strip.drawer)


def paint_readings(
    painter: QPainter, scene: Scene, drawers: Mapping[str, Drawer], frame: int, y: float | None
) -> None:
    """Write them beside a thin line through the place."""
    layout, colours = scene.layout, scene.colours
    x = scene.x_of(frame + 0.5 if scene.view.frames_per_pixel > 1 else frame)
    if not layout.plot_left <= x <= layout.width:
        return
    painter.save()
    painter.setClipRect(QRectF(layout.plot_left, layout.ruler, layout.plot_width, layout.height))
    painter.setPen(QPen(colours.accent, 0))
    painter.drawLine(QPointF(x, layout.ruler), QPointF(x, layout.height))
    painter.setFont(tabular(painter.font()))
    metrics = QFontMetricsF(painter.font())
    ground = QColor(colours.background)
    ground.setAlphaF(0.9)
    for lane, strip, text in readings(scene, drawers, frame, y):
        words = f"{lane.key}  {text}" if scene.overlaid else text
        wide = metrics.horizontalAdvance(words) + 2 * _PAD
        left = x + _BESIDE if x + _BESIDE + wide <= layout.width else x - _BESIDE - wide
        top = max(strip.top / layout.ratio, layout.ruler) + 3
        box = QRectF(max(left, layout.plot_left + 2.0), top, wide, metrics.height() + 2)
        painter.setPen(QPen(colours.grid, 0))
        painter.setBrush(ground)
        painter.drawRect(box)
        painter.setPen(colours.text)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
    painter.restore()
