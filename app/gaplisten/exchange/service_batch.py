"""A batch scored by the service: the same rows, journal and resuming as with our own metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.batch.items import Version
from gaplisten.batch.journal import Journal
from gaplisten.batch.score import ScoreBatch, ScoreTask, Work, score_versions
from gaplisten.batch.workers import ThreadWorkers
from gaplisten.errors import GaplistenError
from gaplisten.exchange.plcmos_service import METRIC, PlcmosClient
from gaplisten.exchange.service_settings import Service
from gaplisten.jobs import Job
from gaplisten.metrics.contract import Score, Unscorable
from gaplisten.metrics.material import prepare

_AT_ONCE = 2


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

    Raises
    ------
    ServiceError
        If the service is not well before the first file is sent.
    JobCancelled
        When the job was asked to stop.
    """
    client = PlcmosClient(service)
    client.health()
    # Another service may have another model: its scores are not this one's.
    metric = replace(METRIC, version=service.address)

    def compute(work: Work) -> tuple[Score, ...]:
        return tuple(_score(client, task, job) for task in work)

    with ThreadWorkers(jobs or _AT_ONCE) as workers:
        return score_versions(versions, [metric], workers, journal, force=force, job=job, compute=compute)


def _score(client: PlcmosClient, task: ScoreTask, job: Job | None) -> Score:
    path, reference = task.version.path, task.version.clip.reference
    try:
        material, marks = prepare(
            task.metric, read_signal(path), read_signal(reference) if reference else None, None
        )
        clean, degraded = (Signal.of(side, material.rate) for side in material.whole)
        answer = client.score(degraded, clean, path.name, job)
    except Unscorable as reason:
        return Score(None, str(reason))
    except GaplistenError as error:
        return Score(None, str(error), accident=True)
    return Score(answer.plcmos, marks=(*marks, f"model version {answer.model_version}"))
