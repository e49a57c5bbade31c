"""`gaplisten [PATH ...]`: the workbench on a folder or files."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gaplisten.bench.state import Sources
from gaplisten.clips.clip import DEFAULT_PACKET_MS
from gaplisten.commands.folder_options import (
    ChannelsOption,
    LayoutFile,
    PacketFrames,
    PacketMs,
    Raw,
    ReferenceFolder,
    layout_from,
    packet_length,
    reading_from,
)
from gaplisten.display import lacking
from gaplisten.errors import GaplistenError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

_XCB_HINT = (
    "on Debian or Ubuntu: sudo apt install libxcb-cursor0 libxkbcommon-x11-0 libegl1 libdbus-1-3 "
    "libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-xinerama0"
)


class NoWindows(GaplistenError):  # noqa: N818 - it is the machine's state
    """Qt is missing or cannot show windows here."""


@app.command()
def open_workbench(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="folders of clips, loose files, or a workbench file")
    ] = None,
    reference_folder: ReferenceFolder = None,
    packet_ms: PacketMs = None,
    packet: PacketFrames = None,
    layout: LayoutFile = None,
    raw: Raw = None,
    channels: ChannelsOption = None,
    clip: Annotated[str | None, typer.Option("--clip", metavar="NAME", help="Show this clip first.")] = None,
    gap: Annotated[
        int | None, typer.Option("--gap", min=1, metavar="K", help="Go to this gap of it, counted from 1.")
    ] = None,
    version: Annotated[
        str | None,
        typer.Option("--version", metavar="NAME", help="Hear this version; --gap is one of its own losses."),
    ] = None,
) -> None:
    """Open the workbench, at a clip and a gap if wanted."""
    if not paths and (clip is not None or gap is not None or version is not None):
        raise GaplistenError(
            "--clip, --gap, --version", "say where to go in what is opened", "name a folder or file, too"
        )
    for path in paths or []:
        if not path.exists():
            raise GaplistenError(
                str(path), "is not there", "check the path; 'gaplisten --help' lists the commands"
            )
    how = Sources(
        reference_folder=reference_folder,
        packet_ms=DEFAULT_PACKET_MS if packet_ms is None else packet_ms,
        packet_frames=packet_length(packet_ms, packet).frames,
        layout=layout_from(layout),
        reading=reading_from(raw, channels),
    )
    raise typer.Exit(run_workbench(paths or [], how=how, clip=clip, gap=gap, version=version))


def run_workbench(
    paths: Sequence[Path],
    demo: bool = False,
    how: Sources | None = None,
    *,
    clip: str | None = None,
    gap: int | None = None,
    version: str | None = None,
) -> int:
    """Open the workbench and stay until it is closed.

    Parameters
    ----------
    paths
        What to open: a workbench file, folders of clips, or loose files.
    demo
        Whether to open the bundled demo when no path is given.
    how
        How folders are to be read; its paths are not looked at.
    clip, gap
        Where to go: a clip's name, and the number of one of its gaps, from 1.
    version
        Which version is heard, and of whose own losses `gap` is one where it has any.

    Raises
    ------
    NoWindows
        If Qt is not installed or there is no display.
    """
    if why := lacking():
        raise NoWindows("window", why, "set DISPLAY, or use 'gaplisten demo --out DIR'")
    _check_libraries()
    from gaplisten.ui.start import start

    return start([Path(path) for path in paths], demo, how or Sources(), clip, gap, version)


def _check_libraries() -> None:
    try:
        import PySide6.QtGui  # noqa: F401 - its libraries are what is looked for
    except ImportError as error:
        hint = _XCB_HINT if sys.platform.startswith("linux") else "install PySide6-Essentials"
        raise NoWindows("Qt", str(error), hint) from error
    platform = os.environ.get("QT_QPA_PLATFORM", "xcb" if os.environ.get("DISPLAY") else "")
    if sys.platform.startswith("linux") and platform == "xcb" and not _xcb_loads():
        raise NoWindows("Qt", "its window plugin 'xcb' lacks a library of the system", _XCB_HINT)


def _xcb_loads() -> bool:
    """Whether the library that Qt aborts without (the whole process, uncatchably) is there."""
    try:
        ctypes.CDLL("libxcb-cursor.so.0")
    except OSError:
        return False
    return True
