"""For how long a thread was ready to run and was given no processor: Linux alone tells."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

PATIENCE = 20.0
"""How many times its limit a worker may take that waits for a processor: workers stand back behind all other
work, so that two busy programs leave them a twentieth of one."""


def waited_by_thread(pid: int, thread: int) -> float:
    """Return it in s since the thread's beginning; 0 where nobody tells."""
    try:
        with open(_place(pid, thread), encoding="ascii") as file:
            return _seconds(file.read())
    except (OSError, ValueError, IndexError):
        return 0.0


def waited_here() -> float:
    """Return it in s for the calling thread."""
    return waited_by_thread(os.getpid(), threading.get_native_id())


def waited_for_a_processor(pid: int) -> float:
    """Return it in s for a process's first thread and those of the programs that it runs."""
    return waited_by_thread(pid, pid) + sum(waited_by_thread(child, child) for child in _children_of(pid))


class OwnWaits:
    """How long the calling thread has waited, for those who ask often.

    Attributes
    ----------
    bytes_read
        By all of them in this process, so far: asking is reading.
    """

    bytes_read = 0

    def __init__(self) -> None:
        try:
            self._file = open(_place(os.getpid(), threading.get_native_id()), "rb", buffering=0)  # noqa: SIM115
        except OSError:
            self._file = None  # type: ignore[assignment]

    def __call__(self) -> float:
        """Return it in s; 0 where nobody tells."""
        waited = 0.0
        if sys.platform != "win32" and self._file is not None:
            with contextlib.suppress(OSError, ValueError, IndexError):  # a plugin may have closed it
                told = os.pread(self._file.fileno(), 64, 0)
                OwnWaits.bytes_read += len(told)
                waited = _seconds(told)
        return waited


def _place(pid: int, thread: int) -> str:
    return f"/proc/{pid}/task/{thread}/schedstat"


def _seconds(text: str | bytes) -> float:
    return int(text.split()[1]) / 1e9


def _children_of(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return list(map(int, file.read().split()))
    except OSError:  # a kernel without that list
        return []
