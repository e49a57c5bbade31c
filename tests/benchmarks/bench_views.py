"""How fast lanes are drawn, beside stock pyqtgraph; how fast an hour opens, and in how much memory.

The signal is the bundled demo speech at 48 kHz, repeated; three lanes, 2,000 gaps, offscreen, 1400 x 800.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from figures import Figure

RATE = 48000
PACKET = 960
_PROCESSOR: dict[int, float] = {}
SIZE = (1400, 800)
DEMO = Path(__file__).resolve().parents[2] / "resources" / "demo" / "clean"


def measure(quick: bool = False) -> list[Figure]:
    """Measure frames and spectrograms in this process, opening an hour in processes of their own."""
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication([])
    speech = _speech()
    figures = _frames(app, speech, quick) + _short_spectrogram(app, speech)
    return figures + _hours(speech, ("wav",) if quick else ("wav", "flac"))


def _speech() -> np.ndarray:
    """Return the demo speech at 48 kHz as int16."""
    import soundfile
    import soxr

    parts = []
    for path in sorted(DEMO.glob("*.flac")):
        samples, rate = soundfile.read(path, dtype="float32")
        parts.append(soxr.resample(samples, rate, RATE))
    return (np.concatenate(parts) * 32767).astype(np.int16)


def _trace(frames: int):
    from gaplisten.loss.trace import LossTrace

    lost = np.zeros(frames // PACKET, np.bool_)
    lost[np.linspace(0, len(lost) - 2, min(2000, len(lost) // 2)).astype(int)] = True
    return LossTrace.of_packets(lost, PACKET, RATE)


# frames


def _frames(app: Any, speech: np.ndarray, quick: bool) -> list[Figure]:
    times = {seconds: _lanes_times(app, np.resize(speech, seconds * RATE)) for seconds in (10, 600, 3600)}
    worked = {seconds: _PROCESSOR[seconds * RATE] * 1000 for seconds in times}
    stock = {
        seconds: _stock_times(app, np.resize(speech, seconds * RATE))
        for seconds in ((10,) if quick else (10, 600))
    }
    figures = []
    for seconds, found in times.items():
        note = f"{worked[seconds]:.1f} ms of processor time"
        note += f"; stock pyqtgraph {np.median(stock[seconds]) * 1000:.1f} ms" if seconds in stock else ""
        median, late = np.median(found) * 1000, np.percentile(found, 95) * 1000
        figures.append(Figure(f"frame, {seconds} s x 3, 2,000 gaps: median", median, "ms", 10.0, note=note))
        figures.append(Figure(f"frame, {seconds} s x 3, 2,000 gaps: p95", late, "ms", 20.0))
    ratio = float(np.median(times[3600]) / np.median(times[10]))
    return [*figures, Figure("frame, 1 h over 10 s (medians)", ratio, "times", 1.3)]


def _walk(total: int, width: int, show: Callable[[float, float], None]) -> list[float]:
    """Zoom from 40 frames to everything in steps, pan at each, and time every picture."""
    times, worked = [], []
    spans = np.geomspace(40.0, total, 14)
    for span in spans:
        for step in range(6):
            start = min(total * 0.37 + step * span * 0.11, total - span)
            begin, busy = time.perf_counter(), time.thread_time()
            show(max(start, 0.0), max(start, 0.0) + span)
            times.append(time.perf_counter() - begin)
            worked.append(time.thread_time() - busy)
    # On a machine with other work, processor time tells more than the clock.
    _PROCESSOR[total] = float(np.median(worked))
    return times


def _lanes_times(app: Any, samples: np.ndarray) -> list[float]:
    from gaplisten.audio.filemap import ArraySource
    from gaplisten.ui.lanes.lanes_view import LanesView
    from gaplisten.ui.lanes.scene import LaneView

    view = LanesView()
    view.resize(*SIZE)
    sources = [ArraySource(samples[:, None], RATE, 1 / 32768) for _ in range(3)]
    view.set_lanes([LaneView(key, f"lane {key}", None, source) for key, source in enumerate(sources)])
    view.set_trace(_trace(len(samples)))
    view.show()
    _settle(app, view)

    def show(start: float, stop: float) -> None:
        view.zoom_to(int(start), int(stop))
        view.grab()

    _walk(len(samples), SIZE[0], show)
    times = _walk(len(samples), SIZE[0], show)
    view.close()
    return times


def _stock_times(app: Any, samples: np.ndarray) -> list[float]:
    import pyqtgraph

    window = pyqtgraph.GraphicsLayoutWidget()
    window.resize(*SIZE)
    plots = [window.addPlot(row=row, col=0) for row in range(3)]
    floats = samples.astype(np.float32) / 32768
    seconds = np.arange(len(samples)) / RATE
    for plot in plots:
        plot.setDownsampling(auto=True, mode="peak")
        plot.setClipToView(True)
        plot.plot(seconds, floats)
        plot.setXLink(plots[0])
        plot.setAutoVisible(x=False)
        plot.enableAutoRange(x=False, y=False)
    window.show()
    app.processEvents()

    def show(start: float, stop: float) -> None:
        plots[0].setXRange(start / RATE, stop / RATE, padding=0)
        window.grab()

    times = _walk(len(samples), SIZE[0], show)
    window.close()
    return times


def _settle(app: Any, view: Any) -> float:
    """Let the view finish; return the longest time that one turn of the event loop took."""
    longest = 0.0
    while True:
        begin = time.perf_counter()
        app.processEvents()
        longest = max(longest, time.perf_counter() - begin)
        if not view.busy:
            return longest
        time.sleep(0.002)


# spectrograms and opening


def _short_spectrogram(app: Any, speech: np.ndarray) -> list[Figure]:
    from gaplisten.audio.filemap import ArraySource
    from gaplisten.ui.lanes.lanes_view import LanesView
    from gaplisten.ui.lanes.scene import LaneView

    times = []
    for _ in range(3):
        view = LanesView()
        view.resize(*SIZE)
        samples = np.resize(speech, 10 * RATE)[:, None]
        sources = [ArraySource(samples.copy(), RATE, 1 / 32768) for _ in range(3)]
        view.set_lanes([LaneView(key, "lane", None, source) for key, source in enumerate(sources)])
        view.show()
        _settle(app, view)
        begin = time.perf_counter()
        _switch_on(app, view)
        times.append(time.perf_counter() - begin)
        view.close()
    return [
        Figure("spectrogram of 10 s x 3 after switching it on", float(np.median(times)) * 1000, "ms", 100.0)
    ]


def _switch_on(app: Any, view: Any) -> float:
    view.set_display("spectrogram")
    view.repaint()
    longest = _settle(app, view)
    app.processEvents()
    return longest


def _hours(speech: np.ndarray, kinds: tuple[str, ...]) -> list[Figure]:
    figures = []
    limits = {"wav": 0.7, "flac": 3.0}
    with tempfile.TemporaryDirectory(prefix="gaplisten-bench-") as folder:
        for kind in kinds:
            paths = [_write_hour(Path(folder) / f"{lane}.{kind}", speech) for lane in range(3)]
            found = _in_own_process(paths)
            name = f"1 h x 3 {kind.upper()}"
            figures += [
                Figure(f"{name}: first full picture", found["full"], "s", limits[kind]),
                Figure(f"{name}: first, coarse picture", found["coarse"], "s"),
                Figure(f"{name}: most RssAnon", found["anonymous"], "MB", 300.0),
                Figure(f"{name}: longest block while reading", found["blocked"] * 1000, "ms", 50.0),
                Figure(f"{name}: spectrogram of what is seen", found["spectrogram"] * 1000, "ms", 300.0),
                Figure(f"{name}: longest block of the window meanwhile", found["held"] * 1000, "ms", 50.0),
            ]
            for path in paths:
                path.unlink()
    return figures


def _write_hour(path: Path, speech: np.ndarray) -> Path:
    import soundfile

    minute = np.resize(speech, 60 * RATE)
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        for _ in range(60):
            file.write(minute)
    return path


def _in_own_process(paths: list[Path]) -> dict[str, float]:
    command = [sys.executable, __file__, *map(str, paths)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def _anonymous_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("RssAnon"))
    return float(line.split()[1]) / 1024


def _open_hour(paths: list[Path]) -> dict[str, float]:
    """Open three files of an hour, look until all is read, then switch the spectrogram on."""
    from PySide6.QtWidgets import QApplication

    from gaplisten.audio.opening import open_source
    from gaplisten.ui.lanes.lanes_view import LanesView
    from gaplisten.ui.lanes.scene import LaneView

    app = QApplication([])
    view = LanesView()
    view.resize(*SIZE)
    view.show()
    app.processEvents()
    begin = time.perf_counter()
    sources = [open_source(path) for path in paths]
    view.set_lanes([LaneView(key, "lane", None, source) for key, source in enumerate(sources)])
    view.set_trace(_trace(sources[0].frames))
    coarse = most = blocked = looked = 0.0
    while True:
        turn = time.perf_counter()
        app.processEvents()
        blocked = max(blocked, time.perf_counter() - turn)
        if turn - looked > 0.05:
            # Asking the system too often would take time from reading.
            looked, most = turn, max(most, _anonymous_mb())
        if not coarse and view.glimpsed:
            coarse = time.perf_counter() - begin
        if not view.busy:
            break
        time.sleep(0.002)
    view.grab()
    full = time.perf_counter() - begin
    begin = time.perf_counter()
    held = _switch_on(app, view)
    spectrogram = time.perf_counter() - begin
    most = max(most, _anonymous_mb())
    view.close()
    return {
        "full": full,
        "coarse": coarse,
        "anonymous": most,
        "blocked": blocked,
        "spectrogram": spectrogram,
        "held": held,
    }


if __name__ == "__main__":
    print(json.dumps(_open_hour([Path(name) for name in sys.argv[1:]])))
