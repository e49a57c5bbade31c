"""The waveform with its RMS inside the peaks: how loud it is, not only how high its peaks are."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from gaplisten.audio.filemap import Frames, SampleSource
from gaplisten.audio.peaks import Columns
from gaplisten.audio.power import (
    BLOCK,
    Blocks,
    Powers,
    blocks_of,
    piece_frames,
    rms_of_blocks,
    rms_of_samples,
)
from gaplisten.audio.raster import Pixels, paint_spans, spans_of
from gaplisten.ui.lanes.colours import argb, mix, readable
from gaplisten.ui.lanes.curves import is_curve
from gaplisten.ui.lanes.drawer import Lanes
from gaplisten.ui.lanes.drawers.waveform import Waveform
from gaplisten.ui.lanes.ground import Ground
from gaplisten.ui.lanes.pieces import PieceStore
from gaplisten.ui.lanes.scene import Scene, SceneLane, Strip
from gaplisten.ui.translation import tr

_DARKER = 0.45


class Rms(Waveform):
    """Draws the waveform, and on it in a stronger colour the root mean square of each column."""

    name = "rms"
    title = tr("Waveform and RMS")
    keys = "Ctrl+8"
    help = tr("Draw waveforms with their RMS inside the peaks")
    lane_help = tr("Draw the heard lane with its RMS inside the peaks")
    place = 14
    overlays = False

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store: PieceStore[Blocks] = PieceStore(blocks_of, piece_frames, self)
        self.compute_in(self._store)

    def paint(self, pixels: Pixels, ground: Ground, lanes: Lanes, strip: Strip) -> None:
        """Paint the columns, and the RMS over them."""
        super().paint(pixels, ground, lanes, strip)
        scene = ground.scene
        if is_curve(scene.view):
            return
        for lane in lanes:
            found = self._columns(scene, lane)
            spans = spans_of(found, pixels.shape[0], scene.gain, joined=False)
            paint_spans(pixels, spans, _strong(lane, scene), found.known)

    def draw(self, painter: QPainter, scene: Scene, lanes: Lanes, strip: Strip) -> None:
        """Draw the same on paper."""
        super().draw(painter, scene, lanes, strip)
        if is_curve(scene.view):
            return
        ratio = scene.layout.ratio
        painter.setPen(Qt.PenStyle.NoPen)
        for lane in lanes:
            found = self._columns(scene, lane)
            painter.setBrush(QColor.fromRgb(_strong(lane, scene)))
            top, bottom = spans_of(found, strip.height, scene.gain, joined=False)
            for column in np.flatnonzero(found.known).tolist():
                left = scene.layout.plot_left + column / ratio
                high, low = float(top[column]), float(bottom[column])
                painter.drawRect(QRectF(left, (strip.top + high) / ratio, 1 / ratio, (low - high) / ratio))

    def _columns(self, scene: Scene, lane: SceneLane) -> Columns:
        edges = scene.view.edges()
        rms = self._rms(scene, lane.source, edges)
        known = np.isfinite(rms)
        rms = np.where(known, rms, np.float32(0.0))
        return Columns(-rms, rms, known, np.zeros(known.size, np.bool_))

    def _rms(self, scene: Scene, source: SampleSource, edges: Frames) -> Powers:
        if scene.view.frames_per_pixel < BLOCK:
            return rms_of_samples(source, edges)
        start, stop = int(edges[0]), min(int(edges[-1]), source.frames)
        if not source.loaded(start, stop):
            return np.full(len(edges) - 1, np.nan, np.float32)
        numbers = self._store.numbers(source, scene.view)
        return rms_of_blocks(self._store.get({(id(source), n): (source, n) for n in numbers}), edges)


def _strong(lane: SceneLane, scene: Scene) -> int:
    """Return the lane's colour, nearer to the text's."""
    return argb(mix(readable(lane.colour, scene.colours), scene.colours.text, _DARKER))


DRAWERS = (Rms,)
