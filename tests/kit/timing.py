"""What work costs, told so that neither a slow nor a busy machine changes the answer.

Seconds are for the benchmarks. A test compares work with a load that is measured beside it, or with the same
work on less, or counts what is read; where it must wait for something that another process does, its limit
is `PATIENCE`, which only a hang reaches.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

PATIENCE = 240
"""Seconds; only a failing test waits so long, and on a machine with ten things to do nothing is quick."""

_MATERIAL = np.random.default_rng(1).normal(0.0, 0.1, 1 << 16)


def reference_load() -> None:
    """Do what the program does most, for about 20 ms: transforms, sums over arrays, objects of Python."""
    for _ in range(32):
        spectrum = np.fft.rfft(_MATERIAL.reshape(64, -1), axis=1)
        float(np.sqrt(np.mean(np.abs(spectrum) ** 2)))
        sorted(str(number * 7919 % 3000) for number in range(3000))


def processor_seconds(work: Callable[[], object]) -> float:
    """Return the time that this thread spends on a processor for the work; what others do counts little."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def cost(work: Callable[[], object], rounds: int = 3) -> float:
    """Return what the work costs in units of the reference load, both measured in turn, the best of each."""
    loads, works = [processor_seconds(reference_load)], []
    for _ in range(rounds):
        works.append(processor_seconds(work))
        loads.append(processor_seconds(reference_load))
    return min(works) / min(loads)


def bytes_read(work: Callable[[], object]) -> int:
    """Return how many bytes this process reads from files for the work; 0 where the system does not tell."""
    before = _read_so_far()
    work()
    return _read_so_far() - before


def _read_so_far() -> int:
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/io").read_text().split()[1])


def who_is_busy(seconds: float = 0.5, most: int = 6) -> str:
    """Say which processes take the machine now: what to know of a wait in vain, for it may not come again."""
    found = list(psutil.process_iter(["name", "cmdline", "pid"]))
    for each in found:
        with suppress(psutil.Error):
            each.cpu_percent()
    time.sleep(seconds)
    shares = []
    for each in found:
        with suppress(psutil.Error):
            shares.append((each.cpu_percent(), " ".join(each.info["cmdline"] or [each.info["name"]])[-60:]))
    busiest = ", ".join(f"{share:.0f} % {name}" for share, name in sorted(shares, reverse=True)[:most])
    return f"load {os.getloadavg()[0]:.1f}; {busiest}" if hasattr(os, "getloadavg") else busiest


def that_ends(work: Callable[[], Any]) -> Any:
    """Return or raise what the work does, or fail when it hangs instead of hanging along."""
    outcome: list[Any] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        pytest.fail(f"hangs: no end after {PATIENCE:g} s")
    if failure:
        raise failure[0]
    return outcome[0]
