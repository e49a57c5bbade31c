"""Playing, switching lanes, looping, speed."""

from __future__ import annotations

from gaplisten.bench.state import Loop
from gaplisten.playback.programme import FADE_MS
from gaplisten.playback.snap import WORKBENCH_LOOP_MS, Edge, SnappedLoop, snap_loop
from gaplisten.ui.actions import section
from gaplisten.ui.workbench.part import Part

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
    *section("Listen", "device")(
        ("listen.rescan", "Look for Devices Again", "", "Look again for sound devices"),
    ),
)


class ListenActions(Part):
    """The Listen menu."""

    commands_of = COMMANDS

    def bind(self) -> None:
        """Bind the commands."""
        bind, hearing = self.commands.bind, self.controller.hearing
        bind("listen.toggle", self._toggle)
        bind("listen.stop", hearing.stop)
        bind("listen.start", lambda: self._go(0))
        bind("listen.end", lambda: self._go(self.controller.frames))
        for key in range(10):
            bind(f"listen.lane{key}", lambda key=key: self._hear(key))
        bind("listen.next", lambda: self._turn(1))
        bind("listen.previous", lambda: self._turn(-1))
        bind("listen.loop", self._loop)
        bind("listen.loop_in", lambda: self._edge("start", hearing.state.position))
        bind("listen.loop_out", lambda: self._edge("stop", hearing.state.position))
        bind("listen.reset_in", lambda: self._edge("start", 0))
        bind("listen.reset_out", lambda: self._edge("stop", self.controller.frames))
        for name, factor in SPEEDS.items():
            bind(name, lambda _on, factor=factor: self._speed(factor))
        bind("listen.lost", self._only_lost)
        bind("listen.standard", lambda _on: self._switching("standard"))
        bind("listen.crossfade", lambda _on: self._switching("crossfade"))
        bind("listen.rescan", self._rescan)
        self.commands.check("listen.full")
        self.commands.check(f"listen.{self.controller.settings.switching}")
        self._kept: Loop | None = None

    def link(self) -> None:
        """Connect to transport, lanes view and controller."""
        transport, settings = self.window.transport, self.controller.settings
        transport.lane_chosen.connect(self._hear)
        transport.switching_changed.connect(self._on_switching)
        transport.meter_cleared.connect(lambda: self.controller.hearing.player.reset_meter())
        transport.show_switching(settings.switching, settings.switching_ms)
        self.controller.hearing.set_switching(settings.switching, settings.switching_ms)
        self.window.lanes_view.loop_edited.connect(self._on_loop_edited)
        self.window.signals.loop_changed.connect(self._show_loop)
        self.window.signals.clip_changed.connect(self._show_loop)
        self.window.signals.trace_changed.connect(self._on_trace)

    # -- play -----------------------------------------------------------------------------------------

    def _toggle(self) -> None:
        state = self.controller.hearing.state
        if not state.available and not state.starting:
            self.controller.said.emit(state.reason)
            return
        if self.controller.opened is None:
            reading = self.controller.files.lanes
            self.controller.said.emit("the sound is still being read" if reading else "open a clip first")
            return
        if not self.controller.hearing.toggle():
            self.controller.said.emit("no lane of this clip has sound")

    def _rescan(self) -> None:
        self.controller.hearing.player.rescan()
        self.controller.said.emit("looking for sound devices")

    def _go(self, frame: int) -> None:
        self.controller.hearing.seek(frame)
        self.window.lanes_view.centre_on(frame)

    def _hear(self, key: int) -> None:
        lane = self.controller.lane(key)
        if lane is None or lane.signal is None:
            self.controller.said.emit(
                f"there is no lane {key}" if lane is None else f"{lane.name}: {lane.state}"
            )
            self.window.transport.lanes.show_heard(self.controller.hearing.heard)
            return
        self.controller.hearing.hear(key)

    def _turn(self, step: int) -> None:
        if self.window.lanes_view.arrows_pan:
            self.window.lanes_view.pan(step)
        else:
            self.controller.hearing.hear_next(step)

    def _speed(self, factor: float) -> None:
        self.controller.hearing.set_speed(factor)
        self.window.transport.show_speed(factor)
        if factor != 1.0:
            self.controller.said.emit("slower means lower: the pitch falls with the speed")

    def _switching(self, mode: str) -> None:
        self.window.transport.show_switching(mode, self.controller.settings.switching_ms)
        self._on_switching(mode, self.controller.settings.switching_ms)

    def _on_switching(self, mode: str, milliseconds: float) -> None:
        from dataclasses import replace

        from gaplisten.bench.settings import write_settings

        self.controller.use_settings(
            replace(self.controller.settings, switching=mode, switching_ms=max(milliseconds, 1.0))
        )
        self.commands.check(f"listen.{mode}")
        write_settings(self.controller.settings)

    def _only_lost(self, on: bool) -> None:
        gaps = self.controller.gaps
        if on and not gaps:
            self.controller.said.emit("nothing is lost here")
            self.commands.check("listen.lost", False)
            return
        self.controller.hearing.set_audible([(gap.start, gap.stop) for gap in gaps] if on else None)

    def _on_trace(self) -> None:
        gaps = self.controller.gaps
        self.controller.hearing.set_boundaries([edge for gap in gaps for edge in (gap.start, gap.stop)])
        if self.commands["listen.lost"].isChecked():
            self._only_lost(True)

    # -- loop -----------------------------------------------------------------------------------------

    @property
    def _current(self) -> Loop | None:
        return self.controller.document.work.clip(self.controller.clip_name).loop

    def _set(self, loop: Loop | None) -> None:
        if self.controller.clip_name is not None:
            self.controller.document.set_loop(self.controller.clip_name, loop)

    def _loop(self, on: bool) -> None:
        if not on:
            self._kept = self._current
            self._set(None)
            return
        frames = self.controller.frames
        if not frames:
            self.commands.check("listen.loop", False)
            return
        self._set(self._kept if self._kept and self._kept.stop <= frames else Loop(0, frames))

    def _edge(self, which: Edge, frame: int) -> None:
        loop = self._current or self._kept or Loop(0, self.controller.frames)
        if which == "start":
            self.set_loop(frame, loop.stop)
        elif frame > loop.start:
            self.set_loop(loop.start, frame, fixed="start")
        elif self._current is None:  # the one that was kept is not seen, so its start need not be obeyed
            self.set_loop(0, frame)
        else:
            begins = loop.start / self.controller.rate
            self.controller.said.emit(f"the loop begins after this, at {begins:.3f} s: A moves its beginning")

    def _on_loop_edited(self, start: int, stop: int) -> None:
        before = self._current
        fixed: Edge | None = None
        if before is not None and stop in (before.start, before.stop):
            fixed = "stop"
        elif before is not None and start in (before.start, before.stop):
            fixed = "start"
        self.set_loop(start, stop, fixed=fixed)

    def set_loop(self, start: int, stop: int, *, fixed: Edge | None = None) -> None:
        """Loop ``[start, stop)``, made as long as `snap_loop` has it; the `fixed` edge stays where it is."""
        if not self.controller.frames:
            return
        least = round(WORKBENCH_LOOP_MS * self.controller.rate / 1000)
        found = self._snapped(start, stop, shortest=least, fixed=fixed)
        self._set(Loop(found.start, found.stop))
        if found.warning:
            self.controller.said.emit(found.warning)
        elif abs(stop - start) < least:
            self.controller.said.emit(f"a loop is at least {WORKBENCH_LOOP_MS:g} ms long")
        elif found.moved:
            self.controller.said.emit(
                f"the loop was made longer: a fade of {FADE_MS:g} ms would have hidden the edge of a gap"
            )

    def clear_of_gaps(self, start: int, stop: int) -> SnappedLoop:
        """Return a part of the clip moved outwards so that the fades at its ends hide no edge of a gap."""
        return self._snapped(start, stop)

    def _snapped(self, start: int, stop: int, *, shortest: int = 0, fixed: Edge | None = None) -> SnappedLoop:
        edges = [edge for gap in self.controller.gaps for edge in (gap.start, gap.stop)]
        fade = round(FADE_MS * self.controller.rate / 1000)
        frames = self.controller.frames
        return snap_loop(start, stop, edges, fade, frames=frames, shortest=shortest, fixed=fixed)

    def _show_loop(self) -> None:
        loop = self._current
        self.controller.hearing.set_loop(loop)
        self.commands.check("listen.loop", loop is not None)
