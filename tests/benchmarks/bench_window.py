"""The whole window, offscreen: start to usable; changed parameter to lane redrawn and sound exchanged."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from figures import Figure

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "resources" / "demo"

START = """
import sys, time
began = float(sys.argv[1])
from pathlib import Path
from PySide6.QtCore import QTimer
from gaplisten.ui.start import application, begin
from gaplisten.ui.shell.window import WorkbenchWindow
app = application()
window = WorkbenchWindow()
window.show()
begin(window, [Path(sys.argv[2])], demo=False)
def look():
    view = window.lanes_view
    opened = window.controller.opened is not None and bool(window.controller.lanes)
    if opened and view.isVisible() and not view.busy:
        view.grab()
        print(time.time() - began, time.process_time(), flush=True)
        window.close_all()
        app.quit()
timer = QTimer(interval=5)
timer.timeout.connect(look)
timer.start()
app.exec()
"""


def start_seconds() -> tuple[float, float]:
    """Return the seconds from starting Python to a clip whose lanes are painted, and those of a processor."""
    command = [sys.executable, "-c", START, str(time.time()), str(DEMO)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    clock, worked = done.stdout.split()[-2:]
    return float(clock), float(worked)


def ten_seconds(folder: Path) -> None:
    """Write a clip of 10 s with 20 % random loss, in the layout of the 2022 challenge."""
    parts = [soundfile.read(DEMO / "clean" / f"demo{n}.flac", dtype="int16")[0] for n in (1, 2)]
    clean = np.concatenate(parts)[:160000]
    lost = np.random.default_rng(1).random(500) < 0.2
    lossy = np.where(np.repeat(lost, 320), 0, clean).astype(np.int16)
    for name, samples in (("clean_signals", clean), ("lossy_signals", lossy)):
        (folder / name).mkdir(parents=True)
        soundfile.write(folder / name / "1.wav", samples, 16000, subtype="PCM_16")
    (folder / "lossy_signals" / "1_is_lost.txt").write_text("".join(f"{int(flag)}\n" for flag in lost))


class Exchange:
    """A player that notes when a lane's sound is exchanged."""

    def __init__(self, silent: Any) -> None:
        self._silent = silent
        self.exchanged = 0

    def replace(self, lane: int, signal: Any) -> None:
        self.exchanged += 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._silent, name)


def changes(name: str, values: list[tuple[str, Any]], clip: Path) -> list[float]:
    """Return the milliseconds from each change of a parameter to its lane redrawn and its sound exchanged."""
    from gaplisten.bench.hearing import Hearing
    from gaplisten.bench.state import Sources
    from gaplisten.playback.player import Player
    from gaplisten.ui.shell.window import WorkbenchWindow
    from gaplisten.ui.start import application

    app = application()
    player = Exchange(Player(silent="not heard"))
    window = WorkbenchWindow(Hearing(player))  # type: ignore[arg-type]
    window.resize(1400, 800)
    window.show()
    window.controller.load_catalogue()
    window.controller.open_sources(Sources(paths=(clip,)))

    def wait(condition: Any, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            app.processEvents()
        assert condition()

    wait(lambda: window.controller.catalogue is not None and window.controller.clip_name)
    window.panes["concealers"].dock.boxes[name].click()
    wait(lambda: any(lane.name != "" and lane.key == 2 and lane.signal for lane in window.controller.lanes))
    taken = []
    for parameter, value in values:
        before = player.exchanged
        began = time.perf_counter()
        window.panes["concealers"].dock.parameter_changed.emit(0, parameter, value)
        wait(lambda before=before: player.exchanged > before)
        window.lanes_view.repaint()
        taken.append(1000 * (time.perf_counter() - began))
    window.close_all()
    window.hide()
    return taken


def measure(quick: bool = False) -> list[Figure]:
    """Measure start and change."""
    count = 10 if quick else 40
    with tempfile.TemporaryDirectory() as home:
        os.environ["GAPLISTEN_HOME"] = home
        starts = [start_seconds() for _ in range(3 if quick else 6)][1:]
        clip = Path(home) / "clip"
        ten_seconds(clip)
        clock, worked = np.median(starts, axis=0)
        note = f"{worked:.2f} s of processor time, load {os.getloadavg()[0]:.1f}"
        figures = [
            Figure("start until the lanes of a clip are painted, warm", float(clock), "s", 0.8, note=note)
        ]
        for name, values in {
            "repeat_fade": [("mute_after", 40.0 + n) for n in range(count)],
            "gaplisten_hybrid": [("mute_after", 200.0 + n) for n in range(count)],
        }.items():
            taken = changes(name, values, clip)
            note = f"median {np.median(taken):.0f} ms, {count} changes"
            value = float(np.percentile(taken, 95))
            title = f"{name}: parameter changed to lane redrawn and sound exchanged, p95"
            figures.append(Figure(title, value, "ms", 150, note=note))
    return figures
