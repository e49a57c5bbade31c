"""One window per session: a lock that vanishes with its process and says who holds it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from gaplisten.errors import GaplistenError

_LONGEST = 4096


class SessionBusy(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Another window, process or machine holds the session."""


class SessionElsewhere(SessionBusy):
    """Another machine's name is in the lock; it may be taken over when that machine has stopped."""


def _try_lock(descriptor: int) -> bool:
    """Take the operating system's lock on an open file; it ends with the process, however that ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _LONGEST, os.SEEK_SET)  # a byte nobody reads: Windows locks are mandatory
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        # Some network folders have no locks at all: there what is written in the file has to do.
        return not _held_here(_read(descriptor))
    return True


def _held_here(said: dict[str, Any]) -> bool:
    """Tell whether a living process of this machine wrote the lock file."""
    process = said.get("process")
    if said.get("host") != socket.gethostname() or not isinstance(process, int) or process <= 0:
        return False
    if sys.platform == "win32":  # there is no harmless signal on Windows
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _read(descriptor: int) -> dict[str, Any]:
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        said = json.loads(os.read(descriptor, _LONGEST).decode("utf-8") or "{}")
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _describe(said: dict[str, Any]) -> str:
    host, since = str(said.get("host", "another machine"))[:80], str(said.get("since", ""))[:40]
    process = f"process {said['process']} on {host}" if isinstance(said.get("process"), int) else host
    return f"{process}, since {since}" if since else process


def is_held(path: Path) -> bool:
    """Tell whether a session's lock is held, without touching it; what cannot be known counts as held.

    A lock that names another machine counts as held: whether that machine lives cannot be seen from here.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        return _read(descriptor).get("host") not in (None, socket.gethostname()) or not _try_lock(descriptor)
    finally:
        os.close(descriptor)  # gives back the system's lock, too


class SessionLock:
    """Held while a session is open.

    Parameters
    ----------
    path
        The lock file, beside the session's ratings.
    take_over
        Take the session although another machine's name is in the file (that machine has crashed).

    Raises
    ------
    SessionBusy
        If a living process on this machine, or any process of another machine, holds it.
    OSError
        If the file cannot be made.
    """

    def __init__(self, path: Path, *, take_over: bool = False) -> None:
        self.path = path
        self.notice = ""
        self._descriptor = self._acquire()
        said = _read(self._descriptor)
        foreign = said.get("host") not in (None, socket.gethostname())
        if foreign and not take_over:
            os.close(self._descriptor)
            fact = f"the session is open elsewhere: {_describe(said)}"
            way_out = (
                f"finish it there; if that machine has stopped, delete {path.name} or take the session over"
            )
            raise SessionElsewhere(str(path), fact, way_out)
        if said:
            self.notice = f"The last run of this session did not end properly ({_describe(said)})."
        self._sign()

    def _acquire(self) -> int:
        for _ in range(5):
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
            if not _try_lock(descriptor):
                said = _read(descriptor)
                os.close(descriptor)
                fact = f"the session is already open: {_describe(said)}"
                raise SessionBusy(
                    str(self.path), fact, "go on in the window that has it, or close that one first"
                )
            # The holder before us may have deleted the file between our open and our lock.
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(descriptor), os.stat(self.path)):
                    return descriptor
            os.close(descriptor)
        raise SessionBusy(str(self.path), "the lock changes hands all the time", "try again")

    def _sign(self) -> None:
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        text = json.dumps({"host": socket.gethostname(), "process": os.getpid(), "since": since}).encode()
        # A full disk must not keep anybody from reading an old session: the lock itself needs no byte.
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, text)

    def release(self) -> None:
        """Give the session free; harmless when done twice."""
        if self._descriptor < 0:
            return
        if sys.platform != "win32":
            self._remove()
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = -1
        if sys.platform == "win32":
            self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink()
