"""The vertical scales beside the lanes: amplitude and frequency."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPen

from gaplisten.ui.lanes.layout import GUTTER, RULER_HEIGHT
from gaplisten.ui.lanes.scene import Part, Scene

_ROOM = 26.0
_TEXT = 14.0


def paint_scales(painter: QPainter, scene: Scene) -> None:
    """Paint a few values and ticks at the left of each lane."""
    font, layout = painter.font(), scene.layout
    small = QFont(font)
    if font.pixelSize() > 0:
        small.setPixelSize(max(font.pixelSize() - 2, 8))
    else:
        small.setPointSizeF(max(font.pointSizeF() - 2.0, 6.0))
    painter.save()
    painter.setFont(small)
    painter.setPen(QPen(scene.colours.faint_text, 0))
    painter.setClipRect(QRectF(0, RULER_HEIGHT, layout.width, layout.height - RULER_HEIGHT))
    for row in range(scene.rows):
        for part in scene.parts(row):
            values = frequencies(part, scene) if part.spectrogram else amplitudes(part, scene)
            for y, text in values:
                _paint_value(painter, scene, y, text)
    painter.restore()


def _paint_value(painter: QPainter, scene: Scene, y: float, text: str) -> None:
    right = scene.layout.plot_left
    painter.drawLine(QPointF(right - 4, y), QPointF(right - 1, y))
    box = QRectF(right - GUTTER, y - _TEXT / 2, GUTTER - 7, _TEXT)
    painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)


def amplitudes(part: Part, scene: Scene) -> list[tuple[float, str]]:
    """Return heights and texts of the amplitude scale, full scale 1."""
    ratio = scene.layout.ratio
    middle, reach = (part.top + part.bottom) / 2 / ratio, part.height / 2 / ratio
    step = _round_step(max(_ROOM, reach / 6) / reach / scene.gain)
    count = math.floor((reach - _TEXT / 2) / reach / scene.gain / step)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [
        (
            middle - n * step * scene.gain * reach,
            f"{n * step:.{decimals}f}".replace("-", "\u2212") if n else "0",
        )
        for n in range(-count, count + 1)
    ]


def frequencies(part: Part, scene: Scene) -> list[tuple[float, str]]:
    """Return heights and texts of the frequency scale, in kHz."""
    ratio, top_khz = scene.layout.ratio, scene.rate / 2000.0
    bottom, height = part.bottom / ratio, part.height / ratio
    step = _round_step(max(_ROOM, height / 10) / height * top_khz)
    count = math.floor((1 - _TEXT / 2 / height) * top_khz / step)
    return [(bottom - n * step / top_khz * height, f"{n * step:g}k") for n in range(1, count + 1)]


def _round_step(least: float) -> float:
    magnitude = 10.0 ** math.floor(math.log10(max(least, 1e-9)))
    return next(factor * magnitude for factor in (1.0, 2.0, 5.0, 10.0) if factor * magnitude >= least * 0.999)
