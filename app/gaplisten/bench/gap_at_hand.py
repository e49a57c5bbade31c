"""The gap at hand: the one that was gone to, pointed at or listened to last."""

from __future__ import annotations

from gaplisten.bench.controller import Controller
from gaplisten.bench.events import Event
from gaplisten.loss.trace import Gap


class GapAtHand:
    """Follows what the user goes to among the gaps of the clip that is shown.

    Attributes
    ----------
    index
        Of the gap at hand; -1 for none.
    gap
        The gap itself; None for none.
    changed
        Event: another gap, or none, is at hand, or it has another number.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self.index = -1
        self.gap: Gap | None = None
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
        self.changed.emit()

    def point_at(self, frame: int) -> None:
        """Have the gap that was pointed at at hand, or the nearest within the context; else none."""
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
