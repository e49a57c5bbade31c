"""Locks that vanish with their process, however that ends."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import stat
import sys
import time
from pathlib import Path
from typing import Any

from gaplisten.durable.files import OWN_FILE
from gaplisten.errors import GaplistenError

_LONGEST_LOCK = 4096  # bytes


def process_runs(process: int) -> bool:
    """Tell whether a process of this machine runs; one that may not be asked counts as running."""
    return process == os.getpid() or (process > 0 and _runs(process))


if sys.platform == "win32":

    def _runs(process: int) -> bool:
        import ctypes

        # os.kill would end the process there.
        query_limited_information, still_active, access_denied = 0x1000, 259, 5
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        handle = kernel.OpenProcess(query_limited_information, False, process)
        if not handle:
            return bool(ctypes.get_last_error() == access_denied)
        code = ctypes.c_ulong()
        known = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return not known or code.value == still_active

else:

    def _runs(process: int) -> bool:
        try:
            os.kill(process, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except OSError:
            return True
        return True


class Locked(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Another window, process or machine has it."""


class LockedElsewhere(Locked):
    """Another machine's name is in the lock; it may be taken over when that machine has stopped."""


class FileLock:
    """A lock that vanishes with its process, however that ends, and says who holds it.

    Parameters
    ----------
    path
        The lock file; a lock that was released leaves none behind.
    what
        What is locked, for messages: "the session".
    take_over
        Take the lock although another machine's name is in the file (that machine has crashed).

    Attributes
    ----------
    notice
        A sentence when the last holder did not end properly, else empty.

    Raises
    ------
    Locked
        If a living process of this machine holds it.
    LockedElsewhere
        If the file names another machine.
    OSError
        If the file cannot be made.
    """

    def __init__(self, path: Path, what: str, *, take_over: bool = False) -> None:
        self.path, self._what = path, what
        self.notice = ""
        self._descriptor = self._acquire()
        said = _read(self._descriptor)
        foreign = said.get("host") not in (None, socket.gethostname())
        if foreign and not take_over:
            os.close(self._descriptor)
            fact = f"{what} is open elsewhere: {_describe(said)}"
            way_out = f"finish it there; if that machine has stopped, delete {path.name} or take {what} over"
            raise LockedElsewhere(str(path), fact, way_out)
        if said:
            self.notice = f"The last run of {what} did not end properly ({_describe(said)})."
        self._sign()

    def _acquire(self) -> int:
        for _ in range(5):
            descriptor = _open_lock(self.path, os.O_RDWR | os.O_CREAT)
            if not _try_lock(descriptor):
                said = _read(descriptor)
                os.close(descriptor)
                fact = f"{self._what} is already open: {_describe(said)}"
                raise Locked(str(self.path), fact, "go on where it is open, or close it there first")
            # The holder before us may have deleted the file between our open and our lock.
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(descriptor), os.stat(self.path)):
                    return descriptor
            os.close(descriptor)
        raise Locked(str(self.path), "the lock changes hands all the time", "try again")

    def _sign(self) -> None:
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        text = json.dumps({"host": socket.gethostname(), "process": os.getpid(), "since": since}).encode()
        # A full disk must not keep anybody from reading old work: the lock itself needs no byte.
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, text)

    def release(self) -> None:
        """Give it free; harmless when done twice."""
        if self._descriptor < 0:
            return
        if sys.platform != "win32":  # an open file cannot be deleted there
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


def is_locked(path: Path) -> bool:
    """Tell whether a lock is held, without touching it; what cannot be known counts as held.

    A lock that names another machine counts as held: whether that machine lives cannot be seen from here.
    """
    try:
        descriptor = _open_lock(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        return _read(descriptor).get("host") not in (None, socket.gethostname()) or not _try_lock(descriptor)
    finally:
        os.close(descriptor)  # gives back the system's lock, too


def is_held(path: Path) -> bool:
    """Tell whether a living process holds a lock, whatever machine is named in it; without touching it."""
    try:
        descriptor = _open_lock(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_lock(descriptor)
    finally:
        os.close(descriptor)  # gives back the system's lock, too


def _open_lock(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | OWN_FILE, 0o666)
    found = os.fstat(descriptor)
    # It is cut and written to: a second name could be that of anybody's file.
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file of its own", str(path))
    return descriptor


def _try_lock(descriptor: int) -> bool:
    """Take the operating system's lock on an open file; it ends with the process, however that ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            # A byte that nobody reads: Windows locks are mandatory.
            os.lseek(descriptor, _LONGEST_LOCK, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        # Some network folders have no locks at all: there what is written in the file has to do.
        return not _signed_by_the_living(_read(descriptor))
    return True


def _signed_by_the_living(said: dict[str, Any]) -> bool:
    process = said.get("process")
    here = said.get("host") == socket.gethostname()
    return here and isinstance(process, int) and process_runs(process)


def _read(descriptor: int) -> dict[str, Any]:
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        said = json.loads(os.read(descriptor, _LONGEST_LOCK).decode("utf-8") or "{}")
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _describe(said: dict[str, Any]) -> str:
    host, since = str(said.get("host", "another machine"))[:80], str(said.get("since", ""))[:40]
    process = f"process {said['process']} on {host}" if isinstance(said.get("process"), int) else host
    return f"{process}, since {since}" if since else process
