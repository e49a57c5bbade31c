"""Files that strangers may have made: regular files only, of bounded size, and where they are said to be.

A file that somebody sent can be a pipe on which a reader waits for ever, a device, a link that leads a writer
to another file, or grow while it is read. What lies in a folder of theirs is opened through the open folder,
name by name and without following links, so that nobody can put another folder in its place meanwhile.
"""

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

from gaplisten.durable.files import sync_folder, write_all

# O_NONBLOCK: opening a pipe must not wait for somebody who writes.
_FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
MOST_SETTINGS = 1_000_000
"""Bytes of a file of settings at most: one that somebody writes by hand has a few hundred."""


def read_regular(path: Path, most: int) -> bytes:
    """Return the bytes of a regular file that the user named; a link to one is followed.

    Parameters
    ----------
    most
        Bytes that it may have at most; not one more is read.

    Raises
    ------
    OSError
        If it is something else, larger, or cannot be read; `strerror` says so without the name.
    """
    with open_regular(path) as descriptor:
        return read_at_most(descriptor, most, path)


@contextmanager
def open_regular(path: Path) -> Iterator[int]:
    """Give the descriptor of a regular file that the user named, open for reading; a link is followed.

    Raises
    ------
    OSError
        If it is something else or cannot be opened; nothing is waited for.
    """
    _ask(os.stat(path).st_mode, path)  # some devices act when they are but opened
    descriptor = os.open(path, os.O_RDONLY | _FLAGS)
    try:
        _ask(os.fstat(descriptor).st_mode, path)
        yield descriptor
    finally:
        os.close(descriptor)


def open_file(path: Path) -> BinaryIO:
    """Return a regular file that the user named, open for reading; a link is followed.

    Raises
    ------
    OSError
        If it is something else or cannot be opened; nothing is waited for.
    """
    with open_regular(path) as descriptor:
        return os.fdopen(os.dup(descriptor), "rb")


def read_at_most(descriptor: int, most: int, path: Path) -> bytes:
    """Return what an open file holds, from its beginning.

    Raises
    ------
    OSError
        If it holds more than `most` bytes.
    """
    size = os.fstat(descriptor).st_size
    if size > most:
        raise OSError(errno.EFBIG, f"it has {size:,} bytes, {most:,} are allowed", str(path))
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts, left = [], most + 1
    while left and (part := os.read(descriptor, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    if not left:
        raise OSError(errno.EFBIG, f"it grows beyond the {most:,} bytes that are allowed", str(path))
    return b"".join(parts)


def _ask(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    if stat.S_ISLNK(mode):
        raise OSError(errno.ELOOP, "it is a link", str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))


# Windows has another kind of link, which Python knows from 3.12 on.
_is_junction = getattr(os.path, "isjunction", os.path.islink)


class Folder:
    """A folder of a stranger's, held open; what is asked of it happens in it and nowhere else.

    Parameters
    ----------
    root
        The folder that the user named.
    below
        Folders below it, one in the other.

    Raises
    ------
    OSError
        If it is not there, cannot be read, or one below `root` is a link.
    """

    def __init__(self, root: Path, *below: str) -> None:
        self.path = root.joinpath(*below)
        self._descriptor = -1
        if sys.platform == "win32":  # no folder can be held open there, and links are rare: looked at by name
            for folder in (root, *(root.joinpath(*below[: end + 1]) for end in range(len(below)))):
                if folder is not root and (folder.is_symlink() or _is_junction(folder)):
                    raise OSError(errno.ELOOP, "it is a link", str(folder))
                if not folder.is_dir():
                    raise NotADirectoryError(errno.ENOTDIR, "it is not there, or no folder", str(folder))
        else:
            self._descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            for at, name in enumerate(below, start=1):
                self._descend(name, root.joinpath(*below[:at]))

    if sys.platform != "win32":

        def _descend(self, name: str, path: Path) -> None:
            outer = self._descriptor
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                self._descriptor = os.open(_one_name(name), flags, dir_fd=outer)
            except OSError as error:
                link = error.errno in (errno.ELOOP, errno.ENOTDIR) and path.is_symlink()
                if link:
                    raise OSError(errno.ELOOP, "it is a link", str(path)) from None
                raise OSError(error.errno, error.strerror, str(path)) from None
            finally:
                os.close(outer)
                if self._descriptor == outer:
                    self._descriptor = -1

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _at(self, name: str) -> str | Path:
        return _one_name(name) if self._descriptor >= 0 else self.path / _one_name(name)

    @property
    def _in(self) -> int | None:
        return self._descriptor if self._descriptor >= 0 else None

    @contextmanager
    def open(self, name: str, flags: int = os.O_RDONLY) -> Iterator[int]:
        """Give the descriptor of a regular file in the folder.

        Raises
        ------
        OSError
            If it is a link or anything else but a regular file, or cannot be opened. For writing, also when
            it has a second name: it may be a file of the listener's that somebody put here.
        """
        path = self.path / name
        with contextlib.suppress(FileNotFoundError):
            _ask(os.stat(self._at(name), dir_fd=self._in, follow_symlinks=False).st_mode, path)
        descriptor = os.open(self._at(name), flags | _FLAGS | _NOFOLLOW, 0o666, dir_fd=self._in)
        try:
            found = os.fstat(descriptor)
            _ask(found.st_mode, path)
            if found.st_nlink > 1 and flags & (os.O_WRONLY | os.O_RDWR):
                raise OSError(errno.EMLINK, "it has a second name, maybe outside this folder", str(path))
            yield descriptor
        finally:
            os.close(descriptor)

    def read(self, name: str, most: int) -> bytes:
        """Return the bytes of a regular file in the folder, `most` of them at most.

        Raises
        ------
        OSError
            As for `open`, and if it is larger.
        """
        with self.open(name) as descriptor:
            return read_at_most(descriptor, most, self.path / name)

    def append(self, name: str, data: bytes) -> None:
        """Add to a file, which is made when it is not there, and wait until the disk has it.

        Raises
        ------
        OSError
            As for `open`, and if it cannot be written.
        """
        with self.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT) as descriptor:
            write_all(descriptor, data)

    def write_whole(self, name: str, data: bytes) -> None:
        """Put `data` in the place of a file: after a crash or a full disk it holds the new or the old.

        Raises
        ------
        OSError
            If it cannot be done; the file is then as it was.
        """
        part = f"{name[:40]}.{secrets.token_hex(6)}.part"
        try:
            with self.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as descriptor:
                write_all(descriptor, data)
            os.replace(self._at(part), self._at(name), src_dir_fd=self._in, dst_dir_fd=self._in)
        except OSError:
            with contextlib.suppress(OSError):
                self.remove(part)
            raise
        self.sync()

    def remove(self, name: str) -> None:
        """Remove a file, or a link itself.

        Raises
        ------
        OSError
            If it is not there or cannot be removed.
        """
        os.unlink(self._at(name), dir_fd=self._in)

    def sync(self) -> None:
        """Wait until the disk has the names that are new or gone.

        Raises
        ------
        OSError
            If the disk reports an error.
        """
        if self._descriptor < 0:
            sync_folder(self.path)
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems cannot
                raise


def _one_name(name: str) -> str:
    if name in ("", ".", "..") or "\0" in name or "/" in name or (os.name == "nt" and "\\" in name):
        raise OSError(errno.EINVAL, "it leads out of its folder", name)
    return name
