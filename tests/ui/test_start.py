"""What the window's start brings with it: every heavy library waits until it is needed."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import pytest
from PySide6.QtCore import QObject

from gaplisten.ui.ending import end_on_signals
from gaplisten.ui.start import _let_go

HEAVY = ("scipy", "pandas", "pydantic", "pebble", "pyqtgraph", "onnxruntime", "soxr", "PIL")
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


@pytest.mark.parametrize("name", [*HEAVY, *NETWORK])
def test_a_clip_is_painted_without(loaded_when_shown: set[str], name: str) -> None:
    assert "gaplisten.clips.opening" in loaded_when_shown
    assert name not in loaded_when_shown


class Window(QObject):
    """A window that notes what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.did: list[object] = []
        self.panes = {"file": self}

    def keep_now(self) -> None:
        self.did.append("kept")
        if "disk full" in self.did:
            raise OSError("disk full")

    def close_all(self) -> None:
        self.did.append("closed")

    def exit(self, status: int) -> None:
        self.did.append(status)


@pytest.fixture
def handlers() -> Any:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_end_from_outside_comes_after_what_it_interrupts(qtbot, qapp, handlers, number) -> None:
    window = Window()
    end_on_signals(window, window, lambda: _let_go(window))  # type: ignore[arg-type]
    signal.raise_signal(number)
    window.did.append("was at it")
    qtbot.waitUntil(lambda: 130 in window.did)
    assert window.did == ["was at it", "kept", "closed", 130]


def test_an_end_from_outside_comes_though_nothing_could_be_kept(qtbot, qapp, handlers) -> None:
    window = Window()
    window.did.append("disk full")
    end_on_signals(window, window, lambda: _let_go(window))  # type: ignore[arg-type]
    with qtbot.captureExceptions() as told:
        signal.raise_signal(signal.SIGTERM)
        qtbot.waitUntil(lambda: 130 in window.did)
    assert [str(error) for _, error, _ in told] == ["disk full"]
