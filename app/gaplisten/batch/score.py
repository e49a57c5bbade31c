"""Score many versions of many clips: resumable, on all cores or on a cluster."""

from __future__ import annotations

import importlib.metadata
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gaplisten import folders
from gaplisten.audio.files import read_signal
from gaplisten.batch.items import REFERENCE, Content, Survey, Version, file_of, read_as, survey
from gaplisten.batch.journal import Journal, key_of
from gaplisten.batch.run import Outcome, Workers, run_items
from gaplisten.clips.opening import open_clip
from gaplisten.clips.transcripts import text_said
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.metrics.catalogue import (
    built_in,
    find_metric,
    metric_names,
    score,
    third_party,
    unknown_metric,
)
from gaplisten.metrics.contract import Metric, MetricError, Score
from gaplisten.metrics.recognisers import model_hash, recognisers

DOES_NOT_FIT = "does not fit"
_SURVEYED = 0.1  # share of the work that reading hashes and losses is counted as


@dataclass(frozen=True)
class ScoreTask:
    """One score to compute; plain values, so that it can cross to any worker.

    Parameters
    ----------
    sha256, reference_sha256
        Hashes of the file and of the reference that it is compared with; empty where there is none.
    key
        Of everything that the score depends on.
    """

    version: Version
    metric: Metric
    sha256: str = ""
    reference_sha256: str = ""
    key: str = ""


Work = tuple[ScoreTask, ...]  # for one file, done by one worker


@dataclass(frozen=True)
class ScoreRow:
    """One line of the result: what was scored, and the score."""

    task: ScoreTask
    score: Score

    @property
    def is_doubtful(self) -> bool:
        """Whether it follows from files that do not fit together."""
        return any(mark.startswith(DOES_NOT_FIT) for mark in self.score.marks)


class DoubtfulClips(GaplistenError):  # noqa: N818 - it is a question to the user
    """References, lossy files or traces that do not fit; `doubts` names what, with each clip."""

    def __init__(self, doubts: tuple[str, ...]) -> None:
        super().__init__("clips", f"{len(doubts)} things do not fit together", "correct them, or accept them")
        self.doubts = doubts


def _row(task: ScoreTask, found: Score, seen: Survey) -> ScoreRow:
    """Return a row whose score bears the marks of what does not fit, where it follows from that."""
    metric = task.metric
    if not seen.doubts or not (_listens_to_reference(metric, task.version) or metric.needs_trace):
        return ScoreRow(task, found)
    marks = tuple(f"{DOES_NOT_FIT}: {doubt}" for doubt in seen.doubts)
    return ScoreRow(task, replace(found, marks=(*found.marks, *marks)))


@dataclass(frozen=True)
class ScoreBatch:
    """All rows in the order of the items, and how many of them had been done before.

    Parameters
    ----------
    problem
        Why they are not kept for later, where they are not.
    """

    rows: tuple[ScoreRow, ...]
    reused: int
    problem: str = ""

    def __add__(self, other: ScoreBatch) -> ScoreBatch:
        return ScoreBatch(self.rows + other.rows, self.reused + other.reused, self.problem or other.problem)

    @property
    def failures(self) -> tuple[str, ...]:
        """A sentence for each file and reason without a value, naming the metrics."""
        found: dict[tuple[str, str], list[str]] = {}
        for row in self.rows:
            if row.score.value is None:
                path = str(row.task.version.path)
                reason = row.score.reason.removeprefix(f"{path}: ")
                found.setdefault((path, reason), []).append(row.task.metric.name)
        return tuple(f"{path}: {', '.join(names)}: {reason}" for (path, reason), names in found.items())


def score_journal() -> Journal:
    """Return the journal of all scores that this user has computed; scores are found in it by content."""
    return Journal(folders.user_cache() / "scores.jsonl", only_saves_time=True)


def described(names: Sequence[str], workers: Workers) -> tuple[Metric, ...]:
    """Return the metrics' descriptions; those of third parties are loaded in a worker.

    Raises
    ------
    MetricError
        If one is not known or cannot be loaded.
    """
    return tuple(_described(name, workers) for name in dict.fromkeys(names))


def _described(name: str, workers: Workers) -> Metric:
    if name in built_in():
        return built_in()[name].metric
    if name not in metric_names():
        raise unknown_metric(name)
    asked = workers.submit(describe_metric, name)
    error = asked.exception()
    if error is None:
        metric: Metric = asked.result()
        return metric
    if isinstance(error, MetricError):
        raise error
    raise MetricError(f"metric {name}", f"cannot be loaded: {workers.reason(error)}", "remove its package")


def apart(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the names of metrics that are computed here, and those that a service computes, each once."""
    here: list[str] = []
    asked: list[str] = []
    for name in dict.fromkeys(names):
        known = built_in().get(name)
        (asked if known is not None and known.metric.service else here).append(name)
    return here, asked


def describe_metric(name: str) -> Metric:
    """Return a metric's description; runs in a worker."""
    return find_metric(name).metric


def score_versions(
    versions: Sequence[Version],
    metrics: Sequence[Metric],
    workers: Workers,
    journal: Journal,
    *,
    force: bool = False,
    accept: bool = True,
    job: Job | None = None,
    compute: Callable[[Work], tuple[Score, ...]] | None = None,
) -> ScoreBatch:
    """Score each version with each metric, except what the journal knows already.

    Parameters
    ----------
    journal
        Gets each score as soon as it is there; accidents (crashes, time limits) are not noted.
    force
        Compute everything again.
    accept
        Whether to go on where references, lossy files and traces do not fit together; the rows say so.
    compute
        What scores the tasks of one file, when it is not this machine's own metrics.

    Raises
    ------
    DoubtfulClips
        If something does not fit and nobody accepted it; nothing was computed.
    JobCancelled
        When the job was asked to stop; called again, the work goes on where it was.
    """
    job = job or Job()
    surveys = _surveyed(versions, metrics, workers, job)
    if not accept and any(known.doubts for known in surveys):
        pairs = zip(versions, surveys, strict=True)
        raise DoubtfulClips(
            tuple(dict.fromkeys(f"{one.clip.name}: {each}" for one, known in pairs for each in known.doubts))
        )
    wanted = [
        (version, known, metric)
        for version, known in zip(versions, surveys, strict=True)
        for metric in metrics
        if _applies(metric, version)
    ]
    rows: dict[int, ScoreRow] = {}
    twins: dict[str, list[tuple[int, ScoreTask]]] = {}  # several files of the same content: scored once
    reused = 0
    identity = {metric.name: identity_of(metric) for metric in metrics}

    def progress() -> float:
        return _SURVEYED + (1 - _SURVEYED) * len(rows) / len(wanted) if wanted else 1.0

    def remaining() -> Iterator[ScoreTask]:
        nonlocal reused
        for index, (version, seen, metric) in enumerate(wanted):
            job.check(progress())
            task, reason = _task(version, metric, seen, identity[metric.name])
            known = None if force or reason else journal.get(task.key)
            if reason:
                rows[index] = ScoreRow(task, Score(None, reason, accident=True))
            elif known is not None:
                reused += 1
                rows[index] = _row(task, _from_record(known), seen)
            elif task.key in twins:
                twins[task.key].append((index, task))
            else:
                twins[task.key] = [(index, task)]
                yield task

    def done(outcome: Outcome[Work]) -> None:
        failed = Score(None, outcome.failure or "failed", accident=True)
        for task, found in zip(outcome.item, outcome.result or itertools.repeat(failed), strict=False):
            if not found.accident:
                journal.note(task.key, _to_record(task, found))
            for index, twin in twins[task.key]:
                rows[index] = _row(twin, found, wanted[index][1])

    run_items(_grouped(remaining()), compute or compute_tasks, workers, done, job=job, progress=progress)
    return ScoreBatch(tuple(rows[index] for index in sorted(rows)), reused, journal.problem)


Group = tuple[int, tuple[Version, ...], bool, bool]


def _surveyed(
    versions: Sequence[Version], metrics: Sequence[Metric], workers: Workers, job: Job
) -> list[Survey]:
    """Have the workers read hashes and losses, clip by clip."""
    references = any(_listens_to_reference(metric, each) for metric in metrics for each in versions)
    traces = any(metric.needs_trace for metric in metrics)
    found: dict[int, Survey] = {}

    def groups() -> Iterator[Group]:
        at = 0
        for _, same in itertools.groupby(versions, key=lambda version: id(version.clip)):
            group = tuple(same)
            yield at, group, references, traces
            at += len(group)

    def done(outcome: Outcome[Group]) -> None:
        at, group, *_ = outcome.item
        unknown = Survey("", Content(problem=outcome.failure or "failed"), Content(), Content())
        for index, version in enumerate(group):
            named = replace(unknown, sound=Content(problem=f"{version.path}: {unknown.sound.problem}"))
            found[at + index] = outcome.result[index] if outcome.result else named

    def progress() -> float:
        return _SURVEYED * len(found) / max(len(versions), 1)

    run_items(groups(), survey_files, workers, done, job=job, progress=progress)
    return [found[index] for index in range(len(versions))]


def survey_files(group: Group) -> tuple[Survey, ...]:
    """Look at the files of one clip's versions; runs in a worker."""
    _, versions, references, traces = group
    return survey(versions, references=references, traces=traces)


def _grouped(tasks: Iterable[ScoreTask]) -> Iterator[Work]:
    """Put neighbours together that are by-products of the same work on a file."""
    for _, group in itertools.groupby(enumerate(tasks), key=_group_key):
        yield tuple(task for _, task in group)


def _group_key(numbered: tuple[int, ScoreTask]) -> tuple[object, ...]:
    number, task = numbered
    family = task.metric.family
    return (family, task.version.path, task.version.condition) if family else (number,)


def compute_tasks(work: Work) -> tuple[Score, ...]:
    """Read one version's files and score it with each of its metrics; runs in a worker."""
    return tuple(_computed(task.version, task.metric) for task in work)


def _computed(version: Version, metric: Metric) -> Score:
    try:
        if metric.needs_trace:
            return _score_gaps(version, metric)
        reference = version.clip.reference if _listens_to_reference(metric, version) else None
        reading = version.clip.reading
        whole = None if reference is None else read_signal(reference, reading)
        sound = read_signal(version.path, reading)
        return score(metric, sound, whole, transcript=_words_for(metric, version))
    except GaplistenError as error:
        return Score(None, str(error), accident=True)


def _score_gaps(version: Version, metric: Metric) -> Score:
    opened = open_clip(replace(version.clip, conditions=(file_of(version),)))
    found = opened.conditions.get(version.condition)
    if found is None:
        return Score(None, "; ".join(opened.problems) or "cannot be read", accident=True)
    trace = opened.trace_of(version.condition)
    if trace is None and opened.problems:
        return Score(None, "; ".join(opened.problems), accident=True)
    return score(metric, found, opened.reference, trace)


def _listens_to_reference(metric: Metric, version: Version) -> bool:
    return metric.needs_reference or (metric.needs_words and version.clip.transcript is None)


def _words_for(metric: Metric, version: Version) -> str | None:
    """Return what is said in a version's clip, where the metric asks for it and somebody wrote it down."""
    known = version.clip.transcript if metric.needs_words else None
    return None if known is None else text_said(known)


def _applies(metric: Metric, version: Version) -> bool:
    # A reference is not compared with itself.
    return version.condition != REFERENCE or not (
        _listens_to_reference(metric, version) or metric.needs_trace
    )


def _task(version: Version, metric: Metric, known: Survey, identity: str) -> tuple[ScoreTask, str]:
    version = replace(version, stratum=known.stratum)
    task = ScoreTask(version, metric)
    compares = _listens_to_reference(metric, version)
    if compares and version.clip.reference is None:
        return task, "needs a transcript or a reference" if metric.needs_words else "needs a reference"
    said = version.clip.transcript if metric.needs_words else None
    if said is not None and said.excluded:
        return task, f"left out of word accuracy by {said.source} (exclude)"
    reference = known.reference if compares else Content()
    trace = known.trace if metric.needs_trace else Content()
    problem = known.sound.problem or reference.problem or trace.problem
    if problem:
        return task, problem
    clip = version.clip
    sides = [(known.sound, version.path), (reference, clip.reference)]
    files = [*(read_as(each.sha256, path, clip.reading) for each, path in sides), trace.sha256]
    try:
        words = _words_for(metric, version)
    except GaplistenError as error:
        return task, str(error)
    key = key_of(metric=identity, files=files, **({} if words is None else {"words": words}))
    return replace(task, sha256=known.sound.sha256, reference_sha256=reference.sha256, key=key), ""


def identity_of(metric: Metric) -> str:
    """Return a metric's name with the versions of everything that computes it."""
    entry = third_party().get(metric.name)
    own = [entry.dist.version] if entry is not None and entry.dist is not None else []
    model = [model_hash(recognisers()[metric.recogniser])] if metric.recogniser else []
    return " ".join([metric.name, metric.version, *own, *map(_package_version, metric.requires), *model])


def _package_version(name: str) -> str:
    try:
        return f"{name} {importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{name} missing"


def _to_record(task: ScoreTask, found: Score) -> dict[str, Any]:
    about = {"metric": task.metric.name, "file": Path(task.version.path).name}
    return {**about, **{name: value for name, value in asdict(found).items() if name != "accident"}}


def _from_record(record: Mapping[str, Any]) -> Score:
    beside = tuple((str(name), float(value)) for name, value in record.get("beside", ()))
    texts = tuple((str(name), str(text)) for name, text in record.get("texts", ()))
    return Score(record["value"], record["reason"], tuple(record["marks"]), beside=beside, texts=texts)
