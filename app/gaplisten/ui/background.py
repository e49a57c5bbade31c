"""Runs long work on threads and brings its outcome back to the window's thread, with progress and cancel."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job, JobCancelled

log = logging.getLogger(__name__)

Value = TypeVar("Value")

SHOW_AFTER_SECONDS = 0.5
POLL_MS = 15


@dataclass(eq=False)
class Task:
    """One piece of work under way."""

    title: str
    future: Future[Any]
    job: Job
    done: Callable[[Any], None]
    failed: Callable[[Exception], None] | None
    quiet: bool
    began: float = field(default_factory=time.monotonic)


class Tasks(QObject):
    """The work under way.

    Outcomes are fetched by a timer on the window's thread, so nothing of Qt is ever touched by another one.

    Signals
    -------
    progressed
        Title, fraction (0..1) and message of the oldest work worth showing; an empty title for none.
    failed
        The error of work that nobody else answers for.
    """

    progressed = Signal(str, float, str)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None, workers: int = 3) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="work")
        self._tasks: list[Task] = []
        self._shown = False
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)

    def run(
        self,
        title: str,
        work: Callable[[Job], Value],
        done: Callable[[Value], None],
        failed: Callable[[Exception], None] | None = None,
        *,
        quiet: bool = False,
    ) -> Task:
        """Start `work` on a thread; call `done` with its value, or `failed` with its error, on this one.

        Parameters
        ----------
        quiet
            Whether progress stays unseen (work that nobody waits for).
        """
        job = Job()
        task = Task(title, self._pool.submit(work, job), job, done, failed, quiet)
        self._tasks.append(task)
        self._timer.start()
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

    def _poll(self) -> None:
        for task in [each for each in self._tasks if each.future.done()]:
            if task in self._tasks:  # an earlier outcome may have cancelled it
                self._tasks.remove(task)
                self._finish(task)
        self._show()
        if not self._tasks:
            self._timer.stop()

    def _finish(self, task: Task) -> None:
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
        self._timer.stop()
        for task in self._tasks:
            task.job.cancel()
        self._tasks.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)
