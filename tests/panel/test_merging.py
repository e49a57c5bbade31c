"""Copies of a panel on several machines are brought together."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from gaplisten.panel.frozen import FrozenPanel, open_panel
from gaplisten.panel.merging import CannotMerge, merge
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.safety import UntrustedPanel
from gaplisten.panel.session import Clock, Session
from gaplisten.panel.withdrawing import withdraw
from kit.panels import make_panel, take


def listened(folder: Path, name: str, trials: int | None = None) -> None:
    with Session.open(folder, name) as session:
        take(session, trials)


@pytest.fixture
def copies(tmp_path: Path) -> tuple[FrozenPanel, Path, Path]:
    panel = make_panel(tmp_path)
    listened(panel.folder, "Ann", 2)
    for name in ("one", "two"):
        shutil.copytree(panel.folder, tmp_path / name)
    return panel, tmp_path / "one", tmp_path / "two"


def test_sessions_come_over_and_go_on(copies: tuple[FrozenPanel, Path, Path]) -> None:
    panel, one, two = copies
    listened(one, "Ben")
    listened(two, "Cleo", 3)
    listened(two, "Ann", 2)
    found = merge(panel, [one, two])
    assert (len(found.new), len(found.known), len(found.longer)) == (2, 1, 1)
    assert [(one.name, one.votes) for one in evaluate(panel).listeners] == [
        ("Ann", 4),
        ("Ben", 8),
        ("Cleo", 3),
    ]
    with Session.open(panel.folder, "Cleo") as session:
        assert session.progress.done == 3
        take(session)
    again = merge(panel, [one, two])
    assert (again.new, again.longer) == ((), ())
    assert evaluate(panel).problems == ()


def test_a_session_that_two_copies_went_on_with_is_refused_and_nothing_is_changed(
    copies: tuple[FrozenPanel, Path, Path],
) -> None:
    panel, one, two = copies
    listened(one, "Ann", 1)
    listened(two, "Ben")
    with Session.open(panel.folder, "Ann") as session:
        take(session, 1, choose=lambda trial, slot: 1)
    before = {path: path.read_bytes() for path in panel.ratings.rglob("*") if path.is_file()}
    with pytest.raises(CannotMerge, match="on their own"):
        merge(panel, [two, one])
    assert {path: path.read_bytes() for path in panel.ratings.rglob("*") if path.is_file()} == before


def test_a_session_that_was_finished_elsewhere_comes_over(copies: tuple[FrozenPanel, Path, Path]) -> None:
    panel, one, _ = copies
    listened(one, "Ann")
    assert len(merge(panel, [one]).longer) == 1
    assert len(merge(open_panel(one), [panel.folder]).known) == 1
    with Session.open(panel.folder, "Ann") as session:
        assert session.finished


def test_the_same_name_on_two_machines_is_refused(copies: tuple[FrozenPanel, Path, Path]) -> None:
    panel, one, two = copies
    listened(one, "Ben", 1)
    listened(two, "Ben", 2)
    with pytest.raises(CannotMerge, match="both have it"):
        merge(panel, [one, two])


def test_another_panel_an_open_session_and_a_link_are_refused(
    copies: tuple[FrozenPanel, Path, Path], tmp_path: Path
) -> None:
    panel, one, _ = copies
    other = make_panel(tmp_path, out="other")
    with pytest.raises(CannotMerge, match="another panel"):
        merge(panel, [other.folder])
    listened(one, "Ben")
    with Session.open(one, "Dora"), pytest.raises(CannotMerge, match="open now"):
        merge(panel, [one])
    (csv,) = (one / "ratings").glob("*-ben-*.csv")
    secret = tmp_path / "secret.txt"
    csv.rename(secret)
    csv.symlink_to(secret)
    with pytest.raises(UntrustedPanel):
        merge(panel, [one])


def test_a_merged_panel_opens(copies: tuple[FrozenPanel, Path, Path]) -> None:
    panel, one, _ = copies
    listened(one, "Ben")
    merge(panel, [one])
    open_panel(panel.folder).verify()


def test_who_withdrew_does_not_come_back_from_a_copy(copies: tuple[FrozenPanel, Path, Path]) -> None:
    panel, one, _ = copies
    listened(one, "Ben")
    withdraw(panel, "Ann", "asked for it")
    found = merge(panel, [one])
    assert (len(found.new), len(found.withdrawn)) == (1, 1)
    assert [one.name for one in evaluate(panel).listeners] == ["Ben"]
    record = panel.ratings / "withdrawn/withdrawn.json"
    record.write_text("[")
    with pytest.raises(CannotMerge, match="cannot be read"):
        merge(panel, [one])


def test_who_was_erased_does_not_come_back_from_a_copy_whatever_the_file_is_called(
    copies: tuple[FrozenPanel, Path, Path],
) -> None:
    panel, one, two = copies
    (own,) = (two / "ratings").glob("*-ann-*.csv")
    own.rename(own.with_name("Ann, final.csv"))
    withdraw(panel, "Ann", "asked for it", erase=True)
    assert len(merge(panel, [one]).withdrawn) == 1
    assert merge(panel, [two]).new == ()
    assert evaluate(panel).listeners == ()
    assert not any(b"Ann" in path.read_bytes() for path in panel.ratings.rglob("*") if path.is_file())


def test_votes_from_the_future_bring_nobody_back(copies: tuple[FrozenPanel, Path, Path]) -> None:
    panel, one, _ = copies
    ahead = Clock(wall=lambda: time.time() + 86_400)
    with Session.open(one, "Ann", clock=ahead) as session:
        take(session)
    withdraw(panel, "Ann", "asked for it")
    assert len(merge(panel, [one]).withdrawn) == 1


def test_who_withdrew_in_a_copy_is_named_and_nothing_is_taken_away_unasked(
    copies: tuple[FrozenPanel, Path, Path],
) -> None:
    panel, one, two = copies
    withdraw(open_panel(one), "Ann", "asked for it", erase=True)
    (session,) = merge(panel, [one, two]).withdrew_there
    assert "-ann-" in session
    assert [one.name for one in evaluate(panel).listeners] == ["Ann"]


def test_a_copy_that_is_named_twice_is_taken_and_counted_once(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    copy = open_panel(Path(shutil.copytree(panel.folder, tmp_path / "copy")))
    with Session.open(copy.folder, "Ann") as session:
        take(session)
    (tmp_path / "way").symlink_to(copy.folder)
    found = merge(panel, [copy.folder, tmp_path / "way", copy.folder])
    assert found.new == (session.name,)
    assert merge(panel, [copy.folder, copy.folder]).known == (session.name,)
