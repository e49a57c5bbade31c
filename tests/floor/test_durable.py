"""Files written whole, digests and locks: nothing half, nothing left behind, nobody locked out for ever."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gaplisten.durable import (
    FileLock,
    Locked,
    LockedElsewhere,
    is_locked,
    not_written,
    process_runs,
    sha256_of,
    whole_folder,
    whole_path,
    whole_stream,
    write_whole,
)
from gaplisten.errors import GaplistenError
from kit.timing import that_ends


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file with something in it, alone in a folder."""
    path = tmp_path / "folder" / "file.txt"
    path.parent.mkdir()
    path.write_bytes(b"old")
    return path


def alone(path: Path) -> bool:
    """Whether nothing lies beside `path`."""
    return [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("content", [b"a\r\nb\n", "a\r\nb\n"])
def test_the_file_holds_exactly_what_was_written(old: Path, content: bytes | str) -> None:
    write_whole(old, content)
    assert old.read_bytes() == b"a\r\nb\n"
    assert alone(old)


def test_until_all_is_written_the_old_file_is_there(old: Path) -> None:
    with whole_stream(old) as file:
        file.write(b"n")
        file.flush()
        assert old.read_bytes() == b"old"
        file.write(b"ew")
    assert old.read_bytes() == b"new"
    assert alone(old)


def test_a_writer_that_wants_a_path_gets_one_that_no_reader_takes_for_the_file(old: Path) -> None:
    with whole_path(old) as part:
        assert part.suffix == ".part"
        assert part.parent == old.parent
        part.write_bytes(b"new")
    assert old.read_bytes() == b"new"
    assert alone(old)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), ValueError("odd"), KeyboardInterrupt()])
def test_when_the_writer_fails_the_old_file_stays_and_nothing_lies_beside_it(
    old: Path, error: BaseException
) -> None:
    def write_half() -> None:
        with whole_stream(old) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        write_half()
    assert old.read_bytes() == b"old"
    assert alone(old)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes among files")
@pytest.mark.parametrize("linked", [False, True])
def test_devices_and_pipes_are_not_replaced_by_files(tmp_path: Path, linked: bool) -> None:
    """Who may write there would else take /dev/null away from all programs."""
    os.mkfifo(tmp_path / "pipe")
    target = tmp_path / ("link" if linked else "pipe")
    if linked:
        target.symlink_to("pipe")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OSError, match="device or a pipe") as refused:
        write_whole(target, "x")
    assert not_written(target, refused.value)[2] == "name a file"
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "pipe").is_fifo()


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(old: Path) -> None:
    program = (
        "import resource, signal, sys; from pathlib import Path; from gaplisten.durable import write_whole\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_whole(Path(sys.argv[1]), b'x' * 5000)\n"
        "except OSError as error: print(error.errno)\n"
    )
    said = subprocess.run([sys.executable, "-c", program, old], capture_output=True, text=True, check=True)
    assert int(said.stdout) == errno.EFBIG
    assert old.read_bytes() == b"old"
    assert alone(old)


def test_a_name_is_too_long_only_where_the_file_system_says_so(old: Path) -> None:
    limit = os.pathconf(old.parent, "PC_NAME_MAX")
    longest = old.with_name("x" * limit)
    write_whole(longest, b"fits")
    assert longest.read_bytes() == b"fits"
    longest.unlink()
    too_long = old.with_name("x" * (limit + 1))
    with pytest.raises(OSError, match="too long") as refused:
        write_whole(too_long, b"does not")
    thing, fact, way_out = not_written(too_long, refused.value)
    assert (thing, fact) == (str(too_long), "cannot be written: its name is too long")
    assert way_out
    assert alone(old)


@pytest.mark.parametrize("name", ["", "folder", "missing/file", "file.txt/file"])
def test_a_place_where_no_file_can_be_is_refused_by_the_system(old: Path, name: str) -> None:
    (old.parent / "folder").mkdir()
    place = old.parent / name
    with pytest.raises(OSError, match=r".") as refused:
        write_whole(place, b"x")
    assert not_written(place, refused.value)[1].startswith("cannot be written: ")
    assert sorted(each.name for each in old.parent.iterdir()) == ["file.txt", "folder"]


def test_new_files_get_the_rights_that_the_user_gives_new_files(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_a_link_is_replaced_and_not_followed(old: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(old)
    write_whole(link, b"new")
    assert not link.is_symlink()
    assert old.read_bytes() == b"old"


def test_writers_of_one_file_do_not_mix(old: Path) -> None:
    contents = [bytes([letter]) * 100_000 for letter in b"abcdefgh"]
    threads = [threading.Thread(target=write_whole, args=(old, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert old.read_bytes() in contents
    assert alone(old)


def test_the_content_is_on_the_disk_before_its_name_and_the_name_before_the_return(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []
    fsync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        order.append("folder" if os.path.samestat(os.fstat(descriptor), old.parent.stat()) else "file")
        fsync(descriptor)

    def replaced(source: Path, target: Path) -> None:
        order.append("name")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    write_whole(old, b"new")
    assert order == ["file", "name", "folder"]
    order.clear()
    write_whole(old, b"newer", sync=False)
    assert order == ["name"]


def test_the_same_content_has_the_same_digest_as_bytes_text_and_file(tmp_path: Path) -> None:
    content = "ä" * 3_000_000
    (tmp_path / "f").write_text(content, encoding="utf-8")
    expected = hashlib.sha256(content.encode()).hexdigest()
    assert {sha256_of(content), sha256_of(content.encode()), sha256_of(tmp_path / "f")} == {expected}


def test_a_pipe_has_no_digest_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        sha256_of(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError):
        sha256_of(tmp_path / "missing")


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
        "import sys, time; from pathlib import Path; from gaplisten.durable import FileLock\n"
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


# --- folders ------------------------------------------------------------------------------------------------


class RefusedError(GaplistenError):
    pass


def named(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("empty", [False, True])
def test_a_folder_appears_when_it_is_whole(empty: bool, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    if empty:
        out.mkdir(parents=True)
    with whole_folder(out, RefusedError) as part:
        (part / "a").write_text("1")
        assert not (out / "a").exists()
    assert named(out) == ["a"]
    assert named(out.parent) == ["out"]


def test_two_who_fill_the_same_place_at_once_keep_apart_and_the_first_gets_it(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def second() -> None:
        with whole_folder(out, RefusedError) as theirs:
            (theirs / "second").write_text("2")
            with whole_folder(out, RefusedError) as ours:
                assert named(theirs) == ["second"]
                (ours / "first").write_text("1")

    with pytest.raises(RefusedError, match="is there already"):
        second()
    assert named(out) == ["first"]
    assert named(tmp_path) == ["out"]


def test_a_folder_that_holds_something_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    for taken in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(RefusedError, match="is there already"), whole_folder(taken, RefusedError):
            pytest.fail("it began")
    assert named(tmp_path) == ["thesis.txt"]


def test_a_folder_that_may_not_be_looked_into_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_folder: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(RefusedError, match="choose another place"), whole_folder(tmp_path, RefusedError):
        pass


def test_when_the_filling_fails_nothing_is_left(tmp_path: Path) -> None:
    for error, kind in ((OSError(errno.ENOSPC, ""), RefusedError), (ValueError(), ValueError)):
        with pytest.raises(kind), whole_folder(tmp_path / "out", RefusedError) as part:  # noqa: PT012
            (part / "a").write_text("1")
            raise error
    assert named(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks there")
def test_what_a_killed_process_left_of_a_folder_goes_and_what_is_being_filled_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = (
        "import sys, time; from pathlib import Path; from gaplisten.durable import whole_folder\n"
        "with whole_folder(Path(sys.argv[1]), OSError): print('filling', flush=True); time.sleep(300)"
    )

    def filler() -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "filling\n"
        return process

    with filler() as killed:
        (left,) = tmp_path.iterdir()
        killed.kill()
    with filler() as lives:
        held = ({*tmp_path.iterdir()} - {left}).pop()
        own = tmp_path / ".out.notes.part"  # not ours to remove
        own.mkdir()
        for path in (left, held, own):
            os.utime(path, (0, 0))
        with whole_folder(out, RefusedError):
            assert not left.exists()
            assert held.exists()
            assert own.exists()
        lives.kill()
