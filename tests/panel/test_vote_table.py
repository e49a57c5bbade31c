"""All votes in one table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.results.report import everything_table
from gaplisten.panel.results.vote_table import votes_table
from gaplisten.panel.session import Session
from gaplisten.tables import write_csv
from kit.panels import make_clips, make_panel, take

EXTRA = """
[checks]
level = false
clear_good = 1
[training]
trials = 1
[room]
level = "73 dB SPL"
[[question]]
name = "age"
text = "Age?"
kind = "number"
[[question]]
name = "remark"
text = "Anything?"
"""


@pytest.fixture
def panel(tmp_path: Path) -> FrozenPanel:
    make_clips(tmp_path / "clips")
    table = "clip,talker,sex\nc0,Kim,f\nc1,Kim,F\nc2,Lee,male\nc3,Lee,m\n"
    (tmp_path / "talkers.csv").write_text(table)
    panel = make_panel(tmp_path, extra=EXTRA, talkers="talkers.csv")
    for at, name in enumerate(("Annabel", "Bertram", "Clementine")):
        setup = {"headphones": "HD 650"} if at else {}
        with Session.open(panel.folder, name, setup=setup) as session:
            session.answer({"age": str(30 + at), "remark": f"I am {name}"})
            choose = (lambda trial, slot: 3) if at == 2 else None
            session.comment("a word of mine")
            take(session, choose=choose)
    return panel


def written(panel: FrozenPanel, path: Path, **more: bool) -> pd.DataFrame:
    table, _, problems = votes_table(panel, **more)
    assert problems == ()
    write_csv(path, table)
    return pd.read_csv(path)


def test_every_vote_is_there_with_answers_and_who_is_left_out(panel: FrozenPanel, tmp_path: Path) -> None:
    votes = written(panel, tmp_path / "votes.csv")
    assert votes["kind"].value_counts().to_dict() == {"test": 24, "training": 3, "clear_good": 3}
    assert votes.groupby("listener")["q_age"].first().to_dict() == {
        "Annabel": 30,
        "Bertram": 31,
        "Clementine": 32,
    }
    assert votes.groupby("listener")["left_out"].first().to_dict()["Clementine"]
    assert "clear good" in votes.loc[votes["left_out"], "why"].iloc[0]
    assert set(votes["q_level"]) == {"73 dB SPL"}
    assert votes.loc[votes["listener"] == "Bertram", "q_headphones"].eq("HD 650").all()
    assert votes.loc[votes["listener"] == "Annabel", "q_headphones"].isna().all()
    assert votes.loc[votes["clip_name"] == "c2", ["talker", "sex"]].drop_duplicates().values.tolist() == [
        ["Lee", "male"]
    ]


def test_means_of_the_table_are_those_of_the_results(panel: FrozenPanel, tmp_path: Path) -> None:
    votes = written(panel, tmp_path / "votes.csv")
    counted = votes[(votes["kind"] == "test") & ~votes["left_out"]]
    means = counted.groupby(["condition", "listener"])["score"].mean().groupby("condition").mean()
    found = evaluate(panel)
    wanted = {one.condition: one.mean.mean for one in found.conditions}
    assert means.to_dict() == pytest.approx(wanted)
    by_sex = {(one.condition, one.stratum): one.mean.mean for one in found.talkers}
    mine = (
        counted.groupby(["condition", "sex", "listener"])["score"].mean().groupby(["condition", "sex"]).mean()
    )
    assert {key: by_sex[key] for key in mine.index} == pytest.approx(mine.to_dict())


def test_no_column_hides_what_a_frame_can_do(panel: FrozenPanel) -> None:
    table, _, _ = votes_table(panel)
    assert not [name for name in table.columns if hasattr(pd.DataFrame, name)]


def test_pseudonyms_tell_nobodys_name(panel: FrozenPanel, tmp_path: Path) -> None:
    votes = written(panel, tmp_path / "votes.csv", anonymous=True)
    text = (tmp_path / "votes.csv").read_text()
    assert set(votes["listener"]) == {"L1", "L2", "L3"}
    for name in ("nnabel", "ertram", "lementine", "word of mine", "I am", "Test device"):
        assert name not in text
    assert "q_age" in votes.columns


def test_sessions_that_are_open_are_not_shown(panel: FrozenPanel, tmp_path: Path) -> None:
    with Session.open(panel.folder, "Dora") as session:
        session.answer({"age": "1", "remark": "-"})
        take(session, 3)
        votes = written(panel, tmp_path / "votes.csv")
    assert "Dora" not in set(votes["listener"])


@pytest.mark.parametrize("method", ["dcr", "ab"])
def test_results_and_their_file_have_each_sex_and_talker(method: str, tmp_path: Path) -> None:
    make_clips(tmp_path / "clips")
    rows = ("c0,Kim,f", "c1,Kim,f", "c2,Lee,m", "c3,Max,m")
    (tmp_path / "talkers.csv").write_text("clip,talker,sex\n" + "\n".join(rows) + "\n")
    panel = make_panel(tmp_path, method, talkers="talkers.csv")
    for name in ("Ann", "Ben"):
        with Session.open(panel.folder, name) as session:
            take(session)
    found = evaluate(panel)
    of = found.pair_talkers if method == "ab" else found.talkers
    assert list(dict.fromkeys(one.stratum for one in of)) == ["female", "male", "Kim", "Lee", "Max"]
    table = everything_table(found)
    assert {"female", "male", "Kim", "Lee", "Max"} <= {str(cell) for row in table.rows for cell in row}
