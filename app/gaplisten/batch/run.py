"""Run many items over workers: few in flight, each outcome kept as soon as it is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gaplisten.batch.workers import Workers
from gaplisten.jobs import Job

Item = TypeVar("Item")

# Enough to keep every worker busy while outcomes are written, few enough to keep memory flat.
IN_FLIGHT_PER_SLOT = 3


@dataclass(frozen=True)
class Outcome(Generic[Item]):
    """What became of one item: a result, or the reason why there is none."""

    item: Item
    result: Any = None
    failure: str = ""


def run_items(
    items: Iterable[Item],
    work: Callable[[Item], Any],
    workers: Workers,
    done: Callable[[Outcome[Item]], None],
    *,
    job: Job | None = None,
    progress: Callable[[], float] = lambda: 0.0,
) -> None:
    """Do `work` on each item and hand each outcome to `done`, in the order of completion.

    Parameters
    ----------
    items
        Taken one by one as workers become free, so it may be a generator that skips what is done.
    work
        Plain function of plain values that can cross processes.
    done
        Called in this thread. Whatever it raises stops the batch.
    progress
        Which share of the batch is done, 0..1.

    Raises
    ------
    JobCancelled
        When the job was asked to stop; what is done is done.
    """
    job = job or Job()
    running: dict[Future[Any], _Sent[Item]] = {}
    waiting = iter(items)
    try:
        while _fill(running, waiting, work, workers):
            ready, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in ready:
                done(_outcome(future, running.pop(future).item, workers))
            for late in _overdue(running, workers.patience):
                late.cancel()
                item = running.pop(late).item
                done(Outcome(item, failure=f"gave no answer within {workers.patience:g} s"))
            job.check(progress())
    except BaseException:
        for future in running:
            future.cancel()
        raise


@dataclass(frozen=True)
class _Sent(Generic[Item]):
    item: Item
    at: float


def _overdue(running: dict[Future[Any], _Sent[Item]], patience: float | None) -> list[Future[Any]]:
    if patience is None:
        return []
    now = time.monotonic()
    return [future for future, sent in running.items() if now - sent.at > patience and not future.done()]


def _fill(
    running: dict[Future[Any], _Sent[Item]],
    waiting: Iterator[Item],
    work: Callable[[Item], Any],
    workers: Workers,
) -> bool:
    while len(running) < workers.slots * IN_FLIGHT_PER_SLOT:
        try:
            item = next(waiting)
        except StopIteration:
            break
        running[workers.submit(work, item)] = _Sent(item, time.monotonic())
    return bool(running)


def _outcome(future: Future[Any], item: Item, workers: Workers) -> Outcome[Item]:
    error = future.exception()
    if error is None:
        return Outcome(item, future.result())
    return Outcome(item, failure=workers.reason(error))
