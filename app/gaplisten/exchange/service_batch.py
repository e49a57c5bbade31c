"""A batch scored by the service: the same rows, journal and resuming as with our own metrics."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.batch.items import Version
from gaplisten.batch.journal import Journal
from gaplisten.batch.run import ThreadWorkers
from gaplisten.batch.score import ScoreBatch, ScoreTask, Work, score_versions
from gaplisten.errors import GaplistenError
from gaplisten.exchange.plcmos_service import PlcmosClient, ServiceRefusalError, ServiceScore
from gaplisten.exchange.service_settings import Service, ServiceError, load_service
from gaplisten.jobs import Job
from gaplisten.metrics.contract import Score, Unscorable
from gaplisten.metrics.material import prepare
from gaplisten.metrics.plcmos_service import METRIC

_AT_ONCE = 2
_IN_A_ROW = 3


def score_by_service(
    versions: Sequence[Version],
    service: Service,
    journal: Journal,
    *,
    jobs: int | None = None,
    force: bool = False,
    job: Job | None = None,
) -> ScoreBatch:
    """Score each version that has a reference; a few requests at once.

    A service that refuses the account, or fails for three files in a row, is not asked any more: hundreds of
    wrong log-ins lock an account, and pauses before hopeless repetitions add up to hours. What was not asked
    is an accident, so that the next run asks it.

    Raises
    ------
    ServiceError
        If the service is not well before the first file is sent.
    JobCancelled
        When the job was asked to stop.
    """
    client = PlcmosClient(service)
    client.health()
    trust = _Trust()
    # Another service may have another model: its scores are not this one's.
    metric = replace(METRIC, version=service.address)

    def compute(work: Work) -> tuple[Score, ...]:
        return tuple(_score(client, task, trust, job) for task in work)

    with ThreadWorkers(jobs or _AT_ONCE) as workers:
        return score_versions(versions, [metric], workers, journal, force=force, job=job, compute=compute)


def score_by_set_up_service(
    versions: Sequence[Version],
    journal: Journal,
    *,
    jobs: int | None = None,
    force: bool = False,
    job: Job | None = None,
) -> ScoreBatch:
    """Score by the service that the user has set up; like `score_by_service`.

    Raises
    ------
    ServiceError
        If none is set up, or it is not well.
    """
    return score_by_service(versions, load_service(), journal, jobs=jobs, force=force, job=job)


class _Trust:
    """Whether it makes sense to ask the service again; used by several threads."""

    def __init__(self) -> None:
        self._failed = 0
        self._lock = threading.Lock()
        self.given_up = ""

    def ask(self, client: PlcmosClient, *question: Any) -> ServiceScore:
        """Ask it, and learn from how that went."""
        try:
            answer = client.score(*question)
        except ServiceError as error:
            with self._lock:
                self._failed += 1
                if not self.given_up and (
                    isinstance(error, ServiceRefusalError) or self._failed >= _IN_A_ROW
                ):
                    self.given_up = f"not asked any more, for the service failed: {error}"
            raise
        with self._lock:
            self._failed = 0
        return answer


def _score(client: PlcmosClient, task: ScoreTask, trust: _Trust, job: Job | None) -> Score:
    if trust.given_up:
        return Score(None, trust.given_up, accident=True)
    path, reference, raw = task.version.path, task.version.clip.reference, task.version.clip.raw
    try:
        clean_side = read_signal(reference, raw) if reference else None
        material, marks = prepare(task.metric, read_signal(path, raw), clean_side, None)
        clean, degraded = (Signal.of(side, material.rate) for side in material.whole)
        answer = trust.ask(client, degraded, clean, path.name, job)
    except Unscorable as reason:
        return Score(None, str(reason))
    except GaplistenError as error:
        return Score(None, str(error), accident=True)
    return Score(answer.plcmos, marks=(*marks, f"model version {answer.model_version}"))
