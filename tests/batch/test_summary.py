"""Means per condition and stratum with Student-t intervals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaplisten.batch.items import Version
from gaplisten.batch.score import ScoreRow, ScoreTask
from gaplisten.batch.summary import mean_interval, summarise_scores
from gaplisten.clips.clip import Clip
from gaplisten.metrics.contract import Metric, Score

MOS = Metric("plcmos", "PLC-MOS", direction="higher")
DISTANCE = Metric("lsd", "LSD", direction="lower")


def row(value: float | None, clip: str = "a", condition: str = "x", stratum: str = "", metric: Metric = MOS):
    version = Version(Clip(clip), condition, Path(clip), stratum)
    return ScoreRow(ScoreTask(version, metric), Score(value, "" if value is not None else "why"))


@pytest.mark.parametrize(("count", "ratio"), [(3, 2.20), (5, 1.42), (8, 1.21), (20, 1.07)])
def test_intervals_are_students_and_wider_than_the_normal_ones(count: int, ratio: float):
    values = np.random.default_rng(count).normal(3, 0.5, count)
    found = mean_interval(values.tolist())
    normal = 1.96 * values.std(ddof=1) / np.sqrt(count)
    assert (found.high - found.mean) / normal == pytest.approx(ratio, abs=0.006)
    assert found.mean - found.low == pytest.approx(found.high - found.mean)


def test_one_value_has_no_interval():
    found = mean_interval([3.0])
    assert (found.mean, found.low, found.high, found.sd) == (3.0, None, None, None)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    noise = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        found = mean_interval(noise.normal(0, 1, 6).tolist())
        hits += found.low <= 0 <= found.high
    assert 0.92 <= hits / 400 <= 0.98


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
    assert [line[-1] for line in table.rows] == [0, 0, 0, 1, 0, 1]


def test_the_worst_is_the_highest_where_lower_is_better():
    rows = [row(value, metric=metric) for metric in (MOS, DISTANCE) for value in (1.0, 4.0)]
    worst = {line[0]: line[-2] for line in summarise_scores(rows).rows}
    assert worst == {"plcmos": 1.0, "lsd": 4.0}
