"""Lanes on paper: a picture or a drawing of exactly the size asked for, without the marks of a window."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMimeData, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from gaplisten.audio.viewport import Viewport
from gaplisten.durable.files import not_written, write_whole
from gaplisten.errors import GaplistenError
from gaplisten.ui.lanes.canvas import paint_lines
from gaplisten.ui.lanes.colours import ViewColours
from gaplisten.ui.lanes.drawer import Drawer
from gaplisten.ui.lanes.ground import draw_bars, draw_losses
from gaplisten.ui.lanes.lane_data import LaneData
from gaplisten.ui.lanes.ruler_and_headers import paint_ruler_and_headers
from gaplisten.ui.lanes.scene import RULER_HEIGHT, Layout, Mode, Scene
from gaplisten.ui.lanes.shown import Shown
from gaplisten.ui.translation import tr

MM = 25.4  # of an inch
_LOGICAL_DPI = 96.0
_POINTS = 72.0
_USUAL_PT = 9.0  # letters for which a layout of scale 1 has room: 12 pixels
_STEPS_PER_MM = 100  # of an SVG's size
_TITLE = 1.9  # height of the title's line, in letters
_LEAST_LANE = 30.0  # logical pixels at scale 1


class ExportError(GaplistenError):
    """A picture could not be written."""


@dataclass(frozen=True)
class Paper:
    """What is drawn, and how large.

    Parameters
    ----------
    width_mm, height_mm
        Size of the whole picture.
    start, stop
        The stretch in frames, ``[start, stop)``.
    dpi
        Pixels per inch of a PNG, and of spectrograms in an SVG.
    letters_pt
        Size of the letters in points.
    keys
        Of the lanes that are drawn; None for all that are seen.
    title
        A line above; empty for none.
    scores
        Whether what was measured stands under the names.
    marks
        Whether notes, loop, selection and the gap at hand are drawn.
    """

    width_mm: float
    height_mm: float
    start: int
    stop: int
    dpi: int = 300
    letters_pt: float = 8.0
    keys: tuple[int, ...] | None = None
    title: str = ""
    scores: bool = False
    marks: bool = False

    @property
    def pixels(self) -> QSize:
        """The size of a PNG."""
        across, down = (round(each / MM * self.dpi) for each in (self.width_mm, self.height_mm))
        return QSize(max(across, 1), max(down, 1))

    @property
    def logical(self) -> QSizeF:
        """The size in the units in which lanes are laid out."""
        return QSizeF(self.width_mm / MM * _LOGICAL_DPI, self.height_mm / MM * _LOGICAL_DPI)

    @property
    def scale(self) -> float:
        """How much larger than usual the letters are."""
        return self.letters_pt / _USUAL_PT

    @property
    def letters(self) -> int:
        """Height of the letters in logical pixels."""
        return max(round(self.letters_pt / _POINTS * _LOGICAL_DPI), 1)

    @property
    def head(self) -> float:
        """Logical pixels above the lanes, for the title."""
        return _TITLE * self.letters if self.title else 0.0


def least_height_mm(rows: int, letters_pt: float, *, titled: bool) -> float:
    """Return the least height at which so many lanes can be told apart."""
    paper = Paper(1.0, 1.0, 0, 1, letters_pt=letters_pt, title="x" if titled else "")
    high = paper.head + (RULER_HEIGHT + _LEAST_LANE * max(rows, 1)) * paper.scale
    return math.ceil(high / _LOGICAL_DPI * MM)


def scene_on(paper: Paper, shown: Shown, data: LaneData, total: int) -> Scene:
    """Return what is drawn on paper: the lanes as they are shown, at the paper's size and stretch."""
    width = math.ceil(paper.logical.width())
    height = math.ceil(paper.logical.height() - paper.head)
    ratio = paper.pixels.width() / paper.logical.width()
    keys = [key for key in shown.keys if paper.keys is None or key in paper.keys]
    rows = min(len(keys), 1) if shown.mode is Mode.OVERLAY else len(keys)
    layout = Layout(width, height, ratio, rows, scale=paper.scale)
    room = max((paper.logical.height() - paper.head - layout.ruler) / max(rows, 1), 1.0)
    layout = replace(layout, heights=(room,) * rows)
    span = max(paper.stop - paper.start, 1)
    view = Viewport(float(paper.start), span / layout.columns, layout.columns, total)
    scene = shown.scene(layout, view, ViewColours.paper(), data)
    lanes = tuple(
        lane if paper.scores else replace(lane, badge="") for lane in scene.lanes if lane.key in keys
    )
    if paper.marks:
        return replace(scene, lanes=lanes, active=None)
    return replace(scene, lanes=lanes, active=None, loop=None, gap=None, marks=(), selection=None)


@dataclass(frozen=True)
class Print:
    """Lanes on paper, ready to be written."""

    paper: Paper
    scene: Scene
    drawers: Mapping[str, Drawer]

    def image(self) -> QImage:
        """Return the picture in pixels."""
        image = QImage(self.paper.pixels, QImage.Format.Format_RGB32)
        image.fill(self.scene.colours.background)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        logical = self.paper.logical
        painter.scale(image.width() / logical.width(), image.height() / logical.height())
        self.paint(painter)
        painter.end()
        # Only now, or the text would grow with the resolution.
        dots = round(self.paper.dpi / MM * 1000.0)
        image.setDotsPerMeterX(dots)
        image.setDotsPerMeterY(dots)
        return image

    def png(self) -> bytes:
        """Return the picture as PNG."""
        store = _store()
        self.image().save(store, "PNG")  # type: ignore[call-overload]
        return bytes(store.data().data())

    def svg(self) -> bytes:
        """Return the drawing as SVG, its size in millimetres."""
        store, paper = _store(), self.paper
        generator = QSvgGenerator()
        generator.setOutputDevice(store)
        generator.setResolution(round(_STEPS_PER_MM * MM))
        across, down = (round(each * _STEPS_PER_MM) for each in (paper.width_mm, paper.height_mm))
        generator.setSize(QSize(across, down))
        generator.setViewBox(QRectF(QPointF(), paper.logical))
        generator.setTitle(paper.title or "Gaplisten")
        generator.setDescription(", ".join(f"{lane.key} {lane.name}" for lane in self.scene.lanes))
        painter = QPainter(generator)
        self.paint(painter)
        painter.end()
        return bytes(store.data().data())

    def paint(self, painter: QPainter) -> None:
        """Paint title and lanes with shapes only (spectrograms stay pictures), in logical pixels."""
        paper, scene = self.paper, self.scene
        painter.fillRect(QRectF(QPointF(), paper.logical), scene.colours.background)
        font = QFont(painter.font())
        font.setPixelSize(paper.letters)
        painter.setFont(font)
        painter.save()
        painter.translate(0.0, paper.head)
        paint_drawing(painter, scene, self.drawers)
        painter.restore()
        if paper.title:
            font.setBold(True)
            painter.setFont(font)
            painter.setPen(scene.colours.text)
            metrics = QFontMetricsF(font)
            room = paper.logical.width() - paper.letters
            text = metrics.elidedText(paper.title, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QPointF(0.5 * paper.letters, 0.5 * paper.letters + metrics.ascent()), text)

    def for_clipboard(self) -> QMimeData:
        """Return the picture as programs take it from the clipboard: pixels, PNG and SVG."""
        data = QMimeData()
        data.setImageData(self.image())
        data.setData("image/png", self.png())
        data.setData("image/svg+xml", self.svg())
        return data

    def write(self, path: Path) -> None:
        """Write the file whose kind its suffix names.

        Raises
        ------
        ExportError
            If there is no such kind, or the file cannot be written.
        """
        kinds: dict[str, Callable[[], bytes]] = {".png": self.png, ".svg": self.svg}
        made = kinds.get(path.suffix.lower())
        if made is None:
            raise ExportError(str(path), tr("is no kind of picture"), tr("end the name in .png or .svg"))
        try:
            write_whole(path, made())
        except OSError as error:
            raise ExportError(*not_written(path, error)) from error


def _store() -> QBuffer:
    store = QBuffer()
    store.open(QIODevice.OpenModeFlag.WriteOnly)
    return store


def paint_drawing(painter: QPainter, scene: Scene, drawers: Mapping[str, Drawer]) -> None:
    """Paint the scene with shapes only (spectrograms stay pictures)."""
    for row in range(scene.rows):
        met = scene.with_losses_of(row)
        for strip in scene.strips(row):
            drawer = drawers[strip.drawer]
            painter.save()
            painter.setClipRect(scene.box(strip))
            if drawer.shaded:
                draw_losses(painter, met, strip)
            drawer.draw(painter, met, scene.in_row(row), strip)
            draw_bars(painter, met, strip)
            painter.restore()
    paint_lines(painter, scene, drawers)
    paint_ruler_and_headers(painter, scene, drawers)
