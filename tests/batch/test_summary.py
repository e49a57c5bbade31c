"""Means per condition and stratum with Student-t intervals."""

from __future__ import annotations

from pathlib import Path

from gaplisten.batch.items import Version
from gaplisten.batch.score import ScoreRow, ScoreTask
from gaplisten.batch.summary import summarise_scores
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
