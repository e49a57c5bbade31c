"""Deadlines that a busy machine does not shorten: time in which a process could not run is not its own.

Linux alone tells for how long a thread was ready to run and was given no processor; elsewhere it is 0.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

PATIENCE = 20.0
"""How many times its limit a process may take that waits for a processor: workers stand back behind all other
work, so that two busy programs leave them a twentieth of one."""
_LONGEST_LOOK = 1.0
"""Who did not look for longer, in s, stood still itself, most likely with the process: so much counts."""


class Deadline:
    """When an answer is too late.

    Parameters
    ----------
    seconds
        The limit for a process that can run.
    hindered
        Returns for how long, in s and since anything, the process could not run. That time does not count, up
        to `PATIENCE` times the limit: nobody is slow because the machine is busy.

    Attributes
    ----------
    earliest
        The moment, on the monotonic clock, before which it cannot pass.
    """

    def __init__(self, seconds: float, hindered: Callable[[], float]) -> None:
        self.earliest = time.monotonic() + seconds
        self._most, self._hindered = (PATIENCE - 1.0) * seconds, hindered
        self._before = hindered()

    @property
    def passed(self) -> bool:
        """Whether it is too late now."""
        hindered = min(self._hindered() - self._before, self._most)
        return time.monotonic() - self.earliest > max(hindered, 0.0)


class Hindered:
    """Time in which a process of the program's own could not run, as one sees it who looks again and again.

    At each look that is what its threads have waited for a processor since the last one, and all of that time
    if somebody has stopped the process. Both can be stopped together, by the terminal or with the machine:
    then nobody looked.

    Parameters
    ----------
    pid
        The process's number.
    but
        A thread of it that does not count.
    """

    def __init__(self, pid: int, but: int | None = None) -> None:
        self._pid, self._but = pid, but
        self._looking = threading.Lock()
        self._seconds = 0.0
        self._looked, self._seen = time.monotonic(), self._threads()

    def seconds(self) -> float:
        """Look; return it in s since the beginning."""
        with self._looking:
            now, threads = time.monotonic(), self._threads()
            passed = now - self._looked
            waited = sum(
                _waited(self._seen.get(each, _Thread()), told, passed) for each, told in threads.items()
            )
            self._seconds += min(max(waited, passed - _LONGEST_LOOK), passed)
            self._looked, self._seen = now, threads
            return self._seconds

    def _threads(self) -> dict[int, _Thread]:
        return {each: _look_at(self._pid, each) for each in threads_of(self._pid) if each != self._but}


class _Thread(NamedTuple):
    """What Linux tells of a thread: its state, for how long in s it has run, and has waited to run."""

    state: str = ""
    ran: float = 0.0
    waited: float = 0.0


def _look_at(pid: int, thread: int) -> _Thread:
    try:
        with open(f"/proc/{pid}/task/{thread}/stat", encoding="utf-8", errors="replace") as file:
            state = file.read().rpartition(")")[2].split()[0]
        with open(schedule_of(pid, thread), encoding="ascii") as file:
            ran, waited = (int(each) / 1e9 for each in file.read().split()[:2])
    except (OSError, ValueError, IndexError):  # it has ended, or nobody tells
        return _Thread()
    return _Thread(state, ran, waited)


def _waited(before: _Thread, now: _Thread, passed: float) -> float:
    """Return for how long in s a thread could not run between two looks."""
    if now.state in ("T", "t"):  # somebody has stopped it
        return passed
    if before.state == now.state == "R" and now.ran == before.ran:
        return passed  # it waits still: Linux adds that up when it is over
    return min(max(now.waited - before.waited, 0.0), passed)


def waited_by_thread(pid: int, thread: int) -> float:
    """Return for how long in s a thread has waited for a processor; 0 where nobody tells."""
    try:
        with open(schedule_of(pid, thread), encoding="ascii") as file:
            return waited_in(file.read())
    except (OSError, ValueError, IndexError):
        return 0.0


def waited_here() -> float:
    """Return it in s for the calling thread."""
    return waited_by_thread(os.getpid(), threading.get_native_id())


def waited_for_a_processor(pid: int) -> float:
    """Return it in s for a process's first thread and those of the programs that it runs."""
    return waited_by_thread(pid, pid) + sum(waited_by_thread(child, child) for child in _children_of(pid))


def schedule_of(pid: int, thread: int) -> str:
    """Return the path of what Linux tells of a thread and its processors."""
    return f"/proc/{pid}/task/{thread}/schedstat"


def waited_in(told: str | bytes) -> float:
    """Return in s how long the thread has waited of which that was told; raise ValueError or IndexError."""
    return int(told.split()[1]) / 1e9


def threads_of(pid: int) -> tuple[int, ...]:
    """Return the numbers of a process's threads; none where nobody tells."""
    try:
        return tuple(map(int, os.listdir(f"/proc/{pid}/task")))
    except OSError:
        return ()


def _children_of(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return list(map(int, file.read().split()))
    except OSError:  # a kernel without that list
        return []
