"""Playing, switching lanes, looping, speed."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QToolBar

from gaplisten.bench.loop_edges import LOOP_EDGES
from gaplisten.playback.player import PlayerState
from gaplisten.ui.actions import section
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr, tr_lane, tr_said, tr_state
from gaplisten.ui.workbench.transport import Transport

SPEEDS = {"listen.full": 1.0, "listen.half": 0.5, "listen.quarter": 0.25}


COMMANDS = (
    *section("Listen", "play", listening=True)(
        ("listen.toggle", "Play / Pause", "Space", "Play or pause"),
        ("listen.stop", "Stop", "Backspace", "Stop and go back to where it began"),
        ("listen.start", "To the Start", "Home", "Go to the start"),
        ("listen.end", "To the End", "End", "Go to the end"),
    ),
    *section("Listen/Lane", "digits")(
        ("listen.lane0", "Reference", "0; R", "Hear lane 0 at the same position"),
        ("listen.lane1", "Lossy", "1", "Hear lane 1 at the same position"),
        *(
            (f"listen.lane{key}", f"Lane {key}", str(key), f"Hear lane {key} at the same position")
            for key in range(2, 10)
        ),
    ),
    *section("Listen/Lane", "digits")(
        ("listen.last", "Back to the Last One", "T", "Hear the version before this one; again: this one"),
    ),
    *section("Listen/Lane", "turn", listening=True)(
        ("listen.next", "Next Lane", "Right", "Hear the next lane"),
        ("listen.previous", "Previous Lane", "Left", "Hear the previous lane"),
    ),
    *section("Listen", "loop", checkable=True)(
        ("listen.loop", "Loop", "L", "Play the loop over and over"),
    ),
    *section("Listen", "loop")(
        ("listen.loop_in", "Loop Starts Here", "A", "Begin the loop at the playhead"),
        ("listen.loop_out", "Loop Ends Here", "B", "End the loop at the playhead"),
        ("listen.reset_in", "Loop from the Start", "Shift+A", "Begin the loop at the clip's start"),
        ("listen.reset_out", "Loop to the End", "Shift+B", "End the loop at the clip's end"),
    ),
    *section("Listen/Loop Edges", "loop", checkable=True, group="loop_edges")(
        ("listen.edges_anywhere", "Anywhere", "", "Begin and end loops where they are set"),
        ("listen.edges_packets", "Packet Edges", "", "Begin and end loops at edges of packets"),
        (
            "listen.edges_crossings",
            "Zero Crossings",
            "",
            "Begin and end loops where the sound crosses zero",
        ),
    ),
    *section("Listen/Speed", "speed", checkable=True, group="speed")(
        ("listen.full", "Full Speed", "Shift+1", "Play as it is"),
        ("listen.half", "Half Speed", "Shift+2", "Play at half speed; the pitch falls an octave"),
        ("listen.quarter", "Quarter Speed", "Shift+4", "Play at quarter speed; the pitch falls two octaves"),
    ),
    *section("Listen", "lost", checkable=True)(
        ("listen.lost", "Only the Lost Parts", "Shift+L", "Hear only what was concealed"),
    ),
    *section("Listen/Switching", "switching", checkable=True, group="switching")(
        ("listen.standard", "Fade Out, Then In", "", "Switch as BS.1534-3 asks"),
        ("listen.crossfade", "Cross-Fade", "", "Switch with a cross-fade"),
    ),
)


class Listen(QObject):
    """The Listen menu, and the bar above the lanes."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self._gain_shown = (0.0, "")
        bind, hearing = shell.actions.bind, shell.controller.hearing
        bind("listen.toggle", self._toggle)
        bind("listen.stop", hearing.stop)
        bind("listen.start", lambda: self._go(0))
        bind("listen.end", lambda: self._go(self._controller.frames))
        for key in range(10):
            bind(f"listen.lane{key}", lambda key=key: self._hear(key))
        bind("listen.last", self._hear_last)
        bind("listen.next", lambda: self._turn(1))
        bind("listen.previous", lambda: self._turn(-1))
        bind("listen.loop", self._loop)
        bind("listen.loop_in", lambda: shell.looping.move_edge("start", hearing.state.position))
        bind("listen.loop_out", lambda: shell.looping.move_edge("stop", hearing.state.position))
        bind("listen.reset_in", lambda: shell.looping.move_edge("start", 0))
        bind("listen.reset_out", lambda: shell.looping.move_edge("stop", self._controller.frames))
        for name, factor in SPEEDS.items():
            bind(name, lambda _on, factor=factor: self._speed(factor))
        bind("listen.lost", self._only_lost)
        bind("listen.standard", lambda _on: self._switching("standard"))
        bind("listen.crossfade", lambda _on: self._switching("crossfade"))
        for kind in LOOP_EDGES:
            bind(f"listen.edges_{kind}", lambda _on, kind=kind: self._loop_edges(kind))
        shell.actions.check("listen.full")
        shell.actions.listen_in(shell.lanes)
        self.transport = self._made_transport()
        self._connect()
        self._show_settings()

    def _made_transport(self) -> Transport:
        window = self._shell.window
        transport = Transport(self._shell.actions, window)
        bar = QToolBar(tr("Transport"), window)
        bar.setObjectName("transport")
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.addWidget(transport)
        window.addToolBar(bar)
        return transport

    def _connect(self) -> None:
        shell, transport, signals, hearing = (
            self._shell,
            self.transport,
            self._shell.signals,
            self._controller.hearing,
        )
        transport.lane_chosen.connect(self._hear)
        transport.switching_changed.connect(self._on_switching)
        transport.meter_cleared.connect(lambda: hearing.player.reset_meter())
        shell.settings_changed.connect(self._show_settings)
        shell.palette_changed.connect(self._show_lanes)
        shell.lanes.loop_edited.connect(shell.looping.drag)
        signals.loop_changed.connect(self._show_loop)
        signals.clip_changed.connect(self._on_clip)
        signals.trace_changed.connect(self._on_trace)
        signals.lanes_changed.connect(self._show_lanes)
        signals.lane_changed.connect(self._show_lane)
        signals.heard_changed.connect(transport.lanes.show_heard)
        signals.moved.connect(self._on_moved)

    # -- the bar --------------------------------------------------------------------------------------

    def _on_clip(self) -> None:
        self._show_loop()
        self._show_gain()

    def _show_gain(self) -> None:
        shown = self._controller.settings.level_dbov, self._controller.gain_note
        if shown != self._gain_shown:
            self._gain_shown = shown
            self.transport.show_gain(*shown)

    def _show_lanes(self) -> None:
        self.transport.lanes.show_lanes(self._controller.lanes, self._controller.hearing.heard)

    def _show_lane(self, key: int) -> None:
        if (lane := self._controller.lane(key)) is not None:
            self.transport.lanes.show_lane(lane)

    def _on_moved(self, state: PlayerState) -> None:
        self.transport.show_state(state)
        self._show_gain()
        self.transport.set_possible(state.available or state.starting, state.reason)

    def _show_settings(self) -> None:
        settings = self._controller.settings
        self.transport.show_switching(settings.switching, settings.switching_ms)
        self._controller.hearing.set_switching(settings.switching, settings.switching_ms)
        self._shell.actions.check(f"listen.{settings.switching}")
        self._shell.actions.check(f"listen.edges_{settings.loop_edges}")

    # -- play -----------------------------------------------------------------------------------------

    def _toggle(self) -> None:
        state = self._controller.hearing.state
        if not state.available and not state.starting:
            self._shell.say(tr_said(state.reason) or tr("there is no sound: it has not been started"))
            return
        if self._controller.hearing.toggle():
            return
        if self._controller.opened is not None:
            self._shell.say(tr("no lane of this clip has sound"))
        else:
            reading = self._controller.files.lanes
            self._shell.say(tr("the sound is still being read") if reading else tr("open a clip first"))

    def _go(self, frame: int) -> None:
        self._controller.hearing.seek(frame)
        self._shell.lanes.centre_on(frame)

    def _hear(self, key: int) -> None:
        lane = self._controller.lane(key)
        if lane is None or lane.signal is None:
            self._shell.say(
                tr("there is no lane {key}", key=key)
                if lane is None
                else f"{tr_lane(lane.name)}: {tr_state(lane.state)}"
            )
            self.transport.lanes.show_heard(self._controller.hearing.heard)
            return
        self._controller.hearing.hear(key)

    def _hear_last(self) -> None:
        if not self._controller.hearing.hear_last():
            self._shell.say(tr("no other version was heard yet"))

    def _turn(self, step: int) -> None:
        if self._shell.lanes.arrows_pan:
            self._shell.lanes.pan(step)
        else:
            self._controller.hearing.hear_next(step)

    def _speed(self, factor: float) -> None:
        self._controller.hearing.set_speed(factor)
        self.transport.show_speed(factor)
        if factor != 1.0:
            self._shell.say(tr("slower means lower: the pitch falls with the speed"))

    def _switching(self, mode: str) -> None:
        self._on_switching(mode, self._controller.settings.switching_ms)

    def _on_switching(self, mode: str, milliseconds: float) -> None:
        settings = self._controller.settings
        self._shell.use_settings(replace(settings, switching=mode, switching_ms=max(milliseconds, 1.0)))

    def _only_lost(self, on: bool) -> None:
        gaps = self._controller.gaps
        if on and not gaps:
            self._shell.say(tr("nothing is lost here"))
            self._shell.actions.check("listen.lost", False)
            return
        self._controller.hearing.set_audible([(gap.start, gap.stop) for gap in gaps] if on else None)

    def _on_trace(self) -> None:
        gaps = self._controller.gaps
        self._controller.hearing.set_boundaries([edge for gap in gaps for edge in (gap.start, gap.stop)])
        if self._shell.actions["listen.lost"].isChecked():
            self._only_lost(True)

    def _loop_edges(self, kind: str) -> None:
        self._shell.use_settings(replace(self._controller.settings, loop_edges=kind))

    # -- loop -----------------------------------------------------------------------------------------

    def _loop(self, on: bool) -> None:
        if not self._shell.looping.switch(on):
            self._shell.actions.check("listen.loop", False)

    def _show_loop(self) -> None:
        loop = self._shell.looping.now
        self._controller.hearing.set_loop(loop)
        self._shell.actions.check("listen.loop", loop is not None)


PANE = Pane("listen", Listen, COMMANDS, place=13)
