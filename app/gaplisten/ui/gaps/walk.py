"""From gap to gap, and listening around one."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gaplisten.bench.at_hand import GapEdge
from gaplisten.bench.state import Loop
from gaplisten.loss.trace import Gap, Origin
from gaplisten.playback.player import PlayerState
from gaplisten.ui.actions import section
from gaplisten.ui.gaps.dock import GapsDock
from gaplisten.ui.shell import Shell
from gaplisten.ui.translation import tr, tr_lane, tr_n, tr_said

MOST_AROUND = 8.0
_ORIGINS = {
    Origin.DETECTED: tr("detected from exact zeros"),
    Origin.MODEL: tr("drawn by a model"),
    Origin.EDITED: tr("edited"),
}

COMMANDS = (
    *section("Gap", "go")(
        ("gap.next", "Next Gap", "Alt+Right; PgDown", "Go to the next gap"),
        ("gap.previous", "Previous Gap", "Alt+Left; PgUp", "Go to the previous gap"),
    ),
    *section("Gap", "play")(
        ("gap.play", "Play Gap", "G", "Play the gap with context"),
        ("gap.loop", "Loop Gap", "Shift+G", "Loop the gap with context"),
        (
            "gap.loop_edge",
            "Loop the Edge",
            "Ctrl+G",
            "Loop what lies around the edge of the gap, as short as can be",
        ),
    ),
    *section("Gap", "see")(
        ("gap.zoom", "Zoom to Gap", "Z", "Fit the gap with context into the view"),
        ("gap.entry", "Entry Edge", "E", "See where the gap begins, 5 ms either side; again: 1 ms"),
        ("gap.exit", "Exit Edge", "Shift+E", "See where the gap ends, 5 ms either side; again: 1 ms"),
    ),
    *section("Gap", "notes")(
        ("gap.play_here", "Play Around the Playhead", "H", "Play what lies around the playhead"),
    ),
)


# What is done with a gap, for the menus that open on one.
ON_A_GAP = ("gap.play", "gap.loop", "gap.loop_edge", "", "gap.zoom", "gap.entry", "gap.exit")


class GapWalk(QObject):
    """Goes from gap to gap, in the lanes as in the table, and plays what lies around one."""

    def __init__(self, shell: Shell, dock: GapsDock) -> None:
        super().__init__(shell)
        self._shell, self._controller, self._dock = shell, shell.controller, dock
        self._hand, self._looping = shell.hand, shell.looping
        self._own_loop: Loop | None = None  # around the gap, or its edge: it goes on to the next one
        self._loops_edge = False  # what the own loop is around
        self._span: tuple[int, int] | None = None  # what is played with the loop put aside
        bind = shell.actions.bind
        bind("gap.next", lambda: self._step(1))
        bind("gap.previous", lambda: self._step(-1))
        bind("gap.play", self._play)
        bind("gap.loop", self._loop)
        bind("gap.loop_edge", self._loop_edge)
        bind("gap.zoom", self._zoom)
        bind("gap.entry", lambda: self._go_to_edge("entry"))
        bind("gap.exit", lambda: self._go_to_edge("exit"))
        bind("gap.play_here", self._play_here)
        dock.chosen.connect(self._choose)
        shell.gap_wanted.connect(self._show)
        shell.lanes.seek_requested.connect(self._hand.point_at)
        shell.signals.trace_changed.connect(self._on_trace)
        shell.signals.clip_changed.connect(self._forget)
        shell.signals.loop_changed.connect(self._keep_loop)
        self._hand.changed.connect(self._on_hand)
        shell.signals.moved.connect(self._on_moved)

    def _forget(self) -> None:
        self._hand.take(-1)
        self._own_loop, self._span, self._loops_edge = None, None, False

    def _on_hand(self) -> None:
        """Point out the gap at hand, in the lanes as in the table."""
        gap = self._hand.gap
        self._shell.lanes.set_current_gap((gap.start, gap.stop) if gap else None)
        self._dock.select(self._hand.index)

    def _on_trace(self) -> None:
        self._dock.show_gaps(self._controller.gaps, self._controller.rate)
        self._shell.docks["gaps"].setWindowTitle(self._title())
        self._hand.follow_loss()
        loop = self._looping.now
        if loop is not None and self._looping.clear_of_gaps(loop.start, loop.stop).moved:
            self._shell.say(tr("the loop's fade now hides the edge of a gap: drag the loop's edge off it"))

    def _title(self) -> str:
        """Say whose gaps are listed where lanes met different losses, and where the losses come from."""
        controller = self._controller
        trace, lane = controller.listed_trace, controller.listed_lane
        whose = ""
        if lane is not None:
            whose = tr(
                "lane {lane_key} {lane_name}, losses of its own",
                lane_key=lane.key,
                lane_name=tr_lane(lane.name),
            )
        elif any(each.own_loss for each in controller.lanes):
            whose = tr("the clip's losses")
        unknown = tr("not known") if trace is None and whose else ""
        origin = _ORIGINS.get(trace.origin, "") if trace is not None else unknown
        said = ", ".join(filter(None, (whose, origin)))
        return tr("Gaps ({said})", said=said) if said else tr("Gaps")

    def _choose(self, index: int) -> None:
        self.go_to(index)
        self._shell.place_chosen.emit()

    def _step(self, by: int) -> None:
        gaps = self._controller.gaps
        if not gaps:
            self._shell.say(tr("there are no gaps"))
            return
        self.go_to(self._neighbour(gaps, by))

    def _neighbour(self, gaps: tuple[Gap, ...], by: int) -> int:
        at, position = self._hand.within_reach, self._controller.hearing.state.position
        if at is not None:
            return (at + by) % len(gaps)
        if by > 0:
            return next((index for index, gap in enumerate(gaps) if gap.start > position), 0)
        before = [index for index, gap in enumerate(gaps) if gap.stop <= position]
        return before[-1] if before else len(gaps) - 1

    def _show(self, place: int) -> None:
        """Go to a gap, see it with its context, and stand before it."""
        gap = self._controller.gaps[place]
        around = gap.frames + self._hand.context
        self._hand.go_to_edge(None)
        self.go_to(place)
        self._shell.lanes.zoom_to(gap.start - around, gap.stop + around)

    def go_to(self, index: int) -> None:
        """Go to a gap, or to the edge of it where an edge of another was looked at.

        The playhead stands before it, or goes on from there while sound plays.
        """
        gaps = self._controller.gaps
        if not 0 <= index < len(gaps):
            return
        gap = gaps[index]
        self._hand.take(index)
        self._look_at(gap)
        if self._own_loop is not None and self._own_loop == self._looping.now:
            self._loop_again(gap)  # who listens to gaps in a loop goes on to the next one in a loop
        else:
            self._stand_before(gap, gap.start)
        length = 1000.0 * gap.frames / self._controller.rate
        packets = (
            tr("off the packets") if gap.packets is None else tr_n("{n} packet", "{n} packets", gap.packets)
        )
        self._shell.say(
            tr(
                "gap #{index} of {n_gaps}: {length:.0f} ms, {packets}",
                index=index + 1,
                n_gaps=len(gaps),
                length=length,
                packets=packets,
            )
        )

    def _before(self, frame: int) -> int:
        """Return where sound begins that leads up to a frame; fading in there hides no edge of a gap."""
        return self._looping.clear_of_gaps(max(frame - self._hand.context, 0), frame).start

    def _stand_before(self, gap: Gap, frame: int) -> None:
        """Put the playhead before a frame of a gap; while sound plays, a loop without it is put aside."""
        hearing, loop = self._controller.hearing, self._looping.now
        start = self._before(frame)
        self._restore_loop()
        if hearing.state.playing and loop is not None and not loop.start <= start < gap.stop <= loop.stop:
            hearing.set_loop(None)
            self._span = (0, self._controller.frames)
        hearing.seek(start)

    def _look_at(self, gap: Gap) -> None:
        view = self._shell.lanes
        if (edge := self._hand.edge_frame) is not None:
            view.zoom_to(edge - self._hand.around_edge, edge + self._hand.around_edge)
            view.stay()
            return
        start, stop = view.visible_range
        around = gap.frames + 2 * self._hand.context
        if stop - start > MOST_AROUND * around:
            # Seen among the whole clip, a gap is a hair's breadth: go near enough to see what happens there.
            view.zoom_to(gap.start - around, gap.stop + around)
        view.centre_on(gap.start - self._hand.context, gap.stop + self._hand.context)
        view.stay()  # the playhead comes there by itself, and may still be elsewhere

    def _current(self) -> Gap | None:
        gaps = self._controller.gaps
        if 0 <= self._hand.index < len(gaps):
            return gaps[self._hand.index]
        if not gaps:
            self._shell.say(tr("there are no gaps"))
            return None
        self._hand.take(self._hand.nearest(self._controller.hearing.state.position))
        return self._hand.gap

    # -- listening ------------------------------------------------------------------------------------

    def _play(self) -> None:
        gap = self._current()
        if gap is not None:
            self._play_part(gap.start - self._hand.context, gap.stop + self._hand.context)

    def _play_here(self) -> None:
        position = self._controller.hearing.state.position
        self._play_part(position - self._hand.context, position + self._hand.context)

    def _play_part(self, start: int, stop: int) -> None:
        part, loop, hearing = (
            self._looping.clear_of_gaps(start, stop),
            self._looping.now,
            self._controller.hearing,
        )
        self._restore_loop()
        if loop is not None and not (loop.start <= part.start and part.stop < loop.stop):
            # A loop that does not hold all of it would jump away before the end is heard.
            hearing.set_loop(None)
            self._span = (part.start, part.stop)
        hearing.play_span(part.start, part.stop)
        self._on_moved(hearing.state)

    def _on_moved(self, state: PlayerState) -> None:
        if self._span is None:
            return
        start, stop = self._span
        inside = start <= state.position <= stop + self._hand.overrun
        if not (state.playing and inside):
            self._restore_loop()

    def _restore_loop(self) -> None:
        if self._span is not None:
            self._span = None
            self._controller.hearing.set_loop(self._looping.now)

    def _keep_loop(self) -> None:
        self._span = None  # another loop has taken effect

    def _loop(self) -> None:
        gap = self._current()
        if gap is not None:
            self._loops_edge = False
            self._loop_now(gap)

    def _loop_edge(self) -> None:
        gap = self._current()
        if gap is None:
            return
        if self._hand.edge is None:
            self._go_to_edge("exit")
        self._loops_edge = True
        self._loop_now(gap)

    def _loop_now(self, gap: Gap) -> None:
        self._loop_again(gap)
        hearing = self._controller.hearing
        if hearing.state.available and not hearing.state.playing:
            hearing.toggle()

    def _loop_again(self, gap: Gap) -> None:
        edge = self._hand.edge_frame if self._loops_edge else None
        if edge is None:
            self._looping.set(gap.start - self._hand.context, gap.stop + self._hand.context)
        else:
            self._looping.around(edge)
        self._own_loop = self._looping.now
        if self._own_loop is not None:
            self._controller.hearing.seek(self._own_loop.start)

    # -- seeing ---------------------------------------------------------------------------------------

    def _zoom(self) -> None:
        gap = self._current()
        if gap is not None:
            self._hand.go_to_edge(None)
            self._shell.lanes.zoom_to(gap.start - self._hand.context, gap.stop + self._hand.context)
            self._shell.lanes.stay()

    def _go_to_edge(self, edge: GapEdge) -> None:
        gap = self._current()
        if gap is None:
            return
        again = self._hand.edge == edge
        self._hand.go_to_edge(edge)
        self._look_at(gap)
        frame = self._hand.edge_frame
        assert frame is not None
        if self._own_loop is not None and self._own_loop == self._looping.now:
            if self._loops_edge and not again:
                self._loop_again(gap)
        elif self._hand.within_reach is None:
            self._stand_before(gap, frame)
        seconds, around = frame / self._controller.rate, 1000 * self._hand.around_edge / self._controller.rate
        self._shell.say(
            tr(
                "{edge} edge of gap #{index} at {seconds:.4f} s, ±{around:.0f} ms",
                edge=tr_said(edge),
                index=self._hand.index + 1,
                seconds=seconds,
                around=around,
            )
        )
