"""The stopwatch by which calls of plugins are timed: waits for a processor are not theirs."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from time import perf_counter, process_time, thread_time

from gaplisten.deadlines import schedule_of, waited_in

if sys.platform != "win32":
    import resource

BYTES_A_CALL = 320
"""No more than so many are read to time one call."""

Moment = tuple[float, float, float]
"""By the clock; waits so far; processor time of others so far: in s."""

_TRIES, _LONGEST = 4, 64


class Stopwatch:
    """Time that calls take, without the calling thread's waits for a processor: a busy machine is not theirs.

    While other threads of this process, or programs that end meanwhile, used a processor themselves, waiting
    was no fault of the machine's and counts.

    Attributes
    ----------
    bytes_read
        By all of them in this process, so far: asking for waits is reading.
    """

    bytes_read = 0

    def __init__(self) -> None:
        try:
            self._file = open(schedule_of(os.getpid(), threading.get_native_id()), "rb", buffering=0)  # noqa: SIM115
        except OSError:
            self._file = None  # type: ignore[assignment]

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def now(self) -> Moment:
        """Return the moment for `since`; the caller keeps it, for a plugin may turn any object."""
        waited = self._waited()
        for _ in range(_TRIES):
            clock, before = perf_counter(), waited
            waited = self._waited()
            if waited == before:  # else it waited between, and the clock may stand before or behind that
                break
        return clock, waited, _used_by_others()

    def since(self, began: Moment) -> float:
        """Return it in s, 0 at least."""
        clock, waited, others = (now - then for now, then in zip(self.now(), began, strict=True))
        return max(clock - max(waited - others, 0.0), 0.0)

    def _waited(self) -> float:
        """Return the waits so far in s; 0 where nobody tells."""
        waited = 0.0
        if sys.platform != "win32" and self._file is not None:
            with contextlib.suppress(OSError, ValueError, IndexError):  # a plugin may have closed it
                told = os.pread(self._file.fileno(), _LONGEST, 0)
                Stopwatch.bytes_read += len(told)
                waited = waited_in(told)
        return waited


def _used_by_others() -> float:
    """Return the processor time, in s, of other threads and of programs that have ended."""
    ended = 0.0
    if sys.platform != "win32":
        found = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = found.ru_utime + found.ru_stime
    return process_time() - thread_time() + ended
