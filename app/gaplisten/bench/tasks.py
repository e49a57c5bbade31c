"""Long work on threads; its outcome is handed over where `poll` is called, with progress and cancel."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from gaplisten.bench.events import Event
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job, JobCancelled

log = logging.getLogger(__name__)

Value = TypeVar("Value")

SHOW_AFTER_SECONDS = 0.5


@dataclass(eq=False)
class Task:
    """One piece of work under way."""

    title: str
    future: Future[Any]
    job: Job
    done: Callable[[Any], None] | None = None
    failed: Callable[[Exception], None] | None = None
    quiet: bool = False
    start: Callable[[], Future[Any]] | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def over(self) -> bool:
        """Whether there is nothing more to show of it."""
        return self.future.done() or (self.done is None and self.job.cancelled)


class Tasks:
    """The work under way.

    Outcomes are fetched by `poll`, so that whoever calls it (a window's thread) is the only one they meet.

    Attributes
    ----------
    progressed
        Event: title, fraction (0..1) and message of the oldest work worth showing; an empty title for none.
    failed
        Event: the error of work that nobody else answers for.
    began
        Event: there is something to poll for.
    """

    def __init__(self, workers: int = 3) -> None:
        self.progressed, self.failed, self.began = Event(), Event(), Event()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="work")
        self._tasks: list[Task] = []
        self._shown = False
        self._pressed = False

    def run(
        self,
        title: str,
        work: Callable[[Job], Value],
        done: Callable[[Value], None],
        failed: Callable[[Exception], None] | None = None,
        *,
        quiet: bool = False,
        later: bool = False,
    ) -> Task:
        """Start `work` on a thread; `poll` calls `done` with its value, or `failed` with its error.

        Parameters
        ----------
        quiet
            Whether progress stays unseen (work that nobody waits for).
        later
            Whether it makes way: it starts in the first `poll` before which no other work was under way, so
            that the outcome of that work was shown already.
        """
        job = Job()
        if not later:
            self._pressed = True
            return self._add(Task(title, self._pool.submit(work, job), job, done, failed, quiet))
        start = partial(self._pool.submit, work, job)
        return self._add(Task(title, Future(), job, done, failed, quiet, start))

    def submit(
        self, title: str, work: Callable[[Job], Value], job: Job, *, quiet: bool = False
    ) -> Future[Value]:
        """Start `work` for somebody who looks after its outcome; here its progress is shown, unless quiet."""
        return self._add(Task(title, self._pool.submit(work, job), job, quiet=quiet)).future

    def _add(self, task: Task) -> Task:
        self._tasks.append(task)
        self.began.emit()
        return task

    def cancel(self, task: Task | None) -> None:
        """Stop a task; neither `done` nor `failed` will be called."""
        if task is not None and task in self._tasks:
            self._tasks.remove(task)
            task.job.cancel()
            task.future.cancel()

    def cancel_shown(self) -> None:
        """Stop the work whose progress is seen."""
        for task in [each for each in self._tasks if not each.quiet]:
            self.cancel(task)
        self._show()

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._tasks)

    def poll(self) -> None:
        """Hand over what has finished, and tell the progress of what has not."""
        if not self._pressed:
            self._start_later()
        for task in [each for each in self._tasks if each.over]:
            if task in self._tasks:  # an earlier outcome may have cancelled it
                self._tasks.remove(task)
                self._finish(task)
        self._pressed = any(task.done and not (task.start or task.quiet) for task in self._tasks)
        self._show()

    def _start_later(self) -> None:
        for task in self._tasks:
            if task.start is not None:
                task.future, task.start = task.start(), None

    def _finish(self, task: Task) -> None:
        if task.done is None:
            return
        try:
            value = task.future.result()
        except (CancelledError, JobCancelled):
            return
        except Exception as error:
            if not isinstance(error, GaplistenError):
                log.error("%s failed", task.title, exc_info=error)
            (task.failed or self.failed.emit)(error)
            return
        task.done(value)

    def _show(self) -> None:
        late = time.monotonic() - SHOW_AFTER_SECONDS
        seen = next((task for task in self._tasks if not task.quiet and task.began < late), None)
        if seen is not None:
            self.progressed.emit(seen.title, seen.job.fraction, seen.job.message)
        elif self._shown:
            self.progressed.emit("", 0.0, "")
        self._shown = seen is not None

    def close(self) -> None:
        """Cancel everything and wait for the threads."""
        for task in self._tasks:
            task.job.cancel()
        self._tasks.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)
