"""Conceal one file or all lossy files of a folder: resumable, on all cores or on a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from gaplisten import __version__, folders
from gaplisten.audio.files import SoundInfo, probe
from gaplisten.audio.writing import clipped_samples, fitting_subtype, write_signal
from gaplisten.batch.conceal_plan import ConcealError, ConcealItem, result_folders
from gaplisten.batch.items import content_of, trace_digest
from gaplisten.batch.journal import Journal, key_of
from gaplisten.batch.run import Outcome, ThreadWorkers, Workers, run_items
from gaplisten.clips.clip import OpenClip
from gaplisten.clips.opening import open_clip
from gaplisten.concealers.cache import plain_parameters, unchanged
from gaplisten.concealers.entries import Entry, Limits
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.parameters import validate
from gaplisten.concealers.request import Concealed
from gaplisten.concealers.runner import Runner
from gaplisten.durable.digests import sha256_of
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.tables import Cell, Table

_ANNOUNCED = "announced"  # the journal's entry of the files that were going to be written

WRITABLE = frozenset({".wav", ".flac", ".aif", ".aiff", ".w64", ".rf64"})

COLUMNS = (
    "file", "packets", "lost", "loss_rate",
    "altered_received", "delay_ms", "realtime_factor", "resampled", "kbit_s", "largest_payload", "out",
)  # fmt: skip


@dataclass(frozen=True)
class ConcealTask:
    """One item with all that a worker needs; plain values."""

    item: ConcealItem
    entry: Entry
    parameters: Mapping[str, Any]
    limits: Limits


Numbered = tuple[int, ConcealTask]


@dataclass(frozen=True)
class ConcealRecord:
    """What is kept of a result: the sound itself is in the file.

    Parameters
    ----------
    packets, lost
        Their numbers; None where gaps lie off the packets.
    altered_received
        Share of the received samples that differ from the input, 0..1.
    sha256
        Of the file that was written.
    notes
        Sentences about unusual things.
    messages
        What the plugin printed.
    files
        What the plugin read besides, as `Concealed.files`.
    kbit_s, largest_payload
        Mean bit rate and bytes of the largest payload of a codec; None for what is no codec.
    """

    packets: int | None
    lost: int | None
    altered_received: float
    delay_ms: float
    realtime_factor: float
    resampled: bool
    sha256: str
    notes: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    files: tuple[Any, ...] = ()
    kbit_s: float | None = None
    largest_payload: int | None = None


@dataclass(frozen=True)
class ConcealOutcome:
    """What became of one item: a record, or the reason why there is none.

    Parameters
    ----------
    details
        The plugin's own traceback, if it failed.
    unreadable
        The input was at fault, not the concealer.
    """

    item: ConcealItem
    record: ConcealRecord | None = None
    error: str = ""
    details: str = ""
    unreadable: bool = False


@dataclass(frozen=True)
class ConcealBatch:
    """All outcomes in the order of the items, and how many results lay there before."""

    outcomes: tuple[ConcealOutcome, ...]
    reused: int = 0
    failed: tuple[ConcealOutcome, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "failed", tuple(each for each in self.outcomes if each.record is None))


def folder_journal(out: Path) -> Journal:
    """Return the journal of an output folder: what made each file in it, and from what.

    It lies among the user's own files, for the output folder is to hold the results and nothing else; hidden
    in that folder where the user has no such place.
    """
    place = out.resolve()
    state = folders.user_state()
    nearest = next(folder for folder in (state, *state.parents) if folder.exists())
    if not os.access(nearest, os.W_OK):
        return Journal(out / ".concealed.jsonl", place)
    name = f"{sha256_of(str(place))[:24]}.jsonl"
    return Journal(state / "concealed" / name, place)


def conceal_batch(
    items: Sequence[ConcealItem],
    entry: Entry,
    parameters: Mapping[str, Any],
    workers: Workers,
    *,
    journal: Journal | None = None,
    limits: Limits | None = None,
    force: bool = False,
    job: Job | None = None,
) -> ConcealBatch:
    """Conceal all items, except those whose results lie there already.

    Parameters
    ----------
    journal
        Of the output folder. A result counts as done when the journal names its input, plugin and parameters
        and the file still has the content that was written.
    force
        Make everything again.

    Raises
    ------
    ConcealError
        If a file is in the way that no earlier run has made, or a folder cannot be written.
    JournalError
        If another run is at the same folder, or the journal cannot be written.
    JobCancelled
        When the job was asked to stop; what is written stays, and called again the work goes on there.
    """
    checked = validate(entry, parameters)
    job = job or Job()
    outcomes: dict[int, ConcealOutcome] = {}
    keys: dict[int, str] = {}
    reused: set[int] = set()
    limits = limits or Limits()

    def progress() -> float:
        return len(outcomes) / len(items) if items else 1.0

    def earlier(numbered: Numbered) -> ConcealOutcome | None:
        index, task = numbered
        keys[index] = "" if journal is None else _key(task.item, entry, checked)
        if force or journal is None or not entry.deterministic:
            return None
        record = _earlier(journal, keys[index], task.item)
        if record is None:
            return None
        reused.add(index)
        return ConcealOutcome(task.item, record)

    def remaining() -> Iterator[Numbered]:
        for index, item in enumerate(items):
            job.check(progress(), item.source.name)
            numbered = index, ConcealTask(item, entry, checked, limits)
            # A cluster's workers cannot ask our journal; our own threads do, while others conceal.
            done = None if isinstance(workers, ThreadWorkers) else earlier(numbered)
            if done is None:
                yield numbered
            else:
                outcomes[index] = done

    def finished(outcome: Outcome[Numbered]) -> None:
        index, task = outcome.item
        made: ConcealOutcome = outcome.result or _failed(task.item, outcome.failure)
        if made.record is not None and journal is not None and keys[index] and index not in reused:
            journal.note(keys[index], _provenance(task, made.record))
        outcomes[index] = made

    alone = nullcontext() if journal is None else journal.alone()
    with result_folders(item.out.parent for item in items), alone, _work(workers, limits, earlier) as work:
        if journal is not None:
            _claim(journal, (item.out for item in items), force=force)
        run_items(remaining(), work, workers, finished, job=job, progress=progress)
    return ConcealBatch(tuple(outcomes[index] for index in sorted(outcomes)), len(reused))


def _claim(journal: Journal, outs: Iterable[Path], *, force: bool = False) -> None:
    """Announce in the journal what is going to be written, so that a run cut off at any moment can go on.

    Files that are there but were never announced are somebody else's; `force` takes them over.
    """
    noted = journal.get(_ANNOUNCED) or {}
    ours = set(noted.get("files", ()))
    wanted = _resolved(outs)
    foreign = next((path for path in wanted if path not in ours and Path(path).exists()), None)
    if foreign and not force:
        way_out = "choose another place for the results, or have it replaced (--force)"
        raise ConcealError(foreign, "is there already, and Gaplisten has not made it", way_out)
    if not ours.issuperset(wanted):
        journal.note(_ANNOUNCED, {"files": sorted(ours.union(wanted))})


def _resolved(outs: Iterable[Path]) -> list[str]:
    folders: dict[Path, Path] = {}
    places = []
    for out in outs:
        if out.parent not in folders:
            folders[out.parent] = out.parent.resolve()
        places.append(str(folders[out.parent] / out.name))
    return places


def _key(item: ConcealItem, entry: Entry, parameters: Mapping[str, Any]) -> str:
    plugin = [entry.name, entry.digest, plain_parameters(parameters)]
    try:
        made_of = [content_of(item.source, item.clip.reading), trace_digest(item.clip)]
        if entry.needs_reference:
            made_of.append(content_of(item.clip.reference, item.clip.reading))
    except OSError:
        return ""  # the worker will say what is wrong with it
    return key_of(plugin=plugin, made_of=made_of, out=item.out.name, folder=str(item.out.parent.resolve()))


def _earlier(journal: Journal, key: str, item: ConcealItem) -> ConcealRecord | None:
    noted = journal.get(key)
    if noted is None:
        return None
    try:
        values = noted["result"]
        if not unchanged(values["files"]) or sha256_of(item.out) != values["sha256"]:
            return None
        lists = {name: tuple(values[name]) for name in ("notes", "messages", "files")}
        return ConcealRecord(**{**values, **lists})
    except (OSError, KeyError, TypeError):  # gone, or noted by another version
        return None


def _provenance(task: ConcealTask, record: ConcealRecord) -> dict[str, Any]:
    return {
        "file": task.item.out.name,
        "source": str(task.item.source),
        "concealer": task.entry.name,
        "plugin_sha256": task.entry.digest,
        "parameters": {name: _plain(value) for name, value in task.parameters.items()},
        "gaplisten": __version__,
        "result": asdict(record),
    }


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


@contextmanager
def _work(
    workers: Workers, limits: Limits, earlier: Callable[[Numbered], ConcealOutcome | None]
) -> Iterator[Callable[[Numbered], ConcealOutcome]]:
    if not isinstance(workers, ThreadWorkers):
        yield conceal_task
        return
    # Leaving ends the plugins' processes, so that a stopped batch does not wait for them.
    with Runner(workers=workers.slots, limits=limits) as runner:
        yield lambda work: earlier(work) or _concealed(work[1], runner)


@lru_cache(maxsize=2)
def _runner(limits: Limits) -> Runner:
    # A cluster's worker keeps its plugins' processes warm between items; they end with it.
    return Runner(workers=os.cpu_count() or 1, limits=limits)


def conceal_task(work: Numbered) -> ConcealOutcome:
    """Read, conceal and write one item; runs in any process."""
    return _concealed(work[1], _runner(work[1].limits))


def _concealed(task: ConcealTask, runner: Runner) -> ConcealOutcome:
    try:
        opened = _opened(task.item, task.entry.needs_reference)
    except GaplistenError as error:
        return ConcealOutcome(task.item, error=str(error), unreadable=True)
    assert opened.lossy is not None
    try:
        made = runner.submit(
            task.entry, task.parameters, opened.lossy, opened.trace, reference=opened.reference
        ).result()
        return ConcealOutcome(task.item, _written(task.item, opened, made))
    except ConcealerFailed as error:
        return _failed(task.item, str(error), error.details)
    except GaplistenError as error:
        return _failed(task.item, str(error))


def _failed(item: ConcealItem, error: str, details: str = "") -> ConcealOutcome:
    named = any(str(path) in error for path in (item.source, item.out))
    return ConcealOutcome(item, error=error if named else f"{item.source}: {error}", details=details)


def _opened(item: ConcealItem, with_reference: bool) -> OpenClip:
    if item.out.suffix.lower() not in WRITABLE:
        raise ConcealError(
            str(item.source), f"{item.out.suffix} files cannot be written", "convert it to WAV or FLAC first"
        )
    # A reference sets the clip's clock: results keep that of the lossy file wherever none is needed.
    opened = open_clip(item.clip if with_reference else replace(item.clip, reference=None))
    if opened.lossy is None or opened.trace is None:
        raise ConcealError(*_first_problem(opened, item))
    return opened


def _first_problem(opened: OpenClip, item: ConcealItem) -> tuple[str, str]:
    thing, _, fact = (opened.problems or (f"{item.source}: cannot be used",))[0].partition(": ")
    return thing, fact


def _written(item: ConcealItem, opened: OpenClip, made: Concealed) -> ConcealRecord:
    info = probe(item.source, item.clip.reading)
    subtype = fitting_subtype(info.subtype, item.out)
    clipped = clipped_samples(made.signal, subtype)
    try:
        item.out.parent.mkdir(parents=True, exist_ok=True)
        write_signal(item.out, made.signal, subtype)
        written = sha256_of(item.out)
    except OSError as error:
        fact = f"cannot be written ({error.strerror})"
        raise ConcealError(str(item.out), fact, "choose another place for the results") from error
    assert opened.trace is not None
    trace = opened.trace.fitted(opened.frames)
    notes = _writing_notes(info, subtype, clipped)
    return ConcealRecord(
        packets=trace.packets if trace.on_grid else None,
        lost=int(trace.lost.sum()) if trace.on_grid else None,
        altered_received=made.altered_received,
        delay_ms=1000.0 * made.delay_frames / made.signal.rate,
        realtime_factor=made.realtime_factor,
        resampled=made.resampled,
        sha256=written,
        notes=(*opened.notes, *notes),
        messages=made.messages,
        files=made.files,
        kbit_s=None if made.coding is None else made.coding.kbit_s,
        largest_payload=None if made.coding is None else made.coding.largest,
    )


def _writing_notes(info: SoundInfo, subtype: str, clipped: int) -> tuple[str, ...]:
    notes = [f"written as {subtype}, for there is no {info.subtype} in such a file"]
    told = notes if subtype != info.subtype else []
    return (*told, *([f"{clipped} samples were beyond full scale and are clipped"] if clipped else []))


def outcome_table(outcomes: Sequence[ConcealOutcome]) -> Table:
    """Return one row for each item that was done."""
    return Table(COLUMNS, tuple(_row(each.item, each.record) for each in outcomes if each.record is not None))


def _row(item: ConcealItem, record: ConcealRecord) -> tuple[Cell, ...]:
    rate = None if record.lost is None else record.lost / record.packets if record.packets else 0.0
    figures = (record.altered_received, record.delay_ms, record.realtime_factor, record.resampled)
    coding = (record.kbit_s, record.largest_payload)
    return (item.source.name, record.packets, record.lost, rate, *figures, *coding, str(item.out))
