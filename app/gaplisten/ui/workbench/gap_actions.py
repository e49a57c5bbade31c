"""From gap to gap, and listening around one."""

from __future__ import annotations

from gaplisten.bench.state import Loop
from gaplisten.loss.trace import Gap, Origin
from gaplisten.playback.player import PlayerState
from gaplisten.ui.actions import section
from gaplisten.ui.workbench.part import Part

MOST_AROUND = 8.0
_ORIGINS = {
    Origin.DETECTED: "detected from exact zeros",
    Origin.MODEL: "drawn by a model",
    Origin.EDITED: "edited",
}


COMMANDS = (
    *section("Gap", "go")(
        ("gap.next", "Next Gap", "Alt+Right; PgDown", "Go to the next gap"),
        ("gap.previous", "Previous Gap", "Alt+Left; PgUp", "Go to the previous gap"),
    ),
    *section("Gap", "play")(
        ("gap.play", "Play Gap", "G", "Play the gap with context"),
        ("gap.loop", "Loop Gap", "Shift+G", "Loop the gap with context"),
        ("gap.zoom", "Zoom to Gap", "Z", "Fit the gap with context into the view"),
    ),
    *section("Gap", "notes")(
        ("gap.play_here", "Play Around the Playhead", "H", "Play what lies around the playhead"),
        ("gap.next_note", "Next Note", "Alt+Down", "Go to the next place that you marked"),
        ("gap.previous_note", "Previous Note", "Alt+Up", "Go to the previous note"),
    ),
)


class GapActions(Part):
    """The Gap menu."""

    commands_of = COMMANDS

    def bind(self) -> None:
        """Bind the commands."""
        self._at = -1
        self._gap: Gap | None = None
        self._own_loop: Loop | None = None
        self._span: tuple[int, int] | None = None  # what is played with the loop put aside
        bind = self.commands.bind
        bind("gap.next", lambda: self._step(1))
        bind("gap.previous", lambda: self._step(-1))
        bind("gap.play", self._play)
        bind("gap.loop", self._loop)
        bind("gap.zoom", self._zoom)
        bind("gap.play_here", self._play_here)
        bind("gap.next_note", lambda: self._step_note(1))
        bind("gap.previous_note", lambda: self._step_note(-1))

    def link(self) -> None:
        """Connect to the table and the controller."""
        self.window.gaps.chosen.connect(self.go_to)
        self.window.shell.gap_wanted.connect(self._show)
        self.window.signals.trace_changed.connect(self._on_trace)
        self.window.signals.clip_changed.connect(self._forget)
        self.window.signals.loop_changed.connect(self._keep_loop)
        self.window.signals.moved.connect(self._on_moved)
        self.window.lanes_view.seek_requested.connect(self.point_at)

    def _forget(self) -> None:
        self._take(-1)
        self._own_loop, self._span = None, None

    def _take(self, index: int) -> None:
        """Have this gap at hand, in the lanes as in the table; none for -1."""
        gaps = self.controller.gaps
        self._at = index if 0 <= index < len(gaps) else -1
        self._gap = gaps[self._at] if self._at >= 0 else None
        self.window.lanes_view.set_current_gap((self._gap.start, self._gap.stop) if self._gap else None)
        self.window.gaps.select(self._at)

    def point_at(self, frame: int) -> None:
        """Have the gap that was pointed at at hand, or the nearest within the context; else none."""
        near = self.near(frame, self.context)
        self._take(-1 if near is None else near)

    def near(self, frame: int, reach: int) -> int | None:
        """Return the index of the gap nearest to `frame`, if it is within `reach` frames."""
        nearest = self._nearest(frame)
        return nearest if nearest >= 0 and _distance(self.controller.gaps[nearest], frame) <= reach else None

    def _nearest(self, frame: int) -> int:
        gaps = self.controller.gaps
        return min(range(len(gaps)), key=lambda index: _distance(gaps[index], frame), default=-1)

    def _on_trace(self) -> None:
        self.window.gaps.show_gaps(self.controller.gaps, self.controller.rate)
        trace = self.controller.trace
        origin = _ORIGINS.get(trace.origin, "") if trace is not None else ""
        self.window.docks["gaps"].setWindowTitle(f"Gaps ({origin})" if origin else "Gaps")
        self._take(self._same_gap())
        loop = self._loop_now
        if loop is not None and self.window.listen.clear_of_gaps(loop.start, loop.stop).moved:
            self.controller.said.emit(
                "the loop's fade now hides the edge of a gap: drag the loop's edge off it"
            )

    def _same_gap(self) -> int:
        """Return where the gap at hand is in the new loss: it may have another number, or be gone."""
        gap, gaps = self._gap, self.controller.gaps
        if gap is None:
            return -1
        return next((i for i, new in enumerate(gaps) if new.start < gap.stop and gap.start < new.stop), -1)

    @property
    def at(self) -> int:
        """Index of the gap at hand; -1 for none."""
        return self._at

    @property
    def context(self) -> int:
        """Frames that are played before and after a gap."""
        return round(self.controller.settings.context_ms * self.controller.rate / 1000)

    def _step(self, by: int) -> None:
        gaps = self.controller.gaps
        if not gaps:
            self.controller.said.emit("there are no gaps")
            return
        self.go_to(self._neighbour(gaps, by))

    def _neighbour(self, gaps: tuple[Gap, ...], by: int) -> int:
        at, position = self.at_hand, self.controller.hearing.state.position
        if at is not None:
            return (at + by) % len(gaps)
        if by > 0:
            return next((index for index, gap in enumerate(gaps) if gap.start > position), 0)
        before = [index for index, gap in enumerate(gaps) if gap.stop <= position]
        return before[-1] if before else len(gaps) - 1

    @property
    def at_hand(self) -> int | None:
        """Index of the gap that was gone to last, while the playhead is within its context."""
        gaps, state = self.controller.gaps, self.controller.hearing.state
        if not 0 <= self._at < len(gaps):
            return None
        around = self.context + (1 if state.playing else self._overrun)
        return self._at if _distance(gaps[self._at], state.position) <= around else None

    @property
    def _overrun(self) -> int:
        """How far, in frames, sound may run past the end of what was to be played before it is stopped."""
        return self.controller.rate // 4

    def _show(self, place: int) -> None:
        """Go to a gap, see it with its context, and stand before it."""
        gap = self.controller.gaps[place]
        around = gap.frames + self.context
        self.go_to(place)
        self.window.lanes_view.zoom_to(gap.start - around, gap.stop + around)
        self.controller.hearing.seek(max(gap.start - self.context, 0))

    def go_to(self, index: int) -> None:
        """Centre a gap with its context and put the playhead before it."""
        gaps = self.controller.gaps
        if not 0 <= index < len(gaps):
            return
        gap = gaps[index]
        self._take(index)
        self._look_at(gap)
        if self._own_loop is not None and self._own_loop == self._loop_now:
            self._loop_around(gap)  # who listens to gaps in a loop goes on to the next one in a loop
        elif not self.controller.hearing.state.playing:
            self.controller.hearing.seek(max(gap.start - self.context, 0))
        length = 1000.0 * gap.frames / self.controller.rate
        off_grid = gap.packets is None
        packets = (
            "off the packets" if off_grid else "1 packet" if gap.packets == 1 else f"{gap.packets} packets"
        )
        self.controller.said.emit(f"gap #{index + 1} of {len(gaps)}: {length:.0f} ms, {packets}")

    def _look_at(self, gap: Gap) -> None:
        view = self.window.lanes_view
        start, stop = view.visible_range
        around = gap.frames + 2 * self.context
        if stop - start > MOST_AROUND * around:
            # Seen among the whole clip, a gap is a hair's breadth: go near enough to see what happens there.
            view.zoom_to(gap.start - around, gap.stop + around)
        view.centre_on(gap.start - self.context, gap.stop + self.context)

    def _current(self) -> Gap | None:
        gaps = self.controller.gaps
        if 0 <= self._at < len(gaps):
            return gaps[self._at]
        if not gaps:
            self.controller.said.emit("there are no gaps")
            return None
        self._take(self._nearest(self.controller.hearing.state.position))
        return self._gap

    # -- listening ------------------------------------------------------------------------------------

    def _play(self) -> None:
        gap = self._current()
        if gap is not None:
            self._play_part(gap.start - self.context, gap.stop + self.context)

    def _play_here(self) -> None:
        position = self.controller.hearing.state.position
        self._play_part(position - self.context, position + self.context)

    def _play_part(self, start: int, stop: int) -> None:
        part, loop, hearing = (
            self.window.listen.clear_of_gaps(start, stop),
            self._loop_now,
            self.controller.hearing,
        )
        self._restore_loop()
        if loop is not None and not (loop.start <= part.start and part.stop < loop.stop):
            # A loop that does not hold all of it would jump away before the end is heard.
            hearing.set_loop(None)
            self._span = (part.start, part.stop)
        hearing.play_span(part.start, part.stop)
        self._on_moved(hearing.state)

    @property
    def _loop_now(self) -> Loop | None:
        return self.controller.document.work.clip(self.controller.clip_name).loop

    def _on_moved(self, state: PlayerState) -> None:
        if self._span is None:
            return
        start, stop = self._span
        inside = start <= state.position <= stop + self._overrun
        if not (state.playing and inside):
            self._restore_loop()

    def _restore_loop(self) -> None:
        if self._span is not None:
            self._span = None
            self.controller.hearing.set_loop(self._loop_now)

    def _keep_loop(self) -> None:
        self._span = None  # another loop has taken effect

    def _loop(self) -> None:
        gap = self._current()
        if gap is None:
            return
        self._loop_around(gap)
        hearing = self.controller.hearing
        if hearing.state.available and not hearing.state.playing:
            hearing.toggle()

    def _loop_around(self, gap: Gap) -> None:
        self.window.listen.set_loop(gap.start - self.context, gap.stop + self.context)
        self._own_loop = self._loop_now
        if self._own_loop is not None:
            self.controller.hearing.seek(self._own_loop.start)

    def _step_note(self, by: int) -> None:
        notes = self.controller.document.work.clip(self.controller.clip_name).notes
        position = self.controller.hearing.state.position
        if by > 0:
            found = next((place for place, note in enumerate(notes) if note.frame > position), None)
        else:
            found = next(
                (place for place, note in reversed([*enumerate(notes)]) if note.frame < position), None
            )
        if found is None:
            self.controller.said.emit(
                "there is no further note" if notes else "there are no notes: N adds one"
            )
            return
        self.window.edit.go_to_note(found)

    def _zoom(self) -> None:
        gap = self._current()
        if gap is not None:
            self.window.lanes_view.zoom_to(gap.start - self.context, gap.stop + self.context)


def _distance(gap: Gap, frame: int) -> int:
    """Return how many frames lie between them: 0 inside the gap."""
    return max(gap.start - frame, frame - gap.stop, 0)
