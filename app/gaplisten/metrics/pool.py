"""Scoring in worker processes: off the window's thread, on all cores, killable.

A model that hangs or crashes ends its worker and becomes a reason; the next score gets a new worker.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pebble import ProcessExpired, ProcessPool

from gaplisten.audio.signal import Samples, Signal
from gaplisten.loss.trace import LossTrace
from gaplisten.metrics.catalogue import find_metric, score
from gaplisten.metrics.contract import Metric, MetricError, Score, Unscorable
from gaplisten.metrics.recognisers.contract import HeardWord
from gaplisten.metrics.word_accuracy import words_in
from gaplisten.processes import spawning

SECONDS_PER_SCORE = 60.0
"""Of processor time: on a busy machine a score is slow, and no worse for it."""
PATIENCE = 10.0
"""So many times that long, by the clock, is waited for what sleeps, or waits for something."""
_BEHIND_THE_WINDOW = 10  # scores wait for sound and screen, not the other way round
_OUT_OF_TIME = -int(getattr(signal, "SIGXCPU", 24))  # as multiprocessing tells of a signal
_SCORES_PER_WORKER = 2000  # a worker is renewed now and then: foreign code may leak


@dataclass(frozen=True)
class _Sound:
    # What crosses to a worker: plain arrays, so that nothing but values is pickled.
    samples: Samples
    rate: int


def workers_for_this_machine() -> int:
    """Return how many workers keep all cores busy that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def quiet_worker(niceness: int = 0) -> None:
    """Leave the cores to the pool's processes and the keyboard's interrupt to its owner; end with it."""
    threading.Thread(target=_end_with_owner, name="owner", daemon=True).start()

    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if niceness and hasattr(os, "nice"):
        os.nice(niceness)


def _end_with_owner() -> None:
    """End this worker when its owner is gone: nobody else would end a score that hangs."""
    owner = multiprocessing.parent_process()
    if owner is not None:
        owner.join()
        os._exit(1)


def process_pool(workers: int, niceness: int = 0) -> ProcessPool:
    """Return a pool of fresh (spawned) processes; forking a process with threads is not safe."""
    return ProcessPool(
        max_workers=max(workers, 1),
        max_tasks=_SCORES_PER_WORKER,
        initializer=quiet_worker,
        initargs=[niceness],
        context=spawning(),  # type: ignore[arg-type, unused-ignore]  # typeshed: pipes differ on Windows
    )


def failure_reason(error: BaseException, seconds: float, processor_seconds: float = 0.0) -> str:
    """Return why a worker gave no answer, for people; limits are by the clock and of processor time."""
    if isinstance(error, TimeoutError):
        return f"stopped after {seconds:g} s"
    if isinstance(error, ProcessExpired) and processor_seconds and error.exitcode == _OUT_OF_TIME:
        return f"stopped after {processor_seconds:g} s of processor time"
    if isinstance(error, ProcessExpired):
        return f"its process ended (exit code {error.exitcode})"
    return f"failed: {type(error).__name__}: {error}"


@contextmanager
def _processor_time(seconds: float) -> Iterator[None]:
    """End this process when its work takes more processor time; where the system cannot, the clock does."""
    if sys.platform == "win32":
        yield
    else:
        import resource

        which = resource.RLIMIT_CPU
        soft, hard = resource.getrlimit(which)
        most = math.ceil(time.process_time() + seconds)
        if any(most >= limit != resource.RLIM_INFINITY for limit in (soft, hard)):
            yield  # who started us allows less
            return
        # A file as large as its memory is of no use to anybody.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        resource.setrlimit(which, (most, hard))
        try:
            yield
        finally:
            resource.setrlimit(which, (soft, hard))


def _score(
    seconds: float,
    name: str,
    degraded: _Sound,
    reference: _Sound | None,
    trace: LossTrace | None,
    transcript: str | None,
) -> Score:
    whole = None if reference is None else Signal(reference.samples, reference.rate)
    with _processor_time(seconds):
        return score(name, Signal(degraded.samples, degraded.rate), whole, trace, transcript)


def _hear(seconds: float, recogniser: str, sound: _Sound) -> tuple[HeardWord, ...]:
    with _processor_time(seconds):
        return words_in(recogniser, Signal(sound.samples, sound.rate))


def _describe(name: str) -> Metric:
    return find_metric(name).metric


class ScorePool:
    """Computes scores in worker processes; started by the first score, to be closed.

    Parameters
    ----------
    workers
        How many processes; one per core when not given.
    seconds
        Limit of one score in processor time, and in `PATIENCE` times that by the clock.
    """

    def __init__(self, workers: int | None = None, seconds: float = SECONDS_PER_SCORE) -> None:
        self._pool = process_pool(workers or workers_for_this_machine(), _BEHIND_THE_WINDOW)
        self._seconds, self._by_clock = seconds, seconds * PATIENCE

    def submit(
        self,
        metric: Metric | str,
        degraded: Signal,
        reference: Signal | None = None,
        trace: LossTrace | None = None,
        transcript: str | None = None,
    ) -> Future[Score]:
        """Return at once; the future's result is a score whatever happens. Cancel it to kill its work."""
        name = metric if isinstance(metric, str) else metric.name
        sounds = [None if s is None else _Sound(s.samples, s.rate) for s in (degraded, reference)]
        args = [self._seconds, name, *sounds, trace, transcript]
        running = self._pool.schedule(_score, args=args, timeout=self._by_clock)
        return _Answer(running, self._by_clock, self._seconds)

    def hear(self, recogniser: str, signal: Signal) -> Future[tuple[HeardWord, ...]]:
        """Return at once; the future's result is what a recogniser hears, or fails with a `MetricError`."""
        sound = _Sound(signal.samples, signal.rate)
        args = [self._seconds, recogniser, sound]
        running = self._pool.schedule(_hear, args=args, timeout=self._by_clock)
        return _Hearing(running, self._by_clock, self._seconds)

    def describe(self, name: str) -> Metric:
        """Return a metric's description; a third party's code is loaded in a worker, not here.

        Raises
        ------
        MetricError
            If it is not known, cannot be loaded, or does not answer in time.
        """
        try:
            described: Metric = self._pool.schedule(_describe, args=[name], timeout=self._by_clock).result()
        except MetricError:
            raise
        except Exception as error:
            reason = failure_reason(error, self._by_clock)
            raise MetricError(
                f"metric {name}", f"cannot be loaded: {reason}", "remove its package"
            ) from error
        return described

    def close(self) -> None:
        """End all workers at once."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


class _Hearing(Future[tuple[HeardWord, ...]]):
    """Words that will come: worker trouble turned into a reason, cancelling passed on."""

    def __init__(self, running: Any, *limits: float) -> None:
        super().__init__()
        self._running, self._limits = running, limits
        running.add_done_callback(self._finish)

    def _finish(self, running: Any) -> None:
        if running.cancelled():
            super().cancel()
            return
        error = running.exception()
        with suppress(InvalidStateError):  # cancelled in this moment
            if error is None:
                self.set_result(running.result())
                return
            own = isinstance(error, Unscorable)
            reason = str(error) if own else failure_reason(error, *self._limits)
            self.set_exception(MetricError("words", f"cannot be recognised: {reason}", "try it once more"))

    def cancel(self) -> bool:
        """Kill the work."""
        self._running.cancel()
        return super().cancel()


class _Answer(Future[Score]):
    """A score that will come: worker trouble turned into a reason, cancelling passed on."""

    def __init__(self, running: Any, *limits: float) -> None:
        super().__init__()
        self._running, self._limits = running, limits
        self.set_running_or_notify_cancel()
        running.add_done_callback(self._finish)

    def _finish(self, running: Any) -> None:
        if running.cancelled():
            self.set_result(Score(None, "stopped by the user", accident=True))
            return
        error = running.exception()
        if error:
            self.set_result(Score(None, failure_reason(error, *self._limits), accident=True))
        else:
            self.set_result(running.result())

    def cancel(self) -> bool:
        """Kill the work; the result is then a score without a value."""
        return bool(self._running.cancel())
