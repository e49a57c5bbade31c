"""What may go on while sound plays: a busy window, busy cores, a held interpreter, garbage."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_WINDOW = """
import os, sys, time
os.environ["QT_QPA_PLATFORM"] = "offscreen"
import numpy as np, pyqtgraph as pg
from PySide6.QtCore import QTimer
app = pg.mkQApp()
plot = pg.PlotWidget(); plot.resize(1400, 400)
plot.setDownsampling(auto=True, mode="peak"); plot.setClipToView(True)
plot.plot(np.random.default_rng(1).standard_normal(48000 * 10)); plot.show()
step = 0
def pan():
    global step
    step += 1
    span = 10000 + 9000 * np.sin(step / 7)
    left = step * 991 % 400000
    plot.setXRange(left, left + span, padding=0); plot.grab()
timer = QTimer(); timer.timeout.connect(pan); timer.start(0)
watch = QTimer(); watch.timeout.connect(lambda: os.getppid() == int(sys.argv[1]) or app.quit())
watch.start(200)
app.exec()
"""

_CONCEALER = """
import os, sys
import numpy as np
rng = np.random.default_rng(1)
while os.getppid() == int(sys.argv[1]):
    block = rng.standard_normal((400, 400))
    np.linalg.lstsq(block, block[:, :8], rcond=None)
    sum(i * i for i in range(20000))
"""


@contextmanager
def _processes(code: str, count: int) -> Iterator[None]:
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(os.getpid())], stderr=subprocess.DEVNULL)
        for _ in range(count)
    ]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


@contextmanager
def busy_window() -> Iterator[None]:
    """(a) A window that pans and zooms as fast as it can."""
    with _processes(_WINDOW, 1):
        yield


@contextmanager
def busy_cores() -> Iterator[None]:
    """(b) One concealer-like process per core."""
    with _processes(_CONCEALER, os.cpu_count() or 1):
        yield


@contextmanager
def _repeated(action: object, pause: float) -> Iterator[None]:
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(pause):
            action()  # type: ignore[operator]

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def hold_interpreter(seconds: float = 1.0) -> float:
    """Stay in one C call that keeps the interpreter; return for how long it did."""
    count = round(4e7 * seconds)
    before = time.perf_counter()
    sum(range(count))
    return time.perf_counter() - before


@contextmanager
def held_interpreter(pause: float = 0.5) -> Iterator[None]:
    """(c) A C call that holds this process's interpreter for about a second, again and again."""
    with _repeated(hold_interpreter, pause):
        yield


def litter() -> None:
    """Make a heap of cycles and have it collected."""
    heap = []
    for _ in range(150_000):
        cell: list[object] = []
        cell.append(cell)
        heap.append(cell)
    del heap
    gc.collect()


@contextmanager
def garbage(pause: float = 0.05) -> Iterator[None]:
    """(d) Garbage collections of a large heap."""
    with _repeated(litter, pause):
        yield


BURDENS = {"window": busy_window, "cores": busy_cores, "interpreter": held_interpreter, "garbage": garbage}


@contextmanager
def all_burdens() -> Iterator[None]:
    """Everything at once."""
    with ExitStack() as stack:
        for burden in BURDENS.values():
            stack.enter_context(burden())
        yield
