"""Lanes to be scored, and a pool whose scores come when the test says so."""

from __future__ import annotations

from concurrent.futures import Future

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.bench.lanes import Lane, Role
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.contract import Metric, Score


class SlowPool:
    """Answers when the test says so.

    Attributes
    ----------
    asked
        Of what a score was asked for: metric, degraded, reference, trace and the answer to give.
    broken
        Whether it takes nothing more.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, Signal, Signal | None, LossTrace | None, Future[Score]]] = []
        self.closed = self.broken = False

    def submit(
        self,
        metric: Metric | str,
        degraded: Signal,
        reference: Signal | None = None,
        trace: LossTrace | None = None,
        transcript: str | None = None,
    ) -> Future[Score]:
        if self.broken:
            raise RuntimeError("the pool is closed")
        answer: Future[Score] = Future()
        name = metric if isinstance(metric, str) else metric.name
        self.asked.append((name, degraded, reference, trace, answer))
        return answer

    def close(self) -> None:
        self.closed = True


def sound(level: float) -> Signal:
    return Signal.of(np.full(1600, level), 16000)


def lanes(*levels: float) -> list[Lane]:
    """Return a reference and conditions, each a sound of one level."""
    first = [Lane("reference", "Reference", Role.REFERENCE, sound(levels[0]), 0)]
    return first + [
        Lane(f"c{i}", f"C{i}", Role.CONDITION, sound(level), i) for i, level in enumerate(levels[1:], 1)
    ]
