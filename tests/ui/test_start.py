"""What the window's start brings with it: every heavy library waits until it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("scipy", "pandas", "pydantic", "pebble", "pyqtgraph", "onnxruntime", "soxr")
NETWORK = ("http.client", "urllib.request", "ssl", "asyncio")
PROGRAM = """
import sys
import gaplisten.ui.start
from gaplisten.ui.shell import all_panes
assert all_panes()
print(*sorted(sys.modules))
"""
SHOWN = """
import os, sys
from gaplisten.ui.lanes.canvas import Canvas
from gaplisten.ui.start import application, begin
from gaplisten.ui.shell.window import WorkbenchWindow

class Shown:
    paint = Canvas.paintEvent

    def paintEvent(canvas, event):
        Shown.paint(canvas, event)
        if window.controller.opened is not None:
            print(*sorted(sys.modules), flush=True)
            window.close_all()
            os._exit(0)

Canvas.paintEvent = Shown.paintEvent
app = application()
window = WorkbenchWindow()
window.show()
begin(window, [], demo=True)
app.exec()
"""


def modules_after(program: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    return modules_after(PROGRAM)


@pytest.fixture(scope="module")
def loaded_when_shown() -> set[str]:
    return modules_after(SHOWN)


@pytest.mark.parametrize("name", [*HEAVY, *NETWORK])
def test_the_window_starts_without(loaded: set[str], name: str) -> None:
    assert name not in loaded


@pytest.mark.parametrize("name", ["scipy.signal", "scipy.stats", "pandas", "pebble", "asyncio", "soxr"])
def test_a_clip_is_painted_without(loaded_when_shown: set[str], name: str) -> None:
    assert "gaplisten.clips.opening" in loaded_when_shown
    assert name not in loaded_when_shown
