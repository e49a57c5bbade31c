"""What a worker process does to itself before it runs other people's code."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import IO, Any

from gaplisten.deadlines import PATIENCE

NICE = 10
"""How much lower than the window's (and the sound's) a worker's priority is."""

_BACKSTOP_SECONDS = 60.0
MEASURING = (
    "gaplisten.concealers.form",
    "gaplisten.concealers.worker",
    "gaplisten.concealers.rendering",
    "gaplisten.concealers.stopwatch",
    "gaplisten.deadlines",
)
"""Modules, and those whose names begin so, in which a plugin may replace nothing: by them it is measured."""


def take_over_pipes() -> tuple[IO[bytes], IO[bytes], int]:
    """Keep stdin and stdout for messages, and send what plugins print to stderr.

    Returns
    -------
    requests, replies, marks
        The two message streams, and a descriptor of the captured stderr that plugins do not close.
    """
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    marks = os.dup(2)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    os.dup2(2, 1)
    faulthandler.enable(marks, all_threads=False)
    return requests, replies, marks


def lower_priority() -> None:
    """Stand back behind the window and the sound."""
    if hasattr(os, "nice"):
        os.nice(NICE)


def die_with(lifeline: int) -> None:
    """Arrange that this process, and what it started, ends when the host does, however that happens.

    The host holds the other end of the pipe `lifeline` and never writes. On Linux the kernel itself kills the
    process group when that end closes, so a plugin stuck in C code dies too; elsewhere a thread waits for it.
    """
    if lifeline < 0:
        return
    os.set_inheritable(lifeline, False)
    if sys.platform == "linux":
        _kernel_kills(lifeline)
    else:
        threading.Thread(target=_wait_and_kill, args=(lifeline,), daemon=True).start()


if sys.platform == "linux":

    def _kernel_kills(lifeline: int) -> None:
        import fcntl
        import signal

        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgid(0))
        flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)


def _wait_and_kill(lifeline: int) -> None:
    os.read(lifeline, 1)
    end_group()


def end_group() -> None:
    """End this process and all that it started, where the system knows groups and this one leads its own."""
    if sys.platform != "win32" and os.getpgid(0) == os.getpid():
        import signal

        os.killpg(0, signal.SIGKILL)


class MemoryLimit:
    """Limit what a plugin may allocate beyond what the process has now; lifted on exit. 0 means no limit.

    `own_bytes` is what the host's own work around the plugin may take on top.

    Private writable memory is what counts (``RLIMIT_DATA``): address space is not limited, since libraries
    that map large files and programs that a plugin starts (node, Java) reserve much of it and use little. The
    host watches shared memory. Systems without the limit (Windows; macOS does not enforce it) run without.
    """

    def __init__(self, extra_bytes: int, own_bytes: int = 0) -> None:
        self._extra = extra_bytes + own_bytes if extra_bytes > 0 else 0

    def __enter__(self) -> None:
        if self._extra > 0 and sys.platform == "linux":
            _limit("RLIMIT_DATA", _memory_now() + self._extra)

    def __exit__(self, *_: object) -> None:
        if self._extra > 0 and sys.platform == "linux":
            _limit("RLIMIT_DATA", None)


def _memory_now() -> int:
    """Return the private data of this process in bytes (0 where unknown)."""
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as file:
            fields = file.read().split()
        return int(fields[5]) * os.sysconf("SC_PAGE_SIZE")
    else:  # noqa: RET505 - only so is it plain to type checkers on other systems
        return 0


if sys.platform == "linux":

    def _limit(name: str, soft: int | None) -> None:
        import resource

        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        if soft is None or (hard != resource.RLIM_INFINITY and soft > hard):
            soft = hard
        resource.setrlimit(which, (soft, hard))


def set_backstop(seconds: float) -> None:
    """Let the system end this process some time after its host would have, however patient (0: never)."""
    if sys.platform != "win32":
        import signal

        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE * seconds + _BACKSTOP_SECONDS if seconds else 0.0)


class Leftovers:
    """Notice threads, child processes and heaps of memory that a plugin leaves behind."""

    def __init__(self) -> None:
        self._known = set(threading.enumerate())
        self._data = _memory_now()

    def found(self, memory: int) -> str:
        """Return what is still there, in words, or nothing; less than half of `memory` is no matter."""
        threads = [
            thread for thread in threading.enumerate() if thread not in self._known and thread.is_alive()
        ]
        if threads:
            return f"{len(threads)} running thread{'s' if len(threads) > 1 else ''}"
        if _has_children():
            return "a running child process"
        kept = _memory_now() - self._data
        return f"{kept / 2**20:.0f} MiB of memory" if kept > memory / 2 > 0 else ""


class Clocks:
    """Notice where a plugin replaces a clock of Python's, or what the host measures it with."""

    def __init__(self) -> None:
        modules = [
            (name, module)
            for name, module in sys.modules.items()
            if name == "time" or name.startswith(MEASURING)
        ]
        self._known = [each for name, module in modules for each in _callables(name, vars(module))]

    def replaced(self) -> list[str]:
        """Return what is not what it was, a few words each."""
        return [
            f"replaces {name}"
            for name, where, key, value, code in self._known
            if where.get(key) is not value or getattr(value, "__code__", None) is not code
        ]


def _callables(
    name: str, where: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any], str, object, object]]:
    for key, value in where.items():
        if callable(value) or isinstance(value, ModuleType):
            yield f"{name}.{key}", where, key, value, getattr(value, "__code__", None)
        if isinstance(value, type) and value.__module__ == name:
            yield from _callables(f"{name}.{key}", vars(value))


def _has_children() -> bool:
    if sys.platform != "win32":
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, _status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
    return False


def flush_streams() -> None:
    """Push out what a plugin printed."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # a plugin may have closed it, or put anything there
            stream.flush()


def fresh_streams(marks: int) -> None:
    """Give the next plugin stdout and stderr in good order, whatever the last one did to them."""
    for number in (1, 2):
        os.dup2(marks, number)
    for name in ("stdout", "stderr"):
        stream = os.fdopen(os.dup(marks), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
