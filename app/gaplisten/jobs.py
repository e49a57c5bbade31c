"""Long work is a plain function with a job to report to."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field

_NICENESS = 5


class JobCancelled(Exception):  # noqa: N818 - it is not an error but the user's wish
    """Raised inside a job's function after the user asked it to stop."""


@dataclass(eq=False)
class Job:
    """Progress and cancellation, shared between a worker thread and whoever watches it.

    The worker calls `check`; the watcher reads `fraction` and `message` and may call `cancel`.
    Each is a single attribute store or load, so no lock is needed.
    """

    fraction: float = 0.0
    message: str = ""
    _cancelled: threading.Event = field(default_factory=threading.Event, repr=False)

    def check(self, fraction: float, message: str = "") -> None:
        """Report that `fraction` (0..1) of the work is done; raise `JobCancelled` when asked to stop."""
        if self._cancelled.is_set():
            raise JobCancelled
        self.fraction = min(max(float(fraction), 0.0), 1.0)
        if message:
            self.message = message

    def cancel(self) -> None:
        """Ask the work to stop at its next `check`."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked the work to stop."""
        return self._cancelled.is_set()


class JobPart(Job):
    """A share of another job's progress."""

    def __init__(self, whole: Job, begin: float, share: float) -> None:
        super().__init__()
        self._whole, self._begin, self._share = whole, begin, share

    def check(self, fraction: float, message: str = "") -> None:
        """Report to the whole job."""
        self._whole.check(self._begin + self._share * fraction, message)


def give_way() -> None:
    """Let the threads that paint and play go before the calling one, where the system can do that."""
    # Only Linux has a niceness for each thread; elsewhere this would slow down the whole program.
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
