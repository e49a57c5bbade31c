"""That votes of a session were saved once: an emptied file is told from one that nobody has written to.

Beside the order that a session drew stands an empty file, made when its first votes are on the disk. A
ratings file without a single vote, where that one is, had some.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from gaplisten.panel.drawn import PLANS
from gaplisten.panel.journal import opened_folder

_SUFFIX = ".begun"


def begun_path(ratings: Path) -> Path:
    """Return the file that says so of a session's ratings file."""
    return ratings.parent / PLANS / f"{ratings.stem}{_SUFFIX}"


def note_begun(ratings: Path, root: Path | None) -> bool:
    """Note that votes are in a ratings file; tell whether that could be done.

    Nothing hangs on it but that an emptied file is noticed: where it cannot be written the session goes on.
    """
    path = begun_path(ratings)
    with contextlib.suppress(OSError):
        if not path.parent.is_dir():
            path.parent.mkdir()
        with opened_folder(path, root) as folder:
            folder.write_whole(path.name, b"")
        return True
    return False


def forget_begun(ratings: Path) -> None:
    """Forget it: the ratings file is gone, or what it held was no whole trial; its session begins anew."""
    with contextlib.suppress(OSError):
        begun_path(ratings).unlink(missing_ok=True)


def was_emptied(ratings: Path) -> bool:
    """Tell whether a ratings file without votes had some."""
    return ratings.is_file() and begun_path(ratings).is_file()
