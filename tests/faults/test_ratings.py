"""No rating is ever lost: kills, power cuts, full disks, vanished folders, second windows, changed clocks."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gaplisten.durable.locks import Locked
from gaplisten.panel.begun import begun_path
from gaplisten.panel.build import BuildError, build
from gaplisten.panel.definition import parse_definition
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.journal import NotSaved
from gaplisten.panel.plan import plan
from gaplisten.panel.planned import Planned
from gaplisten.panel.reading import JournalDamaged
from gaplisten.panel.selection import Places
from gaplisten.panel.session import Clock, Session
from gaplisten.panel.unseal import OtherPlan
from gaplisten.panel.unsealing import unseal
from gaplisten.panel.watch import panel_status
from kit.panels import NO_STEPS, FakeRenderer, listen, make_clips, make_panel, take, toml, vote
from kit.timing import that_ends

ASKED = f'{NO_STEPS}[[question]]\nname = "age"\ntext = "How old are you?"\n'
BENCH = Path(__file__).resolve().parents[1] / "kit" / "panels.py"


def csv_of(panel: FrozenPanel) -> Path:
    (path,) = panel.ratings.glob("*.csv")
    return path


def start(panel: FrozenPanel, listener: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(BENCH), str(panel.folder), listener]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def kill_somewhere(panel: FrozenPanel, listener: str, after: float, trials: int) -> list[int]:
    """Run a session and kill it some time after a trial was left; return the trials that had been left."""
    process = start(panel, listener)
    assert process.stdout is not None
    left = []
    for line in process.stdout:
        if line.strip().isdigit():
            left.append(int(line))
        if len(left) >= trials:
            break
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    left += [int(line) for line in process.stdout.read().split() if line.isdigit()]
    process.wait()
    process.stdout.close()
    return left


@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.long)])
@pytest.mark.parametrize("method", ["acr", "mushra"])
def test_killed_at_any_moment_no_rating_of_a_trial_that_was_left_is_missing(
    method: str, kills: int, tmp_path: Path
) -> None:
    extra = NO_STEPS + ('[mushra]\nanchors = ["lossy"]\n' if method == "mushra" else "")
    panel = make_panel(tmp_path, method, extra, clips=6, top="repeats = 20")
    chance, listener, number = random.Random(method), 0, 0
    expected: list[int] = []
    plans: dict[str, tuple[Planned, ...]] = {}
    for _ in range(kills):
        name = f"listener {listener}"
        # 240 (ACR) and 120 (MUSHRA) trials take about as many milliseconds: kills fall everywhere between
        # two trials.
        left = kill_somewhere(panel, name, chance.uniform(0, 0.004), chance.randrange(1, 12))
        expected += left
        (path,) = [one for one in panel.ratings.glob("*.csv") if f"listener_{listener}-" in one.name]
        with Session.open(panel.folder, name) as session:
            planned = plans.setdefault(name, session._plan)
            assert session._plan == planned  # drawn once, whatever became of the runs
            rows = pd.read_csv(path)
            saved = list(dict.fromkeys(rows["trial"]))
            # What was left is there; at most one more was written but not yet told.
            assert saved[: len(expected)] == expected
            assert len(saved) <= len(expected) + 1
            assert saved == list(range(1, len(saved) + 1))
            assert not rows.duplicated(["trial", "position"]).any()
            assert len(rows) == sum(len(planned[one - 1].trial.wanted_votes) for one in saved)
            assert list(rows["order"]) == list(range(1, len(rows) + 1))
            if session.finished:
                listener, expected = listener + 1, []
            else:
                assert session.trial == planned[len(saved)].trial
                expected = saved
        number += len(left)
    assert number > kills // 2


def test_a_session_goes_on_in_the_same_order_tomorrow(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "ccr")
    wanted = [one.trial for one in plan(panel.key, "Ann")]
    seen = []
    while len(seen) < len(wanted):
        with Session.open(panel.folder, "Ann") as session:
            assert session.trial is not None
            seen.append(session.trial)
            take(session, 1)
    assert seen == wanted
    rows = pd.read_csv(csv_of(panel))
    assert list(rows["trial"]) == list(range(1, len(wanted) + 1))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 64 kB, or skip."""
    place = tmp_path / "disk"
    place.mkdir()
    done = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False
        )
        if shutil.which("mount")
        else None
    )
    if done is None or done.returncode:
        pytest.skip("a small disk may not be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 512)


def refusal_of(session: Session) -> str | None:
    try:
        session.next()
    except NotSaved as error:
        return str(error)
    return None


def test_on_a_full_disk_the_trial_stays_and_is_saved_once_there_is_room(
    tmp_path: Path, small_disk: Path
) -> None:
    panel = make_panel(tmp_path, "acr", top="repeats = 15")
    ballast = small_disk / "ballast"
    with Session.open(panel.folder, "Ann", ratings=small_disk) as session:
        take(session, 3)
        before = session.trial
        fill(ballast)
        refused = 0
        for _ in range(30):  # what is left of the last page is filled first
            assert session.trial is not None
            shown = session.trial
            listen(session)
            vote(session)
            if (said := refusal_of(session)) is not None:
                refused += 1
                assert "disk is full" in said
                assert session.trial == shown
                assert session.state.touched
                break
        assert refused
        (path,) = small_disk.glob("*.csv")
        content = path.read_bytes()
        assert content.endswith(b"\r\n")
        rows_before = len(pd.read_csv(path))
        with pytest.raises(NotSaved):
            session.next()
        assert path.read_bytes() == content
        ballast.unlink()
        assert session.next() is None
        assert len(pd.read_csv(path)) == rows_before + 1
        assert before is not None
        take(session, 2)
    assert list(pd.read_csv(path)["trial"]) == list(range(1, rows_before + 4))


def test_on_a_disk_that_turns_read_only_the_trial_stays(tmp_path: Path, small_disk: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann", ratings=small_disk) as session:
        take(session, 2)
        (path,) = small_disk.glob("*.csv")
        # The lock is open for writing, so the disk cannot be remounted under it; the folder is bound
        # read-only.
        bound = subprocess.run(["mount", "--bind", str(small_disk), str(small_disk)], check=False)
        ro = subprocess.run(
            ["mount", "-o", "remount,bind,ro", str(small_disk)], capture_output=True, check=False
        )
        if bound.returncode or ro.returncode:
            pytest.skip("a folder cannot be bound read-only here")
        try:
            listen(session)
            vote(session)
            with pytest.raises(NotSaved, match="only be read"):
                session.next()
            assert len(pd.read_csv(path)) == 2
        finally:
            subprocess.run(["umount", "-l", str(small_disk)], check=True)
        assert session.next() is None
        assert len(pd.read_csv(path)) == 3


def test_with_the_folder_removed_nothing_pretends_to_be_saved_and_put_back_it_goes_on(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    ratings = tmp_path / "shared"
    with Session.open(panel.folder, "Ann", ratings=ratings) as session:
        take(session, 3)
        (path,) = ratings.glob("*.csv")
        content = path.read_bytes()
        shutil.rmtree(ratings)
        listen(session)
        vote(session)
        with pytest.raises(NotSaved, match="folder is gone"):
            session.next()
        ratings.mkdir()
        assert session.next() is None
        assert "written again" in session.notices[-1]
        assert path.read_bytes().startswith(content)
        assert len(pd.read_csv(path)) == 4


def test_with_the_folder_gone_for_good_the_vote_on_screen_and_all_others_are_saved_elsewhere(
    tmp_path: Path,
) -> None:
    panel = make_panel(tmp_path, "acr")
    ratings, other = tmp_path / "shared", tmp_path / "stick"
    other.mkdir()
    with Session.open(panel.folder, "Ann", ratings=ratings) as session:
        take(session, 3)
        name = session.name
        shutil.rmtree(ratings)
        listen(session)
        session.rate(2)
        with pytest.raises(NotSaved, match="folder is gone"):
            session.next()
        foreign = other / "mine.csv"
        foreign.write_text("my own table")
        with pytest.raises(NotSaved, match="another file of that name"):
            session.go_on_at(foreign)
        assert foreign.read_text() == "my own table"
        session.go_on_at(other / f"{name}.csv")
        assert session.next() is None
        take(session)
        assert session.finished
        assert f"{name}.csv goes on in {other}" in " ".join(session.notices)
    assert list(pd.read_csv(other / f"{name}.csv")["trial"]) == list(range(1, 9))
    assert pd.read_csv(other / f"{name}.csv")["vote"][3] == 2
    foreign.unlink()
    (status,) = panel_status(panel, other)
    assert (status.listener, status.finished) == ("Ann", True)
    with Session.open(panel.folder, "Ann", ratings=other) as session:
        assert session.finished


@pytest.mark.parametrize("refused", ["ratings", "answers", "plan", "other answers"])
def test_ratings_and_answers_go_on_elsewhere_together_or_not_at_all(
    refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = make_panel(tmp_path, "acr", ASKED)
    ratings, other = tmp_path / "shared", tmp_path / "stick"
    other.mkdir()
    with Session.open(panel.folder, "Ann", ratings=ratings) as session:
        session.answer({"age": "33"})
        take(session, 3)
        name = session.name
        listen(session)
        session.rate(2)
        if refused == "other answers":
            (other / "answers").mkdir()
            (other / "answers" / f"{name}.csv").write_text("another listener's")
        before = {path: path.read_bytes() for path in other.rglob("*") if path.is_file()}
        real = os.replace

        def full(source: Any, target: Any, **more: Any) -> None:
            descriptor = more.get("dst_dir_fd")
            there = (
                Path(target).parent if descriptor is None else Path(f"/proc/self/fd/{descriptor}").resolve()
            )
            if there == {"ratings": other, "answers": other / "answers", "plan": other / "plans"}[refused]:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            real(source, target, **more)

        with monkeypatch.context() as patch:
            if refused != "other answers":
                patch.setattr(os, "replace", full)
            with pytest.raises(NotSaved, match=r"disk is full|another file of that name"):
                session.go_on_at(other / f"{name}.csv")
        assert session.moved is None
        assert before == {path: path.read_bytes() for path in other.rglob("*") if path.is_file()}
        assert session.next() is None  # where it was
        take(session)
    assert list(pd.read_csv(ratings / f"{name}.csv")["trial"]) == list(range(1, 9))
    assert len(pd.read_csv(ratings / "answers" / f"{name}.csv")) > 0


def test_a_folder_removed_between_writing_and_looking_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = make_panel(tmp_path, "acr")
    ratings, real = tmp_path / "shared", os.fsync
    with Session.open(panel.folder, "Ann", ratings=ratings) as session:
        take(session, 2)
        listen(session)
        vote(session)

        def then_removed(descriptor: int) -> None:
            real(descriptor)
            shutil.rmtree(ratings, ignore_errors=True)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", then_removed)
            with pytest.raises(NotSaved, match="folder is gone"):
                session.next()
        ratings.mkdir()
        assert session.next() is None
        (path,) = ratings.glob("*.csv")
        assert list(pd.read_csv(path)["trial"]) == [1, 2, 3]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EIO, errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("call", ["open", "write", "fsync"])
def test_whatever_the_system_refuses_the_file_keeps_whole_rows(
    call: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann") as session:
        take(session, 2)
        content = csv_of(panel).read_bytes()
        listen(session)
        vote(session)
        real = getattr(os, call)

        def refuse(*arguments: object, **_: object) -> object:
            if call == "write":  # half a row gets through, as on a disk that fills up
                real(arguments[0], bytes(arguments[1])[:37])  # type: ignore[call-overload]
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            patch.setattr(os, call, refuse)
            with pytest.raises(NotSaved, match="was not saved"):
                session.next()
        assert csv_of(panel).read_bytes() in (content, csv_of(panel).read_bytes()[: len(content)])
        assert session.next() is None
        rows = pd.read_csv(csv_of(panel))
        assert list(rows["trial"]) == [1, 2, 3]


def test_a_file_changed_by_another_program_is_not_written_over(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann") as session:
        take(session, 2)
        path = csv_of(panel)
        saved = path.read_bytes()
        path.write_bytes(saved.replace(b"Ann", b"Eve"))
        listen(session)
        vote(session)
        with pytest.raises(NotSaved, match="another program changed"):
            session.next()
        path.write_bytes(saved)
        assert session.next() is None


@pytest.mark.parametrize("cut", [1, 2])
def test_a_rating_that_lacks_nothing_but_the_end_of_its_line_counts(cut: int, tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann") as session:
        take(session, 4)
    path = csv_of(panel)
    path.write_bytes(path.read_bytes()[:-cut])
    with Session.open(panel.folder, "Ann") as session:
        assert session.progress.done == 4
        take(session)
    assert list(pd.read_csv(path)["trial"]) == list(range(1, 9))
    assert not path.with_suffix(".torn").exists()


@pytest.mark.parametrize("cut", [3, 40, 190])
def test_a_torn_last_line_is_kept_aside_and_told_and_the_rest_used(cut: int, tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann") as session:
        take(session, 4)
    path = csv_of(panel)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with Session.open(panel.folder, "Ann") as session:
        assert any("set aside" in note for note in session.notices)
        assert session.progress.done == 3
        take(session)
    rows = pd.read_csv(path)
    assert list(rows["trial"]) == list(range(1, 9))
    aside = path.with_suffix(".torn").read_bytes().strip()
    assert aside
    assert aside in whole


def test_a_tail_of_zeros_from_a_power_cut_does_no_harm(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann") as session:
        take(session, 4)
    path = csv_of(panel)
    whole = path.read_bytes()
    path.write_bytes(whole + b"\0" * 700)
    with Session.open(panel.folder, "Ann") as session:
        assert session.progress.done == 4
    assert path.read_bytes() == whole


@pytest.mark.parametrize("size", [0, 1, 50])
def test_a_file_cut_off_in_its_header_is_begun_anew(size: int, tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann") as session:
        take(session, 1)
    path = csv_of(panel)
    path.write_bytes(path.read_bytes()[:size])
    begun_path(path).unlink()  # made only when the first votes are on the disk
    with Session.open(panel.folder, "Ann") as session:
        assert session.progress.done == 0
        take(session, 2)
    assert list(pd.read_csv(path)["trial"]) == [1, 2]


def test_a_file_that_is_no_ratings_file_is_left_alone(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann") as session:
        take(session, 1)
    path = csv_of(panel)
    path.write_bytes(b"my,own,table\r\n1,2,3\r\n")
    with pytest.raises(JournalDamaged, match="columns"):
        Session.open(panel.folder, "Ann")
    assert path.read_bytes() == b"my,own,table\r\n1,2,3\r\n"
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(JournalDamaged, match="link"):
        Session.open(panel.folder, "Ann")


def test_where_the_file_system_has_no_locks_the_written_name_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann"), pytest.raises(Locked, match=f"process {os.getpid()}"):
        Session.open(panel.folder, "Ann")
    with Session.open(panel.folder, "Ann") as session:
        take(session, 1)


def test_half_a_mushra_trial_is_set_aside_and_done_again(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "mushra", NO_STEPS + '[mushra]\nanchors = ["lossy"]\n')
    with Session.open(panel.folder, "Ann") as session:
        take(session, 2)
        per_trial = len(session.trial.rated_slots) if session.trial else 0
    path = csv_of(panel)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-2]))
    with Session.open(panel.folder, "Ann") as session:
        assert session.progress.done == 1
        assert any("set aside" in note for note in session.notices)
        take(session)
    rows = pd.read_csv(path)
    assert len(rows) == 4 * per_trial
    assert not rows.duplicated(["trial", "position"]).any()


def test_a_second_window_is_refused_with_the_reason(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann") as first:
        with pytest.raises(Locked, match=f"already open: process {os.getpid()}"):
            Session.open(panel.folder, "ann")
        with Session.open(panel.folder, "Ben"):
            pass
        take(first, 1)
    with Session.open(panel.folder, "Ann") as again:
        assert again.progress.done == 1
        assert not again.notices


def test_another_process_is_refused_while_one_runs_and_let_in_after_its_death(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", top="repeats = 20")
    process = start(panel, "Ann")
    assert process.stdout is not None
    that_ends(process.stdout.readline)
    process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(Locked, match=f"process {process.pid}"):
            Session.open(panel.folder, "Ann")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    with Session.open(panel.folder, "Ann") as session:
        assert "did not end properly" in session.notices[0]


def test_a_session_of_another_machine_is_refused_unless_taken_over(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann") as session:
        lock = panel.ratings / f"{session.name}.lock"
        assert lock.exists()
    assert not lock.exists()
    lock.write_text(json.dumps({"host": "elsewhere", "process": 7, "since": "2026-01-01T00:00:00Z"}))
    with pytest.raises(Locked, match="process 7 on elsewhere, since 2026"):
        Session.open(panel.folder, "Ann")
    with Session.open(panel.folder, "Ann", take_over=True) as session:
        assert take(session, 1) == 1


@pytest.mark.parametrize("rubbish", ["", "{", "[1]", "null", '{"host": 5}', "\0" * 4096])
def test_a_damaged_lock_file_locks_nobody_out_for_ever(rubbish: str, tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann") as session:
        lock = panel.ratings / f"{session.name}.lock"
    lock.write_text(rubbish)
    with Session.open(panel.folder, "Ann", take_over="host" in rubbish) as session:
        assert take(session, 1) == 1


def test_a_clock_set_back_changes_no_duration_and_no_order(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    wall, monotonic = iter(range(2_000_000_000, 0, -100_000)), iter(range(0, 10_000, 3))
    clock = Clock(lambda: float(next(wall)), lambda: float(next(monotonic)))
    with Session.open(panel.folder, "Ann", clock=clock) as session:
        take(session)
    rows = pd.read_csv(csv_of(panel))
    assert list(rows["order"]) == list(range(1, 9))
    assert (rows["response_seconds"] > 0).all()
    assert rows["saved_at"].is_monotonic_decreasing
    with Session.open(panel.folder, "Ann") as session:
        assert session.finished


def test_ratings_of_another_panel_or_listener_are_not_mixed_in(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    other = make_panel(tmp_path, "acr", top="seed = 5", out="other")
    with Session.open(panel.folder, "Ann") as session:
        take(session, 2)
    with Session.open(other.folder, "Ann") as session:
        name = session.name
    shutil.copy(csv_of(panel), other.ratings / f"{name}.csv")
    with pytest.raises(OtherPlan, match="was not made with this panel"):
        Session.open(other.folder, "Ann")
    (status,) = panel_status(other)
    assert "was not made with this panel" in status.problem


def test_when_the_names_cannot_be_filled_in_the_votes_are_still_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = make_panel(tmp_path, "acr")
    with Session.open(panel.folder, "Ann") as session:
        take(session)
    before = csv_of(panel).read_bytes()

    def opened_by_a_spreadsheet(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", opened_by_a_spreadsheet)
        (problem,) = unseal(panel).problems
    assert "could not be rewritten" in problem
    assert csv_of(panel).read_bytes() == before
    assert unseal(panel).now == (csv_of(panel).name,)
    assert pd.read_csv(csv_of(panel))["condition"].notna().all()


def test_a_panel_that_does_not_fit_on_the_disk_is_told_and_leaves_nothing(
    tmp_path: Path, small_disk: Path
) -> None:
    make_clips(tmp_path / "clips", frames=8000)
    definition = parse_definition(toml("acr"))
    with pytest.raises(BuildError, match="the disk is full"):
        build(definition, small_disk / "panel", FakeRenderer(), places=Places(tmp_path))
    assert list(small_disk.iterdir()) == []


def test_a_session_that_cannot_be_saved_at_all_does_not_begin(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(NotSaved, match="no ratings can be saved here"):
        Session.open(panel.folder, "Ann", ratings=tmp_path / "file")
