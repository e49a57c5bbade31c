"""Drives our own window with real X events: a scenario is a generator that yields what it waits for.

The scenario runs on the window's thread between events, so it may look at widgets; what it does, it does
through the X server with xdotool, as a hand on mouse and keyboard would.
"""

from __future__ import annotations

import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from kit.timing import PATIENCE, who_is_busy

Condition = Callable[[], object]
Scenario = Iterator[Condition]


def _xdotool(*words: str) -> None:
    subprocess.run(["xdotool", *words], check=True, timeout=PATIENCE)


def press(*keys: str) -> None:
    """Press keys, one after the other (xdotool's names: Return, space, Up, ctrl+o)."""
    _xdotool("key", "--delay", "40", *keys)


def write(text: str) -> None:
    """Type text into what has the focus."""
    _xdotool("type", "--delay", "20", text)


def click(widget: QWidget, at: QPoint | None = None, count: int = 1) -> None:
    """Click into a widget: its middle, or a point of it."""
    place = widget.mapToGlobal(at if at is not None else widget.rect().center())
    ratio = widget.devicePixelRatioF()
    x, y = str(round(place.x() * ratio)), str(round(place.y() * ratio))
    _xdotool("mousemove", "--sync", x, y, "click", "--repeat", str(count), "--delay", "60", "1")


def pause(seconds: float) -> Condition:
    """Return a condition that holds after some time: for what has no state to look at."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() >= until


def grab(path: Path) -> None:
    """Save a picture of the whole screen."""
    screen = QApplication.primaryScreen()
    assert screen is not None
    screen.grabWindow(0).save(str(path))


def place(scenario: Scenario) -> str:
    """Return where a scenario waits, from its own line down to the scenarios that it waits for."""
    lines = []
    inner: object = scenario
    while (frame := getattr(inner, "gi_frame", None)) is not None:
        lines.append(f"line {frame.f_lineno} in {frame.f_code.co_name}")
        inner = getattr(inner, "gi_yieldfrom", None)
    return ", ".join(lines) or "the end"


class Driver:
    """Runs a scenario beside the event loop and ends the program with its outcome.

    Parameters
    ----------
    how
        How things stand, told when a wait was in vain.
    """

    def __init__(self, scenario: Scenario, finish: Callable[[], None], how: Callable[[], str] = str) -> None:
        self._scenario, self._finish, self._how = scenario, finish, how
        self._condition: Condition = lambda: True
        self._deadline = time.monotonic() + PATIENCE
        self.failed = ""
        # An exception in a slot would otherwise be printed and waited past.
        sys.excepthook = lambda kind, error, trace: self._end(
            "".join(traceback.format_exception(kind, error, trace))
        )
        self._timer = QTimer(interval=20)
        self._timer.timeout.connect(self._step)
        self._timer.start()

    def _step(self) -> None:
        try:
            if self._condition():
                self._condition = next(self._scenario)
                self._deadline = time.monotonic() + PATIENCE
            elif time.monotonic() > self._deadline:
                at = f"waited {PATIENCE:g} s in vain at {place(self._scenario)}"
                self._end(f"{at}: {self._how()} ({who_is_busy()})")
        except StopIteration:
            self._end("")
        except Exception:  # noqa: BLE001 - whatever broke is the test's outcome
            self._end(traceback.format_exc())

    def _end(self, failed: str) -> None:
        self._timer.stop()
        self.failed = failed
        if failed:
            print(failed, file=sys.stderr, flush=True)
        self._finish()
