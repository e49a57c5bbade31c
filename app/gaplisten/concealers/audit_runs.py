"""The runs of one audit: in warm processes, in one of its own, packet by packet; each counted and timed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.concealers.audit_material import Material
from gaplisten.concealers.audit_times import wall_of
from gaplisten.concealers.entries import Entry, Limits
from gaplisten.concealers.nothing_done import nothing_done
from gaplisten.concealers.request import Concealed
from gaplisten.concealers.runner import Runner
from gaplisten.jobs import Job
from gaplisten.loss.trace import LossTrace

Input = tuple[Signal, LossTrace, Signal]
"""Lossy sound, trace, undamaged sound."""


@dataclass
class Runs:
    """Runs a plugin with one setting.

    Parameters
    ----------
    runner
        Of two workers.
    other
        Of one, for runs in a process that has met nothing else.
    job
        Told of each run.
    expected
        How many there will be, about.
    limits
        Of each.

    Attributes
    ----------
    all
        Each run, without its sound.
    timed
        Those of them that count for the plugin's time.
    """

    runner: Runner
    other: Runner
    entry: Entry
    parameters: Mapping[str, Any]
    job: Job
    expected: int
    limits: Limits | None = None
    all: list[Concealed] = field(default_factory=list)
    timed: list[Concealed] = field(default_factory=list)

    @property
    def cost(self) -> float:
        """Seconds that a run takes, by the host's clock."""
        return max(float(np.median([wall_of(run) for run in self.all])), 1e-3)

    def one(self, lossy: Signal, trace: LossTrace, clean: Signal) -> Concealed:
        """Conceal once."""
        return next(iter(self.each([(lossy, trace, clean)])))

    def each(self, inputs: Iterable[Input]) -> Iterable[Concealed]:
        """Conceal several, two at a time, in order."""
        stop = Job()
        waiting = iter(inputs)
        running: list[Future[Concealed]] = []
        try:
            while True:
                while len(running) < 2 and (found := next(waiting, None)) is not None:
                    lossy, trace, clean = found
                    running.append(self.runner.submit(self.entry, self.parameters, lossy, trace, stop, clean))
                if not running:
                    return
                yield self._wait(running.pop(0))
        finally:
            stop.cancel()

    def alone(self, material: Material, *, one_by_one: bool = False) -> Concealed:
        """Conceal in the other runner's only process of the plugin.

        Parameters
        ----------
        one_by_one
            Hand over packets one at a time, with a plugin that does nothing beside it.
        """
        return self._wait(
            self.other.submit(
                self.entry,
                self.parameters,
                material.lossy,
                material.trace,
                None,
                material.clean,
                one_by_one=one_by_one,
                beside=nothing_done() if one_by_one else None,
            )
        )

    def unsealed(self, before: Material, material: Material) -> tuple[Concealed, Concealed]:
        """Conceal twice after the other material, in processes that nothing is kept from.

        Returns
        -------
        same, other
            In the process that met that material, and in a new one beside it, while it still lives.
        """

        def one(runner: Runner, each: Material) -> Concealed:
            return self._wait(
                runner.submit(self.entry, self.parameters, each.lossy, each.trace, None, each.clean)
            )

        with Runner(workers=1, limits=self.limits) as first, Runner(workers=1, limits=self.limits) as second:
            one(first, before)
            return one(first, material), one(second, material)

    def time(self, made: Concealed) -> None:
        """Count a run with losses, in a process that has run the plugin before, for its time."""
        self.timed.append(without_sound(made))

    def _wait(self, future: Future[Concealed]) -> Concealed:
        while True:
            self.job.check(min(len(self.all) / self.expected, 1.0), f"auditing {self.entry.title}")
            try:
                result = future.result(0.1)
            except TimeoutError:
                continue
            self.all.append(without_sound(result))
            return result


def without_sound(made: Concealed) -> Concealed:
    """Return what is known of a run, with one frame of its sound."""
    return replace(made, signal=Signal(made.signal.samples[:1].copy(), made.signal.rate))
