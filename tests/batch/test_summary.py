"""Means per condition and stratum with Student-t intervals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gaplisten.batch.compare import Point, distributions
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
