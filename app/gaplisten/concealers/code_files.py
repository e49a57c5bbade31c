"""The code in a plugin's folder: what it can import, now or later."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SUFFIXES = frozenset({".py", ".pyc", ".so", ".pyd"})
_TICK_NS = 2_000_000_000  # FAT's; others tick every few ms


@dataclass(frozen=True, slots=True)
class CodeFolder:
    """One folder, with the code that lies in it.

    Parameters
    ----------
    path
        Where it is.
    modified
        When anything in it last came or went, in ns; -1 where that was a moment ago, so that it tells
        nothing of what comes next.
    below
        Names of the folders in it that are not hidden, in order.
    code
        Modules, compiled ones too, in order.
    """

    path: Path
    modified: int
    below: tuple[str, ...]
    code: tuple[Path, ...]


def is_code(name: str) -> bool:
    """Tell by its name whether a file is one that Python would import."""
    return os.path.splitext(name)[1] in _SUFFIXES


def code_below(folder: Path, most: int) -> Iterator[Path]:
    """Give modules, compiled ones too, in a folder and in those below it that are not hidden, in order.

    Parameters
    ----------
    most
        Files and folders to look at.

    Raises
    ------
    OSError
        If there are more of them.
    """
    for each in code_folders(folder, most):
        yield from each.code


def code_folders(folder: Path, most: int) -> Iterator[CodeFolder]:
    """Give a folder and those below it that are not hidden, through links too, as Python imports.

    Raises
    ------
    OSError
        As for `code_below`.
    """
    looked_at, known, left = 0, set[tuple[int, int]](), [Path(folder)]
    while left:
        inner = left.pop()
        try:
            # Asked before it is listed: what comes in between is missing here, but its coming will be seen.
            found = inner.stat()
            below, names = _listed(inner)
        except OSError:
            if inner == folder:
                raise
            continue  # what cannot be read cannot be imported
        if (found.st_dev, found.st_ino) in known:  # a link that leads back
            continue
        known.add((found.st_dev, found.st_ino))
        looked_at += len(names) + len(below)
        if looked_at > most:
            raise OSError(errno.EFBIG, "it has too many files", str(folder))
        code = tuple(inner / each for each in names if is_code(each))
        yield CodeFolder(inner, _modified(found), tuple(below), code)
        left += [inner / each for each in reversed(below)]


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names of the folders in a folder that are not hidden, and of the files, in order."""
    below, names = [], []
    with os.scandir(folder) as entries:
        for each in entries:
            if not _is_folder(each):
                names.append(each.name)
            elif not each.name.startswith("."):
                below.append(each.name)
    return sorted(below), sorted(names)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _modified(found: os.stat_result) -> int:
    """Return when anything in a folder last came or went; -1 where that is so recent that it may go on.

    Clocks of file systems tick: two files that come within one tick leave the same time.
    """
    return -1 if abs(time.time_ns() - found.st_mtime_ns) < _TICK_NS else found.st_mtime_ns
