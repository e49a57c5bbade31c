"""The few symbols of the window, drawn in the text's colour so that they fit every theme and scale."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPalette, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QApplication

from gaplisten import folders

_SIZES = (16, 24, 32, 48)


def icon(name: str) -> QIcon:
    """Return the symbol `name` (play, pause, stop, loop) in the palette's colours."""
    palette = QApplication.palette()
    text = palette.color(QPalette.ColorRole.ButtonText)
    faint = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    return _icon(name, text.name(), faint.name())


@cache
def _icon(name: str, text: str, faint: str) -> QIcon:
    made = QIcon()
    for size in _SIZES:
        made.addPixmap(_pixmap(name, size, QColor(text)), QIcon.Mode.Normal)
        made.addPixmap(_pixmap(name, size, QColor(faint)), QIcon.Mode.Disabled)
    return made


def _pixmap(name: str, size: int, colour: QColor) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / 16.0, size / 16.0)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    {"play": _play, "pause": _pause, "stop": _stop, "loop": _loop}[name](painter, colour)
    painter.end()
    return pixmap


def _play(painter: QPainter, _colour: QColor) -> None:
    painter.drawPolygon(QPolygonF([QPointF(4.0, 2.5), QPointF(13.5, 8.0), QPointF(4.0, 13.5)]))


def _pause(painter: QPainter, _colour: QColor) -> None:
    painter.drawRoundedRect(QRectF(3.5, 2.5, 3.2, 11.0), 0.8, 0.8)
    painter.drawRoundedRect(QRectF(9.3, 2.5, 3.2, 11.0), 0.8, 0.8)


def _stop(painter: QPainter, _colour: QColor) -> None:
    painter.drawRoundedRect(QRectF(3.2, 3.2, 9.6, 9.6), 1.2, 1.2)


def _loop(painter: QPainter, colour: QColor) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    path = QPainterPath()
    box = QRectF(2.5, 3.0, 11.0, 10.0)
    path.arcMoveTo(box, 40.0)
    path.arcTo(box, 40.0, 285.0)
    painter.drawPath(path)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([QPointF(10.2, 6.8), QPointF(15.0, 6.2), QPointF(13.2, 2.0)]))


def program_icon() -> QIcon:
    """Return the program's icon; an empty one where the resources are missing."""
    path = folders.resources() / "icons" / "gaplisten.svg"
    if not path.is_file():
        return QIcon()
    try:
        from PySide6.QtSvg import QSvgRenderer
    except ImportError:
        return QIcon(str(path))
    renderer, made = QSvgRenderer(QByteArray(path.read_bytes())), QIcon()
    for size in (16, 32, 48, 64, 128, 256):
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter)
        painter.end()
        made.addPixmap(pixmap)
    return made
