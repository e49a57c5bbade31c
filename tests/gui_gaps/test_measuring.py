"""Measuring without a window: what is measured again, and what stays."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.bench.lanes import Lane, Role
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.background import Tasks
from gaplisten.ui.gaps import measuring
from gaplisten.ui.gaps.measuring import GapMeasuring

RATE, PACKET = 8000, 160


@pytest.fixture(scope="module")
def clip():
    """Return 30 s of noise modulated like speech, a version, and losses of which one lies on a cut."""
    noise = np.random.default_rng(1).normal(0, 0.1, 30 * RATE) * (1.2 + np.sin(np.arange(30 * RATE) / 1500))
    lost = np.random.default_rng(2).random(1500) < 0.1
    lost[495:505] = True
    lost[0] = lost[-1] = True
    trace = LossTrace.of_packets(lost, PACKET, RATE)
    version = noise * np.where(trace.mask(noise.size), 0.3, 1.0)
    return Signal.of(noise, RATE), Signal.of(version, RATE), trace


def test_a_lane_that_changed_while_it_was_measured_has_no_stale_values_and_the_others_are_kept(
    qtbot, clip, monkeypatch
):
    clean, version, trace = clip
    asked, go_on = [], threading.Event()
    engine = measuring.measured

    def slow(reference, versions, trace, job):
        asked.append(sorted(versions))
        go_on.wait(5)
        return engine(reference, versions, trace, job)

    monkeypatch.setattr(measuring, "measured", slow)
    monkeypatch.setattr(measuring, "REST_MS", 1)
    tasks = Tasks()
    found = GapMeasuring(tasks)
    seen = []
    found.changed.connect(lambda: seen.append(found.table.versions if found.table else ()))
    lanes = [
        Lane("r", "Reference", Role.REFERENCE, clean, 0),
        Lane("a", "A", Role.CONDITION, version, 2),
        Lane("b", "B", Role.CONDITION, version, 3),
    ]
    found.show(lanes, trace)
    qtbot.waitUntil(lambda: len(asked) == 1)
    changed = Signal(version.samples * np.float32(0.5), RATE)
    found.show([*lanes[:2], replace(lanes[2], signal=changed)], trace)
    seen.clear()
    go_on.set()
    qtbot.waitUntil(lambda: not found.pending, timeout=5000)
    tasks.close()
    assert asked == [["a", "b"], ["b"]]
    assert seen[0] == ("a",)
    assert seen[-1] == ("a", "b")
    energy = [found.table.column(name, "energy_error")[1] for name in "ab"]
    assert energy[0] - energy[1] == pytest.approx(20 * np.log10(2), abs=0.05)


def test_a_lane_keeps_its_values_while_it_is_made_anew_and_loses_them_when_that_fails(
    qtbot, clip, monkeypatch
):
    clean, version, trace = clip
    monkeypatch.setattr(measuring, "REST_MS", 1)
    tasks = Tasks()
    found = GapMeasuring(tasks)
    reference = Lane("r", "Reference", Role.REFERENCE, clean, 0)
    lane = Lane("a", "A", Role.CONCEALER, version, 2)
    found.show([reference, lane], trace)
    qtbot.waitUntil(lambda: not found.pending, timeout=30_000)
    found.show([reference, replace(lane, busy=True)], trace)
    assert found.table is not None
    found.show([reference, replace(lane, signal=None, failed=True)], trace)
    assert found.table is None
    tasks.close()


def test_a_lane_with_losses_of_its_own_is_not_measured_at_the_clips_gaps(qtbot, clip, monkeypatch):
    clean, version, trace = clip
    monkeypatch.setattr(measuring, "REST_MS", 1)
    tasks = Tasks()
    found = GapMeasuring(tasks)
    lanes = [
        Lane("r", "Reference", Role.REFERENCE, clean, 0),
        Lane("a", "A", Role.CONDITION, version, 2),
        Lane("b", "B", Role.CONDITION, version, 3, own_loss=True),
    ]
    found.show(lanes, trace)
    qtbot.waitUntil(lambda: not found.pending, timeout=10_000)
    tasks.close()
    assert found.table.versions == ("a",)
