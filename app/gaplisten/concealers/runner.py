"""Running concealers in worker processes: what windows, panels and batches call."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from gaplisten.audio.signal import Signal
from gaplisten.concealers.cache import Cache, key_of
from gaplisten.concealers.entries import BrokenEntry, Entry, Limits
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.failures import failure_of
from gaplisten.concealers.form import Answered, Step
from gaplisten.concealers.pool import Pool, Task
from gaplisten.concealers.process import Reply
from gaplisten.concealers.request import Concealed, Request, address_of
from gaplisten.concealers.sealing import Seal
from gaplisten.jobs import Job, JobCancelled
from gaplisten.loss.trace import LossTrace

_KEPT = ("delay_frames", "work_rate", "seconds", "files", "coding")
_ASKED_BESIDE = 200  # packets of a clip, about


class Runner:
    """Runs plugins, several at a time, each in a process that can be killed.

    Parameters
    ----------
    workers
        How many processes; they start with the first request (or `warm_up`) and stay warm.
    limits
        Time and memory of one run.
    cache
        Where results are kept, or None to make each anew.
    sealed
        What its processes may read; None leaves them as they are.
    """

    def __init__(
        self,
        workers: int = 2,
        limits: Limits | None = None,
        cache: Cache | None = None,
        sealed: Seal | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._cache = cache
        self._pool = Pool(workers, sealed)
        self._preparing = ThreadPoolExecutor(max(workers, 1), "concealer-preparing")

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(
        self,
        entry: Entry | BrokenEntry,
        parameters: Mapping[str, Any],
        lossy: Signal,
        trace: LossTrace | None,
        job: Job | None = None,
        reference: Signal | None = None,
        *,
        one_by_one: bool = False,
        beside: Entry | None = None,
    ) -> Future[Concealed]:
        """Conceal a lossy signal.

        Parameters
        ----------
        parameters
            Checked here; missing ones take their defaults.
        lossy
            What was received. Whatever it holds in lost packets is zeroed before the plugin sees it.
        trace
            What was lost, on the signal's clock; None means no loss in 20 ms packets. For gaps off the
            packets the plugin conceals all packets that they touch; only the lost frames are used of it.
        job
            Told how far it is; cancelling it stops the plugin.
        reference
            The undamaged speech, for forms of plugins that need it. Others never get it, nor does the process
            in which they live.
        one_by_one
            Let no packet leave this process before the plugin has answered those before it; for forms that
            are called so, in a runner with one worker. Slower, and never taken from the cache.
        beside
            Another plugin without parameters that is asked the same right after the first step and some at
            random, in a process of its own: what the machine itself takes just then. Only with `one_by_one`.

        Returns
        -------
        future
            Of the result; fails with `ConcealerFailed`, `ParameterRefused` or `JobCancelled`.
        """
        outcome: Future[Concealed] = Future()

        def begin() -> None:
            request = Request.of(entry, parameters, lossy, trace, reference)
            if one_by_one:
                other = Request.of(beside, {}, lossy, trace, reference) if beside else None
                self._run(request, "", job, outcome, one_by_one=True, beside=other)
            else:
                self._begin(request, job, outcome)

        def begun(done: Future[None]) -> None:
            error = JobCancelled() if done.cancelled() else done.exception()
            if error is not None and not outcome.done():
                outcome.set_exception(error)

        # Copying and hashing an hour of sound takes a second: not in the caller's thread.
        try:
            self._preparing.submit(begin).add_done_callback(begun)
        except RuntimeError:
            outcome.set_exception(JobCancelled())
        return outcome

    def _begin(self, request: Request, job: Job | None, outcome: Future[Concealed]) -> None:
        key, kept = "", None
        if self._cache is not None and request.entry.deterministic:
            key = key_of(
                request.entry, request.parameters, request.given, request.cover.trace, request.reference
            )
            kept = self._cache.get(key)
        if kept is None:
            self._run(request, key, job, outcome)
        elif outcome.set_running_or_notify_cancel():
            outcome.set_result(request.earlier(kept.samples, kept.facts))

    def _run(
        self,
        request: Request,
        key: str,
        job: Job | None,
        outcome: Future[Concealed],
        *,
        one_by_one: bool = False,
        beside: Request | None = None,
    ) -> None:
        entry, limits = request.entry, self.limits
        seconds = limits.seconds(request.lossy.seconds)
        how = request.form.steps_one_by_one if one_by_one else request.form.steps
        steps = how(request.material(), request.parameters)
        if steps is None:
            raise ConcealerFailed(entry.title, "is handed a whole clip at once")
        asked_beside = _ASKED_BESIDE / max(request.cover.trace.packets, 1) if beside is not None else 0.0
        replies: list[Reply] = []
        others: list[Reply | None] = []

        def ask(step: Step, of: Request, then: Callable[[Step, Reply], None]) -> None:
            header = {**of.header(step.do, limits), **step.facts}
            task = Task(header, step.arrays, seconds, str(of.entry.path), tenant_of(of.entry, step.half), job)
            self._pool.submit(task).add_done_callback(partial(answered, step, of, then))

        def answered(
            step: Step, of: Request, then: Callable[[Step, Reply], None], done: Future[Reply]
        ) -> None:
            if outcome.cancelled():
                return
            try:
                reply = done.result()
                if reply.header["kind"] != "done":
                    raise failure_of(of.entry, reply, seconds, limits)
                then(step, reply)
            except BaseException as error:  # noqa: BLE001 - handed on
                if outcome.set_running_or_notify_cancel():
                    outcome.set_exception(failure_of(of.entry, error, seconds, limits))

        def own(step: Step, reply: Reply) -> None:
            replies.append(reply)
            if beside is not None and (len(replies) == 1 or random.random() < asked_beside):
                ask(step, beside, other)
            else:
                others.append(None)
                go_on()

        def other(_: Step, reply: Reply) -> None:
            others.append(reply)
            go_on()

        def go_on() -> None:
            try:
                following = steps.send(Answered(replies[-1].header, tuple(replies[-1].arrays)))
            except StopIteration as end:
                result = self._result(request, key, end.value, replies, others)
                if outcome.set_running_or_notify_cancel():
                    outcome.set_result(result)
            else:
                ask(following, request, own)

        ask(next(steps), request, own)

    def _result(
        self,
        request: Request,
        key: str,
        made: Answered,
        replies: Sequence[Reply],
        others: Sequence[Reply | None],
    ) -> Concealed:
        files = {str(file): file for reply in replies for file in reply.header.get("files", ())}
        made = Answered({**made.facts, "files": list(files.values())}, made.arrays)
        result = request.result(made, replies, others)
        current = all(reply.header.get("digest") == request.entry.digest for reply in replies)
        if self._cache is not None and key and current:
            facts = {name: made.facts[name] for name in _KEPT if name in made.facts}
            self._cache.put(key, made.arrays[0], {**facts, "messages": list(result.messages)})
        return result

    def ask(
        self, entry: Entry, parameters: Mapping[str, Any], step: Step, lossy: Signal, trace: LossTrace
    ) -> Future[Reply]:
        """Ask one step of a form, for audits; rate and packets are those of the clip."""
        request = Request.of(entry, parameters, lossy, trace, lossy)
        header = {**request.header(step.do, self.limits), **step.facts}
        seconds = self.limits.seconds(lossy.seconds)
        asked: Future[Reply] = Future()

        def answered(done: Future[Reply]) -> None:
            try:
                reply = done.result()
                if reply.header["kind"] != "done":
                    raise failure_of(entry, reply, seconds, self.limits)
            except BaseException as error:  # noqa: BLE001 - handed on
                asked.set_exception(failure_of(entry, error, seconds, self.limits))
            else:
                asked.set_result(reply)

        task = Task(header, step.arrays, seconds, str(entry.path), tenant_of(entry, step.half))
        self._pool.submit(task).add_done_callback(answered)
        return asked

    def load(self, entry: Entry) -> Future[Reply]:
        """Import a plugin in one of the processes ahead of its first use."""
        header = {**address_of(entry), "do": "load", "memory": self.limits.memory_bytes}
        task = Task(header, (), self.limits.import_seconds, str(entry.path), tenant_of(entry))
        return self._pool.submit(task)

    def warm_up(self) -> None:
        """Start the processes in the background."""
        self._pool.warm_up()

    def close(self) -> None:
        """End all processes; what is running fails with `JobCancelled`."""
        self._preparing.shutdown(wait=False, cancel_futures=True)
        self._pool.close()


def tenant_of(entry: Entry, half: str = "") -> Hashable:
    """Return whose process a plugin's is: its own, unless it is one of the program's."""
    if entry.origin == "bundled":
        return ("bundled", half)
    return (str(entry.path), entry.target, entry.digest, half)
