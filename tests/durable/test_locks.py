"""Locks that vanish with their process."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gaplisten.durable.locks import FileLock, Locked, LockedElsewhere, is_locked, process_runs
from kit.timing import that_ends


def test_a_lock_is_held_once_named_and_gone_when_released(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    assert not is_locked(path)
    lock = FileLock(path, "the session")
    assert is_locked(path)
    with pytest.raises(Locked, match=f"the session is already open: process {os.getpid()} on"):
        FileLock(path, "the session")
    lock.release()
    lock.release()
    assert not path.exists()
    assert not FileLock(path, "the session").notice


def test_a_lock_ends_with_its_process_and_the_next_holder_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    program = (
        "import sys, time; from pathlib import Path; from gaplisten.durable.locks import FileLock\n"
        "lock = FileLock(Path(sys.argv[1]), 'it'); print(flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE)
    assert process.stdout is not None
    that_ends(process.stdout.readline)
    assert is_locked(path)
    process.kill()
    process.wait()
    process.stdout.close()
    assert not is_locked(path)
    assert f"process {process.pid}" in FileLock(path, "the run").notice


def test_a_lock_of_another_machine_holds_until_it_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.write_text(json.dumps({"host": "elsewhere", "process": 7}))
    assert is_locked(path)
    with pytest.raises(LockedElsewhere, match=r"process 7 on elsewhere; finish it there.*delete x\.lock"):
        FileLock(path, "the session")
    FileLock(path, "the session", take_over=True).release()
    assert not path.exists()


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "x.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match=r"."):
        FileLock(tmp_path / "x.lock", "it")
    assert not (tmp_path / "victim").exists()


def test_where_there_are_no_system_locks_the_written_name_counts_while_its_process_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    path = tmp_path / "x.lock"
    lock = FileLock(path, "it")
    with pytest.raises(Locked):
        FileLock(path, "it")
    lock.release()
    path.write_text(json.dumps({"host": socket.gethostname(), "process": ended_process()}))
    FileLock(path, "it").release()


def ended_process() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_process_runs_until_it_ends() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert process_runs(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not process_runs(process.pid)
    assert process_runs(os.getpid())
    assert process_runs(1)  # whoever may not be asked
    assert not any(map(process_runs, (0, -1, 2**70)))
