"""Going to the clip and the gap with which the workbench was started."""

from __future__ import annotations

from collections.abc import Callable

from gaplisten.bench.controller import Controller
from gaplisten.bench.lanes import Lane
from gaplisten.errors import GaplistenError


class Arriving:
    """Shows a clip as soon as it is found, and a gap of it as soon as it is open; then it is done.

    Parameters
    ----------
    clip
        Name of the clip; None for the one that is shown first.
    gap
        Number of the gap, from 1; None for none.
    go_to
        Goes to a gap, counted from 0.
    version
        Name of the version to hear, whose own losses are counted where it has any; None for the first.
    """

    def __init__(
        self,
        controller: Controller,
        clip: str | None,
        gap: int | None,
        go_to: Callable[[int], None],
        version: str | None = None,
    ) -> None:
        self._version = version
        self._controller, self._clip, self._gap, self._go_to = controller, clip, gap, go_to
        self._done = False
        controller.clips_changed.connect(self._on_clips)
        controller.trace_changed.connect(self._on_trace)

    def _on_clips(self) -> None:
        clipset = self._controller.clipset
        if self._done or clipset is None or self._clip is None or not clipset.clips:
            return
        names = [clip.name for clip in clipset.clips]
        if self._clip not in names:
            self._fail(f"clip {self._clip}", "is not there", f"there are {', '.join(names[:8])}")
        else:
            # The set shows its first clip when this event is over: it is told which one is meant before.
            self._controller.document.show_clip(self._clip)

    def _on_trace(self) -> None:
        controller = self._controller
        if self._done or controller.opened is None or self._clip not in (None, controller.clip_name):
            return
        if self._version is not None and not self._heard(self._version):
            return
        gaps = len(controller.gaps)
        if self._gap is not None and self._gap > gaps:
            known = f"it has gaps 1 to {gaps}" if gaps else "it has no gaps"
            self._fail(f"gap {self._gap} of {controller.clip_name}", "is not there", known)
        else:
            self._done = True
            if self._gap is not None:
                self._go_to(self._gap - 1)

    def _heard(self, name: str) -> bool:
        """Have the version heard; its losses are listed then, and counted."""
        self._version = None  # listing them comes back here
        lanes = self._controller.lanes
        # Its name in the window may bear a mark: that it does not fit, or is an old one.
        found = next((lane for lane in lanes if name in _names(lane)), None)
        if found is None:
            names = ", ".join(lane.name for lane in lanes[:8])
            self._fail(
                f"version {name} of {self._controller.clip_name}", "is not there", f"there are {names}"
            )
            return False
        self._controller.hearing.hear(found.key)
        return not self._done

    def _fail(self, thing: str, fact: str, way_out: str) -> None:
        self._done = True
        self._controller.failed.emit(GaplistenError(thing, fact, way_out))


def _names(lane: Lane) -> tuple[str, ...]:
    return lane.name, lane.ident, lane.ident.removeprefix("condition:")
