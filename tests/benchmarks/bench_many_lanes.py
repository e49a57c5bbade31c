"""Twelve lanes with spectrograms on a screen of 2560 x 1440 pixels at scale 2, panned as a hand drags."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from figures import Figure

LANES, RATE, SECONDS = 12, 48000, 60
SPANS = (0.2, 3.0)


def measure(quick: bool = False) -> list[Figure]:
    """Pan in a process of its own, whose scale is 2."""
    environment = os.environ | {"QT_SCALE_FACTOR": "2", "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, __file__, "60" if quick else "240"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    figures = []
    for span in SPANS:
        times, worked = np.array(found[str(span)]).T
        # On a machine with other work, processor time tells more than the clock.
        note = f"median {np.median(times):.1f} ms; p95 {np.percentile(worked, 95):.1f} ms of processor time"
        note += f", median {np.median(worked):.1f}; load {os.getloadavg()[0]:.1f}"
        name = f"{LANES} lanes with spectrogram, 2560 x 1440 at scale 2, panning {span:g} s: p95"
        figures.append(Figure(name, float(np.percentile(times, 95)), "ms", 16.0, note=note))
    return figures


def pan(steps: int) -> dict[str, list[tuple[float, float]]]:
    """Return the milliseconds of each picture, and those of a processor, by span in seconds."""
    from bench_views import _settle, _speech, _trace
    from PySide6.QtCore import QRect
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QApplication

    from gaplisten.audio.filemap import ArraySource
    from gaplisten.ui.lanes.lanes_view import LanesView
    from gaplisten.ui.lanes.scene import LaneView

    app = QApplication([])
    view = LanesView()
    view.resize(1280, 720)
    assert view.devicePixelRatioF() == 2.0
    speech = np.resize(_speech(), SECONDS * RATE)[:, None]
    sources = [ArraySource(np.roll(speech, 999 * lane), RATE, 1 / 32768) for lane in range(LANES)]
    view.set_lanes([LaneView(key, f"{key}", None, source) for key, source in enumerate(sources)])
    view.set_trace(_trace(SECONDS * RATE))
    view.set_display("spectrogram")
    view.show()
    _settle(app, view)
    paper = QImage(2560, 1440, QImage.Format.Format_RGB32)
    paper.setDevicePixelRatio(2.0)
    found: dict[str, list[tuple[float, float]]] = {}
    for span in SPANS:
        times = []
        for step in range(steps):
            start = 20.0 + step * span / 120  # as a drag goes: the width of the screen in two seconds
            app.processEvents()
            begin, busy = time.perf_counter(), time.thread_time()
            view.zoom_to(round(start * RATE), round((start + span) * RATE))
            view.render(paper, sourceRegion=QRect(0, 0, 1280, 720))
            times.append((1000 * (time.perf_counter() - begin), 1000 * (time.thread_time() - busy)))
        found[str(span)] = times[steps // 10 :]
        _settle(app, view)
    view.close()
    return found


if __name__ == "__main__":
    print(json.dumps(pan(int(sys.argv[1]))))
