"""Running items: few in flight, failures contained, stopping heard."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from gaplisten.batch.run import Outcome, ProcessWorkers, ThreadWorkers, run_items
from gaplisten.jobs import Job, JobCancelled
from kit.timing import PATIENCE


def act(item: str) -> str:
    """Do what the item says; runs in a worker process."""
    if item == "raise":
        raise ValueError("what it was")
    if item == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if item == "hang":
        time.sleep(30)
    return item.upper()


class Unkillable(ThreadWorkers):
    """Workers that answer at once, or never."""

    patience = 0.05

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if arguments != ("hang",):
            future.set_result(work(*arguments))
        return future


def test_who_cannot_be_killed_is_given_up_and_the_others_are_done():
    class Patient(Job):
        def check(self, fraction: float, message: str = "") -> None:
            assert time.monotonic() < end, "the item that hangs is waited for"

    done: list[Outcome[str]] = []
    end = time.monotonic() + PATIENCE
    with Unkillable(1) as workers:
        run_items(["a", "hang", "b", "c", "d"], act, workers, done.append, job=Patient())
    assert sorted((each.item, each.result, each.failure) for each in done if each.item != "hang") == [
        (item, item.upper(), "") for item in "abcd"
    ]
    assert [each.failure for each in done if each.item == "hang"] == ["gave no answer within 0.05 s"]


def test_items_are_taken_only_as_workers_become_free():
    taken, finished = [], []

    def items() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            assert len(taken) - len(finished) <= 2 * 3 + 2
            yield number

    with ThreadWorkers(2) as workers:
        run_items(items(), lambda number: number, workers, lambda outcome: finished.append(outcome.item))
    assert sorted(finished) == list(range(50))


def test_trouble_with_one_item_leaves_the_others_alone():
    outcomes: list[Outcome[str]] = []
    with ProcessWorkers(2, seconds=1.5) as workers:
        run_items(["a", "raise", "die", "hang", "b", "c"], act, workers, outcomes.append)
    told = {outcome.item: outcome.result or outcome.failure for outcome in outcomes}
    assert told.pop("die").startswith("its process ended")
    assert told == {
        "a": "A",
        "b": "B",
        "c": "C",
        "raise": "failed: ValueError: what it was",
        "hang": "stopped after 1.5 s",
    }


def test_progress_ends_at_one():
    job, finished = Job(), []
    with ThreadWorkers(1) as workers:
        run_items(range(4), str, workers, finished.append, job=job, progress=lambda: len(finished) / 4)
    assert job.fraction == 1.0


def test_a_stopped_job_leaves_what_is_done_done():
    job, finished = Job(), []

    def done(outcome: Outcome[int]) -> None:
        finished.append(outcome.item)
        if len(finished) == 3:
            job.cancel()

    with pytest.raises(JobCancelled), ThreadWorkers(1) as workers:
        run_items(range(1000), lambda number: number, workers, done, job=job)
    assert 3 <= len(finished) < 20


def test_what_the_receiver_raises_stops_the_batch():
    def full(outcome: Outcome[int]) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"), ThreadWorkers(2) as workers:
        run_items(range(1000), str, workers, full)


def test_nothing_to_do_is_done_at_once():
    with ProcessWorkers(1) as workers:
        run_items([], act, workers, pytest.fail)
