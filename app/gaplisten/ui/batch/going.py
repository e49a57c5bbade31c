"""From a score to what it was given for: the clip, its worst gap, the version that was scored."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from gaplisten.bench.lanes import Lane
from gaplisten.bench.tasks import Task
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.ui.shell import Shell


class Going(QObject):
    """Shows a clip at the gap at which one of its versions is worst."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self._wanted: tuple[str, str, str] | None = None
        self._task: Task | None = None
        shell.signals.clip_changed.connect(self._on_clip)
        shell.signals.lane_changed.connect(self._arrive)
        shell.signals.lanes_changed.connect(self._arrive)

    def to(self, clip: str, condition: str, file: str = "") -> None:
        """Open the clip and go to its worst gap.

        Parameters
        ----------
        condition
            Whose gaps are looked at, and what is heard then.
        file
            Its sound, for when it is not among the lanes.
        """
        controller = self._controller
        names = {each.name for each in controller.clipset.clips} if controller.clipset else set()
        if clip not in names:
            way_out = "open the folder that was scored"
            self._shell.report(
                GaplistenError(f"clip {clip}", "is not among the clips that are open", way_out)
            )
            return
        self._wanted = (clip, condition, file)
        controller.tasks.cancel(self._task)
        self._shell.window.raise_()
        self._shell.window.activateWindow()
        if controller.clip_name == clip:
            self._arrive()
        else:
            controller.show_clip(clip)

    def _on_clip(self) -> None:
        name = self._controller.clip_name
        if self._wanted is not None and name not in (None, self._wanted[0]):
            self._wanted = None  # somebody went elsewhere meanwhile
        self._arrive()

    def _arrive(self) -> None:
        controller = self._controller
        if self._wanted is None or controller.opened is None or controller.clip_name != self._wanted[0]:
            return
        from gaplisten.batch.items import REFERENCE

        clip, condition, file = self._wanted
        lane = self.lane(condition)
        if lane is not None and lane.busy and lane.signal is None:
            return  # it is being rendered: what cannot be heard yet is waited for
        self._wanted = None
        if lane is not None:
            controller.hearing.hear(lane.key)
        trace, frames, reference = controller.trace, controller.frames, controller.opened.reference
        # The gaps that are listed are those of the clip: they say nothing of a lane with losses of its own.
        if trace is None or condition == REFERENCE or (lane is not None and lane.own_loss):
            return
        signal = lane.signal if lane is not None else None

        def look(job: Job) -> int | None:
            from gaplisten.ui.batch.worst_gap import sound_at, worst_gap

            sound = signal or (sound_at(Path(file), trace.rate) if file else None)
            return worst_gap(reference, sound, trace, frames, job)

        def found(place: int | None) -> None:
            if place is not None and controller.clip_name == clip:
                self._shell.gap_wanted.emit(place)

        self._task = controller.tasks.run("looking for the worst gap", look, found, quiet=True)

    def lane(self, condition: str) -> Lane | None:
        """Return the lane of a condition of the clip that is shown."""
        from gaplisten.batch.items import LOSSY, REFERENCE

        idents = (
            (f"condition:{condition}", condition) if condition not in (REFERENCE, LOSSY) else (condition,)
        )
        return next((lane for lane in self._controller.lanes if lane.ident in idents), None)
