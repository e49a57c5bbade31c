"""Folders that appear when they are whole."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gaplisten.durable.folders import filled_alone, whole_folder
from gaplisten.errors import GaplistenError


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
        "import sys, time; from pathlib import Path; from gaplisten.durable.folders import whole_folder\n"
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


def test_of_two_who_fill_a_folder_file_by_file_the_second_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with filled_alone(out, RefusedError):
        (out / "first").write_text("1")
        with (
            pytest.raises(RefusedError, match="is being filled by another run"),
            filled_alone(out, RefusedError),
        ):
            pytest.fail("it began")
    with filled_alone(out, RefusedError):
        (out / "second").write_text("2")
    assert named(out) == ["first", "second"]


def test_a_folder_into_which_nothing_came_is_gone_and_one_that_was_there_stays(tmp_path: Path) -> None:
    with filled_alone(tmp_path / "deep" / "out", RefusedError):
        pass
    assert named(tmp_path) == []
    (tmp_path / "mine").mkdir()
    with filled_alone(tmp_path / "mine", RefusedError):
        pass
    assert named(tmp_path) == ["mine"]


def test_a_killed_run_keeps_nobody_from_its_folder(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from gaplisten.durable.folders import filled_alone\n"
        "from gaplisten.errors import GaplistenError\n"
        "with filled_alone(Path(sys.argv[1]), GaplistenError):\n"
        "    Path(sys.argv[1], 'half').touch(); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path / "out"], check=False)
    with filled_alone(tmp_path / "out", RefusedError):
        assert named(tmp_path / "out") == ["half"]


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("thesis")
    with (
        pytest.raises(RefusedError, match="in the way of a folder"),
        filled_alone(tmp_path / "out", RefusedError),
    ):
        pytest.fail("it began")
