"""An audit's runs: two at a time, in order, each one told; none is left running."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.concealers.audit_runs import Runs
from gaplisten.concealers.process import Spent
from gaplisten.concealers.request import Concealed
from gaplisten.jobs import Job
from gaplisten.loss.trace import LossTrace

CLEAN = Signal(np.ones((100, 1), np.float32), 8000)
TRACE = LossTrace.of_packets(np.zeros(10, np.bool_), 10, 8000)


class Workers:
    """Stands for a runner: a run is done when somebody asks for it; how many are under way is counted."""

    def __init__(self) -> None:
        self.under_way = self.most = self.asked = 0
        self.jobs: list[Job] = []

    def submit(
        self, entry: object, parameters: object, lossy: Signal, trace: LossTrace, job: Job, clean: Signal
    ) -> Future[Concealed]:
        self.under_way += 1
        self.asked += 1
        self.most = max(self.most, self.under_way)
        self.jobs.append(job)
        workers = self

        class Run(Future[Concealed]):
            def result(self, timeout: float | None = None) -> Concealed:
                workers.under_way -= 1
                more = (0, 0.1, 1.0, 0.0, False, (), False, np.zeros(1))
                return Concealed(lossy, *more, spent=(Spent(0.5, 0.25),))

        return Run()


def inputs(count: int) -> Iterator[Any]:
    for number in range(count):
        yield Signal(CLEAN.samples * np.float32(number), 8000), TRACE, CLEAN


@pytest.fixture
def runs() -> Runs:
    entry = SimpleNamespace(title="any")
    return Runs(Workers(), Workers(), entry, {}, Job(), 10)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_two_run_at_a_time_and_come_in_order(runs: Runs, count: int) -> None:
    found = [made.signal.samples[0, 0] for made in runs.each(inputs(count))]
    assert found == list(range(count))
    assert (runs.runner.asked, runs.runner.most) == (count, min(count, 2))  # type: ignore[attr-defined]
    assert len(runs.all) == count
    assert all(made.signal.frames == 1 for made in runs.all), "their sound is not kept"


def test_what_nobody_waits_for_any_more_is_stopped(runs: Runs) -> None:
    for _ in runs.each(inputs(7)):
        break
    jobs = runs.runner.jobs  # type: ignore[attr-defined]
    assert len(jobs) <= 3
    assert all(job.cancelled for job in jobs)
