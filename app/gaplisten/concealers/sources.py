"""Where plugins are looked for: names and files only, nothing is run."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaplisten.folders import bundled_plugins, user_plugins

ENTRY_POINTS = "gaplisten.concealers"


@dataclass(frozen=True, slots=True)
class Source:
    """One plugin file, or one entry point (then `path` is its value, ``module:Class``)."""

    name: str
    path: Path
    origin: str
    entry_point: str = ""


def find_sources(
    folders: Sequence[Path] = (), *, others: bool = True
) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """List plugins, and say which named folders cannot be read.

    Parameters
    ----------
    folders
        Folders that the user named.
    others
        Whether to look in the bundled folder, the user's plugin folder and the entry points too.

    Notes
    -----
    Of two plugins with one name the more personal wins: named folder, user's folder, entry point, bundled.
    """
    problems = tuple(
        f"{folder}: is not a folder that can be read" for folder in folders if not _readable(folder)
    )
    found: dict[str, Source] = {}
    if others:
        found.update((source.name, source) for source in _in_folder(bundled_plugins(), "bundled"))
        found.update((source.name, source) for source in _entry_points())
        found.update((source.name, source) for source in _in_folder(user_plugins(), "user"))
    for folder in folders:
        found.update((source.name, source) for source in _in_folder(folder, "named"))
    return tuple(found[name] for name in sorted(found)), problems


def _readable(folder: Path) -> bool:
    try:
        next(iter(folder.iterdir()), None)
    except OSError:
        return False
    return True


def _in_folder(folder: Path, origin: str) -> Iterator[Source]:
    try:
        files = sorted(folder.glob("*.py"))
    except OSError:
        return
    for path in files:
        # Folders and pipes are none; a link that leads nowhere is kept, to be said.
        named = not path.name.startswith(("_", "."))
        if named and (path.is_file() or path.is_symlink()):
            yield Source(path.stem, path.absolute(), origin)


def _entry_points() -> Iterator[Source]:
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        yield Source(point.name, Path(point.value), "entry point", point.value)
