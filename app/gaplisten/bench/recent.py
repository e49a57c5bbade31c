"""The files and folders that were opened last."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

MOST = 10


def with_newest(recent: Iterable[str], path: Path) -> list[str]:
    """Return the list with `path` at its head, each place once, at most ten of them."""
    newest = os.path.normpath(path.absolute())
    return [newest, *(each for each in recent if each != newest)][:MOST]


def is_there(path: str) -> bool:
    """Return whether a place can still be opened (missing ones are shown grey, not dropped)."""
    try:
        return Path(path).exists()
    except OSError:
        return False
