"""`gaplisten [PATH ...]`: the workbench on a folder or files."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

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
) -> None:
    """Open the workbench."""
    for path in paths or []:
        if not path.exists():
            raise GaplistenError(
                str(path), "is not there", "check the path; 'gaplisten --help' lists the commands"
            )
    raise typer.Exit(run_workbench(paths or []))


def run_workbench(paths: Sequence[Path], demo: bool = False) -> int:
    """Open the workbench and stay until it is closed.

    Parameters
    ----------
    paths
        What to open: a workbench file, folders of clips, or loose files.
    demo
        Whether to open the bundled demo when no path is given.

    Raises
    ------
    NoWindows
        If Qt is not installed or there is no display.
    """
    if why := lacking():
        raise NoWindows("window", why, "set DISPLAY, or use 'gaplisten demo --out DIR'")
    _check_libraries()
    from gaplisten.ui.start import start

    return start([Path(path) for path in paths], demo)


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
