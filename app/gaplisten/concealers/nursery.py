"""A process that has numpy and scipy ready and forks a fresh one for each plugin; it runs no plugin itself.

The host asks over a socket (`children.py`). Whatever a plugin's process started, in a group or session of its
own too, comes back here when that process ends, and is ended.
"""

from __future__ import annotations

import array
import contextlib
import gc
import os
import select
import signal
import socket
import sys
from pathlib import Path

from gaplisten.concealers import temporary

FORK, DONE, BORN, ENDED = b"fork", b"done", b"born", b"ended"

_FDS = 4
_ROUNDS = 1000
_ASKED_TO_END = (signal.SIGTERM, signal.SIGINT)
_PDEATHSIG, _CHILD_SUBREAPER = 1, 36


def main(descriptor: int) -> None:
    """Fork workers until the host is gone."""
    if sys.platform == "linux":
        Nursery(socket.socket(fileno=descriptor)).run()


def adopt_orphans() -> None:
    """Have what this process's children leave behind become its own children (Linux)."""
    _prctl(_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


if sys.platform == "linux":
    import resource

    class Nursery:
        """The process that forks.

        Parameters
        ----------
        link
            To the host; of type ``SOCK_SEQPACKET``.
        """

        def __init__(self, link: socket.socket) -> None:
            import gaplisten.concealers.worker  # noqa: F401 - what every worker needs: numpy too
            from gaplisten.concealers.form import forms
            from gaplisten.concealers.opened import tell_of_sound_files

            tell_of_sound_files()
            forms()

            self._link = link
            self._standing = _Standing()
            self._living: set[int] = set()
            self._folders: dict[int, str] = {}
            self._ended: set[int] = set()
            self._to_prepare = [_prepare_resampling, _prepare_scipy]
            self._woken, waking = os.pipe()
            for end in (self._woken, waking):
                os.set_blocking(end, False)
            for number in (signal.SIGCHLD, *_ASKED_TO_END):
                signal.signal(number, lambda *_: None)
            signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
            adopt_orphans()
            # A plugin may have stopped this process when the host is killed: nobody else would wake it up.
            # A thread of the host that ends sends it, too, and does no harm.
            _prctl(_PDEATHSIG, signal.SIGCONT)

        def run(self) -> None:
            """Serve until the host closes the socket."""
            while True:
                wait = 0 if self._to_prepare else None
                ends = [self._link.fileno(), self._woken]
                readable = select.select(ends, [], [], wait)[0]
                if self._woken in readable:
                    heard = b""
                    with contextlib.suppress(BlockingIOError):
                        heard = os.read(self._woken, 4096)
                    if set(_ASKED_TO_END) & set(heard):
                        break
                    self._notice_ends()
                if ends[0] in readable and not self._serve():
                    break
                if not readable:
                    self._prepare()
            self._end_all()

        def _prepare(self) -> None:
            with contextlib.suppress(ImportError):
                self._to_prepare.pop(0)()
            gc.collect()
            gc.freeze()  # what is shared with the forked stays shared

        def _serve(self) -> bool:
            try:
                message, ancillary, *_ = self._link.recvmsg(64, socket.CMSG_SPACE(_FDS * 4))
            except OSError:
                return False
            if message == FORK:
                self._fork(_descriptors(ancillary))
            elif message.startswith(DONE):
                self._bury(int(message.split()[1]))
            return bool(message)

        def _fork(self, descriptors: list[int]) -> None:
            pid = os.fork()
            if pid == 0:
                try:
                    self._link.close()
                    os.close(self._woken)
                    os.close(signal.set_wakeup_fd(-1))
                    for number in (signal.SIGCHLD, signal.SIGTERM):
                        signal.signal(number, signal.SIG_DFL)
                    signal.signal(signal.SIGINT, signal.default_int_handler)
                    self._standing.restore()
                    become_worker(descriptors)
                finally:
                    os._exit(1)
            for descriptor in descriptors:
                os.close(descriptor)
            self._living.add(pid)
            folder = self._folders[pid] = temporary.make()
            self._tell(b"%s %d %s" % (BORN, pid, os.fsencode(folder)))

        def _notice_ends(self) -> None:
            for pid in list(self._living):
                # Left as a zombie, so that its number is not given away while the host may signal it.
                found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if found is not None:
                    self._living.discard(pid)
                    self._ended.add(pid)
                    normal = found.si_code == os.CLD_EXITED
                    self._tell(b"%s %d %d" % (ENDED, pid, found.si_status if normal else -found.si_status))
            self._end_orphans()

        def _bury(self, pid: int) -> None:
            if pid in self._living or pid in self._ended:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            self._living.discard(pid)
            self._ended.discard(pid)
            self._end_orphans()
            temporary.forget(self._folders.pop(pid, ""))

        def _end_orphans(self) -> None:
            for _ in range(_ROUNDS):  # some may fork while they are ended
                orphans = _children() - self._living - self._ended
                if not orphans:
                    return
                for pid in orphans:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                for pid in orphans:
                    with contextlib.suppress(ChildProcessError):
                        os.waitpid(pid, 0)

        def _end_all(self) -> None:
            for pid in [*self._living, *self._ended]:
                self._bury(pid)

        def _tell(self, message: bytes) -> None:
            with contextlib.suppress(OSError):
                self._link.send(message)

    class _Standing:
        """Processors, limits and priority of this process: any plugin of the same user may change them.

        What is forked begins with them as they were. A hard limit that was lowered, or a lower priority, only
        the system's administrator can take back.
        """

        def __init__(self) -> None:
            self._processors = os.sched_getaffinity(0)
            self._priority = os.getpriority(os.PRIO_PROCESS, 0)
            numbers = {getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
            self._limits = {number: resource.getrlimit(number) for number in numbers}

        def restore(self) -> None:
            """Give them to this process."""
            if os.sched_getaffinity(0) != self._processors:
                os.sched_setaffinity(0, self._processors)
            for number, limits in self._limits.items():
                if resource.getrlimit(number) != limits:
                    with contextlib.suppress(ValueError, OSError):
                        resource.setrlimit(number, limits)
            if os.getpriority(os.PRIO_PROCESS, 0) != self._priority:
                with contextlib.suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, 0, self._priority)

    def _prepare_resampling() -> None:
        import gaplisten.audio.resample  # noqa: F401

    def _prepare_scipy() -> None:
        import scipy.signal  # noqa: F401

    def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
        found = array.array("i")
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                found.frombytes(data[: len(data) - len(data) % found.itemsize])
        return list(found)

    def _children() -> set[int]:
        own = os.getpid()
        try:
            return {int(word) for word in Path(f"/proc/self/task/{own}/children").read_text().split()}
        except OSError:  # a kernel without that list
            return {pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _parent(pid) == own}

    def _parent(pid: int) -> int:
        try:
            return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return 0

    def become_worker(descriptors: list[int]) -> None:
        """Be the process of one plugin, with requests, replies and printed words in these descriptors."""
        import numpy as np

        from gaplisten.concealers.worker import main as work

        *streams, lifeline = descriptors
        os.setsid()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        _prctl(_PDEATHSIG, signal.SIGKILL)
        adopt_orphans()
        np.random.seed()  # else all the forked would draw the same numbers
        work(lifeline, told=True)
