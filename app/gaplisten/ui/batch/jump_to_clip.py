"""From a score to what it was given for: the clip, its worst gap, the version that was scored."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from gaplisten.audio.channels import Reading
from gaplisten.audio.files import read_signal
from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.bench.gap_ranking import Place
from gaplisten.bench.lanes import Lane
from gaplisten.bench.tasks import Task
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.measures import GapTable, measure_gaps
from gaplisten.ui.shell import Shell
from gaplisten.ui.translation import tr, tr_lane, tr_said


class JumpToClip(QObject):
    """Shows a clip at the gap at which one of its versions is worst."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self._wanted: tuple[str, str, str] | None = None
        self._task: Task | None = None
        self._goes = 0  # what was looked for before somebody went on is not gone to any more
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
            way_out = tr("open the folder that was scored")
            self._shell.report(
                GaplistenError(
                    tr("clip {clip}", clip=clip), tr("is not among the clips that are open"), way_out
                )
            )
            return
        self._wanted = (clip, condition, file)
        self._goes += 1
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
        met = controller.trace if lane is None else lane.met(controller.trace)
        if met is None or condition == REFERENCE:
            return
        if lane is not None and lane.signal is not None:
            self._look_in_lane(clip, lane)
        else:
            self._look_in_file(clip, condition, file)

    def _look_in_lane(self, clip: str, lane: Lane) -> None:
        controller, going = self._controller, self._goes
        controller.measure_gaps()

        def found() -> None:
            if self._goes == going and controller.clip_name == clip:
                self._go(
                    controller.worst_gaps.order([lane.ident]),
                    tr("lane {lane_key} {lane_name}", lane_key=lane.key, lane_name=tr_lane(lane.name)),
                )

        controller.gap_measures.when_measured(found)

    def _look_in_file(self, clip: str, condition: str, file: str) -> None:
        controller = self._controller
        trace, opened = controller.trace, controller.opened
        assert trace is not None
        assert opened is not None

        def look(job: Job) -> GapTable | None:
            sound = _sound_at(Path(file), trace.rate, opened.clip.reading) if file else None
            return measure_gaps(opened.reference, {condition: sound}, trace, job) if sound else None

        def found(table: GapTable | None) -> None:
            if controller.clip_name == clip:
                self._go(controller.worst_gaps.order_in(table, [condition]) if table else [], condition)

        self._task = controller.tasks.run(tr("looking for the worst gap"), look, found, quiet=True)

    def _go(self, order: list[Place], named: str) -> None:
        """Go to the first of these gaps; to the longest where the measure says nothing of any."""
        worst = self._controller.worst_gaps
        place = order[0].gap if order else worst.without_values(self._controller.gaps)
        if place is None:
            return
        self._shell.gap_wanted.emit(place)
        none = tr(
            "gap #{place}, the longest: no gap of {named} has a value of {measure_title}",
            place=place + 1,
            named=named,
            measure_title=tr_said(worst.measure.title),
        )
        self._shell.say(worst.told(order[0], named, 0, len(order)) if order else none)

    def lane(self, condition: str) -> Lane | None:
        """Return the lane of a condition of the clip that is shown."""
        from gaplisten.batch.items import LOSSY, REFERENCE

        idents = (
            (f"condition:{condition}", condition) if condition not in (REFERENCE, LOSSY) else (condition,)
        )
        return next((lane for lane in self._controller.lanes if lane.ident in idents), None)


def _sound_at(path: Path, rate: int, reading: Reading) -> Signal | None:
    """Return a version's file at the clip's rate; None when it cannot be read."""
    try:
        found = read_signal(path, reading)
    except GaplistenError:
        return None
    return found if found.rate == rate else resample(found, rate)
