"""The gaps of whole builds: every version of every clip measured at the gaps that it met, kept by content."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from gaplisten import folders
from gaplisten.audio.in_place import read_in_place
from gaplisten.batch.items import Version, content_of, file_of, trace_digest
from gaplisten.batch.journal import Journal, key_of
from gaplisten.batch.run import Outcome, ProcessWorkers, ThreadWorkers, Workers, run_items
from gaplisten.clips.clip import OpenClip
from gaplisten.clips.consistency import doubts_about
from gaplisten.clips.opening import open_clip
from gaplisten.durable.digests import sha256_of
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.languages import counted
from gaplisten.loss.measures import MEASURES, GapTable, measure_gaps
from gaplisten.loss.measures.among import AMONG, measure_among
from gaplisten.loss.measures.engine import by_losses
from gaplisten.loss.measures.facts import gap_facts
from gaplisten.loss.measures.gap_table import Values
from gaplisten.loss.measures.windows import Places
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.gaps import CODE

COMPARED = tuple(measure for measure in MEASURES if not measure.among)
"""The measures of a build: those that compare versions with each other say nothing of one."""
_FEW = 12  # versions for which starting processes takes longer than measuring them
_TOLD_MS = 20  # from which on another length is told: a packet; a decoder's own delay is mostly less
_MOST_BYTES = 50_000_000  # of one clip's versions that are measured in one go: half an hour at 16 kHz


@dataclass(frozen=True)
class ClipGaps:
    """The gaps of one version of one clip.

    Parameters
    ----------
    rate
        The clip's clock in Hz.
    gaps
        Start and stop of each, in frames.
    values
        By measure's key: one value per gap, None where it cannot be told.
    told
        By the key of the measure that it follows from, "length" or "channels": what is to be said of the
        version as a whole.
    reference, losses
        SHA-256 of the reference's file (empty for none), and of what was lost.
    problem
        Why there are no gaps; empty where there are.
    doubts
        What does not fit together.
    """

    rate: int = 0
    gaps: tuple[tuple[int, int], ...] = ()
    strata: tuple[str, ...] = ()
    values: Mapping[str, tuple[float | None, ...]] | None = None
    reference: str = ""
    losses: str = ""
    problem: str = ""
    doubts: tuple[str, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)


def losses_digest(trace: LossTrace) -> str:
    """Return a hash of what was lost and when, whatever kind of file said so."""
    return sha256_of(f"{trace.rate} ".encode() + trace.spans.astype("<i8").tobytes())


def gap_journal() -> Journal:
    """Return the journal of all gaps that this user has measured for comparisons."""
    return Journal(folders.user_cache() / "gaps.jsonl", only_saves_time=True)


def measure_builds(
    versions: Sequence[Version], journal: Journal, *, jobs: int | None = None, job: Job | None = None
) -> list[ClipGaps]:
    """Measure versions, but for those that the journal knows.

    Returns
    -------
    found
        In the order of `versions`.
    """
    job = job or Job()
    found: dict[int, ClipGaps] = {}
    again: list[_Together] = []

    def remaining() -> Iterator[_Together]:
        for numbers in _of_one_clip(versions):
            job.check(len(found) / max(len(versions), 1), versions[numbers[0]].clip.name)
            keys: dict[int, str] = {}
            for number in numbers:
                try:
                    key = _key(versions[number])
                except OSError as error:
                    problem = f"{error.filename}: cannot be read ({error.strerror})"
                    found[number] = ClipGaps(problem=without_paths(problem, versions[number]))
                    continue
                known = journal.get(key)
                if known is not None:
                    found[number] = _from_record(known)
                else:
                    keys[number] = key
            for some in _at_once(keys, versions):
                yield _Together(
                    some, tuple(versions[number] for number in some), tuple(keys[each] for each in some)
                )

    def done(outcome: Outcome[_Together]) -> None:
        if outcome.failure and len(outcome.item.numbers) > 1:  # one of them may have ended the process
            again.extend(outcome.item.alone())
            return
        item, notes = outcome.item, dict[str, dict[str, Any]]()
        results = outcome.result or [ClipGaps(problem=outcome.failure)]
        for number, version, key, measured in zip(
            item.numbers, item.versions, item.keys, results, strict=True
        ):
            found[number] = replace(measured, problem=without_paths(measured.problem, version))
            if not measured.problem:
                notes[key] = _record(measured)
        journal.note_all(notes)

    def progress() -> float:
        return len(found) / len(versions)

    workers: Workers = ThreadWorkers(jobs) if len(versions) <= _FEW else ProcessWorkers(jobs)
    with workers:
        run_items(remaining(), _measured, workers, done, job=job, progress=progress)
        run_items(iter(again), _measured, workers, done, job=job, progress=progress)
    return [found[number] for number in range(len(versions))]


@dataclass(frozen=True)
class _Together:
    """Versions of one clip, which share its reference and its losses, with their places and keys."""

    numbers: tuple[int, ...]
    versions: tuple[Version, ...]
    keys: tuple[str, ...]

    def alone(self) -> list[_Together]:
        rows = zip(self.numbers, self.versions, self.keys, strict=True)
        return [_Together((number,), (version,), (key,)) for number, version, key in rows]


def _of_one_clip(versions: Sequence[Version]) -> list[list[int]]:
    """Return which versions have the same reference and losses, by their places."""
    found: dict[Hashable, list[int]] = {}
    for number, version in enumerate(versions):
        clip = version.clip
        if clip.reference is None or file_of(version).trace is not None:
            found[number] = [number]  # a clock or losses of its own
        else:
            alike = replace(clip, name="", folder=Path(), conditions=(), transcript=None)
            found.setdefault(alike, []).append(number)
    return list(found.values())


def _at_once(numbers: Iterable[int], versions: Sequence[Version]) -> Iterator[tuple[int, ...]]:
    """Return versions in groups that can be measured within a worker's time."""
    some, size = list[int](), 0
    for number in numbers:
        own = versions[number].path.stat().st_size
        if some and size + own > _MOST_BYTES:
            yield tuple(some)
            some, size = [], 0
        some.append(number)
        size += own
    if some:
        yield tuple(some)


def without_paths(text: str, version: Version) -> str:
    """Return what is said of a version's files with their names alone: reports leave the machine."""
    clip = version.clip
    for path in (version.path, clip.reference, clip.lossy, clip.trace, file_of(version).trace):
        for shown in () if path is None else (path, path.absolute(), path.resolve()):
            text = text.replace(str(shown), shown.name)
    return text


def _key(version: Version) -> str:
    met = version.clip.as_met_by(file_of(version))
    reading = version.clip.reading
    files = [
        content_of(version.path, reading),
        content_of(version.clip.reference, reading),
        trace_digest(met),
    ]
    return key_of(code=CODE, files=files, form=3)


def _measured(item: _Together) -> list[ClipGaps]:
    """Measure versions; runs in a worker."""
    if len(item.versions) > 1:
        with suppress(GaplistenError):
            if (found := _of_versions(item.versions)) is not None:
                return found
    return [_alone(version) for version in item.versions]


def _alone(version: Version) -> ClipGaps:
    try:
        opened = open_clip(replace(version.clip, conditions=(file_of(version),)), read=read_in_place)
        sound, trace = opened.conditions.get(version.condition), opened.trace_of(version.condition)
        if sound is None or trace is None:
            return ClipGaps(
                problem="; ".join(opened.problems) or "no losses are known: name them with --trace"
            )
        table = measure_gaps(opened.reference, {version.condition: sound}, trace)
        return _told(version, version.condition, opened, table, trace)
    except GaplistenError as error:
        return ClipGaps(problem=str(error))


def _of_versions(versions: Sequence[Version]) -> list[ClipGaps] | None:
    """Measure versions of one clip: what follows from its reference and its losses alone is made once.

    Returns
    -------
    found
        The same as of each version alone; None where something cannot be read, which only one may be about.
    """
    named = {str(number): version for number, version in enumerate(versions)}
    files = tuple(replace(file_of(version), name=name) for name, version in named.items())
    opened = open_clip(replace(versions[0].clip, conditions=files), read=read_in_place)
    if opened.problems or opened.trace is None or opened.reference is None:
        return None
    table = measure_gaps(opened.reference, opened.conditions, opened.trace, apart=True)
    return [
        _told(version, name, _seen_alone(opened, name, version), table, opened.trace)
        for name, version in named.items()
    ]


def _seen_alone(opened: OpenClip, name: str, version: Version) -> OpenClip:
    """Return a clip as if it had been opened with one version only, under that one's own name."""
    names = {"reference": "reference", "lossy": "lossy", name: version.condition}
    return replace(
        opened,
        clip=replace(version.clip, conditions=(file_of(version),)),
        conditions={version.condition: opened.conditions[name]},
        resampled=frozenset(names[each] for each in opened.resampled if each in names),
        notes=(),
    )


def _told(version: Version, column: str, opened: OpenClip, table: GapTable, trace: LossTrace) -> ClipGaps:
    values = {
        measure.key: tuple(
            None if np.isnan(value) else float(value) for value in table.column(column, measure.key)
        )
        for measure in COMPARED
    }
    return ClipGaps(
        rate=trace.rate,
        gaps=tuple((facts.gap.start, facts.gap.stop) for facts in table.gaps),
        strata=tuple(facts.stratum.value for facts in table.gaps),
        values=values,
        reference=content_of(version.clip.reference, version.clip.reading),
        losses=losses_digest(trace),
        doubts=tuple(str(doubt) for doubt in doubts_about(opened)),
        told={fact.key: fact.said for fact in table.clip.get(column, ())} | _shape(version, opened, trace),
    )


def _shape(version: Version, opened: OpenClip, trace: LossTrace) -> dict[str, str]:
    """Return what is to be said of a version's length and channels, which no measure looks at."""
    sound, clean = opened.conditions[version.condition], opened.reference
    if clean is None:
        return {}
    said = {}
    more = sound.frames - clean.frames
    if abs(more) * 1000 >= _TOLD_MS * trace.rate:
        way = "longer" if more > 0 else "shorter"
        said["length"] = f"the file is {abs(more) / trace.rate * 1000:.0f} ms {way} than the reference"
    if sound.channels != clean.channels:
        own = counted(sound.channels, "channel")
        said["channels"] = f"the file has {own}, the reference {clean.channels}"
    return said


def tables_of(opened: OpenClip, known: Mapping[str, ClipGaps]) -> list[GapTable]:
    """Return what was measured of an open clip's versions as tables; what is not known is measured.

    Parameters
    ----------
    known
        By the versions' names.

    Returns
    -------
    tables
        As `measure_versions` gives them, but without facts about gaps that no measure is of.
    """
    found = []
    for trace, names in by_losses(opened.traces):
        gaps = trace.gaps(opened.frames)
        places = tuple((gap.start, gap.stop) for gap in gaps)
        together = {name: opened.conditions[name] for name in names}
        if any(known.get(name, ClipGaps()).gaps != places for name in names):
            found.append(measure_gaps(opened.reference, together, trace))
            continue
        among = measure_among(opened.reference, together, trace)
        values = {name: _rows(known[name], among[name][0]) for name in names}
        facts = gap_facts(gaps, Places.of(gaps, trace.rate, opened.frames), None, None, trace)
        found.append(GapTable(facts, tuple(names), values))
    return found


def _rows(known: ClipGaps, among: Values) -> Values:
    """Return one row of all measures for each gap."""
    kept = {key: np.array(row, np.float64) for key, row in (known.values or {}).items()}
    compared = {measure.key: among[:, at] for at, measure in enumerate(AMONG)}
    return np.stack([(kept | compared)[measure.key] for measure in MEASURES], axis=1)


def _record(measured: ClipGaps) -> dict[str, Any]:
    return {
        "rate": measured.rate,
        "gaps": measured.gaps,
        "strata": measured.strata,
        "values": measured.values,
        "reference": measured.reference,
        "losses": measured.losses,
        "doubts": measured.doubts,
        "told": dict(measured.told),
    }


def _from_record(record: Mapping[str, Any]) -> ClipGaps:
    return ClipGaps(
        rate=record["rate"],
        gaps=tuple((start, stop) for start, stop in record["gaps"]),
        strata=tuple(record["strata"]),
        values={key: tuple(row) for key, row in record["values"].items()},
        reference=record["reference"],
        losses=record["losses"],
        doubts=tuple(record["doubts"]),
        told=record["told"],
    )
