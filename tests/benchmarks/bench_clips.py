"""Listing 25,000 clips, and measuring the gaps of a clip."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from figures import Figure

from gaplisten.audio.signal import Signal
from gaplisten.clips.layouts import find_clips
from gaplisten.loss.measures import measure_gaps
from gaplisten.loss.trace import LossTrace, apply_loss

CLIPS = 25_000
RATES = (16_000, 48_000)


def measure(quick: bool) -> Iterator[Figure]:
    """Measure listing and gap tables."""
    count = CLIPS // 10 if quick else CLIPS
    with tempfile.TemporaryDirectory() as folder:
        _challenge(Path(folder), count)
        seconds = _best(lambda: find_clips([Path(folder)]))
    yield Figure(f"list a folder of {count} clips ({3 * count} files)", seconds, "s", 1.0, "<=")
    for rate in RATES:
        clean, versions, trace = _clip(rate)
        seconds = _best(
            lambda clean=clean, versions=versions, trace=trace: measure_gaps(clean, versions, trace)
        )
        yield Figure(
            f"gap table, 10 s at {rate} Hz, {len(trace.gaps())} gaps, 4 versions", seconds, "s", 1.0, "<="
        )


def _best(work: Callable[[], object], times: int = 3) -> float:
    """Return the shortest of some runs: the others waited for something else."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def _challenge(root: Path, count: int) -> None:
    for name in ("lossy_signals", "clean_signals"):
        (root / name).mkdir()
    for number in range(count):
        for name in ("lossy_signals/{}.wav", "lossy_signals/{}_is_lost.txt", "clean_signals/{}.wav"):
            os.close(os.open(root / name.format(number), os.O_CREAT | os.O_WRONLY))


def _clip(rate: int) -> tuple[Signal, dict[str, Signal], LossTrace]:
    lost = np.arange(500) % 5 == 2
    trace = LossTrace.of_packets(lost, rate // 50, rate)
    clean = Signal.of(np.random.default_rng(0).normal(0, 0.05, 10 * rate), rate)
    lossy = apply_loss(clean, trace)
    return clean, {"a": lossy, "b": clean, "c": lossy, "d": clean}, trace
