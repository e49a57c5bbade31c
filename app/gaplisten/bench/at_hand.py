"""What is at hand in the clip that is shown: the gap that was gone to last, and the loop."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from gaplisten.bench.controller import Controller
from gaplisten.bench.events import Event
from gaplisten.bench.loop_edges import LOOP_EDGES, Towards, loop_edge
from gaplisten.bench.state import Loop
from gaplisten.loss.trace import Gap
from gaplisten.playback.programme import FADE_MS
from gaplisten.playback.snap import WORKBENCH_LOOP_MS, Edge, SnappedLoop, snap_loop

AROUND_EDGE_MS = (5.0, 1.0)
"""How much is seen on either side of the edge of a gap: at first, and nearer."""

GapEdge = Literal["entry", "exit"]


class GapAtHand:
    """Follows what the user goes to among the gaps of the clip that is shown.

    Attributes
    ----------
    index
        Of the gap at hand; -1 for none.
    gap
        The gap itself; None for none.
    edge
        The edge of it that the user went to; None for the gap as a whole.
    changed
        Event: another gap, or none, is at hand, or it has another number.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self.index = -1
        self.gap: Gap | None = None
        self.edge: GapEdge | None = None
        self._nearness = 0
        self.changed = Event()

    @property
    def context(self) -> int:
        """Frames that are played before and after a gap."""
        return round(self._controller.settings.context_ms * self._controller.rate / 1000)

    @property
    def overrun(self) -> int:
        """How far, in frames, sound may run past the end of what was to be played before it is stopped."""
        return self._controller.rate // 4

    def take(self, index: int) -> None:
        """Have this gap at hand; none for -1."""
        gaps = self._controller.gaps
        self.index = index if 0 <= index < len(gaps) else -1
        self.gap = gaps[self.index] if self.index >= 0 else None
        if self.gap is None:
            self.edge = None
        self.changed.emit()

    def go_to_edge(self, edge: GapEdge | None) -> None:
        """Go to an edge of the gap at hand, nearer when it is there already; with None to all of the gap."""
        self._nearness = (self._nearness + 1) % len(AROUND_EDGE_MS) if edge == self.edge else 0
        self.edge = edge

    @property
    def edge_frame(self) -> int | None:
        """The first frame behind the edge that was gone to; None where there is none."""
        if self.gap is None or self.edge is None:
            return None
        return self.gap.start if self.edge == "entry" else self.gap.stop

    @property
    def around_edge(self) -> int:
        """Frames to be seen on either side of an edge."""
        return max(round(AROUND_EDGE_MS[self._nearness] * self._controller.rate / 1000), 1)

    @property
    def focus(self) -> int | None:
        """The frame that is looked at: the edge gone to, else the middle of the gap; None without a gap."""
        if self.gap is None or self.edge_frame is not None:
            return self.edge_frame
        return (self.gap.start + self.gap.stop) // 2

    def point_at(self, frame: int) -> None:
        """Have the gap that was pointed at at hand, or the nearest within the context; else none."""
        self.edge = None
        near = self.near(frame, self.context)
        self.take(-1 if near is None else near)

    def follow_loss(self) -> None:
        """Find the gap at hand in the new loss: it may have another number, or be gone."""
        gap, gaps = self.gap, self._controller.gaps
        same = (i for i, new in enumerate(gaps) if gap and new.start < gap.stop and gap.start < new.stop)
        self.take(next(same, -1))

    def near(self, frame: int, reach: int) -> int | None:
        """Return the index of the gap nearest to `frame`, if it is within `reach` frames."""
        nearest, gaps = self.nearest(frame), self._controller.gaps
        return nearest if nearest >= 0 and distance(gaps[nearest], frame) <= reach else None

    def nearest(self, frame: int) -> int:
        """Return the index of the gap nearest to `frame`; -1 where there are no gaps."""
        gaps = self._controller.gaps
        return min(range(len(gaps)), key=lambda index: distance(gaps[index], frame), default=-1)

    @property
    def within_reach(self) -> int | None:
        """Index of the gap that was gone to last, while the playhead is within its context."""
        gaps, state = self._controller.gaps, self._controller.hearing.state
        if not 0 <= self.index < len(gaps):
            return None
        around = self.context + (1 if state.playing else self.overrun)
        return self.index if distance(gaps[self.index], state.position) <= around else None


def distance(gap: Gap, frame: int) -> int:
    """Return how many frames lie between them: 0 inside the gap."""
    return max(gap.start - frame, frame - gap.stop, 0)


class Looping:
    """Sets the loop, by hand as around gaps, by one rule."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._kept: Loop | None = None

    @property
    def now(self) -> Loop | None:
        """The loop; None while there is none."""
        return self._controller.document.work.clip(self._controller.clip_name).loop

    def _set(self, loop: Loop | None) -> None:
        if self._controller.clip_name is not None:
            self._controller.document.set_loop(self._controller.clip_name, loop)

    def switch(self, on: bool) -> bool:
        """Loop as last time, or all of the clip; or do not. Return whether that could be done."""
        if not on:
            self._kept = self.now
            self._set(None)
            return True
        frames = self._controller.frames
        if frames:
            self._set(self._kept if self._kept and self._kept.stop <= frames else Loop(0, frames))
        return bool(frames)

    def move_edge(self, which: Edge, frame: int) -> None:
        """Begin or end the loop at `frame`; its end never moves its beginning."""
        loop = self.now or self._kept or Loop(0, self._controller.frames)
        if which == "start":
            self.set(frame, loop.stop)
        elif frame > loop.start:
            self.set(loop.start, frame, fixed="start")
        elif self.now is None:  # the one that was kept is not seen, so its start need not be obeyed
            self.set(0, frame)
        else:
            begins = loop.start / self._controller.rate
            self._controller.said.emit(
                f"the loop begins after this, at {begins:.3f} s: A moves its beginning"
            )

    def drag(self, start: int, stop: int) -> None:
        """Take a region that was dragged, or an edge of the loop: the other one stays where it is."""
        before = self.now
        fixed: Edge | None = None
        if before is not None and stop in (before.start, before.stop):
            fixed = "stop"
        elif before is not None and start in (before.start, before.stop):
            fixed = "start"
        self.set(start, stop, fixed=fixed)

    def set(self, start: int, stop: int, *, fixed: Edge | None = None) -> None:
        """Loop ``[start, stop)``, made as long as `snap_loop` has it; the `fixed` edge stays where it is."""
        if not self._controller.frames:
            return
        least = round(WORKBENCH_LOOP_MS * self._controller.rate / 1000)
        found = self._on_edges(start, stop, least, fixed)
        self._set(Loop(found.start, found.stop))
        said = self._controller.said
        if found.warning:
            said.emit(found.warning)
        elif abs(stop - start) < least:
            said.emit(f"a loop is at least {WORKBENCH_LOOP_MS:g} ms long")
        elif found.moved:
            said.emit(
                f"the loop was made longer: a fade of {FADE_MS:g} ms would have hidden the edge of a gap"
            )

    def around(self, frame: int) -> None:
        """Loop what lies around a frame, as short as a loop may be."""
        half = round(WORKBENCH_LOOP_MS * self._controller.rate / 2000)
        start = max(frame - half, 0)
        self.set(start, start + 2 * half)

    def clear_of_gaps(self, start: int, stop: int) -> SnappedLoop:
        """Return a part of the clip moved outwards so that the fades at its ends hide no edge of a gap."""
        return self._snapped(start, stop)

    def _on_edges(self, start: int, stop: int, shortest: int, fixed: Edge | None) -> SnappedLoop:
        """Return the loop with edges where the user wants them, moved outwards where fades hide a gap's."""
        frames, moved = self._controller.frames, False
        first = start if fixed == "start" else self._edge(start)
        last = stop if fixed == "stop" else min(self._edge(stop), frames)
        while (found := self._snapped(first, last, shortest=shortest, fixed=fixed)).moved:
            moved = True  # and farther out, where the next place is the edge of another gap
            first = found.start if fixed == "start" else self._edge(found.start, "down")
            last = found.stop if fixed == "stop" else min(self._edge(found.stop, "up"), frames)
        return replace(found, moved=moved)

    def _edge(self, frame: int, towards: Towards = "nearest") -> int:
        controller = self._controller
        kind = controller.settings.loop_edges
        if kind == LOOP_EDGES[0]:
            return frame
        lane = controller.lane(controller.hearing.heard)
        return loop_edge(frame, kind, controller.listed_trace, None if lane is None else lane.signal, towards)

    def _snapped(self, start: int, stop: int, *, shortest: int = 0, fixed: Edge | None = None) -> SnappedLoop:
        edges = [edge for gap in self._controller.gaps for edge in (gap.start, gap.stop)]
        fade = round(FADE_MS * self._controller.rate / 1000)
        frames = self._controller.frames
        return snap_loop(start, stop, edges, fade, frames=frames, shortest=shortest, fixed=fixed)
