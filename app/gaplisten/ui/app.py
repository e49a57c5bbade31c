"""Whether windows can be shown, asked of the display itself (Qt ends the process where none answers)."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from gaplisten.errors import GaplistenError

_ANSWER_SECONDS = 5.0
_NEED_A_DISPLAY = ("", "xcb", "wayland")
_XCB_HINT = (
    "on Debian or Ubuntu: sudo apt install libxcb-cursor0 libxkbcommon-x11-0 libegl1 libdbus-1-3 "
    "libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-xinerama0"
)


class NoWindows(GaplistenError):  # noqa: N818 - it is the machine's state
    """Qt is missing or cannot show windows here."""


def lacking() -> str:
    """Return why no window can be shown here, in words; an empty text where one can."""
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if platform not in _NEED_A_DISPLAY or sys.platform.startswith(("win", "darwin", "cygwin")):
        return ""
    x, wayland = os.environ.get("DISPLAY"), os.environ.get("WAYLAND_DISPLAY")
    if not (x or wayland):
        return "there is no display"
    if (x and x_answers(x)) or (wayland and wayland_answers(wayland)):
        return ""
    return f"the display {' or '.join(filter(None, (x, wayland)))} does not answer"


def x_answers(name: str) -> bool:
    """Whether an X server lets us in; also where that cannot be asked."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # what Qt lacks is told elsewhere
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(name.encode(), None)
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not failed


def wayland_answers(name: str) -> bool:
    """Whether a Wayland compositor listens under that name."""
    path = Path(os.environ.get("XDG_RUNTIME_DIR", "/")) / name
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(_ANSWER_SECONDS)
        return asked.connect_ex(str(path)) == 0


def has_display() -> bool:
    """Return whether windows can be shown."""
    return not lacking()


def can_be_seen() -> bool:
    """Return whether somebody can see windows: there is a display, and Qt was not told to do without."""
    return has_display() and os.environ.get("QT_QPA_PLATFORM") not in ("offscreen", "minimal")


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
