"""Means, exact tests, quartiles and correlations agree with SciPy, tables and what they promise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gaplisten.statistics import (
    binomial,
    binomial_tail,
    holm,
    pearson,
    quartiles,
    sign_test,
    spearman,
    student_mean,
)

SCORES = st.lists(st.floats(-100, 100), min_size=3, max_size=30).filter(lambda found: np.ptp(found) > 1e-3)


@given(SCORES, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_interval_is_scipys(values: list[float], level: float) -> None:
    found = student_mean(values, level)
    low, high = stats.t.interval(level, len(values) - 1, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9)
    assert (found.n, found.sd) == (len(values), pytest.approx(np.std(values, ddof=1)))


@pytest.mark.parametrize(("count", "ratio"), [(3, 2.20), (5, 1.42), (8, 1.21), (20, 1.07)])
def test_intervals_are_students_and_wider_than_the_normal_ones(count: int, ratio: float) -> None:
    values = np.random.default_rng(count).normal(3, 0.5, count)
    found = student_mean(values.tolist())
    assert found.high is not None
    normal = 1.96 * values.std(ddof=1) / np.sqrt(count)
    assert (found.high - found.mean) / normal == pytest.approx(ratio, abs=0.006)


def test_the_factor_is_the_one_of_the_tables() -> None:
    assert student_mean([3.0, 4.0, 5.0]).high == pytest.approx(4 + 4.302652730 / math.sqrt(3), rel=1e-8)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    noise = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        found = student_mean(noise.normal(0, 1, 6).tolist())
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 0 <= found.high
    assert 0.92 <= hits / 400 <= 0.98


def test_two_values_have_an_interval() -> None:
    found = student_mean([3.0, 5.0])
    assert (found.n, found.mean) == (2, 4.0)
    assert (found.low, found.high) == pytest.approx((4 - 12.706205, 4 + 12.706205), rel=1e-6)


def test_one_value_has_no_interval_and_none_has_no_mean() -> None:
    found = student_mean([3.0])
    assert (found.n, found.mean, found.low, found.high, found.sd) == (1, 3.0, None, None, None)
    with pytest.raises(ValueError, match="at least one"):
        student_mean([])


@pytest.mark.parametrize(
    ("right", "trials", "p"),
    [(5, 5, 0.031), (7, 8, 0.035), (9, 10, 0.011), (12, 16, 0.038), (13, 16, 0.011), (15, 20, 0.021)],
)
def test_the_one_sided_test_gives_the_published_figures(right: int, trials: int, p: float) -> None:
    assert binomial(right, trials, two_sided=False).p_value == pytest.approx(p, abs=0.0005)


@given(st.integers(0, 40), st.integers(0, 40))
def test_tests_and_intervals_of_proportions_are_exact(right: int, wrong: int) -> None:
    trials = right + wrong + 1
    greater = sum(math.comb(trials, k) for k in range(right, trials + 1)) / 2**trials
    assert binomial(right, trials, two_sided=False).p_value == pytest.approx(greater)
    found = binomial(right, trials, two_sided=True)
    assert found.p_value == pytest.approx(min(2 * min(greater, stats.binom.cdf(right, trials, 0.5)), 1))
    low = stats.beta.ppf(0.025, right, trials - right + 1) if right else 0.0
    high = stats.beta.ppf(0.975, right + 1, trials - right) if right < trials else 1.0
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.share == right / trials


@pytest.mark.parametrize(
    ("higher", "lower", "p"), [(5, 0, 0.0625), (0, 6, 0.03125), (3, 3, 1.0), (9, 1, 22 / 1024), (0, 0, 1.0)]
)
def test_the_sign_test_is_exact_and_two_sided(higher: int, lower: int, p: float) -> None:
    assert sign_test(higher, lower) == pytest.approx(p)


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_sign_test_does_not_care_which_comes_first(higher: int, lower: int) -> None:
    assert sign_test(higher, lower) == pytest.approx(sign_test(lower, higher))


def test_holms_correction_follows_his_example() -> None:
    # S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6 (1979).
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_a_corrected_p_is_never_smaller_and_keeps_the_order(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= c <= 1 for p, c in zip(p_values, corrected, strict=True))
    assert corrected[int(np.argmin(p_values))] == pytest.approx(min(len(p_values) * min(p_values), 1))
    in_order = [corrected[index] for index in np.argsort(p_values, kind="stable")]
    assert in_order == sorted(in_order)


def test_quartiles_lie_between_the_nearest_values() -> None:
    found = quartiles([40, 10, 30, 20])
    assert (found.lowest, found.q1, found.median, found.q3, found.highest) == (10, 17.5, 25, 32.5, 40)
    assert quartiles([2.0]).q3 == 2.0
    with pytest.raises(ValueError, match="at least one"):
        quartiles([])


@given(SCORES, st.integers(0, 2**32 - 1))
def test_correlations_are_scipys(first: list[float], seed: int) -> None:
    second = np.random.default_rng(seed).normal(0, 1, len(first)).tolist()
    values, ranks = pearson(first, second), spearman(first, second)
    assert values is not None
    assert ranks is not None
    r, p = stats.pearsonr(first, second)
    assert values.r == pytest.approx(r)
    assert min(values.p_greater, 1 - values.p_greater) == pytest.approx(p / 2, abs=1e-9)
    first_ranks, second_ranks = stats.rankdata(first), stats.rankdata(second)
    if np.ptp(first_ranks):
        assert ranks.r == pytest.approx(np.corrcoef(first_ranks, second_ranks)[0, 1])


@pytest.mark.parametrize("measure", [pearson, spearman])
def test_a_correlation_says_whether_values_rise_together(measure: Callable[..., Any]) -> None:
    rising, falling = measure([1, 2, 3, 4, 5], [1, 3, 2, 5, 9]), measure([1, 2, 3, 4, 5], [9, 5, 2, 3, 1])
    assert rising.r > 0.8
    assert rising.p_greater < 0.06
    assert falling.r < -0.8
    assert falling.p_greater > 0.94
    assert measure([1, 2], [1, 2]) is None
    assert measure([1, 1, 1], [1, 2, 3]) is None
    assert measure([1, 2, 3], [2, 2, 2]) is None


def test_ranks_see_what_is_bent_as_straight() -> None:
    first = [1.0, 2.0, 3.0, 4.0]
    bent = [1.0, 10.0, 100.0, 1000.0]
    ranks, values = spearman(first, bent), pearson(first, bent)
    assert ranks is not None
    assert values is not None
    assert ranks.r == pytest.approx(1.0)
    assert values.r < 0.9


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.0, 1.0))
def test_the_chance_of_so_many_by_accident_is_scipys(found: int, of: int, likely: float) -> None:
    wanted = stats.binom.sf(found - 1, of, likely)
    assert binomial_tail(found, of, likely) == pytest.approx(wanted, rel=1e-8, abs=1e-300)
