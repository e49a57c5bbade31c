"""Run many items over workers (threads, processes, a cluster's); keep each outcome as soon as it is there."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from gaplisten.jobs import Job
from gaplisten.metrics.pool import failure_reason, process_pool, workers_for_this_machine


class Workers(ABC):
    """Runs plain functions on plain values; as a context it ends at once when something goes wrong.

    Attributes
    ----------
    slots
        How many items can be worked on at a time.
    patience
        Seconds after which an item in flight is given up; None where the workers keep the time themselves.
    """

    slots: int
    patience: float | None = None

    @abstractmethod
    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Start the work and return its future."""

    @abstractmethod
    def reason(self, error: BaseException) -> str:
        """Return in words why a future failed."""

    @abstractmethod
    def close(self, *, at_once: bool = False) -> None:
        """End all workers; `at_once` without waiting for what they do."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(at_once=kind is not None)


class ProcessWorkers(Workers):
    """One process per core, each killed when it exceeds the time limit.

    Parameters
    ----------
    jobs
        How many processes; one per core when not given.
    seconds
        Time limit of one item.
    """

    def __init__(self, jobs: int | None = None, seconds: float = 120.0) -> None:
        self.slots = jobs or workers_for_this_machine()
        self._seconds = seconds
        self._pool = process_pool(self.slots)

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Start the work in one of the processes."""
        running: Future[Any] = self._pool.schedule(work, args=list(arguments), timeout=self._seconds)
        return running

    def reason(self, error: BaseException) -> str:
        """Return in words why a future failed."""
        return failure_reason(error, self._seconds)

    def close(self, *, at_once: bool = False) -> None:
        """End all processes."""
        if at_once:
            self._pool.stop()  # type: ignore[no-untyped-call]
        else:
            self._pool.close()  # type: ignore[no-untyped-call]
        self._pool.join()


class ThreadWorkers(Workers):
    """Threads of this process: for work that waits for files and for other processes."""

    def __init__(self, jobs: int | None = None) -> None:
        self.slots = jobs or workers_for_this_machine()
        self._pool = ThreadPoolExecutor(self.slots, thread_name_prefix="batch")

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Start the work in one of the threads."""
        return self._pool.submit(work, *arguments)

    def reason(self, error: BaseException) -> str:
        """Return in words why a future failed."""
        return str(error) or type(error).__name__

    def close(self, *, at_once: bool = False) -> None:
        """End all threads; what has not begun is dropped when `at_once`."""
        self._pool.shutdown(wait=True, cancel_futures=at_once)


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
