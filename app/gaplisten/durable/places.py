"""Places to write to: whether something can be put there, and names that every system allows."""

from __future__ import annotations

import re
from pathlib import Path

from gaplisten.durable.files import is_special
from gaplisten.errors import GaplistenError


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

    It begins with no hyphen either: a shell would hand it to a program as an option.

    >>> safe_name("a/b: <c>. ")
    'a_b_ _c_'
    >>> safe_name("-rf")
    '_rf'
    """
    kept = re.sub(r'[\\/:*?"<>|\x00-\x1f\ud800-\udfff]', "_", name).strip(" .")
    return re.sub("^-", "_", kept) or "clip"
