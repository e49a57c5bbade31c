"""One batch under way: its progress, its end, and the wish to stop it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from gaplisten.bench.tasks import Task, Tasks
from gaplisten.jobs import Job
from gaplisten.ui.translation import tr, tr_said

POLL_MS = 100
# Before this it is anybody's guess how long the rest takes.
_TELLING = (0.02, 3.0)


class BatchRun(QObject):
    """Runs one batch at a time on the window's work threads.

    Signals
    -------
    progressed
        Fraction (0..1) and a sentence.
    finished
        What the batch returned.
    failed
        The error that ended it.
    stopped
        It was stopped, and nothing of it runs any more.
    """

    progressed = Signal(float, str)
    finished = Signal(object)
    failed = Signal(object)
    stopped = Signal()

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._task: Task | None = None
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def running(self) -> bool:
        """Whether anything is under way, be it that it is about to stop."""
        return self._task is not None

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop and has not stopped yet."""
        return self._task is not None and self._task.job.cancelled

    def start(self, title: str, work: Callable[[Job], Any]) -> None:
        """Start the work; there must be none under way."""
        assert self._task is None
        self._task = self._tasks.run(title, work, self._done, self._failed)
        self._timer.start()

    def stop(self) -> None:
        """Ask the work to stop; `stopped` tells when it has."""
        self._tasks.cancel(self._task)

    def _end(self) -> None:
        self._task = None
        self._timer.stop()

    def _done(self, value: Any) -> None:
        self._end()
        self.finished.emit(value)

    def _failed(self, error: Exception) -> None:
        self._end()
        self.failed.emit(error)

    def _poll(self) -> None:
        task = self._task
        if task is None:
            return
        if not task.job.cancelled:
            self.progressed.emit(task.job.fraction, _sentence(task))
        elif task.future.done():  # stopped here, or in the status bar, where nobody tells us
            self._end()
            self.stopped.emit()
        else:
            self.progressed.emit(task.job.fraction, tr("stopping…"))


def _sentence(task: Task) -> str:
    said = tr_said(task.job.message or task.title)
    gone, done = time.monotonic() - task.began, task.job.fraction
    if done < _TELLING[0] or gone < _TELLING[1]:
        return said
    return tr("{said} - about {in_words} left", said=said, in_words=in_words(gone * (1.0 - done) / done))


def in_words(seconds: float) -> str:
    """Return a duration as people say it."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
