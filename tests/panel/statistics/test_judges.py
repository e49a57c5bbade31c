"""Statistics that other programs know too: the same votes, the same numbers. Their values are frozen here."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from gaplisten.panel.methods import method
from gaplisten.panel.results.evaluation import evaluate_votes
from gaplisten.panel.results.votes import Collected
from gaplisten.panel.statistics.bias import behaviour
from gaplisten.panel.statistics.choices import pairs, rankings
from gaplisten.panel.statistics.crossed import between, crossed
from gaplisten.panel.statistics.discrimination import d_prime, right_answers
from gaplisten.panel.statistics.reliability import alpha, intraclass, spread_parameter
from gaplisten.panel.statistics.resampling import (
    between_bootstrap,
    crossed_bootstrap,
    percentile_interval,
    permuted_medians,
)
from gaplisten.tables import Table, write_csv
from kit.planted import Planted, heard, ratings

NO = np.nan


def test_plans_with_holes_are_analysed_as_by_r() -> None:
    draw = np.random.default_rng(12)
    planted = Planted(0.3, by_clip=0.5, by_listener=0.5, rounded=False)
    found = []
    for same in (True, False):
        votes = planted.votes(draw, 1, 12, 15)[0]
        votes[~heard(draw, 12, 15, 7, same=same)] = NO
        first, second = votes[..., 0], votes[..., 1]
        of = crossed(second - first) if same else between(first, second)
        assert of is not None
        assert of.error is not None
        found.append((of.mean, of.error, of.var_listener, of.var_clip, of.var_rest))
    # R 4.2.2, lme4 1.1-31: differences ~ 1 + (1 | listener) + (1 | clip)
    assert found[0] == pytest.approx(
        (0.651941471, 0.226509941, 0.109230569, 0.369045113, 0.923777416), abs=1e-6
    )
    # score ~ x + listener + clip + (0 + x | listener) + (0 + x | clip), x = 1/2 and -1/2
    assert found[1] == pytest.approx(
        (0.913444247, 0.271086725, 0.407433472, 0.264393978, 0.491391234), abs=2e-6
    )


def test_means_are_those_of_the_p808_toolkit_and_intervals_wider_than_its_pooled_ones() -> None:
    votes = Planted(0.4).votes(np.random.default_rng(8), 1, 8, 6)[0]
    found = evaluate_votes(Collected(tuple(ratings(votes))), method("acr")).conditions
    # result_parser.py of microsoft/P.808, commit 5b8c00a, --method acr: votes_per_cond.csv
    by_parser = {"A": (3.0208333333333335, 0.25093722077580594), "B": (3.625, 0.223177012085484)}
    for one in found:
        mean, half = by_parser[one.condition]
        assert one.mean.mean == pytest.approx(mean, abs=1e-9)
        every = np.array([score for score, number in one.counts.items() for _ in range(number)])
        assert 1.96 * every.std(ddof=1) / math.sqrt(len(every)) == pytest.approx(half, abs=1e-9)
        assert one.interval is not None
        assert one.interval[1] - one.interval[0] > 3 * half
    assert found[0].by_clip["c000"] == pytest.approx(2.875)  # votes_per_clip.csv
    assert found[0].by_clip["c001"] == pytest.approx(3.375)


@pytest.mark.long
def test_r_reads_the_votes_as_the_docs_say_and_finds_the_same(tmp_path: Path) -> None:
    r = shutil.which("Rscript")
    if r is None:
        pytest.skip("R is not installed (apt install r-cran-lmertest r-cran-emmeans r-cran-ordinal)")
    text = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```r\n(.*?)```", text, re.S)
    votes = Planted(0.4).votes(np.random.default_rng(1), 1, 10, 8)[0]
    rows = [
        (f"L{one.listener}", one.clip, one.condition, one.score, "test", False, "condition")
        for one in ratings(votes, ("mute", "hybrid"))
    ]
    heads = ("listener", "clip_name", "condition", "score", "kind", "left_out", "role")
    write_csv(tmp_path / "votes.csv", Table(heads, tuple(rows)))
    done = subprocess.run([r, "-"], input=code, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (line,) = re.findall(r"^\(Intercept\)\s+(.*)$", done.stdout, re.M)
    found = crossed(votes[..., 1] - votes[..., 0])
    assert found is not None
    assert found.error is not None
    told = (found.mean, found.error, found.df, found.mean / found.error, found.p_value())
    assert [float(each) for each in line.split()[:5]] == pytest.approx(told, rel=2e-5)


def test_bradley_terry_is_that_of_choix() -> None:
    compared = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    counts = np.array([[9, 3, 0], [10, 2, 0], [12, 0, 0], [6, 6, 0], [12, 0, 0], [9, 3, 0]], float)
    found = pairs(4, compared, ties=False, sides=False).fit(counts)
    # choix 0.4.1, opt_pairwise without a penalty
    assert found == pytest.approx([1.60385775, 0.38964902, -0.05815026, -1.93535652], abs=1e-6)


def test_plackett_luce_is_that_of_choix() -> None:
    order = (
        "2130 1023 1203 2130 0312 0132 3021 3102 0123 1023 0213 0312 3021 0312 0132"
        " 3012 0132 1032 1023 1230 2130 1230 0132 0213 1203 0132 3021 2103 2031 1032"
    )
    taken = [tuple(map(int, one)) for one in order.split()]
    left = sorted({tuple(sorted(one[at:])) for one in taken for at in range(3)})
    counts = np.zeros((len(left), 4))
    for one in taken:
        for at in range(3):
            counts[left.index(tuple(sorted(one[at:]))), one[at]] += 1
    found = rankings(4, left).fit(counts)
    # choix 0.4.1, opt_rankings without a penalty
    assert found == pytest.approx([0.38016843, 0.33629197, -0.41490844, -0.30155196], abs=1e-6)


def test_ties_and_sides_have_the_highest_likelihood() -> None:
    compared = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)]
    counts = np.array([[2, 11, 3], [9, 6, 6], [3, 3, 11], [11, 6, 2], [8, 2, 9], [2, 9, 10]], float)
    found = pairs(3, compared, ties=True, sides=True).fit(counts)
    # The likelihood written out for each answer, and searched by Nelder-Mead.
    assert found == pytest.approx([-0.53271971, 0.74605169, -0.21333198, 0.23554885, -0.10987554], abs=1e-6)
    many = pairs(3, compared, ties=True, sides=True).fit(np.stack([counts, counts[::-1]]))
    assert many[0] == pytest.approx(found, abs=1e-8)


def test_who_always_wins_has_a_finite_strength() -> None:
    found = pairs(2, [(0, 1)], ties=False, sides=False).fit(np.array([[20.0, 0.0, 0.0]]))
    assert np.isfinite(found).all()
    assert found[0] > 3


VOTES = np.array(
    [
        [4, 3, 2, 3, 5, 2], [2, 1, 3, 2, 4, 3], [3, NO, 3, 3, 2, 2], [1, 2, 1, 1, 1, 2],
        [5, 5, 3, 5, 5, 3], [4, 5, 4, 4, NO, 4], [3, 2, 3, 2, 3, 3], [4, 3, 2, 1, 5, 4],
        [4, 3, 3, 3, 4, 2], [2, 3, 3, 2, 3, 2], [5, 4, 3, 3, 3, 4], [4, 2, 4, 2, 3, 2],
        [3, 2, 2, 2, 2, 2], [2, 2, 3, 3, 3, 5], [4, 3, 5, 2, 5, 2], [3, 1, 4, 2, 2, 5],
    ],
    float,
)  # fmt: skip


def test_bias_and_inconsistency_are_those_of_sureal() -> None:
    found = behaviour(VOTES, 1 / 12)
    # sureal 0.9.0, SubjectMLEModelProjectionSolver
    assert found.bias == pytest.approx(
        [0.32991962, -0.26177215, 0.01741963, -0.48258038, 0.44209367, -0.04508038], abs=1e-6
    )
    assert found.inconsistency == pytest.approx(
        [0.56156157, 0.62046394, 0.95758619, 0.56688905, 0.91748904, 1.24846250], abs=1e-6
    )
    assert found.quality[:4] == pytest.approx([3.37583504, 2.18055558, 2.79470374, 1.32704903], abs=1e-6)
    assert found.error[:3] == pytest.approx([0.29110568, 0.29110568, 0.32963858], abs=1e-6)


def test_nobody_is_followed_to_the_bit() -> None:
    draw = np.random.default_rng(1)
    votes = np.clip(np.round(3 + draw.normal(0, 1, (6, 1)) + draw.normal(0, 0.8, (6, 4))), 1, 5)
    assert behaviour(votes, 1 / 12).inconsistency.min() >= 1 / 12**0.5 - 1e-9


def test_alpha_is_krippendorffs() -> None:
    # krippendorff 0.9.0, level_of_measurement="interval"
    eight = np.array(
        [
            [5, 5, 5, 4, 4, 3], [2, 4, 2, 3, 4, 2], [4, NO, 2, 3, 5, 3], [3, 4, 2, 2, 2, 3],
            [3, 3, 2, 3, 3, 2], [3, 2, 1, 2, NO, 2], [3, 2, 3, 3, 4, 2], [2, 1, 1, 1, 3, 1],
        ],
        float,
    )  # fmt: skip
    assert alpha(eight.T) == pytest.approx(0.4392523364485982, abs=1e-9)
    assert alpha(np.array([[1.0, 2, 3], [1, 2, 3]])) == pytest.approx(1.0)
    assert alpha(np.full((3, 4), 2.0)) is None


def test_intraclass_correlation_is_that_of_the_textbook() -> None:
    # Shrout & Fleiss, Psychological Bulletin 86 (1979), table 2: ICC(2,1) = .29, ICC(2,4) = .62
    ratings = np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
    )
    found = intraclass(ratings.T)
    assert found == pytest.approx((0.29, 0.62), abs=0.005)


def test_the_spread_parameter_is_that_of_the_largest_spread() -> None:
    means = np.array([1.5, 2.0, 3.0, 4.4])
    assert spread_parameter(means, 0.2 * (means - 1) * (5 - means), 1, 5) == pytest.approx(0.2)
    assert spread_parameter(np.array([1.0, 5.0]), np.zeros(2), 1, 5) is None


def test_d_prime_gives_the_share_that_such_a_listener_reaches() -> None:
    draw, d = np.random.default_rng(2), 1.5
    # Two intervals for A and B, one for X; the likelier order and X's likelier side, unbiased.
    a, b, x = draw.normal(0, 1, 400_000), draw.normal(d, 1, 400_000), draw.normal(0, 1, 400_000)
    assert float(((b > a) == (x < d / 2)).mean()) == pytest.approx(right_answers(d), abs=0.003)
    assert d_prime(right_answers(2.2)) == pytest.approx(2.2)
    assert (d_prime(0.4), d_prime(1.0)) == (0.0, 10.0)
    assert right_answers(0) == pytest.approx(float(norm.cdf(0)))


def test_the_crossed_bootstrap_spreads_as_its_formula_says() -> None:
    draw = np.random.default_rng(3)
    table = draw.normal(0, 0.5, (12, 1)) + draw.normal(0, 0.4, (1, 9)) + draw.normal(0, 0.6, (12, 9))
    drawn = crossed_bootstrap(table, 4000)
    rows, columns, mean = table.mean(1), table.mean(0), table.mean()
    rest = table - rows[:, None] - columns + mean
    # Multinomial weights in both directions: variances of rows and columns, and of what is left over both.
    expected = rows.var() / 12 + columns.var() / 9 + (rest**2).mean() / (12 * 9)
    assert drawn.var() == pytest.approx(expected, rel=0.08)
    low, high = percentile_interval(drawn)
    assert low < mean < high
    between = between_bootstrap(np.zeros_like(table), table, 4000)
    assert between == pytest.approx(drawn)


def test_the_permutation_of_medians_tries_every_way_of_few_listeners() -> None:
    first = np.array([[40.0, 42, 44], [50, 52, 54], [60, 62, 64]])
    second = first + np.array([[10.0, 10, 10], [11, 11, 11], [9, 9, 9]])
    apart, p = permuted_medians(first, second)
    assert apart == np.median(second) - np.median(first)
    ways = 0
    for way in range(8):
        swapped = np.array([(way >> at) & 1 for at in range(3)], bool)[:, None]
        one, other = np.where(swapped, second, first), np.where(swapped, first, second)
        ways += abs(np.median(other) - np.median(one)) >= abs(apart)
    assert p == ways / 8
    assert permuted_medians(first, second * NO) == (0.0, 1.0)
