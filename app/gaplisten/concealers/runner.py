"""Running concealers in worker processes: what windows, panels and batches call."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples, Signal
from gaplisten.concealers.cache import Cache, key_of
from gaplisten.concealers.entries import BrokenEntry, Entry, Limits
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.form import Answered, Coding, Form, Given, Step, forms
from gaplisten.concealers.parameters import validate
from gaplisten.concealers.pool import Pool, Task
from gaplisten.concealers.process import Reply, Spent, WorkerDied, WorkerTooSlow
from gaplisten.concealers.sealing import Seal
from gaplisten.jobs import Job, JobCancelled
from gaplisten.loss.cover import Cover
from gaplisten.loss.trace import LossTrace, Origin, apply_loss

_MESSAGE_LINES = 100
_KEPT = ("delay_frames", "work_rate", "seconds", "files", "coding")
_OWN_FRAMES = (
    "/gaplisten/concealers/",
    "\\gaplisten\\concealers\\",
    'File "<string>"',
    "Extension modules: ",
)


@dataclass(frozen=True, eq=False)
class Concealed:
    """One concealed signal, on the clip's clock.

    Parameters
    ----------
    signal
        Same rate, length and channels as the lossy signal; the declared delay is removed.
    delay_frames
        The declared delay that was removed, in frames of the clip.
    seconds
        Time spent in the plugin.
    realtime_factor
        `seconds` by the signal's length.
    altered_received
        Share of the received samples that differ from the input, 0..1.
    resampled
        Whether the plugin worked at another rate than the clip's.
    work_rate
        The rate at which it worked, in Hz.
    messages
        Lines that the plugin printed.
    cached
        Whether this is an earlier result.
    packet_seconds
        Time of each packet (streaming), or of the whole call; empty when cached.
    files
        What `describe_file` said of each file that the plugin read, when it first did; ``[path]`` of one that
        it looked for in vain. With other ones the result would be another one.
    coding
        What a codec sent; None for what is no codec.
    spent
        What the host saw of the time of each step; empty when cached.
    left_behind
        Whether threads, processes or much memory were still there after the answer.
    deeds
        What the plugin did besides concealing, as `OpenedFiles.deeds` tells it.
    offline
        Whether its process was kept from the network; False when cached.
    """

    signal: Signal
    delay_frames: int
    seconds: float
    realtime_factor: float
    altered_received: float
    resampled: bool
    messages: tuple[str, ...]
    cached: bool
    packet_seconds: npt.NDArray[np.float64]
    work_rate: int = 0
    files: tuple[Any, ...] = ()
    coding: Coding | None = None
    spent: tuple[Spent, ...] = ()
    left_behind: bool = False
    deeds: tuple[str, ...] = ()
    offline: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was done to received sound and to the clip's clock, few words each."""
        if self.coding is not None:
            delay = 1000.0 * self.delay_frames / self.signal.rate
            said = [f"{self.coding.kbit_s:.3g} kbit/s", f"{delay:.3g} ms delay"]
        else:
            said = [f"altered {100 * self.altered_received:.2g} %"] if self.altered_received else []
        return (*said, "resampled") if self.resampled else tuple(said)


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

        Returns
        -------
        future
            Of the result; fails with `ConcealerFailed`, `ParameterRefused` or `JobCancelled`.
        """
        outcome: Future[Concealed] = Future()

        def begin() -> None:
            request = _Request.of(entry, parameters, lossy, trace, reference)
            if one_by_one:
                self._run(request, "", job, outcome, one_by_one=True)
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

    def _begin(self, request: _Request, job: Job | None, outcome: Future[Concealed]) -> None:
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
        request: _Request,
        key: str,
        job: Job | None,
        outcome: Future[Concealed],
        *,
        one_by_one: bool = False,
    ) -> None:
        entry, limits = request.entry, self.limits
        seconds = limits.seconds(request.lossy.seconds)
        how = request.form.steps_one_by_one if one_by_one else request.form.steps
        steps = how(request.material(), request.parameters)
        if steps is None:
            raise ConcealerFailed(entry.title, "is handed a whole clip at once")
        replies: list[Reply] = []

        def ask(step: Step) -> None:
            header = {**request.header(step.do, limits), **step.facts}
            task = Task(header, step.arrays, seconds, str(entry.path), tenant_of(entry, step.half), job)
            self._pool.submit(task).add_done_callback(answered)

        def answered(done: Future[Reply]) -> None:
            if outcome.cancelled():
                return
            try:
                reply = done.result()
                if reply.header["kind"] != "done":
                    raise failure_of(entry, reply, seconds, limits)
                replies.append(reply)
                try:
                    following = steps.send(Answered(reply.header, tuple(reply.arrays)))
                except StopIteration as end:
                    result = self._result(request, key, end.value, replies)
                else:
                    ask(following)
                    return
            except BaseException as error:  # noqa: BLE001 - handed on
                if outcome.set_running_or_notify_cancel():
                    outcome.set_exception(failure_of(entry, error, seconds, limits))
            else:
                if outcome.set_running_or_notify_cancel():
                    outcome.set_result(result)

        ask(next(steps))

    def _result(self, request: _Request, key: str, made: Answered, replies: Sequence[Reply]) -> Concealed:
        files = {str(file): file for reply in replies for file in reply.header.get("files", ())}
        made = Answered({**made.facts, "files": list(files.values())}, made.arrays)
        result = request.result(made, replies)
        current = all(reply.header.get("digest") == request.entry.digest for reply in replies)
        if self._cache is not None and key and current:
            facts = {name: made.facts[name] for name in _KEPT if name in made.facts}
            self._cache.put(key, made.arrays[0], {**facts, "messages": list(result.messages)})
        return result

    def ask(
        self, entry: Entry, parameters: Mapping[str, Any], step: Step, lossy: Signal, trace: LossTrace
    ) -> Future[Reply]:
        """Ask one step of a form, for audits; rate and packets are those of the clip."""
        request = _Request.of(entry, parameters, lossy, trace, lossy)
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
        header = {**_address(entry), "do": "load", "memory": self.limits.memory_bytes}
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


def _address(entry: Entry) -> dict[str, Any]:
    return {
        "path": str(entry.path),
        "digest": entry.digest,
        "target": entry.target if entry.origin != "entry point" else "",
        "entry_point": entry.target if entry.origin == "entry point" else "",
    }


@dataclass(frozen=True, eq=False)
class _Request:
    entry: Entry
    parameters: dict[str, Any]
    lossy: Signal
    cover: Cover
    given: Signal
    reference: Samples | None = None

    @classmethod
    def of(
        cls,
        entry: Entry | BrokenEntry,
        parameters: Mapping[str, Any],
        lossy: Signal,
        trace: LossTrace | None,
        reference: Signal | None = None,
    ) -> _Request:
        if isinstance(entry, BrokenEntry):
            raise ConcealerFailed(entry.name, entry.message, f"fix {entry.path}", entry.details)
        checked = validate(entry, parameters)
        cover = Cover.of(_trace_for(trace, lossy), lossy.frames)
        zeroed = apply_loss(lossy, cover.lost)
        given = cover.given(zeroed)
        needed = _as_given(reference, given, cover.before, entry) if entry.needs_reference else None
        return cls(entry, checked, zeroed, cover, given, needed)

    @property
    def form(self) -> Form:
        return forms()[self.entry.form]

    def material(self) -> Given:
        packet = self.cover.trace.packet_frames
        return Given(self.given.samples, self.cover.trace.lost, self.lossy.rate, packet, self.reference)

    def header(self, do: str, limits: Limits) -> dict[str, Any]:
        paths = [name for name, value in self.parameters.items() if isinstance(value, Path)]
        plain = {name: str(value) if name in paths else value for name, value in self.parameters.items()}
        return {
            **_address(self.entry),
            "do": do,
            "memory": limits.memory_bytes,
            "parameters": plain,
            "paths": paths,
            "rate": self.lossy.rate,
            "packet_frames": self.cover.trace.packet_frames,
        }

    def result(self, made: Answered, replies: Sequence[Reply]) -> Concealed:
        samples, times = made.arrays
        if samples.shape != self.given.samples.shape or samples.dtype != np.float32:
            raise ConcealerFailed(self.entry.title, "answered with something that is not the sound asked for")
        lines = [line for reply in replies for line in reply.printed.splitlines()[-_MESSAGE_LINES:]]
        for left in dict.fromkeys(filter(None, (reply.header.get("left_behind") for reply in replies))):
            lines.append(f"left {left} behind, so its process was ended")
        concealed = self._made(samples, made.facts, (*self._dropped(), *lines), times, cached=False)
        return replace(
            concealed,
            spent=tuple(reply.spent for reply in replies),
            left_behind=any(reply.header.get("left_behind") for reply in replies),
            deeds=tuple(sorted({deed for reply in replies for deed in reply.header.get("deeds", ())})),
            offline=all(reply.header.get("offline", False) for reply in replies),
        )

    def _dropped(self) -> tuple[str, ...]:
        """Say what became of gaps that are no packets where the answer is taken as a whole."""
        if self.cover.exact or not self.form.takes_all:
            return ()
        packets, trace = int(self.cover.trace.lost.sum()), self.cover.trace
        length = f"{trace.packet_ms:.3g} ms"
        return (f"gaps lie off the packets: the {packets} packets of {length} that they touch were dropped",)

    def earlier(self, samples: Samples, facts: Mapping[str, Any]) -> Concealed:
        return self._made(samples, facts, tuple(facts.get("messages", ())), np.zeros(0), cached=True)

    def _made(
        self,
        samples: Samples,
        facts: Mapping[str, Any],
        messages: tuple[str, ...],
        times: npt.NDArray[np.float64],
        *,
        cached: bool,
    ) -> Concealed:
        rate, work_rate = self.lossy.rate, int(facts["work_rate"])
        samples = (
            samples[self.cover.before :] if self.form.takes_all else self.cover.taken(self.lossy, samples)
        )
        coding = facts.get("coding")
        return Concealed(
            signal=Signal(samples, rate),
            delay_frames=round(int(facts["delay_frames"]) * rate / work_rate),
            seconds=float(facts["seconds"]),
            realtime_factor=float(facts["seconds"]) / max(self.lossy.seconds, 1e-9),
            altered_received=altered_share(self.lossy, samples, self.cover.lost),
            resampled=work_rate != rate,
            messages=messages,
            cached=cached,
            packet_seconds=times,
            work_rate=work_rate,
            files=tuple(facts.get("files", ())),
            coding=None if coding is None else Coding(**coding),
        )


def _trace_for(trace: LossTrace | None, lossy: Signal) -> LossTrace:
    if trace is None:
        size = max(lossy.rate // 50, 1)
        return LossTrace.of_packets(np.zeros(0, np.bool_), size, lossy.rate, Origin.DETECTED)
    return trace if trace.rate == lossy.rate else trace.at_rate(lossy.rate)


def _as_given(reference: Signal | None, given: Signal, before: int, entry: Entry) -> Samples:
    """Return the reference on the clock of what is given, in as many channels."""
    if reference is None:
        fact = "needs the undamaged speech, and this clip has none"
        raise ConcealerFailed(entry.title, fact, "give the clip its reference: a codec codes what was said")
    if reference.channels not in (1, given.channels):
        fact = f"the reference has {reference.channels} channels, the lossy sound {given.channels}"
        raise ConcealerFailed(entry.title, fact, "give both the same channels")
    if reference.rate != given.rate:
        from gaplisten.audio.resample import resample

        reference = resample(reference, given.rate)
    fitted = np.zeros_like(given.samples)
    samples = reference.samples[: given.frames - before]
    fitted[before : before + len(samples)] = samples
    return fitted


def altered_share(lossy: Signal, samples: Samples, trace: LossTrace) -> float:
    """Return the share of received samples that differ from the input, 0..1 (0 when nothing was received)."""
    received = ~trace.mask(lossy.frames)
    count = int(received.sum()) * lossy.channels
    return float(np.count_nonzero((samples != lossy.samples) & received[:, None])) / count if count else 0.0


def failure_of(entry: Entry, found: BaseException | Reply, seconds: float, limits: Limits) -> BaseException:
    """Return the error to show for a reply that is none, or for what became of the worker."""
    if isinstance(found, Reply):
        return _answered(entry, found, limits)
    if isinstance(found, WorkerTooSlow):
        fact = f"did not finish within {seconds:g} s and was stopped"
        return _failed(entry, fact, "look for an endless loop, or raise the time limit", found.printed)
    if isinstance(found, WorkerDied):
        return _failed(
            entry, found.fact, "the details show what it printed last", without_own_frames(found.printed)
        )
    return found


def _answered(entry: Entry, reply: Reply, limits: Limits) -> ConcealerFailed:
    header = reply.header
    details = "\n\n".join(filter(None, (header.get("details", ""), reply.printed)))
    if header["kind"] == "refused":
        fact, _, way_out = header["fact"].rpartition("; ")
        return _failed(entry, fact or way_out, way_out if fact else "check its parameters", details)
    if header["kind"] == "contract":
        return _failed(entry, header["fact"], "see the concealer contract", details)
    where = f" in line {header['line']}" if header.get("line") else ""
    if header["kind"] == "memory":
        limit = f"{limits.memory_bytes / 2**30:g} GiB" if limits.memory_bytes else "there is"
        return _failed(
            entry, f"wanted more memory than {limit}{where}", "allocate less, or raise the limit", details
        )
    return _failed(entry, f"raised {header['fact']}{where}", "the details show its traceback", details)


def _failed(entry: Entry, fact: str, way_out: str, details: str) -> ConcealerFailed:
    return ConcealerFailed(f"{entry.title} ({entry.path.name})", fact, way_out, details)


def without_own_frames(text: str) -> str:
    """Return a crash report without the lines that are the host's own."""
    return "\n".join(line for line in text.splitlines() if not any(mark in line for mark in _OWN_FRAMES))
