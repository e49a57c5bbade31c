"""Whether windows can be shown here, asked of the display itself: Qt ends the process where none answers."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from pathlib import Path

_ANSWER_SECONDS = 5.0
_NEED_A_DISPLAY = ("", "xcb", "wayland")


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
    family = getattr(socket, "AF_UNIX", None)  # no such sockets on Windows, and no Wayland either
    if family is None:
        return False
    with socket.socket(family) as asked:
        asked.settimeout(_ANSWER_SECONDS)
        return asked.connect_ex(str(path)) == 0


def has_display() -> bool:
    """Return whether windows can be shown."""
    return not lacking()


def can_be_seen() -> bool:
    """Return whether somebody can see windows: there is a display, and Qt was not told to do without."""
    return has_display() and os.environ.get("QT_QPA_PLATFORM") not in ("offscreen", "minimal")
