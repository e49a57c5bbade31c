"""Some processes of plugins that stay warm, and the requests waiting for them."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from gaplisten.concealers import children, wire
from gaplisten.concealers.cache import unchanged
from gaplisten.concealers.process import Reply, WorkerDied, WorkerProcess
from gaplisten.concealers.sealing import Seal
from gaplisten.jobs import Job, JobCancelled

_KEPT_WARM = 8


@dataclass(eq=False)
class Task:
    """One request, and the future of its reply.

    Parameters
    ----------
    plugin
        What must be loaded for it: of the processes that may serve it, one that has it already is preferred.
    tenant
        Whose a process is: it serves tasks of one tenant only, as long as it lives. Plugins of the program's
        own may share one; any other plugin, each version of its file and each half of it is one by itself.
    """

    header: dict[str, Any]
    arrays: Sequence[wire.Array]
    seconds: float
    plugin: str
    tenant: Hashable
    job: Job | None = None
    done: Future[Reply] = field(default_factory=Future)


class _Tenancy:
    """A process, whose it is, and what is known to be loaded in it."""

    def __init__(self, tenant: Hashable, sealed: Seal | None = None) -> None:
        self.tenant, self.worker = tenant, WorkerProcess(sealed)
        self.loaded: set[str] = set()
        self.files: dict[str, Sequence[Any]] = {}

    @property
    def fresh(self) -> bool:
        """Whether what was loaded is still what lies on the disk."""
        return self.worker.alive and unchanged(list(self.files.values()))

    def note(self, task: Task, reply: Reply) -> None:
        """Remember what the process has loaded, as it was when it was first loaded."""
        self.loaded.add(task.plugin)
        for file in reply.header.get("files", ()):
            self.files.setdefault(str(file[0]), file)


class Pool:
    """Hands tasks to processes, so many at a time.

    A process that has run a plugin never runs another one, and none that has loaded a file which has changed
    since is used again. A forgotten pool does no harm: threads are daemons, processes end with the host.
    """

    def __init__(self, workers: int, sealed: Seal | None = None) -> None:
        self._sealed = sealed
        self._changed = threading.Condition()
        self._tasks: deque[Task] = deque()
        self._closed = False
        self._idle: list[_Tenancy] = []  # the one that rested longest first
        self._living: set[WorkerProcess] = set()
        self._threads = [
            threading.Thread(target=self._serve, name=f"concealer-{index}", daemon=True)
            for index in range(max(workers, 1))
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
                self._changed.notify()
        return task.done

    def warm_up(self) -> None:
        """Have ready what starts processes, in the background."""
        threading.Thread(target=_prepare_quietly, name="concealer-warm-up", daemon=True).start()

    def close(self) -> None:
        """End the processes; tasks that wait or run fail with `JobCancelled`."""
        with self._changed:
            self._closed = True
            waiting, living = list(self._tasks), list(self._living)
            self._tasks.clear()
            self._changed.notify_all()
        for task in waiting:
            _settle(task, lambda done: done.set_exception(JobCancelled()))
        for worker in living:
            worker.interrupt()
        for thread in self._threads:
            thread.join(5.0)
        self.end_resting()

    def end_resting(self) -> None:
        """End the processes that have nothing to do, and all that they may hold."""
        with self._changed:
            idle, self._idle = self._idle, []
        for tenancy in idle:
            self._end(tenancy)

    def _serve(self) -> None:
        while (task := self._next()) is not None:
            if task.done.set_running_or_notify_cancel():
                self._perform(task)

    def _next(self) -> Task | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._tasks)
            return None if self._closed else self._tasks.popleft()

    def _perform(self, task: Task) -> None:
        try:
            if task.job is not None and task.job.cancelled:
                raise JobCancelled
            reply = self._reply(task)
        except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
            failure = JobCancelled() if self._closed else error
            _settle(task, lambda done: done.set_exception(failure))
        else:
            _settle(task, lambda done: done.set_result(reply))

    def _reply(self, task: Task) -> Reply:
        """Ask; where that fails in a process in which other plugins ran before, ask again in a fresh one."""
        tenancy = self._tenancy(task)
        shared = bool(tenancy.loaded - {task.plugin})
        try:
            reply = self._asked(tenancy, task)
            if reply.header.get("kind") == "done" or not shared:
                return reply
        except WorkerDied:
            if not shared:
                raise
        return self._asked(self._started(task.tenant), task)

    def _asked(self, tenancy: _Tenancy, task: Task) -> Reply:
        keep = False
        try:
            reply = tenancy.worker.ask(task.header, task.arrays, seconds=task.seconds, job=task.job)
            tenancy.note(task, reply)
            # A file that was edited after it had been looked at is another plugin than the one asked for.
            loaded = reply.header.get("digest", task.header.get("digest"))
            # Files in its temporary folder are what it heard in one run and may use in another.
            left = reply.header.get("left_behind") or reply.header.get("keeps")
            keep = not left and loaded == task.header.get("digest")
            return reply
        except JobCancelled:
            keep = tenancy.worker.alive  # it was done in time
            raise
        finally:
            if keep:
                self._rest(tenancy)
            else:
                self._end(tenancy)

    def _tenancy(self, task: Task) -> _Tenancy:
        """Return a process for a task: one that rests, or a fresh one."""
        while True:
            with self._changed:
                own = [each for each in reversed(self._idle) if each.tenant == task.tenant]
                found = next((each for each in own if task.plugin in each.loaded), own[0] if own else None)
                if found is not None:
                    self._idle.remove(found)
            if found is None:
                return self._started(task.tenant)
            if found.fresh:
                return found
            self._end(found)

    def _started(self, tenant: Hashable) -> _Tenancy:
        tenancy = _Tenancy(tenant, self._sealed)
        with self._changed:
            self._living.add(tenancy.worker)
            closed = self._closed
        if closed:
            self._end(tenancy)
            raise JobCancelled
        return tenancy

    def _rest(self, tenancy: _Tenancy) -> None:
        with self._changed:
            self._idle.append(tenancy)
            most = max(_KEPT_WARM, len(self._threads))
            over = [self._idle.pop(0) for _ in range(len(self._idle) - most)]
        for each in over:
            self._end(each)

    def _end(self, tenancy: _Tenancy) -> None:
        tenancy.worker.kill()
        with self._changed:
            self._living.discard(tenancy.worker)


def _prepare_quietly() -> None:
    with contextlib.suppress(OSError):  # the first task will meet the same, and tell
        children.prepare()


def _settle(task: Task, how: Callable[[Future[Reply]], None]) -> None:
    if not task.done.done():
        how(task.done)
