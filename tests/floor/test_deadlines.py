"""Deadlines count the time in which a process could run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from gaplisten import deadlines
from gaplisten.deadlines import PATIENCE, Deadline, Hindered
from kit.pulse import wait_for

linux = pytest.mark.skipif(sys.platform != "linux", reason="no other system tells who waits")
BUSY = "import os\nwhile os.getppid() == {parent}: sum(range(10_000))"


class Machine:
    """A clock, and the time in which a process could not run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = self.hindered = 100.0
        monkeypatch.setattr(deadlines.time, "monotonic", lambda: self.clock)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_time_in_which_a_process_could_not_run_does_not_count(machine: Machine) -> None:
    deadline = Deadline(2.0, lambda: machine.hindered)
    machine.clock += 30.0
    machine.hindered += 28.5
    assert not deadline.passed
    machine.clock += 1.0
    assert deadline.passed


def test_a_process_that_could_run_is_late_at_once_and_one_that_could_not_in_the_end(machine: Machine) -> None:
    deadline = Deadline(2.0, lambda: machine.hindered)
    machine.clock += 1.9
    assert not deadline.passed
    machine.clock += 0.2
    assert deadline.passed
    deadline = Deadline(2.0, lambda: machine.hindered)
    machine.clock += 2.0 * PATIENCE - 0.1
    machine.hindered += 1000.0
    assert not deadline.passed
    machine.clock += 0.2
    assert deadline.passed


def test_who_did_not_look_for_long_stood_still_itself(machine: Machine) -> None:
    hindered = Hindered(0)
    machine.clock += 0.5
    assert hindered.seconds() == 0.0
    machine.clock += 600.0
    assert hindered.seconds() == pytest.approx(599.0)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that sleeps until its input ends."""
    started = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    yield started
    started.kill()
    started.communicate()


@linux
def test_a_stopped_process_is_hindered_and_one_that_sleeps_is_not(child: subprocess.Popen[bytes]) -> None:
    hindered = Hindered(child.pid)
    began = time.monotonic()
    wait_for(lambda: hindered.seconds() < 0.5 and time.monotonic() - began > 0.5)
    os.kill(child.pid, signal.SIGSTOP)
    wait_for(lambda: psutil.Process(child.pid).status() == psutil.STATUS_STOPPED)
    before, stopped = hindered.seconds(), time.monotonic()
    wait_for(lambda: time.monotonic() - stopped > 0.5)
    assert hindered.seconds() - before >= 0.5


@linux
def test_a_process_that_others_keep_from_the_processor_is_hindered_while_it_still_waits() -> None:
    processor = min(os.sched_getaffinity(0))
    words = [sys.executable, "-S", "-c", BUSY.format(parent=os.getpid())]
    both = [subprocess.Popen(words) for _ in range(2)]
    try:
        starved = psutil.Process(both[0].pid)
        for each in both:
            psutil.Process(each.pid).cpu_affinity([processor])
        starved.nice(19)
        hindered, used = Hindered(starved.pid), sum(starved.cpu_times()[:2])
        began = time.monotonic()
        for _ in range(20):
            time.sleep(0.1)
            hindered.seconds()
        passed, used = time.monotonic() - began, sum(starved.cpu_times()[:2]) - used
        # What it did not use it waited for; looks see the border between the two a little blurred.
        assert 0.6 * (passed - used) < hindered.seconds() <= passed + 0.1
    finally:
        for each in both:
            each.kill()
            each.wait()
