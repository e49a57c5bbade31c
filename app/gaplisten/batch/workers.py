"""Where a batch's work is done: here in threads, in processes on all cores, or on a cluster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

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
