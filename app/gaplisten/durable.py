"""What survives crashes, full disks and second instances: files written whole, digests, locks."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from gaplisten.errors import GaplistenError

# Windows would turn line ends, and nobody may put a link in our way.
_FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_LONGEST_LOCK = 4096  # bytes
_JUST_MADE = 60.0  # seconds


# --- files written whole ------------------------------------------------------------------------------------


def write_whole(path: Path, content: bytes | str, *, sync: bool = True) -> None:
    """Put `content` into a file: after a crash or a full disk it holds all of the new or all of the old.

    Parameters
    ----------
    content
        Text is written as UTF-8, with the line ends it has.
    sync
        Wait until the disk has it. What can be made again, and is checked when read, need not wait.

    Raises
    ------
    OSError
        If it cannot be done; `path` is then as it was, and nothing is left beside it. `not_written` says why
        in three parts.
    """
    with whole_stream(path, sync=sync) as file:
        file.write(utf8(content) if isinstance(content, str) else content)


def utf8(text: str) -> bytes:
    r"""Return text as UTF-8; bytes of names that are none are written out, as terminals show them.

    In JSON what is written out is the escape of the same text: a program reads the name as it was.

    >>> utf8("cl\udce9p.wav")
    b'cl\\udce9p.wav'
    """
    return text.encode("utf-8", "backslashreplace")


@contextmanager
def whole_stream(path: Path, *, sync: bool = True) -> Iterator[BinaryIO]:
    """Give a stream to write to; what was written takes the place of `path` when the block ends well.

    Raises
    ------
    OSError
        As for `write_whole`; when the block raises anything, `path` is left as it was.
    """
    with whole_path(path, sync=sync) as part, part.open("r+b") as file:
        yield file


@contextmanager
def whole_path(path: Path, *, sync: bool = True) -> Iterator[Path]:
    """Give the name of an empty file beside `path`, for writers that open files themselves.

    Its name ends in ``.part``, whatever the suffix of `path`, so that no reader takes it for the file.

    Raises
    ------
    OSError
        As for `write_whole`; when the block raises anything, `path` is left as it was.
    """
    _check_replaceable(path)
    # Two processes may write the same file at once: each has a name of its own, the last rename wins. It is
    # shortened, so that it fits wherever the name itself does.
    part = path.with_name(f"{path.name[:40]}.{secrets.token_hex(6)}.part") if path.name else path
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o666))
    try:
        yield part
        if sync:
            with part.open("r+b") as file:
                os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    if sync:
        sync_folder(path.parent)


def is_special(path: Path) -> bool:
    """Tell whether a path is a device, pipe or socket, be it through a link."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _check_replaceable(path: Path) -> None:
    # Who may write in /dev would otherwise have /dev/null replaced by a file, for all programs.
    if is_special(path):
        raise OSError(errno.ENODEV, "it is a device or a pipe and no file", str(path))


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names that are new or gone in a folder.

    Raises
    ------
    OSError
        If the folder is gone or the disk reports an error.
    """
    if sys.platform != "win32":  # folders cannot be opened there; what is in them is journaled
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems cannot
                raise
        finally:
            os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data` to an open file, however many calls it takes, and wait until the disk has it."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


_REFUSALS = {
    errno.ENOSPC: ("the disk is full", "make room, or choose another place"),
    errno.EDQUOT: ("the disk quota is used up", "make room, or choose another place"),
    errno.EFBIG: ("the file is too large for this disk", "choose another place"),
    errno.EROFS: ("the disk may only be read", "choose another place"),
    errno.EACCES: ("that is not allowed", "allow writing there, or choose another place"),
    errno.EPERM: ("that is not allowed", "allow writing there, or choose another place"),
    errno.ENAMETOOLONG: ("its name is too long", "choose a shorter name"),
    errno.ENOENT: ("its folder is not there", "make it, or choose another place"),
    errno.ENOTDIR: ("its folder is a file", "choose another place"),
    errno.EISDIR: ("it is a folder", "choose another name"),
    errno.ENODEV: ("it is a device or a pipe and no file", "name a file"),
    errno.EIO: ("the disk reports an error", "choose another disk"),
}


def not_written(path: Path, error: OSError) -> tuple[str, str, str]:
    """Return thing, fact and way out of a refusal to write, for an error that shows them.

    >>> not_written(Path("a.csv"), OSError(errno.ENOSPC, "No space left on device"))
    ('a.csv', 'cannot be written: the disk is full', 'make room, or choose another place')
    """
    other = (error.strerror or str(error), "choose another place")
    fact, way_out = _REFUSALS.get(error.errno or 0, other)
    return str(path), f"cannot be written: {fact}", way_out


def check_new_folder(out: Path, refused: type[GaplistenError]) -> None:
    """Refuse a folder that holds something already, or is none: before the work and not after it.

    Parameters
    ----------
    refused
        What is raised then.

    Raises
    ------
    GaplistenError
        Of the kind that was named.
    """
    try:
        taken = os.path.lexists(out) and not (out.is_dir() and not any(out.iterdir()))
    except OSError as error:
        raise refused(*not_written(out, error)) from error
    if taken:
        raise refused(str(out), "is there already", "name a folder that is new or empty")


@contextmanager
def whole_folder(out: Path, refused: type[GaplistenError]) -> Iterator[Path]:
    """Give a folder to fill that becomes `out` when the block ends well, and is gone else.

    Of two that fill the same place at once, each has a folder of its own: the first that is whole gets the
    place, the other is refused. What a killed process left behind is removed by the next one.

    Parameters
    ----------
    refused
        What is raised if `out` holds something already, or the disk refuses.

    Raises
    ------
    GaplistenError
        Of the kind that was named.
    """
    check_new_folder(out, refused)
    out = out.absolute()
    try:
        with _folder_of_our_own(out) as part:
            yield part
            if out.is_dir():
                out.rmdir()  # only an empty one goes
            part.replace(out)
        sync_folder(out.parent)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            check_new_folder(out, refused)  # somebody was quicker
        raise refused(*not_written(out, error)) from error


@contextmanager
def _folder_of_our_own(out: Path) -> Iterator[Path]:
    name = f".{out.name[:40]}."
    out.parent.mkdir(parents=True, exist_ok=True)
    for left in out.parent.glob(f"{glob.escape(name)}*.part"):
        if re.fullmatch(r"[0-9a-f]{12}\.part", left.name.removeprefix(name)) and _is_abandoned(left):
            shutil.rmtree(left, ignore_errors=True)
    part = out.with_name(f"{name}{secrets.token_hex(6)}.part")
    part.mkdir()
    try:
        with _held(part):
            yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


# A folder that is being filled is locked as such: nothing that does not belong there has to lie in it. Where
# folders have no locks (Windows, some networks) leftovers stay.


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _is_abandoned(folder: Path) -> bool:
    """Tell whether nobody fills a folder any more; one that was made a moment ago may not be locked yet."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        if abs(time.time() - os.fstat(descriptor).st_mtime) < _JUST_MADE:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


class PlaceError(GaplistenError):
    """A place where nothing could be written in the end."""


def check_place(*paths: Path | None, folders: bool = False) -> None:
    """Refuse a file that could not be written in the end, before the work and not after it.

    Parameters
    ----------
    folders
        Whether a path may be a folder.

    Raises
    ------
    PlaceError
        If one cannot be written, or is named twice.
    """
    named = [path for path in paths if path is not None]
    for at, path in enumerate(named):
        if not path.absolute().parent.is_dir():
            raise PlaceError(str(path), "cannot be written (its folder is not there)", "make it first")
        if not path.name:
            raise PlaceError(str(path), "cannot be written (it has no name)", "name a file")
        if is_special(path):
            raise PlaceError(str(path), "cannot be written (it is a device or a pipe)", "name a file")
        if path.is_dir() and not folders:
            raise PlaceError(str(path), "cannot be written (it is a folder)", "name a file in it")
        if path.absolute() in [each.absolute() for each in named[:at]]:
            raise PlaceError(str(path), "is named for two things", "give each a file of its own")


def safe_name(name: str) -> str:
    """Return a file name without characters that some system forbids, and without bytes that are no text.

    >>> safe_name("a/b: <c>. ")
    'a_b_ _c_'
    """
    return re.sub(r'[\\/:*?"<>|\x00-\x1f\ud800-\udfff]', "_", name).strip(" .") or "clip"


# --- digests ------------------------------------------------------------------------------------------------


def sha256_of(content: bytes | str | Path) -> str:
    """Return the SHA-256 of bytes, of a text as UTF-8, or of a file's content, as 64 hexadecimal digits.

    Raises
    ------
    OSError
        If a file cannot be read, or is no regular file: a pipe could keep us waiting for ever.

    >>> sha256_of("abc")[:8]
    'ba7816bf'
    """
    if isinstance(content, Path):
        # Without O_NONBLOCK the opening of a pipe waits for somebody who writes.
        descriptor = os.open(content, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file", str(content))
            return hashlib.file_digest(file, "sha256").hexdigest()
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    return hashlib.sha256(data).hexdigest()


# --- locks --------------------------------------------------------------------------------------------------


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


def _open_lock(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | _FLAGS, 0o666)
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
