"""What the views are told to show, and what lies where in a picture of the lanes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from gaplisten.audio.filemap import SampleSource, read_floats
from gaplisten.audio.peaks import PeakPyramid
from gaplisten.audio.ruler import Scale, duration
from gaplisten.audio.signal import Signal
from gaplisten.audio.viewport import Viewport
from gaplisten.bench.lanes import REFERENCE_KEY
from gaplisten.loss.shading import LossMap
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.lanes.colours import ViewColours
from gaplisten.ui.translation import tr


class Mode(StrEnum):
    """How the lanes are laid out."""

    LANES = "lanes"
    OVERLAY = "overlay"
    RESIDUAL = "residual"


@dataclass(frozen=True, slots=True)
class Word:
    """A word heard in a lane between two frames, or one that died in a gap there."""

    text: str
    start: int
    stop: int
    died: bool = False


@dataclass(frozen=True, eq=False)
class LaneView:
    """One lane: a version of the clip.

    Parameters
    ----------
    key
        The number that the user presses for it, also its identity; 0 is the reference.
    name
        Shown beside the lane.
    colour
        A colour that tells it apart, or None for one of the default table.
    source
        The sound: a signal in memory or a source that is read block by block.
    state
        A short text under the name ("rendering 40 %", "failed: ..."), may be empty.
    badge
        A score or the like, shown at the lane's end, may be empty.
    paper
        The colour on white paper, where a theme's own would be pale; None for `colour`.
    own_loss
        Whether other samples were lost in it than in the others: altered received ones are not shown then.
    own_trace
        Which they were; None where that is not known, and nothing is hatched.
    words
        What a recogniser heard in it.
    ident
        Tells the version apart where its key may change; by default the key.
    """

    key: int
    name: str
    colour: QColor | str | None
    source: Signal | SampleSource
    state: str = ""
    badge: str = ""
    paper: QColor | str | None = None
    own_loss: bool = False
    own_trace: LossTrace | None = None
    words: tuple[Word, ...] = ()
    ident: str = ""

    @property
    def identity(self) -> str:
        """What stays the same when the lane gets another key."""
        return self.ident or str(self.key)


@dataclass(frozen=True, slots=True)
class Mark:
    """A flag on the time axis: a note or a place the user marked."""

    frame: int
    text: str = ""
    colour: str | None = None


HEADER_WIDTH = 208
GUTTER = 34
RULER_HEIGHT = 26
LOWEST_LANE = 72
LANE_GAP = 1
BORDER = 4.0  # logical pixels from the border of a lane at which it can be held
# Of a vertical scale, in logical pixels: the least between two values, and the height of one.
SCALE_ROOM = 26.0
SCALE_TEXT = 14.0
_MARK_WIDTH = 9.0
_LEVEL_SECONDS = 0.010


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of ruler, headers and lanes on a canvas.

    Parameters
    ----------
    width, height
        Logical pixels of the canvas.
    ratio
        Device pixels per logical pixel.
    rows
        How many lanes are stacked (one in overlay).
    scroll
        Logical pixels that the lanes are scrolled up.
    heights
        Heights that the user gave to lanes, in logical pixels, 0 for others: these share what is left.
    scale
        How much larger than usual the letters are for which there is to be room.
    """

    width: int
    height: int
    ratio: float
    rows: int
    scroll: int = 0
    heights: tuple[float, ...] = ()
    scale: float = 1.0

    @property
    def ruler(self) -> int:
        """Height of the ruler."""
        return round(RULER_HEIGHT * self.scale)

    @property
    def gutter(self) -> int:
        """Width of the vertical scales."""
        return round(GUTTER * self.scale)

    @property
    def scale_room(self) -> float:
        """The least between two values of a vertical scale."""
        return SCALE_ROOM * self.scale

    @property
    def scale_text(self) -> float:
        """Height of a value of a vertical scale."""
        return SCALE_TEXT * self.scale

    @property
    def plot_left(self) -> int:
        """Left edge of the time axis."""
        return min(round(HEADER_WIDTH * self.scale), self.width // 3)

    @property
    def plot_width(self) -> int:
        """Width of the time axis."""
        return max(self.width - self.plot_left, 1)

    @property
    def columns(self) -> int:
        """Width of the time axis in device pixels."""
        return max(self.device(self.width) - self.device(self.plot_left), 1)

    @property
    def lane_height(self) -> float:
        """Height of each lane that was given none."""
        given = [each for each in self.heights[: self.rows] if each]
        room = (self.height - self.ruler - sum(given)) / max(self.rows - len(given), 1)
        return max(room, LOWEST_LANE * self.scale)

    @property
    def all_heights(self) -> float:
        """Height of all lanes together."""
        return self.top_of(self.rows)

    def top_of(self, row: int) -> float:
        """Return where a lane begins, in logical pixels from the first one's top."""
        if not self.heights:
            return row * self.lane_height
        each = self.lane_height
        return sum(given or each for given in self.heights[:row])

    def height_of(self, row: int) -> float:
        """Return the height of a lane."""
        return (self.heights[row] if self.heights else 0.0) or self.lane_height

    @property
    def overflow(self) -> int:
        """Logical pixels of lanes that do not fit."""
        return max(round(self.all_heights) - (self.height - self.ruler), 0)

    def lane_span(self, row: int) -> tuple[int, int]:
        """Return the top and bottom of a lane, in device pixels (they may lie outside the canvas)."""
        return _lane_span(self, row)

    def legend_height(self, lanes: int) -> float:
        """Return the height of a header where all lanes share one plot."""
        return min((self.height - self.ruler) / max(lanes, 1), 66.0 * self.scale)

    def legend_row(self, y: float, lanes: int) -> int:
        """Return the header at a logical height in overlay, -1 outside."""
        row = int((y - self.ruler) // self.legend_height(lanes))
        return row if 0 <= row < lanes else -1

    def row_at(self, y: float) -> int:
        """Return the lane at a logical height, -1 outside the lanes."""
        if y < self.ruler:
            return -1
        place = y - self.ruler + self.scroll
        if not self.heights:
            row = int(place // self.lane_height)
            return row if row < self.rows else -1
        return next((row for row in range(self.rows) if self.top_of(row) <= place < self.top_of(row + 1)), -1)

    def border_at(self, y: float) -> int:
        """Return the lane whose lower border is at a logical height, -1 where there is none."""
        place = y - self.ruler + self.scroll
        return next((row for row in range(self.rows) if abs(self.top_of(row + 1) - place) <= BORDER), -1)

    def device(self, length: float) -> int:
        """Return device pixels from logical ones."""
        return round(length * self.ratio)


@lru_cache(maxsize=256)  # everything that is painted asks for it, many times a picture
def _lane_span(layout: Layout, row: int) -> tuple[int, int]:
    top = layout.ruler - layout.scroll + layout.top_of(row)
    return layout.device(top), layout.device(top + layout.height_of(row)) - layout.device(LANE_GAP)


@dataclass(frozen=True, eq=False)
class SceneLane:
    """A lane as it is drawn now; `strips` names the drawers that share it, from top to bottom."""

    key: int
    name: str
    colour: QColor
    state: str
    badge: str
    source: SampleSource
    peaks: PeakPyramid | None
    altered: PeakPyramid | None
    strips: tuple[str, ...]
    note: str = ""
    own_loss: bool = False
    loss: LossMap | None = None
    words: tuple[Word, ...] = ()

    @property
    def said(self) -> tuple[str, ...]:
        """The words heard in it, and those that died in its gaps, a line each."""
        heard = " ".join(word.text for word in self.words if not word.died)
        died = ", ".join(word.text for word in self.words if word.died)
        return tuple(
            filter(
                None,
                (heard and tr("heard: {heard}", heard=heard), died and tr("died in gaps: {died}", died=died)),
            )
        )


@dataclass(frozen=True, slots=True)
class Strip:
    """A strip of a lane, in device pixels of the canvas, and the name of what draws it."""

    top: int
    bottom: int
    drawer: str

    @property
    def height(self) -> int:
        """Height in device pixels."""
        return self.bottom - self.top


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture, described."""

    layout: Layout
    view: Viewport
    lanes: tuple[SceneLane, ...]
    mode: Mode
    active: int | None
    loss: LossMap | None
    colours: ViewColours
    scale: Scale
    rate: int
    gain: float = 1.0
    loop: tuple[int, int] | None = None
    gap: tuple[int, int] | None = None
    marks: tuple[Mark, ...] = ()
    selection: tuple[int, int] | None = None

    @property
    def rows(self) -> int:
        """How many lanes are stacked."""
        return min(len(self.lanes), 1) if self.mode is Mode.OVERLAY else len(self.lanes)

    @property
    def overlaid(self) -> bool:
        """Whether several lanes share one plot."""
        return self.mode is Mode.OVERLAY and len(self.lanes) > 1

    @property
    def reference(self) -> SceneLane | None:
        """The lane that others are compared with; None where the clip has none."""
        return next((lane for lane in self.lanes if lane.key == REFERENCE_KEY), None)

    def compared_with(self, lane: SceneLane) -> SceneLane | None:
        """Return the reference of a lane; None for the reference itself, and where differences are drawn."""
        reference = self.reference
        if reference is None or reference.key == lane.key or self.mode is Mode.RESIDUAL:
            return None
        return reference

    def in_row(self, row: int) -> tuple[SceneLane, ...]:
        """Return the lanes drawn in a row, the active one last so that it lies on top."""
        here = self.lanes if self.mode is Mode.OVERLAY else self.lanes[row : row + 1]
        return tuple(sorted(here, key=lambda lane: lane.key == self.active))

    def with_losses_of(self, row: int) -> Scene:
        """Return the picture as the lane on top in a row met it: with its own losses, if it has such."""
        lane = self.in_row(row)[-1]
        return replace(self, loss=lane.loss) if lane.own_loss else self

    def strips(self, row: int) -> tuple[Strip, ...]:
        """Return the strips of a row, from top to bottom."""
        top, bottom = self.layout.lane_span(row)
        names = self.lanes[row].strips
        edges = [top + (bottom - top) * place // len(names) for place in range(len(names) + 1)]
        return tuple(Strip(edges[n], edges[n + 1], name) for n, name in enumerate(names))

    # what lies where, in logical pixels

    def x_of(self, frame: float) -> float:
        """Return the position of a frame."""
        return self.layout.plot_left + self.view.x_of(frame) / self.layout.ratio

    def frame_at(self, x: float) -> int:
        """Return the frame at a position, inside the clip."""
        frame = self.view.frame_at((x - self.layout.plot_left) * self.layout.ratio)
        return min(max(int(frame), 0), max(self.view.total - 1, 0))

    def box(self, strip: Strip) -> QRectF:
        """Return the place of a strip beside the headers."""
        layout = self.layout
        top, height = strip.top / layout.ratio, strip.height / layout.ratio
        return QRectF(layout.plot_left, top, layout.plot_width, height)

    def key_at(self, y: float) -> int:
        """Return the key of the lane at a height, -1 where there is none."""
        if self.mode is Mode.OVERLAY:
            row = self.layout.legend_row(y, len(self.lanes))
        else:
            row = self.layout.row_at(y)
        return self.lanes[row].key if 0 <= row < len(self.lanes) else -1

    def mark_at(self, x: float) -> int:
        """Return the index of the mark whose flag is at a position, -1 where there is none."""
        near = [n for n, mark in enumerate(self.marks) if 0 <= x - self.x_of(mark.frame) < _MARK_WIDTH]
        return near[-1] if near else -1

    def packet_at(self, frame: int) -> tuple[int, bool] | None:
        """Return the packet that holds a frame and whether it was lost, or None without packets."""
        trace = self.loss.trace if self.loss else None
        if trace is None or trace.grid is None:
            return None
        frame = min(frame, trace.frames - 1)
        return trace.grid.packet_of(frame), trace.lost_at(frame)

    def lost_at(self, frame: int) -> bool:
        """Whether a frame was lost."""
        return self.loss is not None and self.loss.trace.lost_at(frame)

    def tip_at(self, x: float, y: float) -> str:
        """Return what a header or a mark says in full."""
        if x >= self.layout.plot_left:
            mark = self.mark_at(x) if y < self.layout.ruler else -1
            return self.marks[mark].text if mark >= 0 else ""
        key = self.key_at(y)
        lines = [
            (lane.name, lane.state, lane.note, lane.badge, *lane.said)
            for lane in self.lanes
            if lane.key == key
        ]
        return "\n".join(text for texts in lines for text in texts if text)

    def _of_active(self) -> Scene:
        """Return the picture with the losses that the active lane met."""
        own = next((lane for lane in self.lanes if lane.key == self.active and lane.own_loss), None)
        return self if own is None else replace(self, loss=own.loss)

    def describe(self, frame: int) -> str:
        """Say time, packet and level at a frame, for screen readers."""
        said, at = [duration(frame / self.rate)], self._of_active()
        if (packet := at.packet_at(frame)) is not None:
            said.append(
                tr(
                    "packet {packet} {fate}",
                    packet=packet[0],
                    fate=tr("lost") if packet[1] else tr("received"),
                )
            )
        for lane in self.lanes:
            if lane.key == self.active:
                said.append(f"{lane.name} {level_db(lane.source, frame):.1f} dB")
                here = [word for word in lane.words if word.start <= frame < word.stop]
                said += [
                    tr("{word} died", word=word.text) if word.died else tr("heard {word}", word=word.text)
                    for word in here
                ]
        return ", ".join(said)


def level_db(source: SampleSource, frame: int) -> float:
    """Return the RMS level (dB, full scale 0) of the 10 ms around a frame; -120 for silence."""
    half = round(source.rate * _LEVEL_SECONDS / 2)
    start, stop = max(frame - half, 0), min(frame + half + 1, source.frames)
    if stop <= start or not source.loaded(start, stop):
        return -120.0
    samples = read_floats(source, start, stop).astype(float)
    return 10.0 * math.log10(max(float((samples**2).mean()), 1e-12))


def round_step(least: float) -> float:
    """Return the smallest 1, 2 or 5 times a power of ten that is at least `least`."""
    magnitude = 10.0 ** math.floor(math.log10(max(least, 1e-9)))
    return next(factor * magnitude for factor in (1.0, 2.0, 5.0, 10.0) if factor * magnitude >= least * 0.999)
