"""Installs a made-up package with metrics as entry points into a folder, for tests."""

from __future__ import annotations

from pathlib import Path

SOURCE = """
import os, time
import numpy as np

def peak(degraded, reference, rate):
    return float(np.abs(degraded).max())
peak.title = "Peak"
peak.range = [0.0, 1.0]
peak.direction = "lower"
peak.unit = "FS"

def distance(degraded, reference, rate):
    return float(np.abs(degraded - reference).max())
distance.needs_reference = True
distance.rates = (8000,)

def hangs(degraded, reference, rate):
    time.sleep(60)

def spins(degraded, reference, rate):
    while True:
        pass

def crashes(degraded, reference, rate):
    os._exit(9)

def slow(degraded, reference, rate):
    value = float(np.abs(degraded).sum())
    log = os.environ.get("FOREIGN_LOG")
    most = int(os.environ.get("FOREIGN_MOST", 0))
    while most and os.path.exists(log) and len(open(log).readlines()) >= most:
        time.sleep(0.02)  # until we are killed
    if log:
        with open(log, "a") as file:
            file.write(f"{value:.6f}\\n")
    return value

def niceness(degraded, reference, rate):
    return os.nice(0)

def raises(degraded, reference, rate):
    raise RuntimeError("no luck")
"""

ENTRY_POINTS = """[gaplisten.metrics]
peak = foreign_metrics:peak
distance = foreign_metrics:distance
slow = foreign_metrics:slow
niceness = foreign_metrics:niceness
hangs = foreign_metrics:hangs
spins = foreign_metrics:spins
crashes = foreign_metrics:crashes
raises = foreign_metrics:raises
absent = foreign_metrics:absent
plcmos = foreign_metrics:peak
"""


def install(folder: Path) -> None:
    (folder / "foreign_metrics.py").write_text(SOURCE)
    about = folder / "foreign_metrics-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign-metrics\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
