"""Keeps what is drawn in step with the controller: lanes, loss, loop, playhead, status."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.signal import Signal
from gaplisten.bench.controller import Controller
from gaplisten.bench.lanes import Lane, Role
from gaplisten.playback.player import PlayerState
from gaplisten.ui.bench_signals import BenchSignals
from gaplisten.ui.lanes.lanes_view import LanesView
from gaplisten.ui.lanes.scene import LaneView, Word
from gaplisten.ui.shell.status import Status
from gaplisten.ui.theme import lane_colour, lane_colour_on_paper
from gaplisten.ui.translation import tr, tr_lane, tr_state


class LaneDisplay(QObject):
    """Shows the controller's clip in the lanes view and the status bar."""

    def __init__(
        self, controller: Controller, signals: BenchSignals, lanes: LanesView, status: Status
    ) -> None:
        super().__init__(lanes)
        self._controller, self._lanes, self._status = controller, lanes, status
        self.badges: dict[str, str] = {}
        self._words: dict[str, tuple[Word, ...]] = {}
        self._silence: dict[int, Signal] = {}
        self._pointer: int | None = None
        signals.lanes_changed.connect(self.show_lanes)
        signals.lane_changed.connect(self._show_lane)
        signals.trace_changed.connect(self.show_trace)
        signals.loop_changed.connect(self.show_loop)
        signals.clip_changed.connect(self.badges.clear)
        signals.previewed.connect(self._preview)
        hearing = controller.hearing
        signals.moved.connect(self._on_moved)
        signals.heard_changed.connect(lanes.set_active)
        lanes.pointer_moved.connect(self._on_pointer)
        lanes.seek_requested.connect(hearing.seek)
        lanes.lane_clicked.connect(hearing.hear)

    def show_lanes(self) -> None:
        """Draw all lanes."""
        self._show_lane(-1)
        self._lanes.set_active(self._controller.hearing.heard)

    def show_badges(self, badges: dict[str, str]) -> None:
        """Show scores at the lanes' ends, by the lanes' identifiers."""
        if badges != self.badges:
            self.badges.clear()
            self.badges.update(badges)
            self.show_lanes()

    def show_words(self, words: dict[str, tuple[Word, ...]]) -> None:
        """Write what was heard under the lanes, by their identifiers."""
        if words != self._words:
            self._words = dict(words)
            self.show_lanes()

    def _show_lane(self, _key: int) -> None:
        self._lanes.set_lanes([self._view(lane) for lane in self._controller.lanes])

    def _view(self, lane: Lane) -> LaneView:
        state = (tr_state(lane.state) or tr("rendering")) + "…" if lane.busy else tr_state(lane.state)
        source = self.source_of(lane)
        badge, paper = self.badges.get(lane.ident, ""), lane_colour_on_paper(lane.colour)
        colour = lane_colour(lane.colour)
        own, trace = lane.own_loss, lane.own_trace
        words = self._words.get(lane.ident, ())
        return LaneView(
            lane.key, tr_lane(lane.name), colour, source, state, badge, paper, own, trace, words, lane.ident
        )

    def source_of(self, lane: Lane) -> Signal | SampleSource:
        """Return what a lane is drawn from: the file of a long clip, else the signal."""
        controller = self._controller
        edited = lane.role is Role.LOSSY and bool(controller.document.work.clip(controller.clip_name).loss)
        edited = edited or lane.ident in controller.edited
        if lane.ident in controller.files.sources and not edited:
            return controller.files.sources[lane.ident]
        return lane.signal if lane.signal is not None else self._no_sound()

    def _preview(self) -> None:
        files = self._controller.files
        self._lanes.set_lanes([self._view(lane) for lane in files.lanes])
        self._lanes.set_trace(files.trace, files.frames)
        self._lanes.set_active(files.lanes[0].key)

    def _no_sound(self) -> Signal:
        rate = max(self._controller.rate, 1)
        if rate not in self._silence:
            self._silence = {rate: Signal(np.zeros((1, 1), np.float32), rate)}
        return self._silence[rate]

    def show_trace(self) -> None:
        """Shade the lost packets."""
        controller = self._controller
        self._lanes.set_trace(controller.trace, controller.frames)

    def show_loop(self) -> None:
        """Draw the loop."""
        controller = self._controller
        loop = controller.document.work.clip(controller.clip_name).loop
        self._lanes.set_loop(None if loop is None else (loop.start, loop.stop))
        start, stop = (loop.start, loop.stop) if loop else (0, 0)
        self._status.show_loop(start, stop, controller.rate)

    def _on_pointer(self, frame: int, _lane: int) -> None:
        # A negative frame says that the pointer has left the lanes.
        self._pointer = frame if frame >= 0 else None
        self._show_place(frame if frame >= 0 else self._controller.hearing.state.position)

    def _show_place(self, frame: int) -> None:
        controller = self._controller
        self._status.show_place(frame, controller.rate, controller.listed_trace)

    def _on_moved(self, state: PlayerState) -> None:
        self._lanes.set_playhead(state.position)
        self._status.show_sound(state)
        if state.playing or self._pointer is None:
            self._show_place(state.position)
