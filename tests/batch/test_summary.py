"""Means per condition and stratum with Student-t intervals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gaplisten.batch.compare import Point, distributions, paired_differences, points_of
from gaplisten.batch.items import Version
from gaplisten.batch.score import ScoreRow, ScoreTask
from gaplisten.batch.summary import COLUMNS, TIDY_COLUMNS, brief, summarise_scores, tidy
from gaplisten.clips.clip import Clip
from gaplisten.metrics.contract import Metric, Score

MOS = Metric("plcmos", "PLC-MOS", direction="higher")
DISTANCE = Metric("lsd", "LSD", direction="lower")


def row(value: float | None, clip: str = "a", condition: str = "x", stratum: str = "", metric: Metric = MOS):
    version = Version(Clip(clip), condition, Path(clip), stratum)
    return ScoreRow(ScoreTask(version, metric), Score(value, "" if value is not None else "why"))


def test_each_condition_has_a_line_for_all_and_one_for_each_stratum():
    rows = [
        row(3.0, "a", "x", "S"),
        row(1.0, "b", "x", "L"),
        row(2.0, "a", "y", "S"),
        row(None, "b", "y", "L"),
    ]
    table = summarise_scores(rows)
    assert [line[1:5] for line in table.rows] == [
        ("x", "all", 2, 2.0),
        ("x", "S", 1, 3.0),
        ("x", "L", 1, 1.0),
        ("y", "all", 1, 2.0),
        ("y", "S", 1, 2.0),
        ("y", "L", 0, None),
    ]
    assert [line[-2] for line in table.rows] == [0, 0, 0, 1, 0, 1]


def test_the_worst_is_the_highest_where_lower_is_better():
    rows = [row(value, metric=metric) for metric in (MOS, DISTANCE) for value in (1.0, 4.0)]
    worst = {line[0]: line[-3] for line in summarise_scores(rows).rows}
    assert worst == {"plcmos": 1.0, "lsd": 4.0}


def test_an_interval_does_not_leave_what_values_can_be():
    share = Metric("gap_flagged", "Gaps with a finding", direction="lower", range=(0.0, 100.0))
    (line, *_) = summarise_scores([row(value, metric=share) for value in (50.0, 71.4, 100.0)]).rows
    known = dict(zip(COLUMNS, line, strict=True))
    assert 0.0 <= known["ci_low"] < known["mean"] < known["ci_high"] == 100.0
    points = [Point(str(value), "x", value) for value in (50.0, 71.4, 100.0)]
    assert distributions(points)[0].ci_high > 100.0
    assert distributions(points, share.range)[0].ci_high == 100.0


def test_figures_beside_a_score_have_columns_of_their_own():
    known = replace(row(1.0), score=Score(1.0, beside=(("max", 9.0), ("share", 5.0))))
    tidied = dict(zip(TIDY_COLUMNS, tidy([known]).rows[0], strict=True))
    assert (tidied["max"], tidied["p95"], tidied["share"]) == (9.0, None, 5.0)
    assert brief([row(1.0)]).columns == ("clip", "condition", "stratum", "metric", "value", "remarks")
    assert brief([known, row(1.0)]).columns[5:8] == ("max", "p95", "share")


WORDS = Metric("wacc_x", "Word accuracy", range=(float("-inf"), 1.0), weight="words")


def of_words(value: float, words: int, clip: str, condition: str = "x"):
    errors = round(words * (1 - value))
    beside = (("substitutions", errors), ("deletions", 0.0), ("insertions", 0.0), ("words", float(words)))
    texts = (("recogniser", "Ears 1.0"), ("words_of", "a transcript"))
    found = Score(value, beside=beside, texts=texts)
    return replace(row(0.0, clip, condition, metric=WORDS), score=found)


def test_word_accuracy_of_many_clips_is_that_of_all_their_words():
    table = summarise_scores([of_words(0.5, 30, "a"), of_words(1.0, 10, "b"), row(3.0)])
    first, other = (dict(zip(table.columns, line, strict=True)) for line in table.rows)
    assert (first["mean"], first["wer"], first["words"], first["substitutions"]) == (0.625, 0.375, 40, 15)
    assert (first["recogniser"], first["words_of"]) == ("Ears 1.0", "a transcript")
    assert 0.5 <= first["ci_low"] < 0.625 < first["ci_high"] <= 1.0
    assert (other["mean"], other["wer"], other["recogniser"]) == (3.0, None, None)
    assert set(summarise_scores([row(3.0)]).columns) == set(COLUMNS)


def test_conditions_are_compared_over_all_words_too():
    rows = [
        of_words(value, words, clip, name)
        for name, value in (("x", 0.5), ("y", 1.0))
        for clip, words in (("a", 30), ("b", 10))
    ]
    rows[0] = of_words(0.9, 30, "a", "x")
    points = points_of(rows, "wacc_x")
    assert [one.mean for one in distributions(points)] == [0.8, 1.0]
    (pair,) = paired_differences(points)
    assert abs(pair.mean - (0.1 * -30 + 0.5 * -10) / 40) < 1e-12
