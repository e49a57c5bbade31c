"""A stretch of the clip that is shown, chosen to be measured; neither the loop nor part of the work."""

from __future__ import annotations

from gaplisten.bench.clock import Clock
from gaplisten.bench.controller import Controller
from gaplisten.bench.events import Event


class Selection:
    """The stretch that is selected, if any.

    Attributes
    ----------
    span
        First frame, and the one after the last; None for nothing. Both are the same for a place alone.
    changed
        Event: another stretch, or nothing, is selected.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self.span: tuple[int, int] | None = None
        self.changed = Event()

    @property
    def clock(self) -> Clock:
        """The clock of the clip that is shown."""
        controller = self._controller
        trace = controller.listed_trace
        return Clock(max(controller.rate, 1), controller.frames, trace.grid if trace is not None else None)

    def take(self, start: int, stop: int) -> None:
        """Select what lies between two frames, inside the clip."""
        frames = self._controller.frames
        first, last = (min(max(frame, 0), frames) for frame in sorted((start, stop)))
        self._set((first, last) if frames else None)

    def clear(self) -> None:
        """Select nothing."""
        self._set(None)

    def _set(self, span: tuple[int, int] | None) -> None:
        if span != self.span:
            self.span = span
            self.changed.emit()
