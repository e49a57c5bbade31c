"""The stopwatch by which calls of plugins are timed: waits for a processor are not theirs, the rest is."""

from __future__ import annotations

import sys

import pytest

from gaplisten.concealers import stopwatch
from gaplisten.concealers.stopwatch import BYTES_A_CALL, Stopwatch

linux = pytest.mark.skipif(sys.platform != "linux", reason="no other system tells who waits")


class Machine:
    """A clock, a thread's waits, and what others of its process use; in s."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = self.waited = self.others = 0.0
        self.held_up: list[float] = []
        monkeypatch.setattr(stopwatch, "perf_counter", self._told)
        monkeypatch.setattr(stopwatch, "_used_by_others", lambda: self.others)
        monkeypatch.setattr(Stopwatch, "_waited", lambda _: self.waited)

    def _told(self) -> float:
        told = self.clock
        if self.held_up:  # right after the clock was looked at
            self.goes_on(self.held_up.pop(0), waits=True)
        return told

    def goes_on(self, seconds: float, *, waits: bool = False, others: float = 0.0) -> None:
        self.clock += seconds
        self.others += others
        if waits:
            self.waited += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_waiting_for_a_processor_is_taken_off(machine: Machine) -> None:
    watch = Stopwatch()
    began = watch.now()
    machine.goes_on(0.004)
    machine.goes_on(0.5, waits=True)
    assert watch.since(began) == pytest.approx(0.004)


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_wait_while_the_clock_is_looked_at_takes_nothing_off_the_call(machine: Machine, where: str) -> None:
    watch = Stopwatch()
    machine.held_up = [0.3] if where == "before" else []
    began = watch.now()
    machine.goes_on(0.004)
    machine.held_up = [0.3] if where == "after" else []
    assert watch.since(began) == pytest.approx(0.004)


def test_no_call_takes_less_than_no_time(machine: Machine) -> None:
    watch = Stopwatch()
    began = watch.now()
    machine.held_up = [0.1] * 50
    assert watch.since(began) >= 0


def test_waiting_for_one_s_own_helpers_is_no_wait_for_a_busy_machine(machine: Machine) -> None:
    watch = Stopwatch()
    began = watch.now()
    machine.goes_on(0.025, waits=True, others=0.025)
    assert watch.since(began) == pytest.approx(0.025)
    began = watch.now()
    machine.goes_on(0.025, others=0.1)  # four helpers beside it, on processors of their own
    assert watch.since(began) == pytest.approx(0.025)


@linux
def test_no_more_is_read_for_a_call_than_is_allowed_for() -> None:
    watch, before = Stopwatch(), Stopwatch.bytes_read
    for _ in range(20):
        watch.since(watch.now())
    assert 0 < Stopwatch.bytes_read - before <= 20 * BYTES_A_CALL
