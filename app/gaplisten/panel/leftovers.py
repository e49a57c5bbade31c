"""What a writer that was killed left beside a session's files: votes of somebody, conditions maybe.

A file is put in the place of another one from a ``.part`` beside it. Nothing reads those, but they hold what
the file was to hold: they go with the session's files, and when nobody is writing them any more.
"""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path

from gaplisten.panel.journal import opened_folder

_NAME = 40  # letters of a file's name that stand in that of its part
_WRITING = 3600.0  # seconds; nobody writes a session's file for so long


def left_behind(path: Path) -> list[Path]:
    """Return the parts of a file that stand beside it; links are none.

    Of a long name only the beginning is in that of a part, which may be another session's: those count when
    they are old.
    """
    form = re.compile(re.escape(path.name[:_NAME]) + r"\.[0-9a-f]{12}\.part")
    old = time.time() - _WRITING if len(path.name) > _NAME else float("inf")
    found = []
    with contextlib.suppress(OSError):
        for one in sorted(path.parent.iterdir()):
            if form.fullmatch(one.name) and one.is_file() and not one.is_symlink():
                with contextlib.suppress(FileNotFoundError):
                    found += [one] if one.stat().st_mtime < old else []
    return found


def clear(path: Path, root: Path | None) -> None:
    """Remove the parts of a file that nobody writes now: who calls this holds its session's lock.

    Parameters
    ----------
    root
        As for `journal.opened_folder`.
    """
    for one in left_behind(path):
        with contextlib.suppress(OSError), opened_folder(one, root) as folder:
            folder.remove(one.name)
