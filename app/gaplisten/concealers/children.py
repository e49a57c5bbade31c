"""How the host starts the processes in which plugins live, and holds them: forked, or else spawned."""

from __future__ import annotations

import array
import atexit
import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Protocol, cast

from gaplisten.concealers import nursery, temporary, wire
from gaplisten.concealers.sealing import Seal
from gaplisten.processes import python

_SOURCE_FOLDER = str(Path(__file__).resolve().parents[2])
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from gaplisten.concealers.{module} import main; main(int(sys.argv[2]))"
)
# Constants that exist on Windows only: elsewhere the worker lowers its own priority.
_WINDOWS_FLAGS = ("BELOW_NORMAL_PRIORITY_CLASS", "CREATE_NO_WINDOW")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_NOT_HANDED_ON = ("PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONSTARTUP")
_BIRTH_SECONDS = 60.0
_GOODBYE_SECONDS = 30.0  # what it does takes a moment, but on a busy machine; killed, it leaves its folders
_LONGEST_MESSAGE = 8192  # a number and a path


class Child(Protocol):
    """A process that was started; nobody else has its number until `release`."""

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def stdin(self) -> IO[bytes]:
        """Where requests go."""

    @property
    def stdout(self) -> IO[bytes]:
        """Where replies come from."""

    @property
    def stderr(self) -> IO[bytes]:
        """What it prints."""

    def poll(self) -> int | None:
        """Return how it ended, as `subprocess.Popen` has it, or None while it runs."""

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for its end; None when it still runs after that time."""

    def kill(self) -> None:
        """End it and its group."""

    def release(self) -> None:
        """Be done with it, once: what is left of it and of all that it started is ended."""


def start(sealed: Seal | None = None) -> Child:
    """Start a fresh process for one plugin.

    Parameters
    ----------
    sealed
        What it may read and write, for systems with a version of `sealing`; others start it as it is.

    Raises
    ------
    OSError
        If the system starts no process.
    """
    if sys.platform == "linux":
        return _Forked(_nursery(), sealed)
    else:  # noqa: RET505 - only so is it plain to type checkers on other systems
        return _Spawned()


def prepare() -> None:
    """Have ready what makes `start` quick."""
    if sys.platform == "linux":
        _nursery()


def environment() -> dict[str, str]:
    """Return the environment of processes in which plugins live."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_HANDED_ON}
    return {**kept, **dict.fromkeys(_ONE_THREAD, "1"), "PYTHONUNBUFFERED": "1"}


class _Spawned:
    """A process that began as a new Python."""

    def __init__(self) -> None:
        lifeline, self._lifeline = os.pipe() if os.name == "posix" else (-1, -1)
        self._folder = temporary.make()
        try:
            self._process = subprocess.Popen(
                python("-c", _BOOT.format(module="worker"), _SOURCE_FOLDER, str(lifeline)),
                env={**environment(), **temporary.environment(self._folder)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(lifeline,) if lifeline >= 0 else (),
                start_new_session=os.name == "posix",
                creationflags=sum(getattr(subprocess, flag, 0) for flag in _WINDOWS_FLAGS),
            )
        except BaseException:
            temporary.forget(self._folder)
            raise
        finally:
            if lifeline >= 0:
                os.close(lifeline)
        self.pid = self._process.pid
        self.stdin = cast("IO[bytes]", self._process.stdin)
        self.stdout = cast("IO[bytes]", self._process.stdout)
        self.stderr = cast("IO[bytes]", self._process.stderr)
        self._group_ended = False

    def poll(self) -> int | None:
        return self._process.poll()

    def wait(self, seconds: float | None = None) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def kill(self) -> None:
        if sys.platform != "win32" and not self._group_ended:
            # Also when the process has ended by itself: what it forked is still in its group.
            self._group_ended = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()

    def release(self) -> None:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        temporary.forget(self._folder)


if sys.platform == "linux":

    class _Forked:
        """A process that the nursery forked."""

        def __init__(self, nursery: _Nursery, sealed: Seal | None = None) -> None:
            self._nursery = nursery
            theirs: list[int] = []
            ours: list[int] = []
            try:
                for to_us in (False, True, True, False):
                    read, write = os.pipe()
                    theirs.append(write if to_us else read)
                    ours.append(read if to_us else write)
                self.pid, self._end = nursery.fork(theirs)
            except BaseException:
                for descriptor in ours:
                    os.close(descriptor)
                raise
            finally:
                for descriptor in theirs:
                    os.close(descriptor)
            self.stdin: IO[bytes] = os.fdopen(ours[0], "wb")
            self.stdout: IO[bytes] = os.fdopen(ours[1], "rb")
            self.stderr: IO[bytes] = os.fdopen(ours[2], "rb")
            self._lifeline = ours[3]
            folder = self._end.folder
            variables = {**environment(), **temporary.environment(folder)}
            told: dict[str, object] = {"environment": variables, **_surroundings()}
            if sealed:
                told |= {"sealed": sealed.told(folder)}
            with contextlib.suppress(OSError):  # it is gone already: whoever asks it hears of that
                wire.write(self.stdin, told)

        def poll(self) -> int | None:
            return self._end.status if self._end.happened.is_set() else None

        def wait(self, seconds: float | None = None) -> int | None:
            self._end.happened.wait(seconds)
            return self.poll()

        def kill(self) -> None:
            if self._lifeline >= 0 and not self._nursery.gone:
                self._nursery.go_on()  # else nobody would tell of its end
                # Its number is its own until it is released.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGKILL)
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(self.pid, signal.SIGKILL)  # it may not have a group of its own yet

        def release(self) -> None:
            if self._lifeline >= 0:
                self._nursery.release(self.pid)
                os.close(self._lifeline)
                self._lifeline = -1

    class _End:
        """How and whether a process ended, and the folder that it had to itself."""

        def __init__(self, folder: str) -> None:
            self.happened, self.status, self.folder = threading.Event(), -signal.SIGKILL, folder

    class _Nursery:
        """The nursery as the host sees it; several threads may use it."""

        def __init__(self) -> None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(
                    python("-c", _BOOT.format(module="nursery"), _SOURCE_FOLDER, str(theirs.fileno())),
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            self.owner, self.gone = os.getpid(), False
            self._link, self._lock = ours, threading.Lock()
            self._ends: dict[int, _End] = {}
            self._born: queue.SimpleQueue[tuple[int, _End] | None] = queue.SimpleQueue()
            threading.Thread(target=self._listen, name="concealer-nursery", daemon=True).start()

        def fork(self, descriptors: list[int]) -> tuple[int, _End]:
            """Have a process forked that has these descriptors; return its number and its end."""
            with self._lock:
                if self.gone:
                    raise OSError("the process that forks others is gone")
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
                self.go_on()
                self._link.sendmsg([nursery.FORK], ancillary)
                try:
                    born = self._born.get(timeout=_BIRTH_SECONDS)
                except queue.Empty:
                    born = None
                if born is None:
                    self._process.kill()
                    raise OSError("the process that forks others does not answer")
                return born

        def go_on(self) -> None:
            """Have it go on where a plugin has stopped it."""
            if not self.gone:
                self._process.send_signal(signal.SIGCONT)

        def release(self, pid: int) -> None:
            """Say that a process's number may be given away, once it has ended."""
            self._ends.pop(pid, None)
            with contextlib.suppress(OSError):
                self._link.send(b"%s %d" % (nursery.DONE, pid))

        def _listen(self) -> None:
            with contextlib.suppress(OSError):
                while message := self._link.recv(_LONGEST_MESSAGE):
                    word, number, rest = message.split(b" ", 2)
                    pid = int(number)
                    if word == nursery.BORN:
                        end = self._ends[pid] = _End(os.fsdecode(rest))
                        self._born.put((pid, end))
                    elif (ended := self._ends.get(pid)) is not None:
                        ended.status = int(rest)
                        ended.happened.set()
            self.gone = True
            self._born.put(None)
            self._process.wait()
            for pid, end in list(self._ends.items()):
                self._clear_up(pid, end)
                end.happened.set()

        @staticmethod
        def _clear_up(pid: int, end: _End) -> None:
            """Do what the nursery would have done; with it the system ended all that it forked."""
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            temporary.end_users(end.folder)
            temporary.forget(end.folder)

        def close(self) -> None:
            """End it and all that it forked."""
            if os.getpid() != self.owner:
                return
            with contextlib.suppress(OSError):
                self._link.shutdown(socket.SHUT_RDWR)
            self._process.send_signal(signal.SIGCONT)  # a plugin may have stopped it
            try:
                self._process.wait(_GOODBYE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._link.close()

    def _surroundings() -> dict[str, object]:
        """Return where this process works, for one that was forked elsewhere."""
        try:
            folder = os.getcwd()
        except OSError:  # it was removed
            folder = "/"
        # os.umask can only tell it by changing it for all threads.
        lines = Path("/proc/self/status").read_text(errors="replace").splitlines()
        masks = [line.split()[1] for line in lines if line.startswith("Umask:")]
        return {"folder": folder, "umask": int(masks[0], 8) if masks else 0o022}

    _held: list[_Nursery] = []
    _holding = threading.Lock()

    def _nursery() -> _Nursery:
        with _holding:
            # One that was made before a fork of this very process belongs to the parent.
            _held[:] = [each for each in _held if each.owner == os.getpid() and not each.gone]
            if not _held:
                made = _Nursery()
                atexit.register(made.close)
                _held.append(made)
            return _held[0]
