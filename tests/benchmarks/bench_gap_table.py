"""The gap table of the window: from the request to the filled table, and drawing and ordering it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import numpy as np
from figures import Figure
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QApplication

from gaplisten.audio.signal import Signal
from gaplisten.bench.gap_content import LaneHead
from gaplisten.bench.gap_measures import REST_SECONDS, GapMeasures
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.tasks import Tasks
from gaplisten.loss.trace import LossTrace, apply_loss
from gaplisten.ui.gaps.dock import GapsDock

SECONDS, CONDITIONS = 10, 4
RATES = (16_000, 48_000)
LONGEST_GAPS = 2000


def measure(quick: bool) -> Iterator[Figure]:
    """Measure the table of a 10 s clip, and ordering one of many gaps."""
    application = QApplication.instance() or QApplication([])
    for rate in RATES:
        seconds = min(_fill(application, rate) for _ in range(2 if quick else 4))
        yield Figure(
            f"window's gap table, 10 s at {rate} Hz, 100 gaps, {CONDITIONS} conditions and lossy",
            seconds,
            "s",
            1.0,
            note=f"with {1000 * REST_SECONDS:.0f} ms of waiting for further changes",
        )
    dock = _long_dock()
    yield Figure(f"order {LONGEST_GAPS} gaps by a measure", _median(lambda n: _sort(dock, n)), "ms", 50.0)
    yield Figure("draw the gap table", _median(lambda _n: dock.grab()), "ms")


def _median(work: object, times: int = 9) -> float:
    found = []
    for number in range(times):
        began = time.perf_counter()
        work(number)  # type: ignore[operator]
        found.append(1000 * (time.perf_counter() - began))
    return statistics.median(found)


def _clip(rate: int, gaps: int = 100) -> tuple[list[Lane], LossTrace]:
    lost = np.arange(5 * gaps) % 5 == 2
    trace = LossTrace.of_packets(lost, rate // 50, rate)
    clean = Signal.of(np.random.default_rng(0).normal(0, 0.05, lost.size * trace.packet_frames), rate)
    lossy = apply_loss(clean, trace)
    lanes = [Lane("r", "Reference", Role.REFERENCE, clean, 0), Lane("l", "Lossy", Role.LOSSY, lossy, 1)]
    for key in range(2, 2 + CONDITIONS):
        samples = lossy.samples + np.float32(0.01 * key) * clean.samples
        lanes.append(Lane(f"c{key}", f"C{key}", Role.CONDITION, Signal(samples, rate), key))
    return lanes, trace


def _shown(lanes: list[Lane], trace: LossTrace) -> GapsDock:
    dock = GapsDock()
    dock.resize(900, 200)
    dock.show()
    dock.show_gaps(trace.gaps(), trace.rate)
    dock.show_lanes([LaneHead(lane.key, lane.ident, lane.name) for lane in lanes[2:]])
    return dock


def _fill(application: QCoreApplication, rate: int) -> float:
    lanes, trace = _clip(rate)
    dock, tasks = _shown(lanes, trace), Tasks()
    measuring = GapMeasures(tasks)
    measuring.changed.connect(
        lambda: dock.show_values(measuring.table, measuring.pending, reference=measuring.has_reference)
    )
    began = time.perf_counter()
    measuring.show(lanes, trace)
    while measuring.pending:
        tasks.poll()
        measuring.poll()
        application.processEvents()
        time.sleep(0.001)
    dock.grab()
    seconds = time.perf_counter() - began
    tasks.close()
    return seconds


def _long_dock() -> GapsDock:
    from gaplisten.loss.measures import measure_gaps

    lanes, trace = _clip(16_000, LONGEST_GAPS)
    dock = _shown(lanes, trace)
    versions = {lane.ident: lane.signal for lane in lanes[2:] if lane.signal is not None}
    dock.show_values(measure_gaps(lanes[0].signal, versions, trace), frozenset(), reference=True)
    return dock


def _sort(dock: GapsDock, number: int) -> None:
    order = Qt.SortOrder.DescendingOrder if number % 2 else Qt.SortOrder.AscendingOrder
    dock.table.sortByColumn(8, order)
