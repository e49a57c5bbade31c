"""What strangers put in the place of a file: nothing is waited for, followed, or read without end."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from gaplisten.untrusted import Folder, open_regular, read_at_most, read_regular

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and pipes take rights there")

WRITE = os.O_WRONLY | os.O_CREAT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A stranger's folder beside a file of the user's."""
    (tmp_path / "mine.txt").write_bytes(b"mine")
    (tmp_path / "theirs" / "ratings").mkdir(parents=True)
    (tmp_path / "theirs" / "plain.txt").write_bytes(b"plain")
    return tmp_path / "theirs"


def link(path: Path) -> None:
    path.symlink_to(path.parent.parent / "mine.txt")


def link_to_nothing(path: Path) -> None:
    path.symlink_to(path.parent.parent / "new.txt")


def hard_link(path: Path) -> None:
    path.hardlink_to(path.parent.parent / "mine.txt")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def local_socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # a socket's path may be but 100 characters long
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


def directory(path: Path) -> None:
    path.mkdir()


OTHER_THINGS = [link, link_to_nothing, pipe, local_socket, directory]


@pytest.mark.parametrize("make", OTHER_THINGS)
def test_only_a_regular_file_of_the_folder_is_read(folder: Path, make: Callable[[Path], None]) -> None:
    make(folder / "x")
    with Folder(folder) as opened:
        assert opened.read("plain.txt", 100) == b"plain"
        with pytest.raises(OSError, match=r"link|regular|folder"):
            opened.read("x", 100)


@pytest.mark.parametrize("make", [*OTHER_THINGS, hard_link])
def test_nothing_is_written_through_what_somebody_put_there(
    folder: Path, make: Callable[[Path], None]
) -> None:
    make(folder / "x")
    with Folder(folder) as opened:
        with pytest.raises(OSError, match=r"link|regular|folder|second name|exists"):
            opened.append("x", b"theirs")
        with pytest.raises(OSError, match=r"link|regular|folder|second name|exists"), opened.open("x", WRITE):
            pass
    assert (folder.parent / "mine.txt").read_bytes() == b"mine"
    assert not (folder.parent / "new.txt").exists()


@pytest.mark.parametrize("make", [link, link_to_nothing, hard_link, pipe])
def test_a_file_written_whole_replaces_the_name_and_not_what_it_leads_to(
    folder: Path, make: Callable[[Path], None]
) -> None:
    make(folder / "x")
    with Folder(folder) as opened:
        opened.write_whole("x", b"new")
        assert opened.read("x", 100) == b"new"
    assert (folder.parent / "mine.txt").read_bytes() == b"mine"
    assert not (folder.parent / "new.txt").exists()
    assert stat.S_ISREG((folder / "x").lstat().st_mode)
    assert sorted(path.name for path in folder.iterdir()) == ["plain.txt", "ratings", "x"]


def test_what_is_written_is_there_and_can_be_removed(folder: Path) -> None:
    with Folder(folder, "ratings") as opened:
        opened.append("a.csv", b"1")
        opened.append("a.csv", b"2")
        assert (folder / "ratings" / "a.csv").read_bytes() == b"12"
        opened.remove("a.csv")
        assert not (folder / "ratings" / "a.csv").exists()


def test_a_folder_below_may_not_be_a_link(folder: Path) -> None:
    (folder / "ratings").rmdir()
    (folder.parent / "elsewhere").mkdir()
    (folder / "ratings").symlink_to(folder.parent / "elsewhere")
    with pytest.raises(OSError, match="it is a link"):
        Folder(folder, "ratings")
    (folder.parent / "shortcut").symlink_to(folder)  # the user's own way to it
    Folder(folder.parent / "shortcut").close()


def test_a_folder_put_in_its_place_meanwhile_gets_nothing(folder: Path) -> None:
    with Folder(folder, "ratings") as opened:
        (folder / "ratings").rename(folder / "moved")
        (folder.parent / "elsewhere").mkdir()
        (folder / "ratings").symlink_to(folder.parent / "elsewhere")
        opened.append("a.csv", b"1")
        opened.write_whole("b.csv", b"2")
    assert list((folder.parent / "elsewhere").iterdir()) == []
    assert sorted(path.name for path in (folder / "moved").iterdir()) == ["a.csv", "b.csv"]


@pytest.mark.parametrize("name", ["..", ".", "", "../mine.txt", "ratings/a.csv", "/etc/passwd", "a\0b"])
def test_a_name_is_one_name(folder: Path, name: str) -> None:
    with Folder(folder) as opened:
        for attempt in (lambda: opened.read(name, 9), lambda: opened.append(name, b"")):
            with pytest.raises(OSError, match="leads out"):
                attempt()
        with pytest.raises(OSError, match="leads out"):
            opened.write_whole(name, b"")
    with pytest.raises(OSError, match="leads out"):
        Folder(folder, name)


def test_no_more_is_read_than_allowed(folder: Path) -> None:
    assert read_regular(folder / "plain.txt", 5) == b"plain"
    with pytest.raises(OSError, match=r"it has 5 bytes"):
        read_regular(folder / "plain.txt", 4)
    with Folder(folder) as opened, pytest.raises(OSError, match=r"it has 5 bytes"):
        opened.read("plain.txt", 4)
    with (folder / "huge").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(OSError, match=r"1,048,576 are allowed"):
        read_regular(folder / "huge", 2**20)


def test_a_file_that_grows_while_it_is_read_is_too_large(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "plain.txt"
    read = os.read

    def growing(descriptor: int, size: int) -> bytes:
        with path.open("ab") as file:
            file.write(b"more")
        return read(descriptor, size)

    with open_regular(path) as descriptor:
        monkeypatch.setattr(os, "read", growing)
        with pytest.raises(OSError, match="it grows"):
            read_at_most(descriptor, 6, path)


def test_a_named_file_may_be_a_link_but_no_pipe_and_no_device(folder: Path) -> None:
    link(folder / "x")
    assert read_regular(folder / "x", 100) == b"mine"
    pipe(folder / "pipe")
    (folder / "to pipe").symlink_to(folder / "pipe")
    for name in (folder / "pipe", folder / "to pipe", Path("/dev/zero"), folder):
        with pytest.raises(OSError, match=r"regular|folder"):
            read_regular(name, 100)


def test_descriptors_are_let_go(folder: Path) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("open files cannot be counted here")
    link(folder / "x")
    before = count()
    for _ in range(3):
        with Folder(folder, "ratings") as opened:
            opened.append("a", b"1")
        for below in (("none",), ("plain.txt",), ("ratings", "..")):
            with pytest.raises(OSError, match=r"."):
                Folder(folder, *below)
        with Folder(folder) as opened, pytest.raises(OSError, match="link"):
            opened.read("x", 1)
    assert count() == before
