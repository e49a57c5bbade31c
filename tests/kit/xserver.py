"""A real X server with a window manager, for as long as a test needs it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

from kit.timing import PATIENCE

PROGRAMS = ("Xvfb", "openbox", "xdotool")


def missing() -> str:
    """Return the names of the programs that are not there."""
    return ", ".join(name for name in PROGRAMS if not shutil.which(name))


def _start_server(size: str) -> tuple[subprocess.Popen[bytes], str]:
    reader, writer = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(writer),
        "-screen",
        "0",
        f"{size}x24",
        "-nolisten",
        "tcp",
        "-noreset",
    ]
    server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        number = pipe.readline().strip()
    if not number:
        server.kill()
        raise RuntimeError("Xvfb did not start")
    return server, f":{number}"


@contextlib.contextmanager
def x_server(size: str = "1400x900") -> Iterator[dict[str, str]]:
    """Give the environment in which a program finds the server; both end with the block."""
    server, display = _start_server(size)
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "LC_ALL": "C.UTF-8"}
    environment.pop("WAYLAND_DISPLAY", None)
    manager = subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield environment
    finally:
        for process in (manager, server):
            process.terminate()
            process.wait(PATIENCE)
