"""Files written whole."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gaplisten.durable.files import not_written, whole_path, whole_stream, write_whole


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
        "import resource, signal, sys; from pathlib import Path\n"
        "from gaplisten.durable.files import write_whole\n"
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
