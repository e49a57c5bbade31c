"""One worker process as the host sees it: start it, ask it, watch it, kill it."""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from gaplisten.concealers import children, wire
from gaplisten.concealers.sealing import Seal
from gaplisten.deadlines import Deadline, threads_of, waited_by_thread, waited_for_a_processor, waited_here
from gaplisten.jobs import Job, JobCancelled

_START_SECONDS = 60.0
_POLL_SECONDS = 0.02
_CANCEL_GRACE_SECONDS = 0.15
_KEPT_BYTES = 65_536
_WAIT_SECONDS = 0.25
_LOOK_AT_MEMORY_SECONDS = 0.1


class WorkerDied(Exception):  # noqa: N818 - named after what happened
    """The process ended by itself: ``_exit``, a crash, or the system killed it."""

    def __init__(self, fact: str, printed: str) -> None:
        super().__init__(fact)
        self.fact, self.printed = fact, printed


class WorkerTooSlow(Exception):  # noqa: N818 - named after what happened
    """The process did not answer in time and was killed."""

    def __init__(self, printed: str) -> None:
        super().__init__()
        self.printed = printed


class Reply:
    """What a worker answered.

    Parameters
    ----------
    header, arrays
        The message.
    printed
        What the plugin wrote to stdout and stderr meanwhile.
    spent
        What the host saw of its time.
    """

    def __init__(
        self, header: dict[str, Any], arrays: list[wire.Array], printed: str, spent: Spent | None = None
    ) -> None:
        self.header, self.arrays, self.printed = header, arrays, printed
        self.spent = spent or Spent()


@dataclass(frozen=True, slots=True)
class Spent:
    """Time that a process took, as its host saw it.

    Parameters
    ----------
    wall
        From request to answer, without the time in which it, or the host that handed over, waited for a
        processor, in s.
    cpu
        Processor time of all its threads, and of programs that it ran to their end, in s; a plugin cannot
        turn that clock.
    """

    wall: float = 0.0
    cpu: float = 0.0


def _processor_time(pid: int) -> float:
    """Return the processor time of a process and its ended children in s; 0 where nobody tells."""
    spent = 0.0
    if sys.platform != "win32":
        with contextlib.suppress(OSError, ValueError):
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
            spent = sum(map(int, stat.rpartition(")")[2].split()[11:15])) / os.sysconf("SC_CLK_TCK")
    return spent


@dataclass(frozen=True, slots=True)
class _Message:
    """What a worker said, and when: without the time in which whoever listened waited for a processor."""

    header: dict[str, Any]
    arrays: list[wire.Array]
    arrived: float


class _Watch:
    """Times one request, by clocks that the process cannot turn.

    The waits that are taken off follow each other: the asking thread's while it writes, those of the
    process's own threads, the listening thread's while it reads the answer.
    """

    def __init__(self, pid: int, threads: Sequence[int]) -> None:
        self._pid, self._threads = pid, threads
        self._cpu, self._waits = _processor_time(pid), self._waited()
        self._own = waited_here()
        self._began = time.monotonic()

    def handed_over(self) -> None:
        self._began += waited_here() - self._own

    def spent(self, reply: _Message) -> Spent:
        wall = reply.arrived - self._began - (self._waited() - self._waits)
        return Spent(max(wall, 0.0), max(_processor_time(self._pid) - self._cpu, 0.0))

    def _waited(self) -> float:
        return sum(waited_by_thread(self._pid, thread) for thread in self._threads)


class WorkerProcess:
    """A warm worker. Not thread-safe: one thread asks it, one request at a time."""

    def __init__(self, sealed: Seal | None = None) -> None:
        self._process = children.start(sealed)
        self._inbox: queue.SimpleQueue[_Message | None] = queue.SimpleQueue()
        self._stdin = self._process.stdin
        self._printed = Printed(self._process.stderr)
        name = f"concealer-worker-{self._process.pid}"
        threading.Thread(target=self._listen, args=(self._process.stdout,), name=name, daemon=True).start()
        self._ready = False
        self._threads: tuple[int, ...] = ()
        self._ending = threading.Lock()
        self._released = False
        self._shared_memory: _SharedMemory | None = None

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def ask(
        self,
        header: dict[str, Any],
        arrays: Sequence[wire.Array] = (),
        *,
        seconds: float,
        job: Job | None = None,
    ) -> Reply:
        """Send a request and wait for its answer.

        Raises
        ------
        WorkerDied, WorkerTooSlow, JobCancelled
            In each of these cases the process is dead afterwards.
        """
        if not self._ready:
            self._await(self._deadline(_START_SECONDS), job)
            self._ready = True
            # Those of the program's own: what a plugin starts may wait as long as it likes.
            self._threads = threads_of(self.pid)
        mark, watch = secrets.token_hex(8), _Watch(self.pid, self._threads)
        self._printed.clear()
        try:
            wire.write(self._stdin, {**header, "seconds": seconds, "mark": mark}, arrays)
        except OSError:
            raise self._died() from None
        watch.handed_over()
        self._shared_memory = _SharedMemory(self.pid, header.get("memory", 0))
        reply = self._await(self._deadline(seconds), job)
        return Reply(reply.header, reply.arrays, self._printed.until(mark), watch.spent(reply))

    def _deadline(self, seconds: float) -> Deadline:
        return Deadline(seconds, partial(waited_for_a_processor, self.pid))

    def _await(self, deadline: Deadline, job: Job | None) -> _Message:
        while True:
            try:
                message = self._inbox.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                if self._process.poll() is not None and self._inbox.empty():
                    raise self._died() from None
                self._check(deadline, job)
                continue
            if message is None:
                raise self._died()
            if message.header.get("kind") != "progress":
                return message
            self._tell(job, float(message.header["fraction"]), deadline)

    def _tell(self, job: Job | None, fraction: float, deadline: Deadline) -> None:
        try:
            if job is not None:
                job.check(fraction)
        except JobCancelled:
            self._stop_gently(deadline)
            raise

    def _check(self, deadline: Deadline, job: Job | None) -> None:
        if job is not None and job.cancelled:
            self._stop_gently(deadline)
            raise JobCancelled
        if deadline.passed:
            self.kill()
            raise WorkerTooSlow(self._printed.text())
        if self._shared_memory is not None and self._shared_memory.too_much:
            self.kill()
            raise WorkerDied(self._shared_memory.fact, self._printed.text())

    def _stop_gently(self, deadline: Deadline) -> None:
        """Let a plugin that is nearly done finish, so that the worker stays warm; kill the others."""
        end = min(deadline.earliest, time.monotonic() + _CANCEL_GRACE_SECONDS)
        while self._ready and (left := end - time.monotonic()) > 0:
            try:
                message = self._inbox.get(timeout=left)
            except queue.Empty:
                break
            if message is not None and message.header.get("kind") != "progress":
                return
        self.kill()

    def _listen(self, stream: IO[bytes]) -> None:
        try:
            while True:
                before = waited_here()
                header, arrays = wire.read(stream)
                arrived = time.monotonic() - (waited_here() - before)
                self._inbox.put(_Message(header, arrays, arrived))
        except Exception:  # noqa: BLE001 - a plugin can write anything to any descriptor: the worker is given up
            self._inbox.put(None)
        stream.close()

    def _died(self) -> WorkerDied:
        status = self._process.wait(1.0)
        if status is None:
            self.kill()
            return WorkerDied("spoiled the connection to its host", self._printed.text())
        self.kill()
        return WorkerDied(_ending(status), self._printed.until(None))

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def interrupt(self) -> None:
        """End the process and what it started, from any thread; whoever waits for it hears of it."""
        with self._ending:
            if not self._released:
                self._process.kill()

    def kill(self) -> None:
        """End the process and everything that it started, and let go of its pipes."""
        self.interrupt()
        self._process.wait()
        with self._ending:
            if not self._released:
                self._released = True
                self._process.release()
        with contextlib.suppress(OSError):
            self._stdin.close()


class _SharedMemory:
    """How much memory a process holds that can be shared, which no limit of the system bounds."""

    def __init__(self, pid: int, most: int) -> None:
        self._pid, self._most = pid, most
        self._next = 0.0

    @property
    def too_much(self) -> bool:
        """Whether it is more than the limit; looked at now and then."""
        now = time.monotonic()
        if not self._most or now < self._next:
            return False
        self._next = now + _LOOK_AT_MEMORY_SECONDS
        return _resident_shared(self._pid) > self._most

    @property
    def fact(self) -> str:
        """What to tell."""
        return f"wanted more shared memory than {self._most / 2**30:g} GiB and was stopped"


def _resident_shared(pid: int) -> int:
    """Return the bytes of shared memory that a process holds; 0 where nobody tells."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("RssShmem:")]
    return 1024 * int(found[0]) if found else 0


def _ending(status: int) -> str:
    """Return in words how a process ended."""
    if status == -getattr(signal, "SIGKILL", 9):
        return "was killed by the system (out of memory?)"
    if status < 0:
        return f"crashed ({signal.strsignal(-status) or f'signal {-status}'})"
    if status > 0x80000000:
        return f"crashed (status 0x{status:08x})"
    return f"ended its process (exit status {status})"


class Printed:
    """Reads a pipe to its end in a thread and remembers the last 64 KiB."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._kept = bytearray()
        self._ended = False
        self._changed = threading.Condition()
        threading.Thread(target=self._read, name="concealer-printed", daemon=True).start()

    def clear(self) -> None:
        """Forget what was printed so far."""
        with self._changed:
            self._kept.clear()

    def text(self) -> str:
        """Return what was printed since `clear`."""
        with self._changed:
            return _readable(bytes(self._kept))

    def until(self, mark: str | None) -> str:
        """Return what was printed before `mark` (None: the end), waiting a moment for it to arrive."""
        wanted = b"\0" + mark.encode() + b"\0" if mark else None
        with self._changed:
            self._changed.wait_for(
                lambda: self._ended or (wanted is not None and wanted in self._kept), _WAIT_SECONDS
            )
            kept = bytes(self._kept)
        return _readable(kept.partition(wanted)[0] if wanted else kept)

    def _read(self) -> None:
        read = self._stream.read1  # type: ignore[attr-defined]
        while chunk := read(_KEPT_BYTES):
            with self._changed:
                self._kept += chunk
                del self._kept[: max(len(self._kept) - _KEPT_BYTES, 0)]
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._stream.close()


def _readable(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\0", "").strip()
