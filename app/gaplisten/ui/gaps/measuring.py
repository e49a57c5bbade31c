"""Measures the gaps of all lanes in the background, and again when a lane or the loss is another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QObject, QTimer
from PySide6.QtCore import Signal as QtSignal

from gaplisten.audio.signal import Signal
from gaplisten.bench.gap_measures import measured
from gaplisten.bench.lanes import Lane, Role
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.measures import GapFacts, GapTable
from gaplisten.loss.measures.gap_table import Values
from gaplisten.loss.trace import Grid, LossTrace
from gaplisten.ui.background import Task, Tasks

REST_MS = 120  # a slider that is being dragged asks for new sound all the time

Ground = tuple[Signal | None, bytes, int, Grid | None, int]  # reference, losses, their length, packets, rate


@dataclass(frozen=True, eq=False)
class _Done:
    sound: Signal
    values: Values


@dataclass(frozen=True, eq=False)
class _Running:
    task: Task
    ground: Ground
    sounds: dict[str, Signal]


class GapMeasuring(QObject):
    """Keeps a gap table in step with lanes and loss.

    A lane whose sound stayed the same is not measured again; work on something that nobody wants any more is
    stopped.

    Attributes
    ----------
    error
        Why nothing could be measured; empty when all is well.
    stopped
        Whether the user cancelled; `resume` goes on.

    Signals
    -------
    changed
        There are other values, or others are awaited.
    """

    changed = QtSignal()

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._lanes: tuple[Lane, ...] = ()
        self._trace: LossTrace | None = None
        self._ground: Ground | None = None
        self._facts: tuple[GapFacts, ...] = ()
        self._done: dict[str, _Done] = {}
        self._running: _Running | None = None
        self._waiting: list[Callable[[], None]] = []
        self.error, self.stopped = "", False
        self._timer = QTimer(self, interval=REST_MS, singleShot=True)
        self._timer.timeout.connect(self._begin)

    # -- what is wanted -------------------------------------------------------------------------------

    def show(self, lanes: Sequence[Lane], trace: LossTrace | None) -> None:
        """Have these lanes measured for this loss, once nothing more changes for a moment."""
        self._lanes, self._trace = tuple(lanes), trace
        ground = self._ground_now()
        if not _same_ground(ground, self._ground):
            self._ground, self._done, self._facts = ground, {}, ()
        wanted = self._wanted()
        # What is being made anew keeps its values until then; what failed has none.
        idents = {lane.ident for lane in lanes if lane.busy or lane.signal is not None}
        self._done = {
            ident: done
            for ident, done in self._done.items()
            if ident in idents and done.sound is wanted.get(ident, done.sound)
        }
        self._drop_useless()
        self.error, self.stopped = "", False
        if self._missing():
            self._timer.start()
        self.changed.emit()
        self._tell()

    def resume(self) -> None:
        """Go on after the user stopped the work."""
        self.show(self._lanes, self._trace)

    def _ground_now(self) -> Ground | None:
        if self._trace is None:
            return None
        trace = self._trace
        return (self._reference, trace.spans.tobytes(), trace.frames, trace.grid, trace.rate)

    @property
    def _reference(self) -> Signal | None:
        return next((lane.signal for lane in self._lanes if lane.role is Role.REFERENCE), None)

    def _wanted(self) -> dict[str, Signal]:
        if self._trace is None or not self._trace.has_loss:
            return {}
        return {
            lane.ident: lane.signal
            for lane in self._lanes
            if lane.signal is not None and not (lane.busy or lane.own_loss or lane.role is Role.REFERENCE)
        }

    def _missing(self) -> dict[str, Signal]:
        return {
            ident: sound
            for ident, sound in self._wanted().items()
            if ident not in self._done or self._done[ident].sound is not sound
        }

    # -- what is there --------------------------------------------------------------------------------

    @property
    def has_reference(self) -> bool:
        """Whether there is a reference to compare with."""
        return self._reference is not None

    @property
    def pending(self) -> frozenset[str]:
        """Identifiers of the lanes whose values are awaited, because they or their sound are being made."""
        if self.stopped or self.error or self._ground is None:
            return frozenset()
        busy = {lane.ident for lane in self._lanes if lane.busy and self._trace is not None}
        return frozenset({*self._missing(), *busy})

    @property
    def table(self) -> GapTable | None:
        """The values so far, by lane identifier; None while there are none."""
        names = tuple(lane.ident for lane in self._lanes if lane.ident in self._done)
        if not names:
            return None
        return GapTable(self._facts, names, {name: self._done[name].values for name in names})

    def named_table(self) -> GapTable | None:
        """Return the values so far by the lanes' names (and numbers where two are alike), for a file."""
        table = self.table
        if table is None:
            return None
        names = [lane.name for lane in self._lanes]
        titles = {
            lane.ident: lane.name if names.count(lane.name) == 1 else f"{lane.key} {lane.name}"
            for lane in self._lanes
        }
        versions = tuple(titles[ident] for ident in table.versions)
        return replace(
            table, versions=versions, values={titles[ident]: table.values[ident] for ident in table.versions}
        )

    def when_measured(self, callback: Callable[[], None]) -> None:
        """Call back as soon as nothing is awaited any more: perhaps at once."""
        self._waiting.append(callback)
        if self.stopped:
            self.resume()
        self._tell()

    def _tell(self) -> None:
        if self.pending:
            return
        waiting, self._waiting = self._waiting, []
        for callback in waiting:
            callback()

    # -- the work -------------------------------------------------------------------------------------

    def _drop_useless(self) -> None:
        running = self._running
        if running is None:
            return
        wanted = self._wanted()
        useful = any(wanted.get(ident) is sound for ident, sound in running.sounds.items())
        if not (_same_ground(running.ground, self._ground) and useful):
            self._tasks.cancel(running.task)
            self._running = None

    def _begin(self) -> None:
        sounds, trace, ground = self._missing(), self._trace, self._ground
        if self._running is not None or not sounds or trace is None or ground is None:
            return
        reference = self._reference

        def work(job: Job) -> GapTable:
            return measured(reference, sounds, trace, job)

        task = self._tasks.run("measuring gaps", work, self._on_measured, self._on_failed)
        self._running = _Running(task, ground, sounds)

    def _on_measured(self, table: GapTable) -> None:
        running, self._running = self._running, None
        if running is not None and _same_ground(running.ground, self._ground):
            self._take(table, running.sounds)
        if self._missing():
            self._begin()
        self.changed.emit()
        self._tell()

    def _take(self, table: GapTable, sounds: dict[str, Signal]) -> None:
        if not self._facts:
            self._facts = table.gaps
        wanted = self._wanted()
        for ident, sound in sounds.items():
            if wanted.get(ident) is sound:
                self._done[ident] = _Done(sound, _of_length(table.values[ident], len(self._facts)))

    def _on_failed(self, error: Exception) -> None:
        self._running = None
        self.error = error.fact if isinstance(error, GaplistenError) else str(error)
        self.changed.emit()
        self._tell()

    def on_cancel(self) -> None:
        """Take note that the user cancelled the work whose progress was seen."""
        if self._running is not None and self._running.task.job.cancelled:
            self._running, self.stopped = None, True
            self._waiting.clear()
            self.changed.emit()

    def close(self) -> None:
        """Stop: the window goes."""
        self._timer.stop()
        self._waiting.clear()
        if self._running is not None:
            self._tasks.cancel(self._running.task)
            self._running = None


def _same_ground(one: Ground | None, other: Ground | None) -> bool:
    if one is None or other is None:
        return one is other
    return one[0] is other[0] and one[1:] == other[1:]


def _of_length(values: Values, gaps: int) -> Values:
    """Return values for so many gaps: a version that ends early, with no reference, may have had fewer."""
    rows = np.full((gaps, values.shape[1]), np.nan)
    rows[: len(values)] = values[:gaps]
    return rows
