"""A curve over time under the waveform; each file in ``drawers/`` says which."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.viewport import Viewport
from gaplisten.bench.curves import measured_piece, piece_frames
from gaplisten.bench.derived import Inputs
from gaplisten.loss.measures import Curve, Measure
from gaplisten.loss.measures.windows import Frames, Row
from gaplisten.loss.trace import runs_of
from gaplisten.ui.lanes.colours import readable
from gaplisten.ui.lanes.curves import draw_line, polyline
from gaplisten.ui.lanes.drawer import Drawer, Lanes
from gaplisten.ui.lanes.pieces import PieceStore
from gaplisten.ui.lanes.scene import (
    Mode,
    Scene,
    SceneLane,
    Strip,
    round_step,
)
from gaplisten.ui.translation import tr

MOST_SECONDS = 300.0
_ROUND = (1, 2, 5, 10, 20, 50, 70, 100, 140, 200, 280, 400, 500, 1000, 2000, 5000, 10_000)
_TOO_MUCH = tr("zoom in to 5 minutes or less to see {}")


class Track(Drawer):
    """Draws a curve under the waveform, on one scale for all lanes.

    Attributes
    ----------
    called
        Its name within a sentence, which begins with a small letter in some languages only.
    unit, digits
        Of the values.
    least, most
        Ends of the scale, which grows at the top (and, where `least` is below 0, at the bottom alike) as far
        as the curves that are seen need it.
    lines
        Values at which a line is drawn across.
    logarithmic
        Whether equal ratios are equally far apart.
    rooted
        Whether heights go by the square root: a few very large values leave the others room.
    needs_reference
        Whether there is nothing to draw without a reference.
    """

    called: ClassVar[str]
    unit: ClassVar[str]
    digits: ClassVar[int] = 1
    least: ClassVar[float] = 0.0
    most: ClassVar[float]
    lines: ClassVar[tuple[float, ...]] = ()
    logarithmic: ClassVar[bool] = False
    rooted: ClassVar[bool] = False
    needs_reference: ClassVar[bool] = False

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store: PieceStore[Curve] = PieceStore(self.piece, piece_frames, self)
        self.compute_in(self._store)
        self._scaled: tuple[Scene, tuple[float, float]] | None = None

    # what another curve has to say

    @classmethod
    def piece(cls, *inputs: object) -> Curve:
        """Return a piece of the curve from what `inputs` named; called on threads."""
        raise NotImplementedError

    def inputs(self, scene: Scene, lane: SceneLane) -> Inputs | None:
        """Return what the curve of a lane follows from, the number of the piece apart; None for no curve."""
        raise NotImplementedError

    # as every drawer

    def keep_only(self, sources: Sequence[SampleSource]) -> None:
        """Forget the curves of other sounds, and the scene that held them."""
        super().keep_only(sources)
        self._scaled = None

    def reading(self, scene: Scene, lane: SceneLane, frame: int, height: float | None) -> str:
        """Say what the curve is at a frame."""
        curve = self._curve(scene, lane)
        if not curve.frames.size:
            return ""
        at = int(np.abs(curve.frames - frame).argmin())
        value = float(curve.values[at])
        far = abs(int(curve.frames[at]) - frame) > 0.01 * scene.rate
        return "" if far or math.isnan(value) else f"{self.called} {value:.{self.digits}f} {self.unit}"

    def scale(self, scene: Scene, strip: Strip) -> list[tuple[float, str]]:
        """Return a few values of the curves' scale."""
        ends, height = self._ends(scene), self._height(strip, scene)
        if self.logarithmic or self.rooted:
            values = [float(each) for each in _ROUND if ends[0] < each < ends[1]]
        else:
            step = round_step(max(scene.layout.scale_room, height / 6) / height * (ends[1] - ends[0]))
            values = [n * step for n in range(math.ceil(ends[0] / step), math.floor(ends[1] / step) + 1)]
        places: list[tuple[float, str]] = []
        for y, value in zip(self._y(np.array(values), scene, strip, ends).tolist(), values, strict=True):
            if not places or abs(y - places[-1][0]) >= scene.layout.scale_room:
                places.append((y, f"{value:g}".replace("-", "\u2212")))
        top, bottom = strip.top / scene.layout.ratio, strip.bottom / scene.layout.ratio
        half = scene.layout.scale_text / 2
        return [(y, text) for y, text in places if top + half <= y <= bottom - half]

    def paint_over(self, painter: QPainter, scene: Scene, lanes: Lanes, strip: Strip) -> None:
        """Paint the curve, what it must not exceed, and why there is none."""
        painter.save()
        layout = scene.layout
        roof = QRectF(0, layout.ruler, layout.width, layout.height)
        box = scene.box(strip)
        painter.setClipRect(box.intersected(roof))
        painter.setPen(QPen(scene.colours.faint_text, 0, Qt.PenStyle.DashLine))
        ends = self._ends(scene)
        for y in self._y(np.array(self.lines), scene, strip, ends).tolist():
            painter.drawLine(QPointF(box.left(), round(y)), QPointF(box.right(), round(y)))
        painter.setPen(QPen(scene.colours.faint_text, 0))
        painter.drawText(box.adjusted(6, 2, -4, 0), Qt.AlignmentFlag.AlignLeft, self._told(scene, lanes[-1]))
        for lane in lanes:
            curve = self._curve(scene, lane)
            if curve.frames.size:
                painter.setPen(QPen(readable(lane.colour, scene.colours), 0))
                self._paint(painter, curve, scene, strip, ends)
        painter.restore()

    def _paint(
        self, painter: QPainter, curve: Curve, scene: Scene, strip: Strip, ends: tuple[float, float]
    ) -> None:
        for x, y in broken(*thinned(curve, scene.view)):
            across = (
                scene.layout.plot_left
                + (x - scene.view.grid_start) / scene.view.frames_per_pixel / scene.layout.ratio
            )
            down = self._y(y, scene, strip, ends)
            if len(across) == 1:
                painter.drawPoint(round(float(across[0])), round(float(down[0])))
            else:
                draw_line(painter, polyline(across, down), scene.layout.ratio)

    # -- what is seen ---------------------------------------------------------------------------------

    def _too_much(self, scene: Scene) -> bool:
        return scene.view.span > MOST_SECONDS * scene.rate

    def _told(self, scene: Scene, lane: SceneLane) -> str:
        if self._too_much(scene):
            return _TOO_MUCH.format(self.called)
        if self.needs_reference and scene.reference is None:
            return tr("{called} needs the reference", called=self.called)
        return f"{self.title}, {self.unit}"

    def _pieces(self, scene: Scene, lane: SceneLane) -> list[Curve]:
        inputs = None if self._too_much(scene) else self.inputs(scene, lane)
        if inputs is None:
            return []
        sources = [each for each in inputs if isinstance(each, SampleSource)]
        start, stop = max(int(scene.view.start), 0), min(int(scene.view.stop), lane.source.frames)
        if not all(each.loaded(start, min(stop, each.frames)) for each in sources if start < each.frames):
            return []
        rest = tuple(id(each) for each in inputs[1:] if not isinstance(each, str))
        numbers = self._store.numbers(lane.source, scene.view)
        return self._store.get({(id(lane.source), *rest, n): (*inputs, n) for n in numbers})

    def _curve(self, scene: Scene, lane: SceneLane) -> Curve:
        pieces = self._pieces(scene, lane)
        if not pieces:
            return Curve(np.zeros(0, np.int64), np.zeros(0))
        return Curve(
            np.concatenate([each.frames for each in pieces]), np.concatenate([each.values for each in pieces])
        )

    def _ends(self, scene: Scene) -> tuple[float, float]:
        """Return the ends of the scale: one for all lanes, or they could not be compared.

        Every lane asks, and all curves are gone through for it: that is done once for a scene.
        """
        if self._scaled is None or self._scaled[0] is not scene:
            self._scaled = scene, self._found_ends(scene)
        return self._scaled[1]

    def _found_ends(self, scene: Scene) -> tuple[float, float]:
        if self.logarithmic:
            return self.least, self.most
        largest = 0.0
        for lane in scene.lanes:
            for piece in self._pieces(scene, lane):
                first, last = np.searchsorted(piece.frames, (scene.view.start, scene.view.stop))
                largest = float(np.fmax.reduce(np.abs(piece.values[first:last]), initial=largest))
        most = max(self.most, round_step(largest))
        return (-most if self.least < 0 else self.least), most

    def _height(self, strip: Strip, scene: Scene) -> float:
        return max(strip.height / scene.layout.ratio, 1.0)

    def _y(self, values: Row, scene: Scene, strip: Strip, ends: tuple[float, float]) -> Row:
        least, most = ends
        if self.logarithmic:
            share = np.log(np.maximum(values, 1e-9) / least) / math.log(most / least)
        else:
            share = (values - least) / (most - least)
            if self.rooted:
                share = np.sqrt(np.maximum(share, 0.0))
        bottom = strip.bottom / scene.layout.ratio - 2
        return np.asarray(bottom - np.clip(share, 0.0, 1.0) * (self._height(strip, scene) - 4))


class MeasureTrack(Track):
    """Draws what a measure of gaps sees at every place of a version.

    Attributes
    ----------
    measure
        It has a value at any place.
    """

    measure: ClassVar[Measure]

    @classmethod
    def piece(cls, *inputs: object) -> Curve:
        """Compute a piece."""
        return measured_piece(cls.measure.key, *inputs)  # type: ignore[arg-type]

    def inputs(self, scene: Scene, lane: SceneLane) -> Inputs | None:
        """Return version, reference (None for the reference itself and where there is none), and losses.

        In the residual mode lanes show differences, of which measures have nothing to say: there it is None.
        """
        if scene.mode is Mode.RESIDUAL:
            return None
        reference = scene.compared_with(lane)
        loss = lane.loss if lane.own_loss else scene.loss
        clean = None if reference is None else reference.source
        if clean is not None and clean.rate != lane.source.rate:
            clean = None
        if clean is None and self.needs_reference:
            return None
        return (lane.source, clean, None if loss is None else loss.trace)


def thinned(curve: Curve, view: Viewport) -> tuple[Frames, Row]:
    """Return the points of a curve; where pixels hold many, the least and the largest of each."""
    frames, values = curve.frames, curve.values
    columns = ((frames - view.grid_start) // view.frames_per_pixel).astype(np.int64)
    cuts = np.concatenate(([0], np.flatnonzero(np.diff(columns)) + 1))
    if frames.size < 3 * cuts.size:
        return frames, values
    with np.errstate(invalid="ignore"):
        low, high = np.fmin.reduceat(values, cuts), np.fmax.reduceat(values, cuts)
    both = np.stack([low, high], axis=1).reshape(-1)
    return np.repeat(frames[cuts], 2), both


def broken(frames: Frames, values: Row) -> list[tuple[Frames, Row]]:
    """Return the stretches of a curve between places where it has no value."""
    return [(frames[a:b], values[a:b]) for a, b in runs_of(np.isfinite(values)).tolist()]
