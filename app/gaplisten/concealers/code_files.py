"""The code in a plugin's folder: what it can import, now or later."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

_SUFFIXES = frozenset({".py", ".pyc", ".so", ".pyd"})


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
    looked_at = 0
    for inner, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        looked_at += len(names) + len(folders)
        if looked_at > most:
            raise OSError(errno.EFBIG, "it has too many files", str(folder))
        yield from (Path(inner, each) for each in sorted(names) if Path(each).suffix in _SUFFIXES)
