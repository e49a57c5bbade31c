"""What the lanes view was told to show, and the scene that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtGui import QColor

from gaplisten.audio.ruler import RulerUnit, Scale
from gaplisten.audio.viewport import Viewport
from gaplisten.bench.lane_sizes import LaneSizes
from gaplisten.loss.shading import LossMap
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.lanes.colours import ViewColours, default_lane_colour
from gaplisten.ui.lanes.drawer import Drawer
from gaplisten.ui.lanes.lane_data import LaneData
from gaplisten.ui.lanes.scene import LaneView, Layout, Mark, Mode, Scene, SceneLane


@dataclass
class Shown:
    """Everything that was set on the view; changed in place by it.

    Parameters
    ----------
    drawers
        The ways to draw a lane, by name.
    display, displays
        Name of the drawer of all lanes, and of single ones by their key.
    sizes
        How high lanes are drawn.
    """

    drawers: Mapping[str, Drawer]
    lanes: tuple[LaneView, ...] = ()
    loss: LossMap | None = None
    rate: int = 48000
    active: int | None = None
    mode: Mode = Mode.LANES
    display: str = "waveform"
    displays: dict[int, str] = field(default_factory=dict)
    unit: RulerUnit = RulerUnit.SECONDS
    loop: tuple[int, int] | None = None
    gap: tuple[int, int] | None = None
    marks: tuple[Mark, ...] = ()
    selection: tuple[int, int] | None = None
    gain: float = 1.0
    sizes: LaneSizes = field(default_factory=LaneSizes)
    _own: dict[int, tuple[LossTrace, int, LossMap]] = field(default_factory=dict)

    @property
    def keys(self) -> list[int]:
        """Keys of the lanes from top to bottom."""
        return [lane.key for lane in self.lanes]

    @property
    def rows(self) -> int:
        """How many lanes are stacked."""
        return min(len(self.lanes), 1) if self.mode is Mode.OVERLAY else len(self.lanes)

    @property
    def heights(self) -> tuple[float, ...]:
        """Heights that were given to the lanes that are stacked; empty where none was."""
        return () if self.mode is Mode.OVERLAY else self.sizes.given([lane.identity for lane in self.lanes])

    def display_of(self, key: int) -> str:
        """Return the name of the drawer of a lane."""
        return self.displays.get(key, self.display)

    def _strips(self, key: int) -> tuple[str, ...]:
        """Return the drawers that share a lane; where lanes are overlaid, one that can draw several."""
        if self.mode is Mode.OVERLAY:
            able = [name for name, drawer in self.drawers.items() if drawer.overlays]
            return (self.display if self.display in able else able[0],)
        name = self.display_of(key)
        return self.drawers[name].strips or (name,)

    def _own_loss(self, lane: LaneView, frames: int) -> LossMap | None:
        """Return a lane's losses of its own, made ready once."""
        trace, kept = lane.own_trace, self._own.get(lane.key)
        if trace is None:
            return None
        if kept is None or kept[0] is not trace or kept[1] != frames:
            kept = self._own[lane.key] = (trace, frames, LossMap(trace, frames))
        return kept[2]

    def loss_at(self, index: int, frames: int) -> LossMap | None:
        """Return the losses that a lane of a clip of so many frames met."""
        lane = self.lanes[index] if self.lanes else None
        return self._own_loss(lane, frames) if lane is not None and lane.own_loss else self.loss

    def lane(self, index: int, colours: ViewColours, data: LaneData, frames: int) -> SceneLane:
        """Return a lane as it is drawn now."""
        lane = self.lanes[index]
        own = lane.paper if colours.on_paper and lane.paper is not None else lane.colour
        colour = QColor(own) if own is not None else default_lane_colour(index, colours)
        drawn = data.drawn(lane.key)
        return SceneLane(
            key=lane.key,
            name=lane.name,
            colour=colour,
            state=lane.state,
            badge=lane.badge,
            source=drawn.source,
            peaks=drawn.peaks,
            altered=drawn.altered,
            strips=self._strips(lane.key),
            note=drawn.note,
            own_loss=lane.own_loss,
            loss=self._own_loss(lane, frames),
            words=lane.words,
        )

    def scene(self, layout: Layout, view: Viewport, colours: ViewColours, data: LaneData) -> Scene:
        """Return the picture of all lanes."""
        grid = self.loss.trace.grid if self.loss else None
        packet = grid.length if grid else self.rate // 50
        return Scene(
            layout=layout,
            view=view,
            lanes=tuple(self.lane(index, colours, data, view.total) for index in range(len(self.lanes))),
            mode=self.mode,
            active=self.active,
            loss=self.loss,
            colours=colours,
            scale=Scale.of(self.unit, self.rate, packet),
            rate=self.rate,
            gain=self.gain,
            loop=self.loop,
            gap=self.gap,
            marks=self.marks,
            selection=self.selection,
        )
