"""P.835: three ratings of one recording, each after a hearing of its own; and ACR with other words."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gaplisten.panel.definition import DefinitionError, parse_definition
from gaplisten.panel.frozen import open_panel
from gaplisten.panel.methods import method
from gaplisten.panel.plan import plan
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.results.report import by_listener_table, everything_table
from gaplisten.panel.rules import Refusal
from gaplisten.panel.session import Session
from gaplisten.panel.trial import WHOLE_TRIAL, Trial, Vote
from gaplisten.tables import column
from kit.panels import NO_STEPS, listen, make_panel, take, toml, unsealed_file

SCALES = ("signal", "background", "overall")


def test_the_words_are_those_of_the_toolkit_in_three_five_point_scales() -> None:
    english, german = method("p835").wording("en"), method("p835").wording("de")
    assert tuple(english) == tuple(german) == SCALES
    assert [dict(english[scale].labels)[3] for scale in SCALES] == [
        "Somewhat distorted",
        "Noticeable but not intrusive",
        "Fair",
    ]
    assert [dict(german[scale].labels)[1] for scale in SCALES] == [
        "Sehr verzerrt",
        "Sehr aufdringlich",
        "Schlecht",
    ]
    assert {value for one in english.values() for value, _ in one.labels} == {1, 2, 3, 4, 5}
    assert "ONLY to the BACKGROUND" in english["background"].question


def test_the_overall_scale_is_last_and_half_of_the_listeners_begin_with_the_background(
    tmp_path: Path,
) -> None:
    panel = make_panel(tmp_path, "p835", top='listeners = ["Ann", "Ben", "Cleo", "Dan"]')
    orders = [plan(panel.key, name)[0].trial.scales for name in ("Ann", "Ben", "Cleo", "Dan")]
    assert orders == [SCALES, ("background", "signal", "overall")] * 2
    assert all(len({one.trial.scales for one in plan(panel.key, name)}) == 1 for name in ("Ann", "Ben"))


def test_each_scale_is_rated_after_a_hearing_of_its_own(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "p835", top='listeners = ["Ann"]')
    with Session.open(panel.folder, "Ann") as session:
        assert session.rate(3, scale="signal") is Refusal.NOT_HEARD
        listen(session)
        assert session.rate(3, scale="signal") is None
        assert session.may_rate(WHOLE_TRIAL, "background") is Refusal.NOT_HEARD
        assert session.rate(4, scale="signal") is None  # a change of mind asks for no hearing
        assert session.may_go_on() is Refusal.NOT_HEARD
        listen(session, end=False)
        assert session.rate(2, scale="background") is Refusal.NOT_TO_END
        listen(session)
        assert session.rate(2, scale="background") is None
        listen(session)
        assert session.may_go_on() is Refusal.UNRATED
        assert session.rate(9, scale="overall") is Refusal.BAD_VALUE
        assert session.rate(9, scale="loudness") is Refusal.NOT_RATED_SLOT
        assert session.rate(5, scale="overall") is None
        assert session.undo()
        assert session.rate(1, scale="overall") is None
        assert session.next() is None
    (path,) = panel.ratings.glob("*.csv")
    rows = pd.read_csv(path)
    assert list(zip(rows["scale"], rows["vote"], strict=True)) == [
        ("signal", 4),
        ("background", 2),
        ("overall", 1),
    ]
    assert set(rows["trial"]) == {1}
    assert set(rows["plays"]) == {4}
    assert rows["label"].tolist() == ["Slightly distorted", "Somewhat intrusive", "Bad"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_results_stand_apart_for_each_scale(language: str, tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "p835", top=f'language = "{language}"')
    good = {"one": 4, "two": 2}
    for name in ("Ann", "Ben", "Cleo"):
        with Session.open(panel.folder, name) as session:
            while session.trial is not None:
                condition = session._todo[0].condition
                for scale in session.trial.scales:
                    listen(session)
                    vote = {"signal": good[condition], "background": 5, "overall": good[condition] - 1}[scale]
                    assert session.rate(vote, scale=scale) is None
                assert session.next() is None
    found = evaluate(open_panel(panel.folder))
    means = {(one.condition, one.scale): one.mean.mean for one in found.conditions}
    assert list(means) == [(name, scale) for name in good for scale in SCALES]
    assert [round(mean, 3) for mean in means.values()] == [4, 5, 3, 2, 5, 1]
    table = everything_table(found)
    assert table.columns[:3] == ("condition", "scale", "stratum")
    assert column(table, "votes")[:6] == [12] * 6
    assert by_listener_table(found).columns == ("condition", "scale", "listener", "MOS")
    assert found.excluded == ()


def test_a_session_of_three_scales_stops_and_goes_on_at_whole_trials(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "p835")
    with Session.open(panel.folder, "Ann") as session:
        take(session, 2)
    (path,) = panel.ratings.glob("*.csv")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))  # one of three is missing
    with Session.open(panel.folder, "Ann") as session:
        assert session.progress.done == 1
        take(session)
        assert session.finished
    rows = pd.read_csv(unsealed_file(panel))
    assert len(rows) == 8 * 3
    assert not rows.duplicated(["trial", "scale"]).any()
    assert rows["condition"].notna().all()


def test_a_known_answer_is_an_answer_to_the_overall_scale(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "p835", NO_STEPS + "clear_good = 1\nclear_bad = 1\n")

    def five(trial: Trial, slot: int) -> Vote:
        return 5

    with Session.open(panel.folder, "Ann") as session:
        take(session, choose=five)
    rows = pd.read_csv(unsealed_file(panel))
    judged = rows[rows["passed"].notna()]
    assert set(judged["scale"]) == {"overall"}
    assert judged.set_index("kind")["passed"].astype(bool).to_dict() == {
        "clear_good": True,
        "clear_bad": False,
    }
    assert [one.name for one in evaluate(open_panel(panel.folder)).excluded] == ["Ann"]


def test_the_words_of_several_scales_are_the_standard_ones() -> None:
    with pytest.raises(DefinitionError, match=r"wording\.labels: p835 has several scales"):
        parse_definition(toml("p835", "[wording]\nlabels = { 5 = 'a' }\n"))
    words = parse_definition(toml("p835", "[wording]\ninstruction = 'Listen well.'\n")).scales()
    assert {one.instruction for one in words.values()} == {"Listen well."}


@pytest.mark.parametrize(("language", "word"), [("en", "Impairments are annoying"), ("de", "Störend")])
def test_acr_with_other_words_is_taken_and_evaluated(language: str, word: str, tmp_path: Path) -> None:
    panel = make_panel(
        tmp_path, "acr_annoyance", NO_STEPS + "clear_bad = 1\n", top=f'language = "{language}"'
    )
    with Session.open(panel.folder, "Ann") as session:
        take(session, choose=lambda trial, slot: 2)
    (path,) = panel.ratings.glob("*.csv")
    assert set(pd.read_csv(path)["label"]) == {word}
    found = evaluate(open_panel(panel.folder), keep=["Ann"])
    assert (found.score_name, found.method.range) == ("MOS_A", (1, 5))
    assert [one.mean.mean for one in found.conditions] == [2, 2]
