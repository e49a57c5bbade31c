"""A listener withdraws: the rows go out, the reason stays, and the cells are open again."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from gaplisten.durable.locks import Locked
from gaplisten.panel.answer_table import answer_table
from gaplisten.panel.beginning import begun_sessions
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.results.vote_table import votes_table
from gaplisten.panel.session import Session
from gaplisten.panel.unsealing import unseal
from gaplisten.panel.watch import panel_status
from gaplisten.panel.withdrawing import CannotWithdraw, withdraw, withdrawals
from gaplisten.tables import Table
from kit.panels import make_panel, take


def test_rows_go_out_and_results_say_why(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    for name in ("Ann", "Ben"):
        with Session.open(panel.folder, name) as session:
            take(session)
    (before,) = panel.ratings.glob("*-ann-*.csv")
    kept = before.read_bytes()
    assert withdraw(panel, "ann", "did not want to").votes == 8
    found = evaluate(panel)
    assert [one.name for one in found.listeners] == ["Ben"]
    assert "Ann withdrew" in found.notes[0]
    assert "(did not want to): 8 votes are out" in found.notes[0]
    assert [one.listener for one in panel_status(panel)] == ["Ben"]
    assert [one.drawn.listener for one in begun_sessions(panel, panel.ratings)] == ["Ben"]
    (aside,) = (panel.ratings / "withdrawn").rglob(before.name)
    assert aside.read_bytes() == kept
    with Session.open(panel.folder, "Ann") as session:
        assert not session.resumed


def test_erased_rows_take_the_name_with_them(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, extra='[checks]\nlevel = false\n[[question]]\nname = "q"\ntext = "Q?"\n')
    with Session.open(panel.folder, "Annabel") as session:
        session.answer({"q": "Annabel's answer"})
        take(session, 2)
    withdraw(panel, "Annabel", "asked for it", erase=True)
    assert withdrawals(panel.ratings)[0].listener == ""
    assert "a listener withdrew" in evaluate(panel).notes[0]
    files = [path for path in panel.folder.rglob("*") if path.is_file()]
    assert not any("annabel" in path.name.casefold() for path in files)
    assert not any(b"nnabel" in path.read_bytes() for path in files)


def test_an_open_session_and_a_strangers_name_are_refused(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session, 1)
        with pytest.raises(Locked):
            withdraw(panel, "Ann", "now")
        assert len(list(panel.ratings.glob("*.csv"))) == 1
    with pytest.raises(CannotWithdraw, match="no session"):
        withdraw(panel, "Bob", "why not")
    assert withdrawals(panel.ratings) == ()


def test_a_record_that_cannot_be_read_harms_nothing(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    (panel.ratings / "withdrawn").mkdir(parents=True)
    for spoilt in ("", "[", "[1]", "{}", '[{"listener": 1}]'):
        (panel.ratings / "withdrawn/withdrawn.json").write_text(spoilt)
        assert withdrawals(panel.ratings) == ()


def test_copies_under_other_names_go_out_too(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    for name in ("Ann", "Ben"):
        with Session.open(panel.folder, name) as session:
            take(session)
    (own,) = panel.ratings.glob("*-ann-*.csv")
    shutil.copy(own, panel.ratings / "Ann (copy).csv")
    own.rename(panel.ratings / "Ann, final.csv")
    assert withdraw(panel, "Ann", "asked for it").votes == 8
    assert [one.name for one in evaluate(panel).listeners] == ["Ben"]
    assert len(list(panel.ratings.glob("*.csv"))) == 1
    assert len(list((panel.ratings / "withdrawn").rglob("Ann*.csv"))) == 2


def test_a_record_that_cannot_be_read_is_said_and_never_written_over(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    for name in ("Ann", "Ben"):
        with Session.open(panel.folder, name) as session:
            take(session)
    withdraw(panel, "Ann", "asked for it")
    record = panel.ratings / "withdrawn/withdrawn.json"
    spoilt = record.read_bytes()[:-4]
    record.write_bytes(spoilt)
    assert "withdrawn.json: it cannot be read" in evaluate(panel).problems[0]
    with pytest.raises(CannotWithdraw, match="would lose who withdrew before"):
        withdraw(panel, "Ben", "asked too")
    assert record.read_bytes() == spoilt
    assert [one.name for one in evaluate(panel).listeners] == ["Ben"]


def test_copies_of_answers_and_orders_go_out_too_and_nobody_is_listed_twice(tmp_path: Path) -> None:
    asking = '[checks]\nlevel = false\n[[question]]\nname = "q"\ntext = "Q?"\n'
    panel = make_panel(tmp_path, extra=asking)
    for name in ("Ann", "Ben"):
        with Session.open(panel.folder, name) as session:
            session.answer({"q": f"{name}'s answer"})
            take(session, 2)
    for folder, ending in (("answers", "csv"), ("plans", "plan")):
        (own,) = (panel.ratings / folder).glob(f"*-ann-*.{ending}")
        shutil.copy(own, own.with_name(f"{own.stem} (copy).{ending}"))
        shutil.copy(own, own.with_name(f"Kopie.{ending}"))
    table, said = answer_table(panel)
    assert [row[0] for row in table.rows] == ["Ann", "Ben"]
    assert len(said) == 2
    assert all("is of the same session" in one and "counts once" in one for one in said)
    withdraw(panel, "Ann", "asked for it", erase=True)
    left = [path for path in panel.ratings.rglob("*") if path.is_file()]
    assert not any("ann" in path.name for path in left)
    assert not any(b"Ann" in path.read_bytes() for path in left)
    assert answer_table(panel) == (Table(table.columns, table.rows[1:]), ())


def test_who_votes_once_withdraws_one_vote(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session, 1)
    assert "1 vote is out" in withdraw(panel, "Ann", "why not").said()


@pytest.mark.parametrize("erase", [False, True])
def test_a_file_put_back_from_a_backup_brings_no_votes_back_and_new_votes_count(
    erase: bool, tmp_path: Path
) -> None:
    panel = make_panel(tmp_path, clips=2)
    for name in ("Ann", "Ben"):
        with Session.open(panel.folder, name) as session:
            take(session)
    (file,) = panel.ratings.glob("*-ann-*.csv")
    backup = file.read_bytes()
    withdraw(panel, "Ann", "asked", erase=erase)
    file.write_bytes(backup)
    found = evaluate(panel)
    assert [one.name for one in found.listeners] == ["Ben"]
    assert any("withdrew after these votes" in said for said in found.problems)
    table, _, _ = votes_table(panel)
    assert {row[table.columns.index("listener")] for row in table.rows} == {"Ben"}
    withdraw(panel, "Ann", "once more", erase=erase)
    with Session.open(panel.folder, "Ann") as session:
        take(session)
    assert [one.name for one in evaluate(panel).listeners] == ["Ann", "Ben"]


def test_a_clock_that_was_set_back_brings_no_withdrawn_votes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session)
    (path,) = panel.ratings.glob("*.csv")
    backup = path.read_bytes()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 7 * 86_400)
    withdraw(panel, "Ann", "asked to")
    monkeypatch.undo()
    path.write_bytes(backup)
    found = evaluate(panel)
    assert found.listeners == ()
    assert any("withdrew after these votes" in one for one in found.problems)


@pytest.mark.parametrize("name", ["Ann", "A listener whose name is longer than forty letters"])
def test_what_a_killed_writer_left_goes_with_the_session(name: str, tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, name) as session:
        take(session, 2)
    own = panel.ratings / f"{session.name}.csv"
    files = [own, panel.ratings / "answers" / own.name, panel.ratings / "plans" / f"{session.name}.plan"]
    parts = [path.with_name(f"{path.name[:40]}.0123456789ab.part") for path in files]

    def leave() -> None:
        for part in parts:
            part.write_bytes(own.read_bytes()[:-20])
            os.utime(part, (0, 0))

    leave()
    stranger = own.with_name(f"{own.name[:7]}x.0123456789ab.part")
    stranger.write_bytes(b"")
    Session.open(panel.folder, name).close()
    assert not [part for part in parts if part.exists()]
    leave()
    unseal(panel, anyway=True)
    assert not parts[0].exists()
    leave()
    withdraw(panel, name, "asked to", erase=True)
    left = [path for path in panel.ratings.rglob("*") if path.is_file()]
    assert stranger in left
    assert not [path for path in left if session.name in path.name or name.encode() in path.read_bytes()]
    assert not [part for part in parts if part.exists()]


def test_who_withdrew_can_ask_for_everything_to_be_erased_later(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    for name in ("Ann", "Ben"):
        with Session.open(panel.folder, name) as session:
            take(session)
    backup = next(panel.ratings.glob("*-ann-*.csv"))
    kept = backup.read_bytes()
    withdraw(panel, "Ann", "first", erase=False)
    withdraw(panel, "Ben", "another one")
    made = withdraw(panel, "Ann", "later", erase=True)
    assert (made.listener, made.votes, made.reason) == ("", 8, "first")
    files = [path for path in panel.ratings.rglob("*") if path.is_file()]
    assert not [path for path in files if "-ann-" in path.name or b"Ann" in path.read_bytes()]
    assert [path for path in files if "-ben-" in path.name]
    assert [one.listener for one in withdrawals(panel.ratings)] == ["", "Ben"]
    backup.write_bytes(kept)  # and the votes stay out, whatever comes back
    assert evaluate(panel).listeners == ()
    with pytest.raises(CannotWithdraw, match="no session"):
        withdraw(panel, "Cleo", "who?", erase=True)


@pytest.mark.parametrize("at", ["../../../victim", "", "/tmp", "2026-11-30T19:00:36.301Z/.."])
def test_a_strangers_record_erases_nothing_elsewhere(at: str, tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    (tmp_path / "victim").mkdir()
    with Session.open(panel.folder, "Ann") as session:
        take(session, 1)
    withdraw(panel, "Ann", "asked")
    record = panel.ratings / "withdrawn" / "withdrawn.json"
    text = json.loads(record.read_text())
    text[0]["at"] = at
    record.write_text(json.dumps(text))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(CannotWithdraw, match="no folder of withdrawn ratings"):
        withdraw(panel, "Ann", "again", erase=True)
    assert sorted(tmp_path.rglob("*")) == before
