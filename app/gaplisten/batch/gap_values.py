"""The gaps of whole builds: every version of every clip measured at the gaps that it met, kept by content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gaplisten import folders
from gaplisten.batch.items import Version, content_of, file_of, trace_digest
from gaplisten.batch.journal import Journal, key_of
from gaplisten.batch.run import Outcome, ProcessWorkers, ThreadWorkers, Workers, run_items
from gaplisten.clips.consistency import doubts_about
from gaplisten.clips.opening import open_clip
from gaplisten.durable import sha256_of
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.loss.measures import MEASURES, measure_gaps
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.gaps import CODE

COMPARED = tuple(measure for measure in MEASURES if not measure.among)
"""The measures of a build: those that compare versions with each other say nothing of one."""
_FEW = 12  # versions for which starting processes takes longer than measuring them


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
        By the key of the measure that it follows from: what is to be said of the version as a whole.
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
    return Journal(folders.user_cache() / "gaps.jsonl")


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

    def remaining() -> Iterator[tuple[int, Version, str]]:
        for number, version in enumerate(versions):
            job.check(len(found) / max(len(versions), 1), version.clip.name)
            try:
                key = _key(version)
            except OSError as error:
                problem = f"{error.filename}: cannot be read ({error.strerror})"
                found[number] = ClipGaps(problem=without_paths(problem, version))
                continue
            known = journal.get(key)
            if known is not None:
                found[number] = _from_record(known)
            else:
                yield number, version, key

    def done(outcome: Outcome[tuple[int, Version, str]]) -> None:
        number, _, key = outcome.item
        measured = outcome.result or ClipGaps(problem=outcome.failure)
        measured = replace(measured, problem=without_paths(measured.problem, outcome.item[1]))
        if not measured.problem:
            journal.note(key, _record(measured))
        found[number] = measured

    workers: Workers = ThreadWorkers(jobs) if len(versions) <= _FEW else ProcessWorkers(jobs)
    with workers:
        run_items(remaining(), _measured, workers, done, job=job, progress=lambda: len(found) / len(versions))
    return [found[number] for number in range(len(versions))]


def without_paths(text: str, version: Version) -> str:
    """Return what is said of a version's files with their names alone: reports leave the machine."""
    clip = version.clip
    for path in (version.path, clip.reference, clip.lossy, clip.trace, file_of(version).trace):
        for shown in () if path is None else (path, path.absolute(), path.resolve()):
            text = text.replace(str(shown), shown.name)
    return text


def _key(version: Version) -> str:
    met = version.clip.as_met_by(file_of(version))
    raw = version.clip.raw
    files = [content_of(version.path, raw), content_of(version.clip.reference, raw), trace_digest(met)]
    return key_of(code=CODE, files=files, form=2)


def _measured(item: tuple[int, Version, str]) -> ClipGaps:
    """Measure one version; runs in a worker."""
    version = item[1]
    try:
        return _of_version(version)
    except GaplistenError as error:
        return ClipGaps(problem=str(error))


def _of_version(version: Version) -> ClipGaps:
    opened = open_clip(replace(version.clip, conditions=(file_of(version),)))
    sound, trace = opened.conditions.get(version.condition), opened.trace_of(version.condition)
    if sound is None or trace is None:
        return ClipGaps(problem="; ".join(opened.problems) or "no losses are known: name them with --trace")
    doubts = tuple(str(doubt) for doubt in doubts_about(opened))
    table = measure_gaps(opened.reference, {version.condition: sound}, trace)
    values = {
        measure.key: tuple(
            None if np.isnan(value) else float(value)
            for value in table.column(version.condition, measure.key)
        )
        for measure in COMPARED
    }
    return ClipGaps(
        rate=trace.rate,
        gaps=tuple((facts.gap.start, facts.gap.stop) for facts in table.gaps),
        strata=tuple(facts.stratum.value for facts in table.gaps),
        values=values,
        reference=content_of(version.clip.reference, version.clip.raw),
        losses=losses_digest(trace),
        doubts=doubts,
        told={fact.key: fact.said for fact in table.clip.get(version.condition, ())},
    )


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
