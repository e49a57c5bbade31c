"""Keeps what is drawn in step with the controller: lanes, loss, loop, playhead, meter, status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.signal import Signal
from gaplisten.bench.lanes import Lane, Role
from gaplisten.playback.player import PlayerState
from gaplisten.ui.lanes.values import LaneView
from gaplisten.ui.theme import lane_colour, lane_colour_on_paper

if TYPE_CHECKING:
    from gaplisten.ui.workbench.window import WorkbenchWindow


class LaneDisplay(QObject):
    """Shows the controller's clip in the lanes view, the transport and the status bar."""

    def __init__(self, window: WorkbenchWindow) -> None:
        super().__init__(window)
        self._window = window
        self.badges: dict[str, str] = {}
        self._silence: dict[int, Signal] = {}
        self._pointer: int | None = None
        window.signals.lanes_changed.connect(self.show_lanes)
        window.signals.lane_changed.connect(self._show_lane)
        window.signals.trace_changed.connect(self.show_trace)
        window.signals.loop_changed.connect(self.show_loop)
        window.signals.clip_changed.connect(self._on_clip)
        window.signals.previewed.connect(self._preview)
        hearing = window.controller.hearing
        window.signals.moved.connect(self._on_moved)
        window.signals.heard_changed.connect(self._on_heard)
        window.lanes_view.pointer_moved.connect(self._on_pointer)
        window.lanes_view.seek_requested.connect(hearing.seek)
        window.lanes_view.lane_clicked.connect(hearing.hear)

    def show_lanes(self) -> None:
        """Draw all lanes."""
        lanes = self._window.controller.lanes
        self._window.lanes_view.set_lanes([self._view(lane) for lane in lanes])
        self._window.transport.lanes.show_lanes(lanes, self._window.controller.hearing.heard)
        self._on_heard(self._window.controller.hearing.heard)

    def _show_lane(self, key: int) -> None:
        lanes = self._window.controller.lanes
        self._window.lanes_view.set_lanes([self._view(lane) for lane in lanes])
        lane = self._window.controller.lane(key)
        if lane is not None:
            self._window.transport.lanes.show_lane(lane)

    def _view(self, lane: Lane) -> LaneView:
        state = (lane.state or "rendering") + "…" if lane.busy else lane.state
        source = self.source_of(lane)
        badge, paper = self.badges.get(lane.ident, ""), lane_colour_on_paper(lane.key)
        colour = lane_colour(lane.key)
        return LaneView(lane.key, lane.name, colour, source, state, badge, paper, lane.own_loss)

    def source_of(self, lane: Lane) -> Signal | SampleSource:
        """Return what a lane is drawn from: the file of a long clip, else the signal."""
        controller = self._window.controller
        edited = lane.role is Role.LOSSY and bool(controller.document.work.clip(controller.clip_name).loss)
        edited = edited or lane.ident in controller.edited
        if lane.ident in controller.files.sources and not edited:
            return controller.files.sources[lane.ident]
        return lane.signal if lane.signal is not None else self._no_sound()

    def _preview(self) -> None:
        files = self._window.controller.files
        self._window.lanes_view.set_lanes([self._view(lane) for lane in files.lanes])
        self._window.lanes_view.set_trace(files.trace, files.frames)
        self._window.lanes_view.set_active(files.lanes[0].key)

    def _no_sound(self) -> Signal:
        rate = max(self._window.controller.rate, 1)
        if rate not in self._silence:
            self._silence = {rate: Signal(np.zeros((1, 1), np.float32), rate)}
        return self._silence[rate]

    def on_palette(self) -> None:
        """Dress the lanes anew after the palette changed."""
        self.show_lanes()

    def _on_clip(self) -> None:
        controller = self._window.controller
        self.badges.clear()
        self._window.transport.show_gain(controller.settings.level_dbov, controller.gain_note)

    def show_trace(self) -> None:
        """Shade the lost packets."""
        controller = self._window.controller
        self._window.lanes_view.set_trace(controller.trace, controller.frames)

    def show_loop(self) -> None:
        """Draw the loop."""
        controller = self._window.controller
        loop = controller.document.work.clip(controller.clip_name).loop
        self._window.lanes_view.set_loop(None if loop is None else (loop.start, loop.stop))
        start, stop = (loop.start, loop.stop) if loop else (0, 0)
        self._window.status.show_loop(start, stop, controller.rate)

    def _on_heard(self, key: int) -> None:
        self._window.lanes_view.set_active(key)
        self._window.transport.lanes.show_heard(key)

    def _on_pointer(self, frame: int, _lane: int) -> None:
        # A negative frame says that the pointer has left the lanes.
        self._pointer = frame if frame >= 0 else None
        self._show_place(frame if frame >= 0 else self._window.controller.hearing.state.position)

    def _show_place(self, frame: int) -> None:
        controller = self._window.controller
        self._window.status.show_place(frame, controller.rate, controller.trace)

    def _on_moved(self, state: PlayerState) -> None:
        window: Any = self._window
        window.lanes_view.set_playhead(state.position)
        window.transport.show_state(state)
        window.transport.set_possible(state.available or state.starting, state.reason)
        window.status.show_sound(state)
        if state.playing or self._pointer is None:
            self._show_place(state.position)
