"""One worker process as the host sees it: start it, ask it, watch it, kill it."""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

from gaplisten.concealers import wire
from gaplisten.jobs import Job, JobCancelled
from gaplisten.processes import python

_START_SECONDS = 60.0
_POLL_SECONDS = 0.02
_CANCEL_GRACE_SECONDS = 0.15
_SOURCE_FOLDER = str(Path(__file__).resolve().parents[2])
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from gaplisten.concealers.worker import main; main(int(sys.argv[2]))"
)
# Constants that exist on Windows only: elsewhere the worker lowers its own priority.
_WINDOWS_FLAGS = ("BELOW_NORMAL_PRIORITY_CLASS", "CREATE_NO_WINDOW")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_KEPT_BYTES = 65_536
_PATIENCE = 4.0  # how many times the limit a worker may take that waits for a processor
_WAIT_SECONDS = 0.25


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
    """

    def __init__(self, header: dict[str, Any], arrays: list[wire.Array], printed: str) -> None:
        self.header, self.arrays, self.printed = header, arrays, printed


class WorkerProcess:
    """A warm worker. Not thread-safe: one thread asks it, one request at a time."""

    def __init__(self) -> None:
        lifeline, self._lifeline = _lifeline()
        try:
            self._process = _spawn(lifeline)
        finally:
            if lifeline >= 0:
                os.close(lifeline)
        self._inbox: queue.SimpleQueue[tuple[dict[str, Any], list[wire.Array]] | None] = queue.SimpleQueue()
        stdout = cast("IO[bytes]", self._process.stdout)
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._printed = Printed(cast("IO[bytes]", self._process.stderr))
        name = f"concealer-worker-{self._process.pid}"
        threading.Thread(target=self._listen, args=(stdout,), name=name, daemon=True).start()
        self._ready = self._killed = False

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
            self._await(_Deadline(_START_SECONDS, self.pid), job)
            self._ready = True
        mark = secrets.token_hex(8)
        self._printed.clear()
        try:
            wire.write(self._stdin, {**header, "seconds": seconds, "mark": mark}, arrays)
        except OSError:
            raise self._died() from None
        reply, results = self._await(_Deadline(seconds, self.pid), job)
        return Reply(reply, results, self._printed.until(mark))

    def _await(self, deadline: _Deadline, job: Job | None) -> tuple[dict[str, Any], list[wire.Array]]:
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
            if message[0].get("kind") != "progress":
                return message
            self._tell(job, float(message[0]["fraction"]), deadline)

    def _tell(self, job: Job | None, fraction: float, deadline: _Deadline) -> None:
        try:
            if job is not None:
                job.check(fraction)
        except JobCancelled:
            self._stop_gently(deadline)
            raise

    def _check(self, deadline: _Deadline, job: Job | None) -> None:
        if job is not None and job.cancelled:
            self._stop_gently(deadline)
            raise JobCancelled
        if deadline.passed:
            self.kill()
            raise WorkerTooSlow(self._printed.text())

    def _stop_gently(self, deadline: _Deadline) -> None:
        """Let a plugin that is nearly done finish, so that the worker stays warm; kill the others."""
        end = min(deadline.earliest, time.monotonic() + _CANCEL_GRACE_SECONDS)
        while self._ready and (left := end - time.monotonic()) > 0:
            try:
                message = self._inbox.get(timeout=left)
            except queue.Empty:
                break
            if message is not None and message[0].get("kind") != "progress":
                return
        self.kill()

    def _listen(self, stream: IO[bytes]) -> None:
        try:
            while True:
                self._inbox.put(wire.read(stream))
        except Exception:  # noqa: BLE001 - a plugin can write anything to any descriptor: the worker is given up
            self._inbox.put(None)
        stream.close()

    def _died(self) -> WorkerDied:
        try:
            status = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
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
        if sys.platform != "win32" and not self._killed:
            # Also when the process has ended by itself: what it forked is still in its group.
            self._killed = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()

    def kill(self) -> None:
        """End the process and everything that it started, and let go of its pipes."""
        self.interrupt()
        self._process.wait()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        with contextlib.suppress(OSError):
            self._stdin.close()


class _Deadline:
    """When an answer is too late.

    Time in which the process could have run and was given no processor does not count, up to `_PATIENCE`
    times the limit: a plugin is not slow because the machine is busy.

    Attributes
    ----------
    earliest
        The moment, on the monotonic clock, before which it cannot pass.
    """

    def __init__(self, seconds: float, pid: int) -> None:
        self.earliest = time.monotonic() + seconds
        self._most, self._pid = (_PATIENCE - 1.0) * seconds, pid
        self._waited = waited_for_a_processor(pid)

    @property
    def passed(self) -> bool:
        """Whether it is too late now."""
        late = time.monotonic() - self.earliest
        return late > 0 and late > min(waited_for_a_processor(self._pid) - self._waited, self._most)


def waited_for_a_processor(pid: int) -> float:
    """Return for how many seconds a process was ready to run and did not; 0 where nobody tells."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def _lifeline() -> tuple[int, int]:
    """Return a pipe that closes when this process ends, or -1, -1 where it cannot be handed on."""
    return os.pipe() if os.name == "posix" else (-1, -1)


def _spawn(lifeline: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1"), "PYTHONUNBUFFERED": "1"}
    for name in ("PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONSTARTUP"):
        environment.pop(name, None)
    command = python("-c", _BOOT, _SOURCE_FOLDER, str(lifeline))
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(lifeline,) if lifeline >= 0 else (),
        start_new_session=os.name == "posix",
        creationflags=sum(getattr(subprocess, flag, 0) for flag in _WINDOWS_FLAGS),
    )


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
