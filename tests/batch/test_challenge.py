"""The challenge's combined score: the published rows follow from it, and it says of what it is."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from gaplisten.batch.challenge import COLUMNS, combined_scores
from gaplisten.batch.compare import ComparisonError
from gaplisten.batch.heard import Heard, read_heard
from gaplisten.batch.items import Version
from gaplisten.batch.score import ScoreRow, ScoreTask
from gaplisten.clips.clip import Clip
from gaplisten.metrics.contract import Metric, Score


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
