"""The challenge's combined score: the published rows follow from it, and it says of what it is."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from gaplisten.batch.challenge import COLUMNS, combined_scores
from gaplisten.batch.compare import ComparisonError
from gaplisten.batch.comparison import heard_in
from gaplisten.batch.heard import Heard, read_heard
from gaplisten.batch.items import Version
from gaplisten.batch.score import ScoreRow, ScoreTask
from gaplisten.clips.clip import Clip
from gaplisten.metrics.contract import Metric, Score
from gaplisten.panel.session import Session
from gaplisten.panel.trial import Trial
from kit.panels import make_panel, take


@pytest.mark.parametrize(
    ("cmos", "wacc", "published"),
    [(-0.552, 0.875, 0.845), (-0.638, 0.882, 0.835), (-0.825, 0.864, 0.794), (-1.231, 0.861, 0.725)],
)
def test_the_combined_score_is_the_one_that_the_challenge_published(
    cmos: float, wacc: float, published: float
) -> None:
    table = combined_scores(
        [heard_words("a", wacc, 1000)], [Heard("x", "mine", cmos, cmos=True), Heard("x", "mine", 4.0)]
    )
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["combined"] == pytest.approx(published, abs=0.0006)
    assert (row["combined_low"], row["cmos_low"]) == (None, None)  # of one clip nothing is known


def test_the_combined_score_counts_words_and_not_clips() -> None:
    rows = [heard_words("a", 1.0, 30), heard_words("b", 0.6, 10)]
    heard = [Heard("a", "mine", -0.2, cmos=True), Heard("c", "mine", -0.4, cmos=True)]
    row = dict(zip(COLUMNS, combined_scores(rows, heard).rows[0], strict=True))
    assert (row["wacc"], row["cmos"], row["words"]) == (0.9, pytest.approx(-0.3), 40)
    assert row["combined"] == pytest.approx((0.9 + 0.9) / 2)
    assert row["combined_low"] < row["combined"] < row["combined_high"]
    assert row["recogniser"] == "ears 1"
    assert combined_scores(rows, [Heard("a", "mine", 3.0)]).rows == ()


def heard_words(clip: str, wacc: float, words: int) -> ScoreRow:
    metric = Metric("wacc_ears", "Word accuracy", range=(-math.inf, 1.0), weight="words")
    version = Version(Clip(clip), "mine", Path(f"{clip}.wav"))
    value = Score(wacc, beside=(("words", float(words)),), texts=(("recogniser", "ears 1"),))
    return ScoreRow(ScoreTask(version, metric, "", "", ""), value)


def test_a_table_of_comparisons_says_so_by_its_column(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("clip,condition,cmos\na,mine,-1\na,mine,-2\n")
    assert read_heard(table) == (Heard("a", "mine", -1.5, 2, pytest.approx(0.5**0.5), cmos=True),)
    table.write_text("clip,condition,rating\na,mine,4\n")
    assert not read_heard(table)[0].cmos
    table.write_text("clip,condition,cmos\na,mine,4\n")
    with pytest.raises(ComparisonError, match="beyond -3 to 3"):
        read_heard(table)


@pytest.mark.parametrize("method", ["ccr", "acr"])
def test_a_panel_of_comparisons_with_the_reference_is_the_opinion_of_the_combined_score(
    tmp_path: Path, method: str
) -> None:
    panel = make_panel(tmp_path, method, systems=("mine", "other"))
    reference = {one.code for one in panel.key.stimuli if one.condition == "reference"}

    def choose(trial: Trial, _slot: int) -> int:
        if method == "acr":
            return 1 + trial.number % 5
        return -1 if trial.slots[0].stimulus in reference else 1  # the second compared with the first

    for name in ("ann", "ben"):
        with Session.open(panel.folder, name) as session:
            take(session, choose=choose)
    heard = heard_in(panel.folder)
    assert {one.cmos for one in heard} == {method == "ccr"}
    rows = [heard_words("c0", 0.9, 10), heard_words("c1", 0.8, 10)]
    table = combined_scores(rows, heard)
    if method == "acr":  # how good a sound is says nothing of how much worse than the reference
        assert table.rows == ()
        return
    row = dict(zip(COLUMNS, table.rows[0], strict=True))
    assert (row["condition"], row["cmos"], row["clips_rated"]) == ("mine", -1.0, 4)
    assert row["combined"] == pytest.approx(((-1 + 3) / 3 + 0.85) / 2)
