"""The spectrogram: levels over time and frequency, and the same beside the waveform."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject
from PySide6.QtGui import QImage, QPainter

from gaplisten.audio.extent import highest_hz
from gaplisten.audio.palettes import level_colours
from gaplisten.audio.raster import Pixels, blend, standing_out
from gaplisten.audio.spectra import SpectrumSettings, level_of
from gaplisten.audio.spectrum_look import FrequencyAxis, SpectrumLook
from gaplisten.ui.lanes.colours import argb
from gaplisten.ui.lanes.drawer import Drawer, Lanes, Legend
from gaplisten.ui.lanes.ground import Ground, draw_hatching
from gaplisten.ui.lanes.pieces import PieceStore
from gaplisten.ui.lanes.scene import Scene, SceneLane, Strip, round_step
from gaplisten.ui.lanes.tiles import SpectrogramStore
from gaplisten.ui.translation import tr

_HATCH_OVER = 0.45


class Spectrogram(Drawer):
    """Draws the levels in colours, frequency upwards, lost sound marked at its edges."""

    name = "spectrogram"
    title = tr("Spectrogram")
    keys = "Ctrl+5"
    help = tr("Draw spectrograms")
    lane_help = tr("Draw the heard lane as spectrogram")
    place = 11
    shaded = False

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.look = SpectrumLook()
        self.tiles = SpectrogramStore(self)
        self._extents: PieceStore[float] = PieceStore(highest_hz, _whole, self)
        self.compute_in(self.tiles, self._extents)

    def set_look(self, look: SpectrumLook) -> None:
        """Draw like this from now on."""
        self.look = look
        self.tiles.use(SpectrumSettings(look.window_ms))

    # frequencies

    def axis(self, scene: Scene) -> FrequencyAxis:
        """Return the frequencies from bottom to top: for all lanes the same."""
        material = None
        if not self.look.high_hz:
            sources = [lane.source for lane in scene.lanes]
            found = self._extents.get({(id(source), 0): (source, 0) for source in sources})
            material = max(found) if len(found) == len({id(source) for source in sources}) else None
        return self.look.axis(scene.rate, material)

    def scale(self, scene: Scene, strip: Strip) -> list[tuple[float, str]]:
        """Return the frequency scale, in kHz."""
        ratio, axis = scene.layout.ratio, self.axis(scene)
        bottom, height = strip.bottom / ratio, strip.height / ratio
        room = scene.layout.scale_room
        values = _even(axis, height, room) if axis.scale == "linear" else _spread(axis, height, room)
        edge = scene.layout.scale_text / 2 / height
        lowest, highest = edge, 1.0 - edge
        placed = [(axis.share(hz), hz) for hz in values]
        return [
            (bottom - share * height, f"{hz / 1000:g}k" if hz >= 1000 else f"{hz:g}")
            for share, hz in placed
            if lowest <= share <= highest
        ]

    def legend(self, scene: Scene, lane: SceneLane) -> Legend | None:
        """Return what the colours stand for."""
        look = self.look
        table = level_colours(scene.colours.dark, look.palette, look.quietest_db, look.loudest_db)
        shown = table[_steps(look.quietest_db, look.loudest_db)]
        return Legend(shown.tolist(), f"{look.quietest_db:g}", f"{look.loudest_db:g} dB")

    def reading(self, scene: Scene, lane: SceneLane, frame: int, height: float | None) -> str:
        """Say the level at the pointer's frequency."""
        if height is None:
            return super().reading(scene, lane, frame, height)
        hz = self.axis(scene).hz(height)
        level = self.tiles.level_db(lane.source, scene.view, frame, hz)
        return f"{hz:.0f} Hz" + ("" if level is None else f" · {level:.1f} dB".replace("-", "\u2212"))

    def magnify(self, scene: Scene, height: float, factor: float) -> bool:
        """Zoom the frequencies about the pointer."""
        self.look_wanted.emit(self.look.zoomed(factor, self.axis(scene), height, scene.rate))
        return True

    # drawing

    def paint(self, pixels: Pixels, ground: Ground, lanes: Lanes, strip: Strip) -> None:
        """Paint the levels, and the edges of what was lost."""
        scene = ground.scene
        levels, table = self.steps(scene, lanes, strip)
        pixels[:] = table.take(levels)
        if ground.shading is None or not ground.lost.any():
            return
        if self.look.hatched:
            lines = ground.hatch_lines(strip.height)
            ink = np.array(argb(scene.colours.text), np.uint32)
            pixels[lines] = blend(pixels[lines], ink, _HATCH_OVER)
            _mark_edges(pixels, ground)
            return
        # There are but so many steps: what stands out is found for these, not for every pixel.
        edges, out = ground.edge_columns, _standing_out(table, scene)
        pixels[:, edges] = out[levels[:, edges]]

    def draw(self, painter: QPainter, scene: Scene, lanes: Lanes, strip: Strip) -> None:
        """Draw the levels as a picture, and the edges of what was lost."""
        pixels = np.ascontiguousarray(self.picture(scene, lanes, strip))
        _mark_edges(pixels, Ground(scene))
        height, width = pixels.shape
        image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32).copy()
        painter.drawImage(scene.box(strip), image)
        if self.look.hatched:
            draw_hatching(painter, scene, strip)

    def picture(self, scene: Scene, lanes: Lanes, strip: Strip) -> Pixels:
        """Return the levels of the lane on top in colours, shape ``(height, columns)``."""
        steps, table = self.steps(scene, lanes, strip)
        return np.asarray(table.take(steps))

    def steps(self, scene: Scene, lanes: Lanes, strip: Strip) -> tuple[npt.NDArray[np.integer[Any]], Pixels]:
        """Return the step of each pixel, shape ``(height, columns)``, and the colour of each step."""
        look = self.look
        table = level_colours(scene.colours.dark, look.palette, look.quietest_db, look.loudest_db)
        return self.levels(scene, lanes[-1], strip), table

    def levels(self, scene: Scene, lane: SceneLane, strip: Strip) -> npt.NDArray[np.uint8]:
        """Return the levels of a lane, as tiles count them."""
        axis, view = self.axis(scene), scene.view
        rows = axis.edges(strip.height, lane.source.rate)
        return self.tiles.picture(lane.source, view, view.width, strip.height, rows)


class Both(Drawer):
    """The waveform above the spectrogram."""

    name = "both"
    title = tr("Both")
    keys = "Ctrl+6"
    help = tr("Draw waveform over spectrogram")
    lane_help = tr("Draw the heard lane both ways")
    place = 12
    strips = ("waveform", "spectrogram")


def _mark_edges(pixels: Pixels, ground: Ground) -> None:
    """Paint lines where gaps begin and end, each pixel dark or light, so that it stands out from a level."""
    edges = ground.edge_columns
    pixels[:, edges] = _standing_out(pixels[:, edges], ground.scene)


def _standing_out(under: Pixels, scene: Scene) -> Pixels:
    return standing_out(under, argb(scene.colours.text), argb(scene.colours.background))


def _whole(_rate: int) -> int:
    """Return the length of a piece that any sound fits into."""
    return 1 << 60


def _even(axis: FrequencyAxis, height: float, room: float) -> list[float]:
    step = round_step(max(room, height / 10) / height * (axis.high - axis.low))
    return [n * step for n in range(math.ceil(axis.low / step), math.floor(axis.high / step) + 1)]


def _spread(axis: FrequencyAxis, height: float, room: float) -> list[float]:
    """Return round frequencies of a bent scale that have room beside each other."""
    kept: list[float] = []
    tens = (10, 100, 1000, 10_000)
    for hz in (float(part * ten) for ten in tens for part in (1, 2, 3, 5)):
        apart = room if not kept else (axis.share(hz) - axis.share(kept[-1])) * height
        if axis.low <= hz <= axis.high and apart >= room:
            kept.append(hz)
    return kept


@cache
def _steps(quietest: float, loudest: float) -> npt.NDArray[np.int64]:
    """Return 64 levels of tiles between two levels in dB."""
    wanted = [level_of(decibels) for decibels in np.linspace(quietest, loudest, 64).tolist()]
    return np.clip(np.array(wanted, np.int64), 1, 255)


DRAWERS = (Spectrogram, Both)
