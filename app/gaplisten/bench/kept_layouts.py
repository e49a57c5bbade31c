"""How folders were taken by the user's choice, remembered for when they are opened anew."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from gaplisten import folders
from gaplisten.audio.channels import Reading, parse_channels
from gaplisten.audio.headerless import parse_raw
from gaplisten.bench.state import Sources
from gaplisten.clips.arrangement import Layout
from gaplisten.clips.names import Role
from gaplisten.errors import GaplistenError
from gaplisten.untrusted import read_regular

log = logging.getLogger(__name__)
T = TypeVar("T")

MOST = 500
"""So many folders are remembered; those chosen longest ago are forgotten first."""


def _place(folder: Path, suffix: str = ".toml") -> Path:
    # A digest: names of folders may be longer than file names, and hold what file names may not.
    name = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    return folders.user_state() / "layouts" / f"{name[:32]}{suffix}"


def folder_of(sources: Sources) -> Path | None:
    """Return the one folder that is opened as it lies; None for files, several folders and given roles."""
    single = len(sources.paths) == 1 and not sources.roles and sources.reference_folder is None
    return sources.paths[0] if single and sources.paths[0].is_dir() else None


def as_before(sources: Sources) -> Sources:
    """Return sources with what was chosen when this folder was open last, if anything was."""
    folder = folder_of(sources)
    if folder is not None:
        sources = replace(sources, reading=sources.reading.over(_reading_before(folder)))
    if folder is None or sources.layout is not None or sources.packet.said:
        return sources
    try:
        place = _place(folder)
        if not place.is_file():
            return sources
        from gaplisten.clips.layout_file import read_layout  # a tenth of a second, before anything is seen

        return replace(sources, layout=read_layout(place), remembered=True)
    except (GaplistenError, OSError) as error:
        log.warning("how %s was taken before is not known: %s", folder, error)
        return sources


def keep(sources: Sources, layout: Layout) -> None:
    """Remember how this folder is taken.

    Raises
    ------
    LayoutError
        If that cannot be written.
    """
    from gaplisten.clips.layout_file import write_layout

    folder = folder_of(sources)
    if folder is not None:
        with _kept(_place(folder)) as place:
            write_layout(place, layout)


def _reading_before(folder: Path) -> Reading:
    return Reading(_said_before(folder, ".raw", parse_raw), _said_before(folder, ".channels", parse_channels))


def _said_before(folder: Path, suffix: str, parse: Callable[[str], T]) -> T | None:
    place = _place(folder, suffix)
    try:
        return parse(read_regular(place, 1000).decode("ascii")) if place.is_file() else None
    except (GaplistenError, OSError, UnicodeDecodeError) as error:
        log.warning("how files in %s were read before is not known: %s", folder, error)
        return None


def keep_reading(sources: Sources) -> None:
    """Remember what this folder's files without a header hold, and which channels are used.

    Raises
    ------
    LayoutError
        If that cannot be written.
    """
    from gaplisten.durable.files import write_whole

    folder = folder_of(sources)
    said = {".raw": sources.reading.raw, ".channels": sources.reading.channels}
    for suffix, value in said.items():
        if folder is not None and value is not None:
            with _kept(_place(folder, suffix)) as place:
                write_whole(place, str(value))


@contextmanager
def _kept(place: Path) -> Iterator[Path]:
    """Give the place where something is written to be remembered; too old ones of its kind go then."""
    from gaplisten.clips.layout_file import LayoutError
    from gaplisten.durable.files import not_written

    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        yield place
        _forget_oldest(place)
    except OSError as error:
        raise LayoutError(*not_written(place, error)) from error


def _forget_oldest(new: Path) -> None:
    kept = sorted(new.parent.glob(f"*{new.suffix}"), key=lambda path: path.stat().st_mtime)
    for old in kept[:-MOST]:
        old.unlink(missing_ok=True)


def forget(sources: Sources) -> None:
    """Take this folder as its names tell, from now on."""
    folder = folder_of(sources)
    if folder is not None:
        _place(folder).unlink(missing_ok=True)


def told(layout: Layout) -> str:
    """Return in words what files are taken as: "clean is the reference, noisy the condition noisy"."""
    parts = [
        f"{part.files} as {part.role}" + (f" {part.name}" if part.name else "")
        for part in layout.parts
        if part.role is not Role.UNUSED
    ]
    shown = ", ".join(parts[:4])
    return f"{shown}, and {len(parts) - 4} more" if len(parts) > 4 else shown
