"""Measures of the gaps of all lanes, each at the losses it met, kept in step with lanes and loss."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.bench.derived import Derived, Inputs, same
from gaplisten.bench.events import Event
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.tasks import Tasks
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job, JobPart
from gaplisten.loss.measures import MEASURES, ClipFact, GapFacts, GapTable, measure_gaps
from gaplisten.loss.measures.among import AMONG, measure_among
from gaplisten.loss.measures.gap_table import Values
from gaplisten.loss.trace import LossTrace

REST_SECONDS = 0.12  # a slider that is being dragged asks for new sound all the time
TOGETHER = "together:"  # begins keys of what follows from several lanes: measures that compare them


@dataclass(frozen=True, eq=False)
class _Found:
    """What was measured of some lanes, by identifier."""

    facts: tuple[GapFacts, ...]
    values: Mapping[str, Values]
    clip: Mapping[str, tuple[ClipFact, ...]]


@dataclass(eq=False)
class _Losses:
    """Losses that some of the lanes met: what follows from them, and what is known of their gaps."""

    trace: LossTrace
    ground: Inputs
    lanes: tuple[Lane, ...] = ()
    facts: tuple[GapFacts, ...] = ()

    @property
    def together(self) -> str:
        """Key of what follows from all these lanes."""
        return TOGETHER + self.lanes[0].ident


class GapMeasures:
    """Keeps a gap table in step with lanes and loss.

    A lane whose sound stayed the same is not measured again; work on something that nobody wants any more is
    stopped.

    Parameters
    ----------
    tasks
        Where the work is done, so that its progress is seen there and can be cancelled.

    Attributes
    ----------
    changed
        Event: there are other values, or others are awaited.
    """

    def __init__(self, tasks: Tasks, clock: Callable[[], float] = time.monotonic) -> None:
        self.changed = Event()
        self._tasks = tasks
        self._derived: Derived[str, _Found] = Derived(
            self._start, rest=REST_SECONDS, together=True, clock=clock
        )
        self._lanes: tuple[Lane, ...] = ()
        self._trace: LossTrace | None = None
        self._listed: LossTrace | None = None
        self._met: tuple[_Losses, ...] = ()
        self._waiting: list[Callable[[], None]] = []

    # -- what is wanted -------------------------------------------------------------------------------

    def show(self, lanes: Sequence[Lane], trace: LossTrace | None, listed: LossTrace | None = None) -> None:
        """Have each of these lanes measured at the losses it met, once nothing more changes for a moment.

        Parameters
        ----------
        trace
            The clip's losses, which all lanes met that have none of their own.
        listed
            The losses of whose gaps `table` tells; None for the clip's.
        """
        self._lanes, self._trace = tuple(lanes), trace
        self._listed = trace if listed is None else listed
        before = {lane.ident: losses for losses in self._met for lane in losses.lanes}
        self._met = self._met_now()
        # What is being made anew keeps its values of the same gaps until then; what failed has none.
        same_gaps = {
            lane.ident
            for losses in self._met
            for lane in losses.lanes
            if lane.busy and before.get(lane.ident) is losses
        }
        self._derived.want(self._wanted(), keep=same_gaps)
        self.changed.emit()
        self._tell()

    def resume(self) -> None:
        """Go on after the user stopped the work."""
        self.show(self._lanes, self._trace, self._listed)

    def _met_now(self) -> tuple[_Losses, ...]:
        """Return the losses that lanes met, those that were known as the same objects, with their lanes."""
        found: list[_Losses] = []
        for lane in self._lanes:
            trace = lane.met(self._trace)
            if lane.role is Role.REFERENCE or trace is None or not trace.has_loss:
                continue
            ground = self._ground_of(trace)
            losses = next((each for each in found if same(each.ground, ground)), None)
            if losses is None:
                losses = next((each for each in self._met if same(each.ground, ground)), None)
                losses = losses or _Losses(trace, ground)
                found.append(losses)
                losses.lanes = ()
            losses.lanes += (lane,)
        return tuple(found)

    def _ground_of(self, trace: LossTrace) -> Inputs:
        """Return what all values at these losses follow from."""
        grid = (trace.grid.length, trace.grid.offset) if trace.grid else None
        return (self._reference, trace.spans.tobytes(), trace.frames, grid, trace.rate)

    @property
    def _reference(self) -> Signal | None:
        return next((lane.signal for lane in self._lanes if lane.role is Role.REFERENCE), None)

    def _wanted(self) -> dict[str, Inputs]:
        wanted: dict[str, Inputs] = {}
        for losses in self._met:
            alone = {
                lane.ident: (*losses.ground, lane.signal)
                for lane in losses.lanes
                if lane.signal is not None and not lane.busy
            }
            wanted |= alone
            if len(alone) > 1 and not any(lane.busy for lane in losses.lanes):
                wanted[losses.together] = (*losses.ground, *(inputs[-1] for inputs in alone.values()))
        return wanted

    # -- what is there --------------------------------------------------------------------------------

    @property
    def has_reference(self) -> bool:
        """Whether there is a reference to compare with."""
        return self._reference is not None

    @property
    def error(self) -> str:
        """Why nothing could be measured; empty when all is well."""
        failures = [self._derived.failure(lane.ident) for lane in self._lanes]
        error = next((each for each in failures if each is not None), None)
        return error.fact if isinstance(error, GaplistenError) else str(error or "")

    @property
    def stopped(self) -> bool:
        """Whether the user cancelled; `resume` goes on."""
        return self._derived.stopped

    @property
    def pending(self) -> frozenset[str]:
        """Identifiers of the lanes whose values are awaited, because they or their sound are being made."""
        if self.stopped or self.error:
            return frozenset()
        lanes = [lane for losses in self._met for lane in losses.lanes]
        awaited = {key for key in self._derived.pending if not key.startswith(TOGETHER)}
        return frozenset(awaited | {lane.ident for lane in lanes if lane.busy})

    @property
    def table(self) -> GapTable | None:
        """The values so far of the lanes that met the losses listed, by identifier; None while none are."""
        ground = None if self._listed is None else self._ground_of(self._listed)
        losses = next((each for each in self._met if same(each.ground, ground)), None)
        return None if losses is None else self._table(losses)

    def _table(self, losses: _Losses) -> GapTable | None:
        among = self._derived.value(losses.together)
        values, clip = {}, {}
        for ident in (lane.ident for lane in losses.lanes):
            each = self._derived.value(ident)
            if each is None:
                continue
            values[ident] = _of_length(each.values[ident], len(losses.facts))
            clip[ident] = each.clip.get(ident, ())
            if among is not None and ident in among.values and len(among.values[ident]) == len(values[ident]):
                values[ident] = _with_among(values[ident], among.values[ident])
                clip[ident] += among.clip.get(ident, ())
        return GapTable(losses.facts, tuple(values), values, clip=clip) if values else None

    def named_tables(self) -> tuple[GapTable, ...]:
        """Return the values so far by the lanes' names (and numbers where two are alike), for a file.

        There is one table for each of the losses that lanes met.
        """
        names = [lane.name for lane in self._lanes]
        titles = {
            lane.ident: lane.name if names.count(lane.name) == 1 else f"{lane.key} {lane.name}"
            for lane in self._lanes
        }
        tables = [table for losses in self._met if (table := self._table(losses)) is not None]
        return tuple(_renamed(table, titles) for table in tables)

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

    def _start(self, asked: Mapping[str, Inputs], job: Job) -> Future[dict[str, _Found]]:
        reference = self._reference
        names = {lane.ident: f"lane {lane.key} {lane.name}" for lane in self._lanes}
        asks = []
        for losses in self._met:
            sounds = {lane.ident: lane.signal for lane in losses.lanes if lane.signal and not lane.busy}
            alone = {ident: sound for ident, sound in sounds.items() if ident in asked}
            together = losses.together if losses.together in asked else ""
            if alone or together:
                asks.append((losses.trace, alone, together, sounds if together else {}))

        def work(job: Job) -> dict[str, _Found]:
            found: dict[str, _Found] = {}
            for number, (trace, alone, together, compared) in enumerate(asks):
                begin, share = number / len(asks), 1.0 / len(asks) / (2 if alone and together else 1)
                if alone:
                    part = JobPart(job, begin, share)
                    found |= _found_alone(measure_gaps(reference, alone, trace, part, apart=True))
                    begin += share
                if together:
                    titled = {names[ident]: sound for ident, sound in compared.items()}
                    among = measure_among(reference, titled, trace, JobPart(job, begin, share))
                    found[together] = _Found(
                        (),
                        {ident: among[names[ident]][0] for ident in compared},
                        {ident: among[names[ident]][1] for ident in compared},
                    )
            return found

        return self._tasks.submit("measuring gaps", work, job)

    @property
    def busy(self) -> bool:
        """Whether there is something to poll for."""
        return self._derived.busy

    def poll(self) -> None:
        """Take over what has been measured; tell if there is something."""
        came = self._derived.poll()
        if not came:
            return
        if self.stopped:
            self._waiting.clear()
        for losses in self._met:
            lanes = (self._derived.value(lane.ident) for lane in losses.lanes)
            found = next((each for each in lanes if each is not None), None)
            if found is not None and not losses.facts:
                losses.facts = found.facts
        self.changed.emit()
        self._tell()

    def close(self) -> None:
        """Stop measuring."""
        self._waiting.clear()
        self._derived.drop()


_AMONG_COLUMNS = [MEASURES.index(measure) for measure in AMONG]


def _found_alone(table: GapTable) -> dict[str, _Found]:
    """Return what was measured of each lane by itself."""
    return {
        ident: _Found(table.gaps, {ident: table.values[ident]}, {ident: table.clip.get(ident, ())})
        for ident in table.versions
    }


def _renamed(table: GapTable, titles: Mapping[str, str]) -> GapTable:
    """Return a table by other names of its versions."""
    return replace(
        table,
        versions=tuple(titles[ident] for ident in table.versions),
        values={titles[ident]: table.values[ident] for ident in table.versions},
        clip={titles[ident]: table.clip.get(ident, ()) for ident in table.versions},
    )


def _with_among(values: Values, among: Values) -> Values:
    """Return one lane's values with those of the measures that compare it with others."""
    filled = values.copy()
    filled[:, _AMONG_COLUMNS] = among
    return filled


def _of_length(values: Values, gaps: int) -> Values:
    """Return values for so many gaps: a version that ends early, with no reference, may have had fewer."""
    if len(values) == gaps:
        return values
    rows = np.full((gaps, values.shape[1]), np.nan)
    rows[: len(values)] = values[:gaps]
    return rows
