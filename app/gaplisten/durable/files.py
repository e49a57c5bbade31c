"""Files written whole: after a crash or a full disk they hold all of the new or all of the old."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# Windows would turn line ends, and nobody may put a link in our way.
OWN_FILE = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


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
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | OWN_FILE, 0o666))
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
    if "\0" in str(path):  # a stranger's table can hold such a name, which no system takes
        raise OSError(errno.EINVAL, "its name holds a zero byte", str(path))
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
