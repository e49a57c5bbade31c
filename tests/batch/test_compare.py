"""Comparisons find what was put in: differences by clip, order of the worst, agreement with listeners."""

from __future__ import annotations

import csv
import math
import os
import sys
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import spearmanr

from gaplisten.batch.agreement import (
    _correlations,
    _percentiles,
    _ranks,
    _ranks_of_each,
    agreement_table,
    agreements,
    disagreement_table,
    disagreements,
    fitted,
)
from gaplisten.batch.compare import (
    ComparisonError,
    Point,
    distribution_table,
    distributions,
    paired_differences,
    paired_table,
    points_of,
    worst_first,
)
from gaplisten.batch.comparison import Comparison, Scale, from_table
from gaplisten.batch.heard import Heard, by_condition, heard_of_votes, match, read_heard
from gaplisten.batch.items import Version
from gaplisten.batch.score import ScoreRow, ScoreTask
from gaplisten.batch.summary import tidy
from gaplisten.clips.clip import Clip
from gaplisten.metrics.contract import Metric, Score
from gaplisten.panel.ratings import Rating
from gaplisten.tables import write_csv
from kit.timing import that_ends


def simulated(clips: int = 40, seed: int = 0) -> list[Point]:
    """Hard and easy clips; b is 0.3 better than a on each, c equals a."""
    noise = np.random.default_rng(seed)
    points = []
    for index in range(clips):
        ease = noise.normal(3, 0.8)
        for condition, gain in [("a", 0.0), ("b", 0.3), ("c", 0.0)]:
            jitter = noise.normal(0, 0.1) if condition == "b" else 0.0
            points.append(Point(f"clip{index}", condition, ease + gain + jitter))
    return points


def test_a_paired_difference_is_found_that_the_spread_of_clips_hides():
    points = simulated()
    pairs = {(pair.first, pair.second): pair for pair in paired_differences(points)}
    found = pairs["a", "b"]
    assert found.mean == pytest.approx(-0.3, abs=0.05)
    assert found.ci_high < -0.2
    assert found.lower >= 38
    assert found.p_sign < 1e-8
    spread = {one.condition: one for one in distributions(points)}
    assert spread["a"].ci_high > spread["b"].ci_low  # side by side the intervals overlap


def test_equal_conditions_differ_in_nothing():
    same = next(pair for pair in paired_differences(simulated()) if (pair.first, pair.second) == ("a", "c"))
    assert (same.mean, same.higher, same.lower, same.equal, same.p_sign) == (0.0, 0, 0, 40, 1.0)


def test_the_baseline_is_subtracted_from_each_other_condition():
    pairs = paired_differences(simulated(), baseline="a")
    assert [(pair.first, pair.second) for pair in pairs] == [("b", "a"), ("c", "a")]
    assert pairs[0].mean > 0.2
    with pytest.raises(ComparisonError, match="there are a, b, c"):
        paired_differences(simulated(), baseline="z")


def test_only_clips_that_both_have_are_compared():
    points = [Point("1", "a", 1.0), Point("2", "a", 5.0), Point("1", "b", 2.0), Point("3", "b", 0.0)]
    (pair,) = paired_differences(points)
    assert (pair.clips, pair.mean, pair.ci_low) == (1, -1.0, None)
    assert paired_differences([Point("1", "a", 1.0), Point("2", "b", 1.0)]) == ()


def test_many_comparisons_are_corrected():
    points = [Point(str(clip), "abcd"[k], float(k * clip)) for clip in range(1, 9) for k in range(4)]
    pairs = paired_differences(points)
    assert len(pairs) == 6
    assert all(pair.p_sign == pytest.approx(2 / 256) for pair in pairs)
    assert all(pair.p_holm == pytest.approx(6 * 2 / 256) for pair in pairs)


def test_the_worst_clips_come_first_whichever_way_is_better():
    points = [Point("1", "a", 2.0), Point("2", "a", 1.0), Point("1", "b", 3.0)]
    assert [point.value for point in worst_first(points)] == [1.0, 2.0, 3.0]
    assert [point.value for point in worst_first(points, higher_is_better=False)] == [3.0, 2.0, 1.0]
    assert [point.clip for point in worst_first(points, condition="a")] == ["2", "1"]


def test_distributions_have_quartiles():
    (found,) = distributions([Point(str(value), "a", float(value)) for value in range(1, 6)])
    assert (found.lowest, found.quartile_1, found.median, found.quartile_3, found.highest) == (1, 2, 3, 4, 5)
    assert distribution_table([found]).rows[0][:3] == ("a", 5, 3.0)


def test_points_come_from_rows_and_from_their_csv_alike(tmp_path: Path):
    metric = Metric("plcmos", "PLC-MOS")
    rows = [
        ScoreRow(ScoreTask(Version(Clip("=1"), "x", Path("a.wav"), "S"), metric), Score(3.5)),
        ScoreRow(ScoreTask(Version(Clip("2"), "x", Path("b.wav")), metric), Score(None, "silent")),
    ]
    assert points_of(rows, "plcmos") == (Point("=1", "x", 3.5, "S", "a.wav"),)
    assert points_of(rows, "sdr") == ()
    write_csv(tmp_path / "scores.csv", tidy(rows))
    assert from_table(tmp_path / "scores.csv").points["plcmos"] == points_of(rows, "plcmos")
    assert len(paired_table(paired_differences(simulated())).rows) == 3


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "no rows"),
        ("a,b\n1,2\n", "no column clip"),
        ("clip,condition,metric,value\n1,a,m,x\n", "not a number"),
    ],
)
def test_a_table_that_cannot_be_compared_is_told(tmp_path: Path, text: str, fact: str):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ComparisonError, match=fact):
        from_table(tmp_path / "t.csv")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes among files")
def test_a_pipe_is_no_table_and_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(ComparisonError, match="no regular file"):
        that_ends(lambda: from_table(tmp_path / "t.csv"))


def test_a_cell_that_is_too_long_for_a_table_is_refused_whatever_was_read_before(tmp_path: Path):
    csv.field_size_limit(1 << 20)  # as readers of larger tables leave it
    (tmp_path / "t.csv").write_text(f"clip,rating,condition\n{'x' * 200_000},3,a\n")
    with pytest.raises(ComparisonError, match="field larger"):
        read_heard(tmp_path / "t.csv")


def test_a_line_that_is_cut_short_has_empty_cells(tmp_path: Path):
    (tmp_path / "t.csv").write_text("clip,rating,condition\n1,3,a\n2,4\n")
    assert [(one.clip, one.condition) for one in read_heard(tmp_path / "t.csv")] == [("1", "a"), ("2", "")]


def listeners(noise: float, seed: int = 1) -> tuple[list[Point], list[Heard]]:
    generator = np.random.default_rng(seed)
    points, heard = [], []
    for condition in range(6):
        for clip in range(50):
            truth = 1.5 + 0.5 * condition + generator.normal(0, 0.3)
            points.append(Point(str(clip), str(condition), truth))
            heard.append(Heard(str(clip), str(condition), truth + generator.normal(0, noise)))
    return points, heard


def test_agreement_is_what_was_simulated():
    points, heard = listeners(0.5)
    clip, condition = agreements(points, heard)
    truth = np.var([point.value for point in points])
    assert (clip.level, clip.pairs) == ("clip", 300)
    assert clip.pearson == pytest.approx(np.sqrt(truth / (truth + 0.25)), abs=0.03)
    assert clip.rmse == pytest.approx(0.5, abs=0.05)
    assert (condition.level, condition.pairs, condition.spearman) == ("condition", 6, pytest.approx(1.0))
    assert condition.pearson > 0.99
    assert condition.rmse < 0.15


def test_a_perfect_prediction_on_another_scale_has_no_error_once_mapped():
    points, heard = listeners(0.0)
    scaled = [Point(point.clip, point.condition, 100 - 7 * point.value) for point in points]
    clip, _ = agreements(scaled, heard)
    assert clip.pearson == pytest.approx(-1.0)
    assert clip.spearman == pytest.approx(-1.0)
    assert clip.rmse > 50
    assert clip.rmse_mapped == pytest.approx(0.0, abs=1e-6)


def test_ranks_do_not_mind_a_curve():
    points = [Point(str(k), "a", float(np.exp(k))) for k in range(8)]
    clip, _ = agreements(points, [Heard(str(k), "a", float(k)) for k in range(8)])
    assert clip.spearman == pytest.approx(1.0)
    assert clip.pearson < 0.9


def test_two_pairs_or_no_spread_have_no_correlation():
    heard = [Heard(str(k), "a", 3.0) for k in range(5)]
    few, _ = agreements([Point("0", "a", 1.0), Point("1", "a", 2.0)], heard)
    flat, _ = agreements([Point(str(k), "a", float(k)) for k in range(5)], heard)
    for found in (few, flat):
        assert (found.pearson, found.spearman, found.rmse_mapped) == (None, None, None)
    assert few.rmse == pytest.approx(np.sqrt((4 + 1) / 2))


def test_a_mapping_never_turns_back_and_is_the_best_of_those_that_do_not():
    generator = np.random.default_rng(3)
    predicted = np.sort(generator.uniform(0, 10, 40))
    heard = np.where(predicted < 5, predicted, 5.0 - 0.4 * (predicted - 5)) + generator.normal(0, 0.1, 40)
    mapping = fitted(predicted, heard)
    fine = mapping(np.linspace(0, 10, 2001))
    assert (np.diff(fine) >= -1e-8).all()
    error = ((mapping(predicted) - heard) ** 2).sum()
    free = np.polynomial.Polynomial.fit(predicted, heard, 3)
    assert (np.diff(free(np.linspace(0, 10, 2001))) < -1e-3).any()  # without the rule it would turn back
    best = min(_error_of_cubic(predicted, heard, generator) for _ in range(20))
    assert error <= best + 1e-4


def _error_of_cubic(predicted: np.ndarray, heard: np.ndarray, generator: np.random.Generator) -> float:
    """Return the least error of a rising cubic found from a start of its own, its slope a sum of squares."""
    u = 2 * (predicted - predicted.min()) / np.ptp(predicted) - 1

    def made(at: np.ndarray) -> np.ndarray:
        level, a, b, c = at
        # Slope (a + b u)^2 + c^2 (1 - u^2): every quadratic that is nowhere below nil from -1 to 1.
        return level + a * a * u + a * b * u**2 + b * b * u**3 / 3 + c * c * (u - u**3 / 3)

    found = minimize(lambda at: ((made(at) - heard) ** 2).sum(), generator.normal(0, 1, 4), method="BFGS")
    return float(found.fun)


def test_errors_are_counted_as_p1401_does():
    # Ratings that no rising curve through 10 predictions reaches: two and two take turns.
    predicted = np.arange(10.0)
    heard = predicted + np.tile([0.5, -0.5], 5)
    points = [Point(str(at), "a", value) for at, value in enumerate(predicted)]
    ratings = [Heard(str(at), "a", value, 4, 0.2) for at, value in enumerate(heard)]
    clip, _ = agreements(points, ratings)
    error = fitted(predicted, heard)(predicted) - heard
    assert clip.rmse == pytest.approx(0.5)
    assert clip.rmse_mapped == pytest.approx(np.sqrt((error**2).sum() / (10 - 4)))
    half = 3.182446 * 0.2 / 2  # Student's t with 3 degrees of freedom
    beyond = np.maximum(np.abs(error) - half, 0)
    assert clip.rmse_epsilon == pytest.approx(np.sqrt((beyond**2).sum() / (10 - 4)), rel=1e-6)
    unknown, _ = agreements(points, [Heard(str(at), "a", value) for at, value in enumerate(heard)])
    assert unknown.rmse_epsilon is None
    assert unknown.rmse_mapped == clip.rmse_mapped


def test_a_conditions_interval_is_of_all_its_votes():
    votes = {"0": [1.0, 2.0, 4.0], "1": [3.0, 5.0, 5.0]}
    rated = [Heard(clip, "a", fmean(own), 3, stdev(own)) for clip, own in votes.items()]
    (pair,) = by_condition(match([Point("0", "a", 1.0), Point("1", "a", 2.0)], rated))
    every = [vote for own in votes.values() for vote in own]
    assert (pair.votes, pair.sd) == (6, pytest.approx(stdev(every)))
    assert pair.half == pytest.approx(2.570582 * stdev(every) / math.sqrt(6), rel=1e-6)


def test_intervals_say_what_they_speak_about_and_hold_the_correlation():
    points, heard = listeners(0.5)
    clip, condition = agreements(points, heard)
    assert clip.over == condition.over == "clips and conditions"
    assert clip.pearson_low < clip.pearson < clip.pearson_high <= 1
    assert clip.spearman_low < clip.spearman < clip.spearman_high
    three = [point for point in points if point.condition in "012"]
    few, _ = agreements(three, heard)
    assert few.over == "clips, these conditions"
    assert few.pearson_high - few.pearson_low < clip.pearson_high - clip.pearson_low
    one_clip = [point for point in points if point.clip == "0"]
    lone, _ = agreements(one_clip, heard)
    assert (lone.over, lone.pearson_low) == (None, None)
    assert agreements(points, heard) == (clip, condition)  # drawn the same each time


def test_where_nearly_all_draws_agree_there_is_no_interval():
    """Three conditions whose ranks change in one draw of a thousand: "-1 to -1" would be said of them."""
    drawn = np.full(1000, -1.0)
    assert _percentiles(drawn) is None
    drawn[0] = 0.5
    assert _percentiles(drawn) is None
    drawn[:30] = 0.5
    assert _percentiles(drawn) == (-1.0, 0.5)


def test_a_draw_that_repeats_clips_has_the_ranks_of_the_repeated_values():
    generator = np.random.default_rng(2)
    values, other = generator.integers(0, 5, 12) * 1.0, generator.integers(0, 5, 12) * 1.0
    weight = generator.integers(1, 4, (1, 12)) * 1.0
    times = weight[0].astype(int)
    found = _correlations(weight, _ranks(weight, values), _ranks(weight, other))
    assert found[0] == pytest.approx(spearmanr(np.repeat(values, times), np.repeat(other, times)).statistic)
    each = _correlations(weight, _ranks_of_each(weight, values[None]), _ranks_of_each(weight, other[None]))
    assert each[0] == pytest.approx(found[0])


def test_where_prediction_and_ear_disagree_most_comes_first():
    points, heard = listeners(0.05)
    points[17] = replace(points[17], value=points[17].value + 2.5, file="f.wav")
    heard = [replace(one, votes=8, sd=0.1) for one in heard]
    found = disagreements(points, heard)
    assert (found[0].pair.clip, found[0].pair.condition) == (points[17].clip, points[17].condition)
    assert found[0].pair.file == "f.wav"
    assert found[0].error > 1.5
    assert found[0].beyond == pytest.approx(found[0].error - found[0].pair.half)
    assert [one.beyond for one in found] == sorted((one.beyond for one in found), reverse=True)
    assert disagreement_table("plcmos", found[:1]).rows[0][2] == points[17].value
    assert disagreements(points[:2], heard) == ()  # two pairs map onto anything


def test_means_bring_how_many_votes_they_are_of(tmp_path: Path):
    path = tmp_path / "means.csv"
    path.write_text("clip,condition,mos,n,std\nc,a,3.5,8,0.4\nc,b,2.5,,\n")
    assert read_heard(path) == (Heard("c", "a", 3.5, 8, 0.4), Heard("c", "b", 2.5))
    for cells in ("0,0.4", "-3,0.4", "8,-0.4"):  # no mean is of such votes
        path.write_text(f"clip,condition,mos,n,std\nc,a,3.5,{cells}\n")
        with pytest.raises(ComparisonError, match="a mean of so many votes"):
            read_heard(path)


def test_only_what_was_both_predicted_and_heard_counts():
    pairs = match([Point("1", "a", 2.0), Point("2", "a", 3.0)], [Heard("1", "a", 4.0), Heard("1", "b", 5.0)])
    assert [(pair.predicted, pair.heard) for pair in pairs] == [(2.0, 4.0)]
    assert by_condition(pairs)[0].clip == ""
    assert agreements([Point("1", "a", 2.0)], []) == ()


def test_votes_are_averaged_from_a_table(tmp_path: Path):
    path = tmp_path / "ratings.csv"
    path.write_text("listener,clip,condition,rating\n1,c,a,4\n2,c,a,2\n1,c,b,5\n2,c,b,\n")
    assert read_heard(path) == (Heard("c", "a", 3.0, 2, math.sqrt(2)), Heard("c", "b", 5.0))
    path.write_text("clip,condition,opinion\nc,a,4\n")
    with pytest.raises(ComparisonError, match="no column of ratings"):
        read_heard(path)


def test_votes_that_check_the_listener_do_not_count(tmp_path: Path):
    path = tmp_path / "ratings.csv"
    path.write_text("kind,clip,condition,score\ntest,c,a,4\ntrap,c,a,1\ntest,c,a,3\n")
    of_two = Heard("c", "a", 3.5, 2, math.sqrt(0.5))
    assert read_heard(path) == (of_two,)
    votes = [
        Rating("l1", kind, "c", "", "a", "", "", trial, float(score))
        for trial, (kind, score) in enumerate([("test", 4), ("trap", 1), ("test", 3)])
    ]
    assert heard_of_votes(votes) == (of_two,)


def test_the_table_names_metric_and_level():
    table = agreement_table("plcmos", agreements(*listeners(0.5)))
    assert [row[:3] for row in table.rows] == [("plcmos", "clip", 300), ("plcmos", "condition", 6)]


def test_values_are_those_of_one_stratum_with_or_without_the_reference():
    scale = Scale("pesq", "PESQ")
    points = tuple(
        Point(clip, condition, value, stratum)
        for clip, stratum in (("a", "light"), ("b", "heavy"))
        for condition, value in (("reference", 4.5), ("x", 3.0))
    )
    made = Comparison("some", (scale,), {"pesq": points})

    def found(**asked: object) -> list[tuple[str, str]]:
        return [(one.clip, one.condition) for one in made.of(scale, **asked)]

    assert found() == [("a", "reference"), ("a", "x"), ("b", "reference"), ("b", "x")]
    assert found(reference=False) == [("a", "x"), ("b", "x")]
    assert found(stratum="heavy") == [("b", "reference"), ("b", "x")]
    assert found(stratum="light", reference=False) == [("a", "x")]
    assert found(stratum="none of them") == []
