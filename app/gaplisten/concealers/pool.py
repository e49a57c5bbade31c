"""Some warm worker processes and the requests waiting for them."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from gaplisten.concealers import wire
from gaplisten.concealers.process import Reply, WorkerDied, WorkerProcess
from gaplisten.jobs import Job, JobCancelled


@dataclass(eq=False)
class Task:
    """One request, and the future of its reply.

    Parameters
    ----------
    plugin
        What must be loaded for it: a worker that has it already is preferred.
    half
        Of a plugin whose halves must know nothing of each other: no process ever serves two of them.
    """

    header: dict[str, Any]
    arrays: Sequence[wire.Array]
    seconds: float
    plugin: str
    job: Job | None = None
    half: str = ""
    done: Future[Reply] = field(default_factory=Future)


class _Slot:
    """One place in the pool: its process, and what that has loaded."""

    def __init__(self) -> None:
        self.worker: WorkerProcess | None = None
        self.loaded: set[tuple[str, str]] = set()
        self.busy = False


class Pool:
    """Hands tasks to worker processes, replaces those that die.

    Each place has one thread, which starts its process at the first task and keeps it warm. The threads are
    daemons, and the processes end with the host, so a forgotten pool does no harm.
    """

    def __init__(self, workers: int) -> None:
        self._changed = threading.Condition()
        self._tasks: deque[Task] = deque()
        self._closed = False
        self._slots = [_Slot() for _ in range(max(workers, 1))]
        self._threads = [
            threading.Thread(target=self._serve, args=(slot,), name=f"concealer-{index}", daemon=True)
            for index, slot in enumerate(self._slots)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, task: Task) -> Future[Reply]:
        """Queue a task."""
        with self._changed:
            if self._closed:
                task.done.set_exception(JobCancelled())
            else:
                self._tasks.append(task)
                self._changed.notify_all()
        return task.done

    def warm_up(self) -> None:
        """Start all processes now, in the background."""
        for slot in self._slots:
            threading.Thread(target=self._start_quietly, args=(slot,), daemon=True).start()

    def close(self) -> None:
        """End the processes; tasks that wait or run fail with `JobCancelled`."""
        with self._changed:
            self._closed = True
            waiting = list(self._tasks)
            self._tasks.clear()
            self._changed.notify_all()
        for task in waiting:
            _settle(task, lambda done: done.set_exception(JobCancelled()))
        for slot in self._slots:
            if slot.worker is not None:
                slot.worker.interrupt()
        for thread in self._threads:
            thread.join(5.0)

    def _serve(self, slot: _Slot) -> None:
        while (task := self._next(slot)) is not None:
            if task.done.set_running_or_notify_cancel():
                self._perform(slot, task)
            with self._changed:
                slot.busy = False
                self._changed.notify_all()
        with self._changed:
            if slot.worker is not None:
                slot.worker.kill()
                slot.worker = None

    def _next(self, slot: _Slot) -> Task | None:
        with self._changed:
            while not self._closed:
                for task in self._tasks:
                    if self._is_mine(slot, task):
                        self._tasks.remove(task)
                        slot.busy = True
                        return task
                self._changed.wait()
        return None

    def _is_mine(self, slot: _Slot, task: Task) -> bool:
        if (task.plugin, task.half) in slot.loaded:
            return True
        idle = [other for other in self._slots if other is not slot and not other.busy]
        if _knows_other_half(slot, task) and not all(_knows_other_half(other, task) for other in idle):
            return False
        return not any((task.plugin, task.half) in other.loaded for other in idle)

    def _perform(self, slot: _Slot, task: Task) -> None:
        try:
            if task.job is not None and task.job.cancelled:
                raise JobCancelled
            reply = self._reply(slot, task)
        except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
            failure = JobCancelled() if self._closed else error
            _settle(task, lambda done: done.set_exception(failure))
        else:
            slot.loaded.add((task.plugin, task.half))
            if reply.header.get("left_behind"):
                self._kill(slot)
            _settle(task, lambda done: done.set_result(reply))
        if slot.worker is not None and not slot.worker.alive:
            self._start_quietly(slot)  # warm again before the next task comes

    def _reply(self, slot: _Slot, task: Task) -> Reply:
        """Ask; where that fails in a process in which other plugins ran before, ask again in a fresh one.

        Another plugin may have spoiled the process, by patching numpy for instance: blame must be certain.
        """
        if _knows_other_half(slot, task):
            self._kill(slot)
        worker = self._start(slot)
        shared = bool(slot.loaded - {(task.plugin, task.half)})
        try:
            reply = worker.ask(task.header, task.arrays, seconds=task.seconds, job=task.job)
            if reply.header.get("kind") == "done" or not shared:
                return reply
        except WorkerDied:
            if not shared:
                raise
        self._kill(slot)
        return self._start(slot).ask(task.header, task.arrays, seconds=task.seconds, job=task.job)

    def _kill(self, slot: _Slot) -> None:
        if slot.worker is not None:
            slot.worker.kill()

    def _start_quietly(self, slot: _Slot) -> None:
        with contextlib.suppress(JobCancelled, OSError):  # a task that follows will meet the same, and tell
            self._start(slot)

    def _start(self, slot: _Slot) -> WorkerProcess:
        with self._changed:
            if self._closed:
                raise JobCancelled
            if slot.worker is None or not slot.worker.alive:
                if slot.worker is not None:
                    slot.worker.kill()  # what it started may live on
                slot.loaded = set()
                slot.worker = WorkerProcess()
            return slot.worker


def _knows_other_half(slot: _Slot, task: Task) -> bool:
    return any(plugin == task.plugin and half != task.half for plugin, half in slot.loaded)


def _settle(task: Task, how: Callable[[Future[Reply]], None]) -> None:
    if not task.done.done():
        how(task.done)
