"""Scores of the lanes that are shown: asked for when a lane's sound changes, computed in worker processes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Protocol

from gaplisten.audio.signal import Signal
from gaplisten.bench.derived import Derived, Inputs
from gaplisten.bench.events import Event
from gaplisten.bench.lanes import Lane, Role
from gaplisten.jobs import Job
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.contract import Metric, Score

log = logging.getLogger(__name__)

# While somebody turns a parameter the lane changes many times; scoring waits until it rests.
REST_SECONDS = 0.4

Key = tuple[str, str]
"""Identifier of the lane, name of the metric."""


class Pool(Protocol):
    """What computes scores: `gaplisten.metrics.pool.ScorePool`."""

    def submit(
        self,
        metric: Metric | str,
        degraded: Signal,
        reference: Signal | None = None,
        trace: LossTrace | None = None,
        transcript: str | None = None,
    ) -> Future[Score]:
        """Return a score that will come."""
        ...

    def close(self) -> None:
        """End the workers."""
        ...


class LaneScores:
    """Keeps a score for each lane and each chosen metric.

    Attributes
    ----------
    changed
        Event: a score came, or is being awaited.
    """

    def __init__(
        self, make_pool: Callable[[], Pool] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.changed = Event()
        self._make_pool = make_pool or _new_pool
        self._pool: Pool | None = None
        self._derived: Derived[Key, Score] = Derived(self._start, rest=REST_SECONDS, clock=clock)
        self._metrics: dict[str, Metric] = {}
        self._lanes: tuple[Lane, ...] = ()
        self._trace: LossTrace | None = None
        self._transcript: str | None = None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that are wanted."""
        return tuple(self._metrics.values())

    def want(self, metrics: Sequence[Metric]) -> None:
        """Score by these metrics from now on."""
        self._metrics = {metric.name: metric for metric in metrics}
        self._renew()

    def show(self, lanes: Sequence[Lane], trace: LossTrace | None, transcript: str | None = None) -> None:
        """Score these lanes, in which `transcript` is said; those with the same sound keep their scores."""
        self._lanes, self._trace, self._transcript = tuple(lanes), trace, transcript
        self._renew()

    def score(self, lane: Lane, metric: Metric) -> Score | None:
        """Return a lane's score; None while it is awaited."""
        if lane.signal is None and not lane.busy:  # its concealer failed: nothing will come
            return Score(None, lane.state or "there is no sound", accident=True)
        key = (lane.ident, metric.name)
        error = self._derived.failure(key)
        if error is not None:
            reason = str(error) or type(error).__name__
            return Score(None, f"its worker cannot be used: {reason}", accident=True)
        return self._derived.value(key)

    # --- what is asked -------------------------------------------------------------------------------

    def _renew(self) -> None:
        known = [lane for lane in self._lanes if lane.signal is not None and not lane.busy]
        self._derived.want(
            {
                (lane.ident, name): self._inputs(lane, metric)
                for lane in known
                for name, metric in self._metrics.items()
            }
        )
        self.changed.emit()

    def _inputs(self, lane: Lane, metric: Metric) -> Inputs:
        references = (each.signal for each in self._lanes if each.role is Role.REFERENCE)
        said = self._transcript if metric.needs_words else None
        compares = metric.needs_reference or (metric.needs_words and said is None)
        reference = next(references, None) if compares else None
        met = lane.met(self._trace)
        return (lane.signal, reference, met if metric.needs_trace else None, said)

    def _start(self, asked: Mapping[Key, Inputs], job: Job) -> Future[Score]:
        (((_, name), inputs),) = asked.items()
        if self._pool is None:
            self._pool = self._make_pool()
        try:
            return self._pool.submit(self._metrics[name], *inputs)
        except Exception:
            self._give_up_pool()
            raise

    @property
    def busy(self) -> bool:
        """Whether scores are awaited."""
        return self._derived.busy

    def poll(self) -> None:
        """Take over the scores that came; tell if there are some."""
        came = self._derived.poll()
        broken = [error for error in map(self._derived.failure, came) if error is not None]
        if broken:
            log.warning("scores cannot be computed: %s", broken[0])
            self._give_up_pool()
        if came:
            self.changed.emit()

    def _give_up_pool(self) -> None:
        """Let a broken pool go, so that the next score gets a new one."""
        pool, self._pool = self._pool, None
        if pool is not None:
            with suppress(Exception):  # it is broken: all that matters is that its processes end
                pool.close()

    def close(self) -> None:
        """End the workers."""
        self._derived.drop()
        if self._pool is not None:
            self._pool.close()
            self._pool = None


def _new_pool() -> Pool:
    from gaplisten.metrics.pool import ScorePool

    return ScorePool(workers=1)
