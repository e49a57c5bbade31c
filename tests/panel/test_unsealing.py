"""Finished sessions stay sealed until nobody has to listen any more; each row tells its trial to the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaplisten.panel.columns import SEALED
from gaplisten.panel.frozen import FrozenPanel, open_panel
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.results.vote_table import votes_table
from gaplisten.panel.seal import sealed, unsealed_trial
from gaplisten.panel.session import Clock, Session
from gaplisten.panel.session_files import ratings_files
from gaplisten.panel.unsealing import StillListening, unseal
from gaplisten.panel.watch import panel_status
from gaplisten.panel.withdrawing import withdraw
from kit.panels import NO_STEPS, listen, make_panel, take, vote
from kit.tables import rows_of

METHODS = ["acr", "ccr", "ab", "abx", "abx_pair", "mushra", "ranking", "p835"]
EXTRA = {"mushra": '[mushra]\nanchors = ["anchor35", "lossy"]\n', "abx": "[abx]\ntrials = 8\n"}


def panel_of(method: str, base: Path) -> FrozenPanel:
    return make_panel(base, method, NO_STEPS + EXTRA.get(method, ""), systems=("QQone", "QQtwo"))


def taken(panel: FrozenPanel, *listeners: str) -> None:
    for name in listeners:
        with Session.open(panel.folder, name) as session:
            take(session)
            assert session.finished


@pytest.mark.parametrize("method", METHODS)
def test_finished_sessions_beside_a_running_one_name_no_stimulus(method: str, tmp_path: Path) -> None:
    panel = panel_of(method, tmp_path)
    taken(panel, "Ann", "Ben")
    with Session.open(panel.folder, "Cleo") as session:
        take(session, 2)
        everything = [path for path in panel.folder.rglob("*") if path.is_file()]
        told = [one.sha256 for one in panel.key.stimuli] + [one.code for one in panel.key.stimuli]
        told += ["QQone", "QQtwo", "anchor35", "lossy_anchor", ":reference", ",reference"]
        for path in everything:
            data = path.read_bytes()
            assert not [one for one in told if one.encode() in data], path
        found = [row for path in ratings_files(panel.ratings) for row in rows_of(path)]
    assert all(row[name] == "" for row in found for name in SEALED)
    cells = [row["sealed"] for row in found]
    assert len({len(cell) for cell in cells}) == 1
    assert len(set(cells)) == len(cells)


@pytest.mark.parametrize("method", METHODS)
def test_what_a_row_is_about_can_be_read_from_it_with_the_key_alone(method: str, tmp_path: Path) -> None:
    panel = panel_of(method, tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session, 3)
        (path,) = ratings_files(panel.ratings)
        for row in rows_of(path):
            planned = session._plan[int(row["trial"]) - 1]
            assert unsealed_trial(panel.key, session.name, row["sealed"]) == planned
            other = unsealed_trial(panel.key, "another session", row["sealed"])
            assert other is None or other.code(panel.key.trial_salt) != row["trial_code"]


@pytest.mark.parametrize("cell", ["", "s", "sabc", "614325e00012", "=1+1", "s" + "a" * 80, "ü" * 70])
def test_a_spoilt_cell_tells_nothing_and_harms_nobody(cell: str, tmp_path: Path) -> None:
    panel = panel_of("acr", tmp_path)
    found = unsealed_trial(panel.key, "session", cell)
    assert found is None or found.trial.number > 5000


def test_a_session_without_its_order_is_evaluated_whole_and_broken_off_alike(tmp_path: Path) -> None:
    panel = panel_of("mushra", tmp_path)
    taken(panel, "Ann")
    with Session.open(panel.folder, "Ben") as session:
        take(session, 2)
        listen(session)
        vote(session)
        assert session.next() is None
    own = panel.ratings / f"{session.name}.csv"
    own.write_bytes(b"".join(own.read_bytes().splitlines(keepends=True)[:-1]))  # one vote of the last is gone
    before = evaluate(panel)
    for path in (panel.ratings / "plans").glob("*.plan"):
        path.unlink()
    after = evaluate(panel)
    assert after.conditions == before.conditions
    assert [one for one in after.problems if "not saved as a whole" in one]
    (said,) = (one for one in after.notes if "what was heard is taken from the file itself" in one)
    assert " and 1 other file: " in said


def test_a_vote_of_a_session_without_its_order_counts_once(tmp_path: Path) -> None:
    panel = panel_of("acr", tmp_path)
    taken(panel, "Ann")
    (path,) = ratings_files(panel.ratings)
    next((panel.ratings / "plans").glob("*.plan")).unlink()
    before = evaluate(panel).conditions
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[-1])
    assert evaluate(panel).conditions == before


def test_nothing_is_unsealed_while_somebody_listed_has_not_finished(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, top='listeners = ["Ann", "Ben"]')
    taken(panel, "Ann")
    (path,) = ratings_files(panel.ratings)
    before = path.read_bytes()
    with pytest.raises(StillListening, match="Ben has not finished"):
        unseal(panel)
    assert path.read_bytes() == before
    taken(panel, "Ben")
    assert len(unseal(panel).now) == 2


def test_nothing_is_unsealed_while_a_session_goes_on_and_an_open_one_never(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    taken(panel, "Ann")
    with Session.open(panel.folder, "Ben") as session:
        take(session, 2)
        own = f"{session.name}.csv"
        with pytest.raises(StillListening, match="Ben"):
            unseal(panel)
        found = unseal(panel, anyway=True)
        assert own in found.problems[0]
        assert {row["condition"] for row in rows_of(panel.ratings / own)} == {""}
        take(session, 1)
    with pytest.raises(StillListening, match="Ben"):
        unseal(panel)
    later = session._clock.wall() + 4000
    assert unseal(panel, clock=lambda: later).now == (own,)
    assert {row["condition"] for row in rows_of(panel.ratings / own)} == {"one", "two"}


def test_unsealing_changes_sealed_columns_only_and_who_comes_later_is_sealed_again(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "ccr")
    taken(panel, "Ann", "Ben")
    before = {path: rows_of(path) for path in ratings_files(panel.ratings)}
    votes = votes_table(panel)[0]
    assert len(unseal(panel).now) == 2
    assert votes_table(panel)[0] == votes
    for path, found in before.items():
        for old, new in zip(found, rows_of(path), strict=True):
            assert {name for name in old if old[name] != new[name]} <= set(SEALED)
            assert new["condition"]
            assert new["score"]
            assert new["stimulus_sha256"]
    again = unseal(panel)
    assert (again.now, len(again.before)) == ((), 2)
    taken(panel, "Cleo")
    sealed_ones = [path for path in ratings_files(panel.ratings) if not rows_of(path)[0]["condition"]]
    assert [path for path in sealed_ones if path not in before] == sealed_ones
    assert len(sealed_ones) == 1


def test_a_session_that_was_unsealed_half_way_is_gone_on_with(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann", clock=Clock(wall=lambda: 1_790_000_000.0)) as session:
        take(session, 3)
    assert len(unseal(panel).now) == 1
    with Session.open(panel.folder, "Ann") as session:
        assert session.progress.done == 3
        take(session)
        assert session.finished
    assert evaluate(panel).problems == ()


def test_a_file_that_somebody_changed_stays_as_it_is_and_is_named(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    taken(panel, "Ann", "Ben")
    path = ratings_files(panel.ratings)[0]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], *lines[4:]]).replace(panel.sha256.encode(), b"0" * 64, 1))
    before = path.read_bytes()
    found = unseal(panel, anyway=True)
    assert len(found.now) == 1
    assert "was not made with this panel" in found.problems[0]
    assert path.read_bytes() == before


def test_unsealed_sessions_merge_withdraw_and_count_as_sealed_ones_do(tmp_path: Path) -> None:
    import shutil

    from gaplisten.panel.merging import merge

    panel = make_panel(tmp_path)
    taken(panel, "Ann", "Ben")
    copy = open_panel(Path(shutil.copytree(panel.folder, tmp_path / "copy")))
    unseal(panel)
    assert len(merge(panel, [copy.folder]).known) == 2
    assert len(merge(copy, [panel.folder]).longer) == 2  # the same votes, filled in
    assert withdraw(panel, "Ann", "asked to").votes == 8
    assert evaluate(panel).listeners[0].name == "Ben"


def test_a_cell_is_never_the_same_twice(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        assert session._record.drawn is not None
        item = session._record.drawn.items[0]
        cells = {sealed(panel.key, session.name, item, 1, 0) for _ in range(50)}
    assert len(cells) == 50
    # Not even a part of it: of every place in it all letters come up.
    assert all(len({cell[at] for cell in cells}) > 8 for at in range(1, len(next(iter(cells))) - 1))


def test_nothing_is_unsealed_while_somebody_sits_before_the_first_trial(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    taken(panel, "Ann")
    (path,) = ratings_files(panel.ratings)
    before = path.read_bytes()
    with Session.open(panel.folder, "Ben") as session:
        later = session._clock.wall() + 8000  # open for hours: it still is
        for when in (session._clock.wall(), later):
            with pytest.raises(StillListening, match="Ben has not finished"):
                unseal(panel, clock=lambda when=when: when)  # type: ignore[misc]
    with pytest.raises(StillListening, match="Ben"):  # the window was closed a moment ago
        unseal(panel)
    assert path.read_bytes() == before
    assert len(unseal(panel, clock=lambda: later).now) == 1  # nobody came back


def test_a_copy_of_an_open_sessions_file_stays_sealed_too(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    taken(panel, "Ann")
    with Session.open(panel.folder, "Ben") as session:
        take(session, 3)
        copy = panel.ratings / "Copy of Ben.csv"
        copy.write_bytes((panel.ratings / f"{session.name}.csv").read_bytes())
        found = unseal(panel, anyway=True)
    assert len(found.now) == 1
    assert len(found.problems) == 2
    assert {row["condition"] for row in rows_of(copy)} == {""}
    assert not list(panel.ratings.glob("*.lock"))


def test_a_lock_that_a_killed_window_left_is_no_open_session(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann", clock=Clock(wall=lambda: 1_790_000_000.0)) as session:
        take(session, 3)
        lock = (panel.ratings / f"{session.name}.lock").read_bytes()
        assert panel_status(panel)[0].open_now
    (panel.ratings / f"{session.name}.lock").write_bytes(lock)
    assert not panel_status(panel)[0].open_now
    assert len(unseal(panel).now) == 1
