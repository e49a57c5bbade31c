"""Moments at which the machine itself stood still, as virtual machines do: nothing on it could have run then.

Noticed by a process that outranks all others and only sleeps: when even that one is held up, no player could
have done better. Needs the right to real-time scheduling; without it nothing is noticed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

HELD_SECONDS = 0.02

_SLEEPER = """
import os, sys, time
os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(60))
held, before = float(sys.argv[1]), time.perf_counter()
while os.getppid() == int(sys.argv[2]):
    time.sleep(0.003)
    now = time.perf_counter()
    if now - before > held:
        print(now, flush=True)
    before = now
"""


class Stalls:
    """When the machine went on after having stood still, by `time.perf_counter`; filled at the end."""

    def __init__(self) -> None:
        self.when: list[float] = []

    def explain(self, moment: float, seconds: float = 1.0) -> bool:
        """Tell whether the machine stood still shortly before that moment."""
        return any(0.0 <= moment - stall <= seconds for stall in self.when)


@contextmanager
def watching() -> Iterator[Stalls]:
    """Look for stalls meanwhile."""
    stalls = Stalls()
    command = [sys.executable, "-S", "-c", _SLEEPER, str(HELD_SECONDS), str(os.getpid())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    time.sleep(0.1)
    try:
        yield stalls
    finally:
        process.kill()
        stalls.when += [float(line) for line in process.communicate()[0].split()]
