"""Measures of the gaps of all lanes, kept in step with lanes and loss; of clips of any length."""

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
from gaplisten.jobs import Job
from gaplisten.loss.measures import MEASURES, ClipFact, GapFacts, GapTable, measure_gaps
from gaplisten.loss.measures.engine import AMONG, measure_among
from gaplisten.loss.measures.gap_table import Values
from gaplisten.loss.trace import Gap, LossTrace

REST_SECONDS = 0.12  # a slider that is being dragged asks for new sound all the time

WHOLE_SECONDS = 60.0
PIECE_SECONDS = 30.0
AROUND_SECONDS = 1.0  # longer than anything a measure looks at beyond a gap's edges
TOGETHER = ""  # key of what follows from all lanes: measures that compare versions with each other


@dataclass(frozen=True, eq=False)
class _Found:
    """What was measured of some lanes, by identifier."""

    facts: tuple[GapFacts, ...]
    values: Mapping[str, Values]
    clip: Mapping[str, tuple[ClipFact, ...]]


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
        wanted: dict[str, Inputs] = {
            lane.ident: (*self._ground, lane.signal)
            for lane in versions
            if lane.signal is not None and self._ground
        }
        if len(wanted) > 1 and not any(lane.busy for lane in self._lanes):
            wanted[TOGETHER] = (*self._ground, *(inputs[-1] for inputs in wanted.values()))
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
        if self.stopped or self.error or self._trace is None:
            return frozenset()
        return (self._derived.pending - {TOGETHER}) | {lane.ident for lane in self._lanes if lane.busy}

    @property
    def table(self) -> GapTable | None:
        """The values so far, by lane identifier; None while there are none."""
        known = {lane.ident: self._derived.value(lane.ident) for lane in self._lanes}
        among = self._derived.value(TOGETHER)
        values, clip = {}, {}
        for ident, each in known.items():
            if each is None:
                continue
            values[ident] = _of_length(each.values[ident], len(self._facts))
            clip[ident] = each.clip.get(ident, ())
            if among is not None and ident in among.values and len(among.values[ident]) == len(values[ident]):
                values[ident] = _with_among(values[ident], among.values[ident])
                clip[ident] += among.clip.get(ident, ())
        return GapTable(self._facts, tuple(values), values, clip=clip) if values else None

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
            table,
            versions=versions,
            values={titles[ident]: table.values[ident] for ident in table.versions},
            clip={titles[ident]: table.clip.get(ident, ()) for ident in table.versions},
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

    def _start(self, asked: Mapping[str, Inputs], job: Job) -> Future[dict[str, _Found]]:
        reference, trace = self._reference, self._trace
        sounds = {lane.ident: lane.signal for lane in self._lanes if lane.ident in asked and lane.signal}
        names = {lane.ident: f"lane {lane.key} {lane.name}" for lane in self._lanes}
        compared: dict[str, Signal] = {}
        if TOGETHER in asked:
            wanted = self._wanted()
            compared = {
                lane.ident: lane.signal for lane in self._lanes if lane.ident in wanted and lane.signal
            }

        def work(job: Job) -> dict[str, _Found]:
            assert trace is not None
            found: dict[str, _Found] = {}
            if sounds:
                table = measured(reference, sounds, trace, job)
                for ident in sounds:
                    facts = tuple(fact for fact in table.clip.get(ident, ()) if fact.key not in _AMONG_KEYS)
                    alone = table.values[ident].copy()
                    alone[:, _AMONG_COLUMNS] = np.nan  # only some of the lanes were compared
                    found[ident] = _Found(table.gaps, {ident: alone}, {ident: facts})
            if compared:
                titled = {names[ident]: sound for ident, sound in compared.items()}
                among = measure_among(reference, titled, trace)
                found[TOGETHER] = _Found(
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
        lanes = (self._derived.value(ident) for ident in sorted(came - {TOGETHER}))
        found = next((each for each in lanes if each is not None), None)
        if found is not None and not self._facts:
            self._facts = found.facts
        self.changed.emit()
        self._tell()

    def close(self) -> None:
        """Stop measuring."""
        self._waiting.clear()
        self._derived.drop()


_AMONG_COLUMNS = [MEASURES.index(measure) for measure in AMONG]
_AMONG_KEYS = frozenset(measure.key for measure in AMONG)


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
    return _joined(tables, tuple(versions), trace.rate)


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
    told = {
        name: tuple(replace(fact, frames=tuple(frame + begin for frame in fact.frames)) for fact in each)
        for name, each in found.clip.items()
    }
    values = {name: each[rows] for name, each in found.values.items()}
    return GapTable(facts, found.versions, values, clip=told)


def _joined(tables: list[GapTable], versions: tuple[str, ...], rate: int) -> GapTable:
    facts: list[GapFacts] = [each for table in tables for each in table.gaps]
    numbered = tuple(replace(each, index=index) for index, each in enumerate(facts, 1))
    values = {
        name: np.concatenate([table.values[name] for table in tables])
        if tables
        else np.zeros((0, len(MEASURES)))
        for name in versions
    }
    told = {name: _worst_of_pieces(tables, name, rate) for name in versions}
    return GapTable(numbered, versions, values, clip=told)


def _worst_of_pieces(tables: list[GapTable], name: str, rate: int) -> tuple[ClipFact, ...]:
    """Return for each measure what it says of the piece for which it says most, and which piece that is."""
    worst: dict[str, ClipFact] = {}
    for table in tables:
        begin = table.gaps[0].gap.start / rate // PIECE_SECONDS * PIECE_SECONDS
        for fact in table.clip.get(name, ()):
            if fact.key not in worst or abs(fact.value) > abs(worst[fact.key].value):
                said = f"in the half minute from {begin:.0f} s on {fact.said}"
                worst[fact.key] = replace(fact, said=said)
    return tuple(worst.values())
