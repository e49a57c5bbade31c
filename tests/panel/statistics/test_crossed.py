"""Means over listeners and clips: equal to other people's arithmetic, never certain, never infinite."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from gaplisten.panel.statistics.crossed import (
    Crossed,
    Model,
    Speaks,
    between,
    crossed,
    two_way,
)
from gaplisten.panel.statistics.mixed import mixed, moments_of
from gaplisten.panel.statistics.shares import share

NO = np.nan
HOLES = np.array(
    [
        [0.5, NO, -0.9, 2.3, 1.7],
        [2.4, 1.4, 0.2, 2.8, 2.1],
        [-1.2, -2.2, -0.9, NO, NO],
        [0.8, 1.8, 0.5, 2.3, 2.1],
        [NO, -1.4, 0.9, 1.3, 0.6],
        [-0.4, -1.5, NO, -0.1, 0.4],
    ]
)
FIRST = np.array(
    [
        [NO, NO, NO, NO, 3.4, 3.6, 3.1, NO],
        [2.4, NO, 3.3, 2.7, NO, 3.4, NO, NO],
        [NO, NO, 3.3, NO, 4.1, NO, 3.8, 3.7],
        [2.2, 2.6, NO, NO, NO, 3.5, NO, 3.4],
        [NO, 3.2, NO, 1.7, 4.0, 3.2, NO, NO],
        [NO, 1.5, NO, 2.0, 3.4, NO, 1.6, NO],
    ]
)
SECOND = np.array(
    [
        [4.3, 3.6, 3.6, NO, NO, NO, NO, 5.4],
        [NO, 3.4, NO, NO, 1.8, NO, 2.1, 2.8],
        [2.7, 1.3, NO, 1.0, NO, 2.5, NO, NO],
        [NO, NO, 2.6, 3.2, 3.0, NO, 1.8, NO],
        [4.0, NO, 2.9, NO, NO, NO, 3.1, 5.0],
        [3.8, NO, 3.8, NO, NO, 3.5, NO, 4.9],
    ]
)


def one(found: Crossed | None) -> Crossed:
    assert found is not None
    return found


def variances(found: Crossed) -> list[float]:
    return [found.var_listener, found.var_clip, found.var_rest]


def test_a_filled_table_is_the_balanced_analysis_of_variance_by_hand() -> None:
    table = np.array([[1.0, 2, 0, 1], [0, 2, 1, 2], [-1, 1, 0, 1], [1, 1, 1, 3], [0, 3, 0, 1]])
    found = one(crossed(table))
    rows, columns, mean = table.mean(1), table.mean(0), table.mean()
    ms_l = 4 * sum((row - mean) ** 2 for row in rows) / 4
    ms_c = 5 * sum((column - mean) ** 2 for column in columns) / 3
    rest = [table[i, j] - rows[i] - columns[j] + mean for i in range(len(rows)) for j in range(len(columns))]
    ms_e = sum(value**2 for value in rest) / 12
    whole = ms_l + ms_c - ms_e
    assert found.mean == pytest.approx(1.0, abs=1e-12)
    assert found.error == pytest.approx(math.sqrt(whole / 20), abs=1e-12)
    assert found.df == pytest.approx(whole**2 / (ms_l**2 / 4 + ms_c**2 / 3 + ms_e**2 / 12), abs=1e-9)
    assert variances(found) == pytest.approx([(ms_l - ms_e) / 4, (ms_c - ms_e) / 5, ms_e], abs=1e-12)
    assert found.interval() == pytest.approx((-0.2709031558, 2.2709031558), abs=1e-9)
    assert found.p_value() == pytest.approx(0.0906670531, abs=1e-9)
    assert (found.model, found.speaks) == (Model.TWO_WAY, Speaks.BOTH)


# Frozen from a fit over dense matrices (restricted likelihood by Nelder-Mead, derivatives by differences);
# means and variances are those of statsmodels' MixedLM too. Its standard errors differ from the third digit
# on: they come from a numerical second derivative.
def test_a_table_with_holes_is_the_mixed_model_of_others() -> None:
    found = one(crossed(HOLES))
    assert found.model is Model.MIXED
    assert found.mean == pytest.approx(0.48642402197, abs=1e-6)
    assert found.error == pytest.approx(0.55409932402, abs=1e-6)
    assert found.df == pytest.approx(7.6353423, abs=1e-5)
    assert variances(found) == pytest.approx([1.06132594, 0.53611156, 0.55781072], abs=1e-6)


def test_different_clips_are_compared_within_listeners_and_within_clips() -> None:
    found = one(between(FIRST, SECOND))
    assert found.mean == pytest.approx(0.13447090575, abs=1e-6)
    assert found.error == pytest.approx(0.49938060722, abs=1e-6)
    assert found.df == pytest.approx(6.0604314, abs=1e-5)
    assert variances(found) == pytest.approx([1.10406921, 0.28620367, 0.30905566], abs=1e-6)
    harsher = FIRST - np.linspace(0, 1, 6)[:, None] + np.linspace(0, 1, 8)
    shifted = SECOND - np.linspace(0, 1, 6)[:, None] + np.linspace(0, 1, 8)
    assert one(between(harsher, shifted)).mean == pytest.approx(found.mean, abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_with_every_cell_filled_the_mixed_model_is_the_analysis_of_variance(seed: int) -> None:
    draw = np.random.default_rng(seed)
    listeners, clips = draw.integers(4, 12, 2)
    table = draw.normal(0, draw.choice([0, 0.5]), (listeners, 1)) + draw.normal(
        0, draw.choice([0, 0.5]), (1, clips)
    )
    table = table + draw.normal(0, 0.7, (listeners, clips))
    closed, fitted = one(crossed(table)), mixed(moments_of(table), int(listeners))
    assert fitted is not None
    assert fitted.mean == pytest.approx(closed.mean, abs=1e-6)
    assert math.sqrt(fitted.variance) == pytest.approx(closed.error, abs=1e-6)
    assert fitted.df == pytest.approx(closed.df, rel=1e-5)


def test_many_tables_at_once_are_each_of_them() -> None:
    tables = np.random.default_rng(1).normal(size=(20, 5, 4))
    all_at_once = two_way(tables)
    for at, table in enumerate(tables):
        alone = two_way(table)
        assert alone.variance == pytest.approx(all_at_once.variance[at])
        assert alone.df == pytest.approx(all_at_once.df[at])


def test_what_is_less_than_the_rest_is_pooled_with_it_and_no_interval_is_nil_or_infinite() -> None:
    cross = np.tile(np.array([[1.0, -1], [-1, 1]]), (2, 2))  # neither listeners nor clips differ at all
    found = one(crossed(cross))
    assert (found.df, found.error) == (15, pytest.approx(math.sqrt(16 / 15 / 16)))
    assert one(crossed(cross[:, :2])).df < 2  # two clips that do not differ say nothing of others
    for table in (cross, np.zeros((3, 6)), np.ones((3, 6)), np.full((2, 2), 3.0), HOLES * 0 + 1):
        ends = one(crossed(table, least=1 / 6)).interval()
        assert ends is not None
        assert 0 < ends[1] - ends[0] < 40


def test_one_listener_speaks_about_clips_one_clip_about_listeners_one_vote_about_nothing() -> None:
    row = np.array([[1.0, 2.0, 4.0, 3.0]])
    judge = ttest_1samp(row[0], 0).confidence_interval()
    alone = one(crossed(row))
    assert alone.interval() == pytest.approx((judge.low, judge.high))
    assert (alone.speaks, one(crossed(row.T)).speaks) == (Speaks.CLIPS, Speaks.LISTENERS)
    lone = one(crossed(np.array([[2.0]])))
    assert (lone.interval(), lone.p_value(), lone.speaks) == (None, 1.0, Speaks.NOTHING)
    assert crossed(np.array([[NO]])) is None


def test_conditions_that_nobody_heard_both_of_are_not_compared() -> None:
    first, second = np.full((4, 4), NO), np.full((4, 4), NO)
    first[:2], second[2:] = 3.0, 4.0
    first[0, 0], second[3, 3] = 2.0, 5.0
    # Through the clips that both groups heard there is a way, but listeners' levels are in it.
    assert between(first, second) is None


@pytest.mark.parametrize("right", [0, 18])
def test_who_always_presses_one_key_makes_no_certainty_of_it(right: int) -> None:
    table = np.full((3, 6), right / 18)
    found = share(one(crossed(table, least=1 / 12)), 18)
    low, high = found.interval()
    # Clopper-Pearson for 18 of 18 begins at 0.8147; three listeners are no 18.
    assert (0.3 < low < 0.6 and high == 1) if right else (low == 0 and 0.4 < high < 0.7)


def test_few_listeners_who_differ_are_worth_fewer_votes() -> None:
    table = np.array(
        [[1.0] * 8, [1, 1, 1, 0, 1, 1, 1, 1], [0, 0, 1, 0, 0, 1, 0, 0], [1, 0, 1, 1, 0, 1, 0, 1]]
    )
    of = one(crossed(table, least=1 / 12))
    found = share(of, 32)
    assert of.error is not None
    shrunk = (student.ppf(0.975, 31) / student.ppf(0.975, of.df)) ** 2
    assert shrunk < 0.6
    assert found.votes == pytest.approx(of.mean * (1 - of.mean) / of.error**2 * shrunk)


def test_shares_of_independent_votes_are_near_the_exact_binomial() -> None:
    draw = np.random.default_rng(4)
    table = (draw.random((40, 40)) < 0.6).astype(float)
    found = share(one(crossed(table, least=1 / 12)), 1600)
    assert found.votes == pytest.approx(1600, rel=0.25)
    assert found.interval() == pytest.approx((0.571, 0.62), abs=0.02)
    assert found.p_value() < 1e-9
    assert found.p_value() == pytest.approx(2 * found.p_greater(), rel=1e-6)
