"""Running concealers in worker processes: what windows, panels and batches call."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
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
        how = request.form.steps_one_by_one if one_by_one else request.form.steps
        steps = how(request.material(), request.parameters)
        if steps is None:
            raise ConcealerFailed(request.entry.title, "is handed a whole clip at once")
        ask, result = partial(self._reply, job=job), partial(self._result, request, key)
        _Underway(request, steps, outcome, ask, result, beside).begin()

    def _reply(self, request: Request, step: Step, job: Job | None = None) -> Future[Reply]:
        """Ask one step; the future fails with what is to be told where it could not be done."""
        entry, limits = request.entry, self.limits
        seconds = limits.seconds(request.lossy.seconds)
        asked: Future[Reply] = Future()

        def answered(done: Future[Reply]) -> None:
            try:
                reply = done.result()
                if reply.header["kind"] != "done":
                    raise failure_of(entry, reply, seconds, limits)
            except BaseException as error:  # noqa: BLE001 - handed on
                asked.set_exception(failure_of(entry, error, seconds, limits))
            else:
                asked.set_result(reply)

        header = {**request.header(step.do, limits), **step.facts}
        task = Task(header, step.arrays, seconds, str(entry.path), tenant_of(entry, step.half), job)
        self._pool.submit(task).add_done_callback(answered)
        return asked

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
        return self._reply(Request.of(entry, parameters, lossy, trace, lossy), step)

    def load(self, entry: Entry) -> Future[Reply]:
        """Import a plugin in one of the processes ahead of its first use."""
        header = {**address_of(entry), "do": "load", "memory": self.limits.memory_bytes}
        task = Task(header, (), self.limits.import_seconds, str(entry.path), tenant_of(entry))
        return self._pool.submit(task)

    def warm_up(self) -> None:
        """Start the processes in the background."""
        self._pool.warm_up()

    def end_resting(self) -> None:
        """End the processes that have nothing to do; others start when they are needed."""
        self._pool.end_resting()

    def close(self) -> None:
        """End all processes; what is running fails with `JobCancelled`."""
        self._preparing.shutdown(wait=False, cancel_futures=True)
        self._pool.close()


@dataclass(eq=False)
class _Underway:
    """A request on its way to a result: each step is asked once the one before it has been answered.

    Parameters
    ----------
    ask
        Asks one step of a request.
    result
        Makes it of what the steps came to, the replies to them, and those of what was asked beside.
    beside
        What is asked the same right after the first step and some at random.
    """

    request: Request
    steps: Generator[Step, Answered, Answered]
    outcome: Future[Concealed]
    ask: Callable[[Request, Step], Future[Reply]]
    result: Callable[[Answered, Sequence[Reply], Sequence[Reply | None]], Concealed]
    beside: Request | None = None
    replies: list[Reply] = field(default_factory=list)
    others: list[Reply | None] = field(default_factory=list)

    def begin(self) -> None:
        """Ask the first step; all that follows is done by whoever brings the answers."""
        self._ask(self.request, next(self.steps), self._answered)

    def _ask(self, request: Request, step: Step, then: Callable[[Step, Reply], None]) -> None:
        def done(asked: Future[Reply]) -> None:
            if self.outcome.cancelled():
                return
            try:
                then(step, asked.result())
            except BaseException as error:  # noqa: BLE001 - handed on
                if self.outcome.set_running_or_notify_cancel():
                    self.outcome.set_exception(error)

        self.ask(request, step).add_done_callback(done)

    def _answered(self, step: Step, reply: Reply) -> None:
        self.replies.append(reply)
        if self.beside is not None and self._is_asked_beside():
            self._ask(self.beside, step, self._go_on)
        else:
            self._go_on(step, None)

    def _is_asked_beside(self) -> bool:
        packets = max(self.request.cover.trace.packets, 1)
        return len(self.replies) == 1 or random.random() < _ASKED_BESIDE / packets

    def _go_on(self, _: Step, other: Reply | None) -> None:
        """Ask the next step, or hand over the result."""
        self.others.append(other)
        own = self.replies[-1]
        try:
            following = self.steps.send(Answered(own.header, tuple(own.arrays)))
        except StopIteration as end:
            result = self.result(end.value, self.replies, self.others)
            if self.outcome.set_running_or_notify_cancel():
                self.outcome.set_result(result)
        else:
            self._ask(self.request, following, self._answered)


def tenant_of(entry: Entry, half: str = "") -> Hashable:
    """Return whose process a plugin's is: its own, unless it is one of the program's."""
    if entry.origin == "bundled":
        return ("bundled", half)
    return (str(entry.path), entry.target, entry.digest, half)
