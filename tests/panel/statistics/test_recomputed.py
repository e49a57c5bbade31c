"""Each table that stands beside the verdict, recomputed by other means on panels made for it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from gaplisten.panel.methods import method
from gaplisten.panel.ratings import Rating
from gaplisten.panel.results.evaluation import Results, evaluate_votes
from gaplisten.panel.results.votes import Collected
from gaplisten.panel.statistics.choices import pairs
from gaplisten.panel.statistics.crossed import crossed
from gaplisten.panel.statistics.discrimination import d_prime, right_answers
from gaplisten.panel.statistics.equivalence import equivalence
from gaplisten.panel.statistics.reliability import alpha, intraclass, spread_parameter
from gaplisten.panel.statistics.resampling import permuted_medians
from gaplisten.tables import Cell

NAMES = ("old", "new", "best")


def table_of(found: Results, name: str) -> dict[tuple[Cell, ...], tuple[Cell, ...]]:
    """Return a table beside the comparisons: rows by their first two cells."""
    (table,) = (one.table for one in found.statistics if one.name == name)
    return {row[:2]: row[2:] for row in table.rows}


def sliders(listeners: int, seed: int) -> np.ndarray:
    """Return MUSHRA votes, (listeners, clips, conditions), whole numbers, hardly one of them twice."""
    draw = np.random.default_rng(seed)
    felt = np.array([38.0, 47.0, 71.0]) + draw.normal(0, 9, (listeners, 1, 3)) + draw.normal(0, 6, (1, 7, 3))
    return np.clip(np.round(felt + draw.gamma(2.0, 4.0, (listeners, 7, 3))), 0, 100)


def rated(votes: np.ndarray, name: str) -> Results:
    given = [
        Rating(f"l{at[0]}", "test", f"c{at[1]}", "", NAMES[at[2]], "", "condition", number, float(score))
        for number, (at, score) in enumerate(np.ndenumerate(votes))
    ]
    return evaluate_votes(Collected(tuple(given)), method(name), order=NAMES, resample=True)


def test_medians_quartiles_and_b_of_mushra_are_those_of_their_definitions() -> None:
    votes = sliders(11, 1)
    found = table_of(rated(votes, "mushra"), "medians")
    for at, name in enumerate(NAMES):
        own = votes[..., at].ravel()
        n, about = len(own), own - own.mean()
        m2, m3, m4 = (float((about**power).mean()) for power in (2, 3, 4))
        skew = np.sqrt(n * (n - 1)) / (n - 2) * m3 / m2**1.5
        kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (m4 / m2**2 - 3) + 6)
        b = (skew**2 + 1) / (kurtosis + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)))
        ordered = np.sort(own)
        q1, median, q3 = (float(np.interp(part * (n - 1), range(n), ordered)) for part in (0.25, 0.5, 0.75))
        assert found[name, n] == pytest.approx((median, q1, q3, q3 - q1, b), abs=5e-5)


def test_the_permutation_test_of_mushra_is_that_of_scipy() -> None:
    votes = sliders(9, 2)
    found = rated(votes, "mushra")

    def apart(first: Sequence[int], second: Sequence[int]) -> float:
        both = votes.transpose(2, 0, 1)[[one, other]].reshape(-1, 7)  # a listener's votes change places
        return float(np.median(both[second]) - np.median(both[first]))

    listeners = np.arange(9)
    for one, other in combinations(range(3), 2):
        judge = stats.permutation_test(
            (listeners, listeners + 9),
            lambda x, y: apart(x.astype(int), y.astype(int)),
            permutation_type="samples",
            n_resamples=np.inf,
            vectorized=False,
        )
        difference, p = permuted_medians(votes[..., one], votes[..., other])
        assert (difference, p) == (pytest.approx(judge.statistic), pytest.approx(judge.pvalue))
        told = table_of(found, "permutation")[NAMES[other], NAMES[one]]
        assert told[:2] == pytest.approx((judge.statistic, judge.pvalue), abs=5e-5)


def preferences(seed: int, *, ties: bool, sides: bool) -> list[Rating]:
    draw = np.random.default_rng(seed)
    strength = np.array([-0.6, 0.1, 0.5])
    made = []
    for listener in range(14):
        for clip in range(8):
            for first, second in combinations(range(3), 2):
                flipped = bool(draw.integers(2))
                here = np.array([strength[first], strength[second], (strength[first] + strength[second]) / 2])
                here += (0.4 if sides else 0.0) * np.array([not flipped, flipped, 0.5])
                here[2] -= 0.7 if ties else 50.0
                answer = draw.choice(3, p=np.exp(here) / np.exp(here).sum())
                side = "B" if flipped else "A"
                made.append(
                    Rating(f"l{listener}", "test", f"c{clip}", "", NAMES[first], NAMES[second], "condition",
                           len(made), (1.0, -1.0, 0.0)[answer], side=side,
                           vote=("neither" if answer == 2 else side if answer == 0 else "AB"[side == "A"]))
                )  # fmt: skip
    return made


@pytest.mark.parametrize("ties", [False, True])
def test_bradley_terry_has_the_highest_likelihood_of_all_votes(ties: bool) -> None:
    votes = preferences(3, ties=ties, sides=True)

    def unlikely(free: np.ndarray) -> float:
        strength = np.append(free[:2], -free[:2].sum())
        total = 0.0
        for one in votes:
            at = [NAMES.index(one.condition), NAMES.index(one.compared_with)]
            ahead = free[2] * np.array([one.side == "A", one.side == "B"])
            utility = [*(strength[at] + ahead)]
            if ties:
                utility.append(strength[at].mean() + free[2] / 2 + free[3])
            answer = {1.0: 0, -1.0: 1, 0.0: 2}[one.score]
            total -= utility[answer] - float(np.logaddexp.reduce(utility))
        return total

    best = optimize.minimize(unlikely, np.zeros(3 + ties), method="BFGS", options={"gtol": 1e-7})
    strength = dict(zip(NAMES, np.append(best.x[:2], -best.x[:2].sum()), strict=True))
    results = evaluate_votes(Collected(tuple(votes)), method("ab"), order=NAMES, resample=False)
    found = {
        row[0]: row[1] for row in next(s.table.rows for s in results.statistics if s.name == "bradley-terry")
    }
    assert {name: found[name] for name in NAMES} == pytest.approx(strength, abs=1e-4)
    assert found["(heard as A)"] == pytest.approx(best.x[2], abs=1e-4)
    assert ("(no preference)" in found) == ties
    # And to the last digits, whatever the table rounds to.
    compared, answers = [], []
    for one in votes:
        at = (NAMES.index(one.condition), NAMES.index(one.compared_with))
        turned = one.side == "B"
        compared.append(at[::-1] if turned else at)
        answers.append(2 if one.score == 0 else int((one.score < 0) != turned))
    kinds = sorted(set(compared))
    counts = np.zeros((len(kinds), 3))
    np.add.at(counts, ([kinds.index(one) for one in compared], answers), 1)
    exact = pairs(3, kinds, ties=ties, sides=True).fit(counts)
    assert exact[:3] == pytest.approx([strength[name] for name in NAMES], abs=2e-6)
    if ties:
        assert exact[3:] == pytest.approx(best.x[[3, 2]], abs=2e-6)


@pytest.mark.parametrize("share", [0.52, 0.64, 0.75, 0.91, 0.985])
def test_d_prime_is_that_of_the_integral(share: float) -> None:
    def right(d: float) -> float:
        # First and second interval, then X: whichever way round the first two seem, X is called by its half.
        apart = integrate.quad(lambda z: stats.norm.pdf(z, d, np.sqrt(2)), 0, np.inf, epsabs=1e-12)[0]
        near = integrate.quad(lambda z: stats.norm.pdf(z), -np.inf, d / 2, epsabs=1e-12)[0]
        return float(apart * near + (1 - apart) * (1 - near))

    found = d_prime(share)
    assert right(found) == pytest.approx(share, abs=1e-8)
    assert right_answers(found) == pytest.approx(right(found), abs=1e-8)


def test_reliability_is_that_of_pairs_and_of_variance_components() -> None:
    votes = np.round(np.clip(sliders(8, 4)[..., 0] / 20, 1, 5))
    n, k = votes.shape[1], votes.shape[0]
    pairwise_within = np.mean([(a - b) ** 2 for own in votes.T for a, b in combinations(own, 2)])
    among = np.mean([(a - b) ** 2 for a, b in combinations(votes.ravel(), 2)])
    assert alpha(votes) == pytest.approx(1 - pairwise_within / among, abs=1e-9)
    # Least squares of the two-way model, and what mean squares are expected to be.
    rows, columns = np.indices(votes.shape).reshape(2, -1)
    whole = np.column_stack([np.ones(n * k), np.eye(k)[rows][:, 1:], np.eye(n)[columns][:, 1:]])
    sums = [
        float(((votes.ravel() - design @ np.linalg.lstsq(design, votes.ravel(), rcond=None)[0]) ** 2).sum())
        for design in (whole[:, :1], whole[:, :k], whole)
    ]
    ms_l, ms_s = ((a - b) / f for (a, b), f in zip(pairwise(sums), (k - 1, n - 1), strict=True))
    rest = sums[2] / ((k - 1) * (n - 1))
    of_s, of_l = (ms_s - rest) / k, (ms_l - rest) / n
    single, several = of_s / (of_s + of_l + rest), of_s / (of_s + (of_l + rest) / k)
    assert intraclass(votes) == pytest.approx((single, several), abs=1e-9)
    means, variances = votes.mean(0), votes.var(0, ddof=1)
    room = (means - 1) * (5 - means)
    (a,), *_ = np.linalg.lstsq(room[:, None], variances, rcond=None)
    assert spread_parameter(means, variances, 1, 5) == pytest.approx(a, abs=1e-9)


def test_equivalence_is_two_one_sided_t_tests() -> None:
    votes = sliders(9, 5) / 20
    found = crossed(votes[..., 1] - votes[..., 0])
    assert found is not None
    assert found.error is not None
    made = equivalence(found, 0.6)
    assert made is not None
    worse = stats.t.sf((found.mean + 0.6) / found.error, found.df)
    better = stats.t.cdf((found.mean - 0.6) / found.error, found.df)
    assert (made.p_not_worse, made.p_not_better) == pytest.approx((worse, better), abs=1e-9)
    assert made.p_equal == max(made.p_not_worse, made.p_not_better)
    half = stats.t.ppf(0.95, found.df) * found.error
    assert (made.low, made.high) == pytest.approx((found.mean - half, found.mean + half), abs=1e-9)
