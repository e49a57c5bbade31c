"""The code in a plugin's folder: what it can import, now or later."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SUFFIXES = frozenset({".py", ".pyc", ".so", ".pyd"})


@dataclass(frozen=True, slots=True)
class CodeFolder:
    """One folder, with the code that lies in it.

    Parameters
    ----------
    path
        Where it is.
    modified
        When anything in it last came or went, in ns.
    below
        Names of the folders in it that are not hidden, in order.
    code
        Modules, compiled ones too, in order.
    """

    path: Path
    modified: int
    below: tuple[str, ...]
    code: tuple[Path, ...]


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
    looked_at, known = 0, set[tuple[int, int]]()
    for inner, folders, names in os.walk(folder, followlinks=True):
        found = os.stat(inner)
        if (found.st_dev, found.st_ino) in known:  # a link that leads back
            folders.clear()
            continue
        known.add((found.st_dev, found.st_ino))
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        looked_at += len(names) + len(folders)
        if looked_at > most:
            raise OSError(errno.EFBIG, "it has too many files", str(folder))
        code = tuple(Path(inner, each) for each in sorted(names) if Path(each).suffix in _SUFFIXES)
        yield CodeFolder(Path(inner), found.st_mtime_ns, tuple(folders), code)
