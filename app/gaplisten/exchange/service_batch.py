"""A batch scored by services: the same rows, journal and resuming as with our own metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.batch.items import Version
from gaplisten.batch.journal import Journal
from gaplisten.batch.run import ThreadWorkers
from gaplisten.batch.score import ScoreBatch, ScoreTask, Work, score_versions
from gaplisten.clips.transcripts import text_said
from gaplisten.errors import GaplistenError
from gaplisten.exchange.plcmos_service import PlcmosClient
from gaplisten.exchange.service_client import ServiceRefusalError
from gaplisten.exchange.service_settings import PLCMOS, WORDS, Service, ServiceError, load_service
from gaplisten.exchange.words_service import WordsClient
from gaplisten.jobs import Job
from gaplisten.metrics import plcmos_service, words_service
from gaplisten.metrics.contract import Metric, Score, Unscorable
from gaplisten.metrics.material import prepare
from gaplisten.metrics.word_accuracy import OF_REFERENCE, OF_TRANSCRIPT, accuracy

Answer = TypeVar("Answer")

_AT_ONCE = 2
_IN_A_ROW = 3
KINDS = {plcmos_service.METRIC.name: PLCMOS, words_service.METRIC.name: WORDS}
"""What is asked for each metric that a service computes."""


def score_by_service(
    versions: Sequence[Version],
    service: Service,
    journal: Journal,
    *,
    jobs: int | None = None,
    force: bool = False,
    job: Job | None = None,
) -> ScoreBatch:
    """Score each version by what a service computes; a few requests at once.

    A service that refuses the account, or fails for three files in a row, is not asked any more: hundreds of
    wrong log-ins lock an account, and pauses before hopeless repetitions add up to hours. What was not asked
    is an accident, so that the next run asks it.

    Raises
    ------
    ServiceError
        If a PLC-MOS service is not well before the first file is sent; others do not say.
    JobCancelled
        When the job was asked to stop.
    """
    metric, score = _words_of(service, job) if service.kind is WORDS else _plcmos_of(service, job)

    def compute(work: Work) -> tuple[Score, ...]:
        return tuple(_score(task, score) for task in work)

    with ThreadWorkers(jobs or _AT_ONCE) as workers:
        return score_versions(versions, [metric], workers, journal, force=force, job=job, compute=compute)


def score_by_set_up_service(
    versions: Sequence[Version],
    journal: Journal,
    names: Sequence[str],
    *,
    jobs: int | None = None,
    force: bool = False,
    job: Job | None = None,
) -> ScoreBatch:
    """Score by the services that the user has set up; like `score_by_service`.

    Parameters
    ----------
    names
        Of metrics in `KINDS`.

    Raises
    ------
    ServiceError
        If one is not set up, or not well.
    """
    services = [load_service(KINDS[name]) for name in names]  # what is missing is told before hours of work
    batch = ScoreBatch((), 0)
    for service in services:
        batch += score_by_service(versions, service, journal, jobs=jobs, force=force, job=job)
    return batch


Compute = Callable[[ScoreTask], Score]


def _plcmos_of(service: Service, job: Job | None) -> tuple[Metric, Compute]:
    client, trust = PlcmosClient(service), _Trust()
    client.health()

    def score(task: ScoreTask) -> Score:
        path, reading = task.version.path, task.version.clip.reading
        material, marks = prepare(task.metric, read_signal(path, reading), _reference(task), None)
        clean, degraded = (Signal.of(side, material.rate) for side in material.whole)
        answer = trust.ask(client.score, degraded, clean, path.name, job)
        return Score(answer.plcmos, marks=(*marks, f"model version {answer.model_version}"))

    # Another service may have another model: its scores are not this one's.
    return replace(plcmos_service.METRIC, version=service.address), score


def _words_of(service: Service, job: Job | None) -> tuple[Metric, Compute]:
    client, trust = WordsClient(service), _Trust()
    of_references: dict[str, str] = {}  # one without a transcript is heard once for all versions of its clip
    locks: dict[str, threading.Lock] = {}  # also where several are scored at once

    def hear_reference(sha256: str, clean: Signal) -> str:
        with locks.setdefault(sha256, threading.Lock()):
            if sha256 not in of_references:
                of_references[sha256] = trust.ask(client.hear, clean, job)
        return of_references[sha256]

    def score(task: ScoreTask) -> Score:
        known = task.version.clip.transcript
        written = None if known is None else text_said(known)
        sound = read_signal(task.version.path, task.version.clip.reading)
        reference = _reference(task) if written is None else None
        material, marks = prepare(task.metric, sound, reference, None, transcript=written)
        if written is None:
            said = hear_reference(task.reference_sha256, Signal.of(material.whole[0], material.rate))
        else:
            said = written
        found = accuracy(
            said,
            OF_REFERENCE if written is None else OF_TRANSCRIPT,
            lambda: trust.ask(client.hear, Signal.of(material.degraded, material.rate), job),
            f"a service, model {service.model}",
        )
        return replace(found, marks=marks)

    own = words_service.METRIC
    version = " ".join((own.version, service.address, service.model, service.language))
    return replace(own, version=version), score


def _reference(task: ScoreTask) -> Signal | None:
    clip = task.version.clip
    return read_signal(clip.reference, clip.reading) if clip.reference else None


class _GivenUpError(Exception):
    """The service is not asked any more."""


class _Trust:
    """Whether it makes sense to ask the service again; used by several threads."""

    def __init__(self) -> None:
        self._failed = 0
        self._lock = threading.Lock()
        self._given_up = ""

    def ask(self, question: Callable[..., Answer], *about: Any) -> Answer:
        """Ask it, and learn from how that went."""
        if self._given_up:
            raise _GivenUpError(self._given_up)
        try:
            answer = question(*about)
        except ServiceError as error:
            with self._lock:
                self._failed += 1
                if not self._given_up and (
                    isinstance(error, ServiceRefusalError) or self._failed >= _IN_A_ROW
                ):
                    self._given_up = f"not asked any more, for the service failed: {error}"
            raise
        with self._lock:
            self._failed = 0
        return answer


def _score(task: ScoreTask, score: Compute) -> Score:
    try:
        return score(task)
    except Unscorable as reason:
        return Score(None, str(reason))
    except (GaplistenError, _GivenUpError) as error:
        return Score(None, str(error), accident=True)
