"""Measures of the gaps of all lanes, kept in step with lanes and loss; of clips of any length."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.bench.derived import Derived, Inputs, same
from gaplisten.bench.events import Event
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.tasks import Tasks
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.measures import MEASURES, GapFacts, GapTable, measure_gaps
from gaplisten.loss.measures.gap_table import Values
from gaplisten.loss.trace import Gap, LossTrace

REST_SECONDS = 0.12  # a slider that is being dragged asks for new sound all the time

WHOLE_SECONDS = 60.0
PIECE_SECONDS = 30.0
AROUND_SECONDS = 1.0  # longer than anything a measure looks at beyond a gap's edges


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
        self._derived: Derived[str, tuple[tuple[GapFacts, ...], Values]] = Derived(
            self._start, rest=REST_SECONDS, together=True, clock=clock
        )
        self._lanes: tuple[Lane, ...] = ()
        self._trace: LossTrace | None = None
        self._ground: Inputs = ()
        self._facts: tuple[GapFacts, ...] = ()
        self._waiting: list[Callable[[], None]] = []

    # -- what is wanted -------------------------------------------------------------------------------

    def show(self, lanes: Sequence[Lane], trace: LossTrace | None) -> None:
        """Have these lanes measured for this loss, once nothing more changes for a moment."""
        self._lanes, self._trace = tuple(lanes), trace
        ground = self._ground_now()
        if not same(ground, self._ground):
            self._derived.drop()
            self._ground, self._facts = ground, ()
        # What is being made anew keeps its values until then; what failed has none.
        self._derived.want(self._wanted(), keep=[lane.ident for lane in lanes if lane.busy])
        self.changed.emit()
        self._tell()

    def resume(self) -> None:
        """Go on after the user stopped the work."""
        self.show(self._lanes, self._trace)

    def _ground_now(self) -> Inputs:
        """Return what all values follow from; nothing where there is nothing to measure."""
        trace = self._trace
        if trace is None or not trace.has_loss:
            return ()
        grid = (trace.grid.length, trace.grid.offset) if trace.grid else None
        return (self._reference, trace.spans.tobytes(), trace.frames, grid, trace.rate)

    @property
    def _reference(self) -> Signal | None:
        return next((lane.signal for lane in self._lanes if lane.role is Role.REFERENCE), None)

    def _wanted(self) -> dict[str, Inputs]:
        versions = [
            lane for lane in self._lanes if not (lane.busy or lane.own_loss or lane.role is Role.REFERENCE)
        ]
        return {
            lane.ident: (*self._ground, lane.signal)
            for lane in versions
            if lane.signal is not None and self._ground
        }

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
        if self.stopped or self.error or self._trace is None:
            return frozenset()
        return self._derived.pending | {lane.ident for lane in self._lanes if lane.busy}

    @property
    def table(self) -> GapTable | None:
        """The values so far, by lane identifier; None while there are none."""
        known = {lane.ident: self._derived.value(lane.ident) for lane in self._lanes}
        values = {ident: _of_length(each[1], len(self._facts)) for ident, each in known.items() if each}
        return GapTable(self._facts, tuple(values), values) if values else None

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

    def _start(
        self, asked: Mapping[str, Inputs], job: Job
    ) -> Future[dict[str, tuple[tuple[GapFacts, ...], Values]]]:
        reference, trace = self._reference, self._trace
        sounds = {lane.ident: lane.signal for lane in self._lanes if lane.ident in asked and lane.signal}

        def work(job: Job) -> dict[str, tuple[tuple[GapFacts, ...], Values]]:
            assert trace is not None
            found = measured(reference, sounds, trace, job)
            return {ident: (found.gaps, found.values[ident]) for ident in sounds}

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
        found = next((each for each in map(self._derived.value, sorted(came)) if each is not None), None)
        if found is not None and not self._facts:
            self._facts = found[0]
        self.changed.emit()
        self._tell()

    def close(self) -> None:
        """Stop measuring."""
        self._waiting.clear()
        self._derived.drop()


def _of_length(values: Values, gaps: int) -> Values:
    """Return values for so many gaps: a version that ends early, with no reference, may have had fewer."""
    if len(values) == gaps:
        return values
    rows = np.full((gaps, values.shape[1]), np.nan)
    rows[: len(values)] = values[:gaps]
    return rows


class _Part(Job):
    """A share of another job's progress."""

    def __init__(self, whole: Job, begin: float, share: float) -> None:
        super().__init__()
        self._whole, self._begin, self._share = whole, begin, share

    def check(self, fraction: float, message: str = "") -> None:
        """Report to the whole job."""
        self._whole.check(self._begin + self._share * fraction, message)


def measured(
    reference: Signal | None, versions: Mapping[str, Signal], trace: LossTrace, job: Job
) -> GapTable:
    """Measure all gaps as `measure_gaps` does.

    A clip of more than a minute is measured in pieces of half a minute: whether speech is active is then
    judged by the loudness of the piece that a gap lies in.
    """
    given = [*versions.values(), *([reference] if reference else [])]
    frames = reference.frames if reference else max((signal.frames for signal in given), default=0)
    if frames <= WHOLE_SECONDS * trace.rate:
        return measure_gaps(reference, versions, trace, job)
    pieces = _pieces(trace.gaps(frames), trace.rate)
    tables = []
    for number, gaps in enumerate(pieces):
        part = _Part(job, number / len(pieces), 1.0 / len(pieces))
        tables.append(_piece(reference, versions, trace, gaps, frames, part))
    return _joined(tables, tuple(versions))


def _pieces(gaps: tuple[Gap, ...], rate: int) -> list[list[Gap]]:
    size, pieces = round(PIECE_SECONDS * rate), dict[int, list[Gap]]()
    for gap in gaps:
        pieces.setdefault(gap.start // size, []).append(gap)
    return list(pieces.values())


def _piece(
    reference: Signal | None,
    versions: Mapping[str, Signal],
    trace: LossTrace,
    gaps: list[Gap],
    frames: int,
    job: Job,
) -> GapTable:
    size, around = trace.grid.length if trace.grid else 1, round(AROUND_SECONDS * trace.rate)
    # Facts need a piece of speech to compare with, not just what surrounds a lonely gap.
    usual = round(PIECE_SECONDS * trace.rate)
    first = max(min(gaps[0].start - around, gaps[0].start // usual * usual), 0) // size
    last = max(gaps[-1].stop + around, (gaps[0].start // usual + 1) * usual)
    end = min(-(-last // size) * size, frames)

    def cut(signal: Signal) -> Signal:
        return Signal(signal.samples[first * size : end], signal.rate)

    part = trace.part(first * size, end)
    found = measure_gaps(
        cut(reference) if reference else None, {n: cut(s) for n, s in versions.items()}, part, job
    )
    return _back(found, gaps, first * size, trace)


def _back(found: GapTable, gaps: list[Gap], begin: int, trace: LossTrace) -> GapTable:
    """Keep the rows of the piece's own gaps, and say them on the whole clip's clock."""
    places = {facts.gap.start + begin: place for place, facts in enumerate(found.gaps)}
    rows = [places[gap.start] for gap in gaps]
    facts = tuple(
        replace(found.gaps[row], gap=gap, start_s=gap.start / trace.rate)
        for row, gap in zip(rows, gaps, strict=True)
    )
    return GapTable(facts, found.versions, {name: values[rows] for name, values in found.values.items()})


def _joined(tables: list[GapTable], versions: tuple[str, ...]) -> GapTable:
    facts: list[GapFacts] = [each for table in tables for each in table.gaps]
    numbered = tuple(replace(each, index=index) for index, each in enumerate(facts, 1))
    values = {
        name: np.concatenate([table.values[name] for table in tables])
        if tables
        else np.zeros((0, len(MEASURES)))
        for name in versions
    }
    return GapTable(numbered, versions, values)
