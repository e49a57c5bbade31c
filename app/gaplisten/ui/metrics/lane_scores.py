"""Scores of the lanes that are shown: asked for when a lane's sound changes, computed in worker processes."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from gaplisten.audio.signal import Signal as Sound
from gaplisten.bench.lanes import Lane, Role
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.contract import Metric, Score

log = logging.getLogger(__name__)

POLL_MS = 60
# While somebody turns a parameter the lane changes many times; scoring waits until it rests.
REST_SECONDS = 0.4


class Pool(Protocol):
    """What computes scores: `gaplisten.metrics.pool.ScorePool`."""

    def submit(
        self,
        metric: Metric | str,
        degraded: Sound,
        reference: Sound | None = None,
        trace: LossTrace | None = None,
    ) -> Future[Score]:
        """Return a score that will come."""
        ...

    def close(self) -> None:
        """End the workers."""
        ...


def _new_pool() -> Pool:
    from gaplisten.metrics.pool import ScorePool

    return ScorePool(workers=1)


@dataclass
class _Asked:
    """One lane's sound, waiting or under way."""

    sound: Sound
    since: float
    answer: Future[Score] | None = None
    score: Score | None = None


class LaneScores(QObject):
    """Keeps a score for each lane and each chosen metric.

    Signals
    -------
    changed
        A score came, or is being awaited.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None, make_pool: Any = _new_pool) -> None:
        super().__init__(parent)
        self._make_pool = make_pool
        self._pool: Pool | None = None
        self._metrics: tuple[Metric, ...] = ()
        self._lanes: tuple[Lane, ...] = ()
        self._trace: LossTrace | None = None
        self._asked: dict[tuple[str, str], _Asked] = {}
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that are wanted."""
        return self._metrics

    def want(self, metrics: Sequence[Metric]) -> None:
        """Score by these metrics from now on."""
        self._metrics = tuple(metrics)
        self._renew()

    def show(self, lanes: Sequence[Lane], trace: LossTrace | None) -> None:
        """Score these lanes; those whose sound is the same keep their scores."""
        if trace is not self._trace:
            self._trace = trace
            self._forget(lambda metric: metric.needs_trace)
        self._lanes = tuple(lanes)
        self._renew()

    def score(self, lane: Lane, metric: Metric) -> Score | None:
        """Return a lane's score; None while it is awaited."""
        if lane.signal is None and not lane.busy:  # its concealer failed: nothing will come
            return Score(None, lane.state or "there is no sound", accident=True)
        asked = self._asked.get((lane.ident, metric.name))
        return asked.score if asked is not None else None

    def close(self) -> None:
        """End the workers."""
        self._timer.stop()
        self._asked.clear()
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    # --- what is asked -------------------------------------------------------------------------------

    def _reference(self) -> Sound | None:
        return next((lane.signal for lane in self._lanes if lane.role is Role.REFERENCE), None)

    def _forget(self, which: Any) -> None:
        names = {metric.name for metric in self._metrics if which(metric)}
        for key in [key for key in self._asked if key[1] in names]:
            self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        asked = self._asked.pop(key)
        if asked.answer is not None and not asked.answer.done():
            asked.answer.cancel()

    def _renew(self) -> None:
        wanted = {
            (lane.ident, metric.name): lane.signal
            for lane in self._lanes
            for metric in self._metrics
            if lane.signal is not None and not lane.busy
        }
        for key in [key for key in self._asked if self._asked[key].sound is not wanted.get(key)]:
            self._drop(key)
        for key, sound in wanted.items():
            if key not in self._asked:
                self._asked[key] = _Asked(sound, time.monotonic())
        if any(asked.score is None for asked in self._asked.values()):
            self._timer.start()
        self.changed.emit()

    def _poll(self) -> None:
        came = False
        for (_, name), asked in list(self._asked.items()):
            if asked.score is None:
                came |= self._look(name, asked)
        if all(asked.score is not None for asked in self._asked.values()):
            self._timer.stop()
        if came:
            self.changed.emit()

    def _look(self, name: str, asked: _Asked) -> bool:
        if asked.answer is None:
            if time.monotonic() - asked.since < REST_SECONDS:
                return False
            try:
                asked.answer = self._submit(name, asked.sound)
            except Exception as error:  # noqa: BLE001 - whatever broke the pool, the lane must say it once
                asked.score = self._without_pool(error)
            return asked.score is not None
        if not asked.answer.done():
            return False
        try:
            asked.score = asked.answer.result()
        except (Exception, CancelledError) as error:  # noqa: BLE001 - as above
            asked.score = self._without_pool(error)
        return True

    def _without_pool(self, error: BaseException) -> Score:
        """Give a broken pool up, so that the next score gets a new one; return why there is no score."""
        pool, self._pool = self._pool, None
        if pool is not None:
            with suppress(Exception):  # it is broken: all that matters is that its processes end
                pool.close()
        log.warning("scores cannot be computed", exc_info=error)
        reason = str(error) or type(error).__name__
        return Score(None, f"its worker cannot be used: {reason}", accident=True)

    def _submit(self, name: str, sound: Sound) -> Future[Score]:
        if self._pool is None:
            self._pool = self._make_pool()
        metric = next(metric for metric in self._metrics if metric.name == name)
        reference = self._reference() if metric.needs_reference else None
        return self._pool.submit(
            metric, sound, reference, self._met_by(sound) if metric.needs_trace else None
        )

    def _met_by(self, sound: Sound) -> LossTrace | None:
        """Return what was lost of a lane's sound: its own losses where it has any."""
        own = [lane.own_trace for lane in self._lanes if lane.signal is sound and lane.own_loss]
        return own[0] if own else self._trace
