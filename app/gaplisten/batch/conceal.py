"""Concealing one file or all lossy files of a folder."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gaplisten.audio.files import clipped_samples, probe, write_signal
from gaplisten.clips.clip import DEFAULT_PACKET_MS, Clip, OpenClip
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.opening import open_clip
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.runner import Concealed, Runner
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.tables import Table

WRITABLE = frozenset({".wav", ".flac", ".aif", ".aiff", ".w64", ".rf64"})

COLUMNS = (
    "file", "packets", "lost", "loss_rate",
    "altered_received", "delay_ms", "realtime_factor", "resampled", "out",
)  # fmt: skip


class ConcealError(GaplistenError):
    """An item that cannot be concealed as asked."""


@dataclass(frozen=True)
class ConcealItem:
    """One lossy file, its trace, and where the result goes."""

    clip: Clip
    source: Path
    out: Path


@dataclass(frozen=True, eq=False)
class ConcealOutcome:
    """What became of one item: a result with notes, or the reason why there is none.

    Parameters
    ----------
    unreadable
        The input was at fault, not the concealer.
    """

    item: ConcealItem
    opened: OpenClip | None = None
    result: Concealed | None = None
    error: GaplistenError | None = None
    unreadable: bool = False
    notes: tuple[str, ...] = ()


def plan_folder(source: Path, out: Path, packet_ms: float = DEFAULT_PACKET_MS) -> tuple[ConcealItem, ...]:
    """List what there is to do in a folder; results keep their path below it.

    Where a clip has no lossy file, its reference is taken and the trace's losses are applied to it.
    """
    items = []
    for clip in find_clips([source], packet_ms=packet_ms).clips:
        found = clip.lossy or clip.reference
        if found is not None:
            items.append(_item(clip, found, out / _below(found, source)))
    _refuse_twins(items)
    return tuple(items)


def plan_file(
    source: Path, out: Path, trace: Path | None = None, packet_ms: float = DEFAULT_PACKET_MS
) -> ConcealItem:
    """Say what there is to do for one file.

    Parameters
    ----------
    out
        A file, or a folder (one that exists, or a name without a suffix).
    trace
        When not given, a trace lying beside the file counts; else lost packets are found from exact zeros.
    """
    is_folder = out.is_dir() or not out.suffix
    target = out / source.name if is_folder else out
    found = next(iter(find_clips([source, *([trace] if trace else [])], packet_ms=packet_ms).clips))
    clip = replace(found, trace=trace or found.trace or _beside(source))
    return _item(clip, source, target)


def _item(clip: Clip, source: Path, out: Path) -> ConcealItem:
    if out.resolve() == source.resolve():
        raise ConcealError(str(out), "is the input itself", "choose another place with --out")
    return ConcealItem(replace(clip, lossy=source, reference=None, conditions=()), source, out)


def _below(path: Path, folder: Path) -> Path:
    base = folder.absolute()
    return path.relative_to(base) if path.is_relative_to(base) else Path(path.name)


def _beside(source: Path) -> Path | None:
    path = source.with_name(f"{source.stem}_is_lost.txt")
    return path if path.is_file() else None


def _refuse_twins(items: Sequence[ConcealItem]) -> None:
    seen: dict[Path, Path] = {}
    for item in items:
        other = seen.setdefault(item.out, item.source)
        if other != item.source:
            raise ConcealError(
                str(item.out),
                f"would be written for {other} and {item.source}",
                "conceal one folder at a time",
            )


def conceal_items(
    items: Sequence[ConcealItem],
    entry: Entry,
    parameters: Mapping[str, Any],
    runner: Runner,
    job: Job | None = None,
    in_flight: int = 4,
) -> Iterator[ConcealOutcome]:
    """Do the items in order, several at a time; each outcome as soon as its turn comes.

    Raises
    ------
    JobCancelled
        When the job was asked to stop; what is written stays.
    """
    job = job or Job()
    stop = Job()
    running: deque[tuple[ConcealOutcome, Future[Concealed] | None]] = deque()
    waiting = iter(items)
    done = 0
    try:
        while True:
            while len(running) < in_flight and (item := next(waiting, None)) is not None:
                running.append(_start(item, entry, parameters, runner, stop))
            if not running:
                return
            outcome = _finish(*running.popleft())
            done += 1
            job.check(done / len(items), outcome.item.source.name)
            yield outcome
    finally:
        stop.cancel()


def _start(
    item: ConcealItem, entry: Entry, parameters: Mapping[str, Any], runner: Runner, stop: Job
) -> tuple[ConcealOutcome, Future[Concealed] | None]:
    try:
        opened = _opened(item)
    except GaplistenError as error:
        return ConcealOutcome(item, error=error, unreadable=True), None
    assert opened.lossy is not None
    return ConcealOutcome(item, opened), runner.submit(entry, parameters, opened.lossy, opened.trace, stop)


def _opened(item: ConcealItem) -> OpenClip:
    if item.out.suffix.lower() not in WRITABLE:
        raise ConcealError(
            str(item.source), f"{item.out.suffix} files cannot be written", "convert it to WAV or FLAC first"
        )
    opened = open_clip(item.clip)
    if opened.lossy is None or opened.trace is None:
        raise ConcealError(*_first_problem(opened, item))
    return opened


def _first_problem(opened: OpenClip, item: ConcealItem) -> tuple[str, str]:
    thing, _, fact = (opened.problems or (f"{item.source}: cannot be used",))[0].partition(": ")
    return thing, fact


def _finish(outcome: ConcealOutcome, future: Future[Concealed] | None) -> ConcealOutcome:
    if future is None or outcome.opened is None:
        return outcome
    item = outcome.item
    try:
        result = future.result()
        subtype = probe(item.source).subtype
        clipped = clipped_samples(result.signal, subtype)
        item.out.parent.mkdir(parents=True, exist_ok=True)
        write_signal(item.out, result.signal, subtype)
    except GaplistenError as error:
        return replace(outcome, error=error)
    except OSError as error:
        return replace(
            outcome,
            error=ConcealError(
                str(item.out), f"cannot be written ({error.strerror})", "choose another --out"
            ),
        )
    notes = (f"{clipped} samples were beyond full scale and are clipped",) if clipped else ()
    return replace(outcome, result=result, notes=(*outcome.opened.notes, *notes))


def outcome_table(outcomes: Sequence[ConcealOutcome]) -> Table:
    """Return one row for each item that was done."""
    rows = []
    for outcome in outcomes:
        made, opened = outcome.result, outcome.opened
        if made is None or opened is None or opened.trace is None:
            continue
        trace = opened.trace.fitted(opened.frames)
        delay_ms = 1000.0 * made.delay_frames / made.signal.rate
        figures = (made.altered_received, delay_ms, made.realtime_factor, made.resampled)
        lost = int(trace.lost.sum())
        rows.append(
            (outcome.item.source.name, trace.packets, lost, trace.loss_rate, *figures, str(outcome.item.out))
        )
    return Table(COLUMNS, tuple(rows))
