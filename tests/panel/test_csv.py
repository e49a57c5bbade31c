"""The ratings CSV as users read it."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaplisten.panel.columns import PlaybackFacts, as_markdown
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.plan import plan
from gaplisten.panel.results.votes import collect
from gaplisten.panel.rules import Refusal
from gaplisten.panel.safety import UntrustedPanel
from gaplisten.panel.session import NotListed, Session
from gaplisten.panel.session_files import read_session
from gaplisten.panel.trial import Trial, Vote
from kit.panels import NO_STEPS, listen, make_panel, take, unsealed_file, vote

ROOT = Path(__file__).resolve().parents[2]


def taken(panel: FrozenPanel, listener: str = "Ann", **choices: object) -> pd.DataFrame:
    with Session.open(panel.folder, listener) as session:
        take(session, **choices)  # type: ignore[arg-type]
    return pd.read_csv(unsealed_file(panel))


def test_the_columns_are_those_documented() -> None:
    text = (ROOT / "docs/panels.md").read_text(encoding="utf-8")
    assert as_markdown() in text


def test_the_documented_way_to_take_a_panel_from_python_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = make_panel(tmp_path, extra="")
    text = (ROOT / "docs/panels.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "docs/panels.md", "exec"), {})
    (path,) = panel.ratings.glob("*.csv")
    assert pd.read_csv(path)["vote"].tolist() == [4] * 8


def test_a_row_says_who_what_when_and_how_it_was_played(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    row = taken(panel).iloc[2]
    truth = plan(panel.key, "Ann")[2]
    assert (row["panel"], row["panel_sha256"], row["listener"]) == ("T", panel.sha256, "Ann")
    assert (row["trial"], row["order"], row["block"], row["kind"]) == (3, 3, "test", "test")
    assert (row["clip"], row["condition"]) == (truth.clip, truth.condition)
    assert row["stimulus_sha256"] == panel.key.by_code[truth.trial.slots[0].stimulus].sha256
    assert (row["device"], row["device_rate"], row["rate"], row["underflows"]) == (
        "Test device",
        48000,
        8000,
        0,
    )
    assert row["gain_db"] == pytest.approx(panel.key.clip_of[truth.clip].gain_db, abs=1e-3)
    assert (row["plays"], row["seconds_heard"], row["seconds_per_slot"]) == (1, 0.4, "S:0.400")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ", row["saved_at"])
    assert row["label"] == dict(panel.definition.scales()[""].labels)[row["vote"]]
    assert row["score"] == row["vote"]


def test_the_file_is_rfc_4180_in_utf_8_and_free_text_is_neutral(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    nasty = '=HYPERLINK("http://x","y"), ümläut\r\n"two"\x00\x07 lines'
    with Session.open(panel.folder, '@Ann, the "first"') as session:
        listen(session)
        vote(session)
        session.comment(nasty, ("+tag", "a;b"))
        session.next(PlaybackFacts("-device"))
    with Session.open(panel.folder, '@Ann, the "first"') as session:
        assert session.progress.done == 1
        take(session)
    (path,) = panel.ratings.glob("*.csv")
    raw = path.read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n") == 9
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert rows[0]["comment"] == '\'=HYPERLINK("http://x","y"), ümläut "two" lines'
    assert rows[0]["tags"] == "'+tag;a,b"
    assert rows[0]["device"] == "'-device"
    assert {row["listener"] for row in rows} == {'\'@Ann, the "first"'}
    assert pd.read_csv(path)["comment"][0] == rows[0]["comment"]


def test_ccr_scores_read_processed_compared_with_reference_whatever_the_order(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "ccr")
    truth = {one.trial.number: one for one in plan(panel.key, "Ann")}

    def reference_is_better(trial: Trial, slot: int) -> Vote:
        return 2 if truth[trial.number].conditions[1] == "reference" else -2

    rows = taken(panel, choose=reference_is_better)
    assert sorted(rows["vote"]) == [-2] * 4 + [2] * 4
    assert set(rows["score"]) == {-2}
    assert set(rows["compared_with"]) == {"reference"}


def test_abx_scores_say_right_or_wrong_and_preferences_who_won(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "abx", NO_STEPS + "[abx]\ntrials = 8\n")
    rows = taken(panel, choose=lambda trial, slot: "A")
    assert set(rows["expected"]) <= {"A", "B"}
    assert (rows["score"] == (rows["expected"] == "A")).all()
    other = make_panel(tmp_path, "ab", out="ab")
    truth = {one.trial.number: one for one in plan(other.key, "Ann")}
    rows = taken(other, choose=lambda trial, slot: "AB"[truth[trial.number].conditions.index("one")])
    assert set(rows["score"]) == {1}
    assert set(rows["condition"]) == {"one"}


def test_mushra_rows_name_what_lay_behind_each_letter(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "mushra", NO_STEPS + '[mushra]\nanchors = ["anchor35"]\n')
    truth = {one.trial.number: one for one in plan(panel.key, "Ann")}
    scores = {"reference": 100, "one": 70, "two": 50, "anchor35": 20}
    rows = taken(panel, choose=lambda trial, slot: scores[truth[trial.number].conditions[slot]])
    assert rows.groupby("condition")["score"].agg(["min", "max"]).to_dict("index") == {
        name: {"min": score, "max": score} for name, score in scores.items()
    }
    assert set(rows.loc[rows["condition"] == "anchor35", "role"]) == {"anchor"}
    assert set(rows.loc[rows["condition"] == "reference", "role"]) == {"reference"}
    assert (rows["slots"].str.count(r"\|") == 4).all()


def test_checks_are_marked_passed_or_not(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", "[checks]\nlevel = false\nclear_good = 1\nclear_bad = 1\n")
    rows = taken(panel, choose=lambda trial, slot: 4).set_index("kind")
    assert bool(rows.loc["clear_good", "passed"])
    assert not bool(rows.loc["clear_bad", "passed"])
    assert rows.loc["clear_bad", "expected"] == 1
    assert rows.loc["test", "passed"].isna().all()


def test_a_running_session_can_be_evaluated_by_whoever_may(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session, 3)
        (path,) = panel.ratings.glob("*.csv")
        found = read_session(panel, path)
    truth = plan(panel.key, "Ann")
    assert [row["condition"] for row in found.rows] == [one.condition for one in truth[:3]]
    assert found.problems == found.notes == ()


def test_a_vote_may_be_changed_within_the_trial_only(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        listen(session)
        session.rate(1)
        session.rate(4)
        assert session.rate(7) is Refusal.BAD_VALUE
        session.rate(2)
        assert session.undo()
        assert session.next() is None
        assert session.next() is not None
        assert session.rate(2) is not None
        assert not session.undo()
    (path,) = panel.ratings.glob("*.csv")
    assert pd.read_csv(path)["vote"].tolist() == [4]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1b[2J", "x" * 101, "a\u202eb"])
def test_unusable_listener_names_are_refused(name: str, tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with pytest.raises(UntrustedPanel):
        Session.open(panel.folder, name)


@pytest.mark.parametrize("name", ["../../x", "CON", "a/b", "ü", ".", "*", "名前"])
def test_any_other_name_makes_a_safe_file(name: str, tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, name) as session:
        take(session, 1)
    (path,) = panel.ratings.glob("*.csv")
    assert re.fullmatch(r"[0-9a-f]{8}-[a-z0-9_]+-[0-9a-f]{8}\.csv", path.name)


def test_a_panel_with_a_list_of_listeners_takes_only_those(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, top='listeners = ["Ann", "Ben"]')
    with pytest.raises(NotListed):
        Session.open(panel.folder, "Eve")
    with Session.open(panel.folder, "ANN ") as session:
        assert session.listener == "Ann"


def test_what_is_to_be_said_of_several_files_alike_is_said_once(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", clips=2)
    for name in ("Ann", "Ben", "Cora"):
        with Session.open(panel.folder, name) as session:
            take(session)
    paths = sorted(panel.ratings.glob("*.csv"))
    for path in paths:
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    assert collect(panel).notes == (f"{paths[0].name} and 2 other files: its lines end in LF",)
    paths[0].write_bytes(paths[0].read_bytes().replace(b"\n", b"\r\n"))
    paths[1].write_bytes(paths[1].read_bytes().replace(b"\n", b"\r\n"))
    assert collect(panel).notes == (f"{paths[2].name}: its lines end in LF",)


NO_NUMBERS = ["abc", "1.5", "-1", "nan", "9" * 5000, "9" * 25]


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("column", ["trial", "order", "position", "vote", "score", "underflows"])
def test_a_cell_that_is_no_number_is_told_of_or_does_no_harm(
    tmp_path: Path, column: str, ordered: bool
) -> None:
    panel = make_panel(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session)
    votes = len(collect(panel).votes)
    path = unsealed_file(panel)
    if not ordered:
        (order,) = (panel.ratings / "plans").glob("*.plan")
        order.unlink()
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    for cell in NO_NUMBERS:
        with path.open("w", encoding="utf-8", newline="") as file:
            changed = [value if name != column else cell for name, value in zip(header, rows[1], strict=True)]
            csv.writer(file).writerows([header, rows[0], changed, *rows[2:]])
        found = collect(panel)
        assert len(found.votes) == votes or found.problems, cell
        assert all(np.isfinite(found.votes.score)), cell
