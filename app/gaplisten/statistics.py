"""Small samples taken seriously: means with Student's t, exact tests, quartiles, correlations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of independent values (listeners, clips) with its confidence interval.

    Parameters
    ----------
    n
        Number of values.
    low, high, sd
        Ends of the interval, and the standard deviation (n - 1); None for a single value, which tells
        nothing of the spread.
    """

    n: int
    mean: float
    low: float | None
    high: float | None
    sd: float | None = None


def student_mean(values: Sequence[float], level: float = 0.95) -> Mean:
    """Return mean and interval by Student's t with n - 1 degrees of freedom.

    With three values the interval is 2.2 times as wide as the usual 1.96 standard errors would say.

    Parameters
    ----------
    values
        Finite numbers.
    level
        How often the interval covers the true mean, 0..1.

    Raises
    ------
    ValueError
        If there is no value.
    """
    if not values:
        raise ValueError("a mean needs at least one value")
    n, mean = len(values), fmean(values)
    if n < 2:
        return Mean(n, mean, None, None)
    from scipy.special import stdtrit

    sd = float(stdev(values))
    half = float(stdtrit(n - 1, (1 + level) / 2)) * sd / math.sqrt(n)
    return Mean(n, mean, mean - half, mean + half, sd)


_DRAWS = 2000


def weighted_mean(values: Sequence[float], weights: Sequence[float], level: float = 0.95) -> Mean:
    """Return a weighted mean with an interval by the bootstrap over its values.

    The mean of clips' word accuracies, weighted by their words, is that of all words together; what is drawn
    anew, 2000 times, are whole clips (percentile interval). The draws follow from the number of values: the
    same values always have the same interval, and two systems are drawn alike.

    Parameters
    ----------
    values, weights
        Finite numbers; weights above 0.

    Raises
    ------
    ValueError
        If there is no value.

    >>> weighted_mean([0.5, 1.0], [30, 10]).mean
    0.625
    """
    if not values:
        raise ValueError("a mean needs at least one value")
    import numpy as np

    value, weight = np.array(values, np.float64), np.array(weights, np.float64)
    mean = float((value * weight).sum() / weight.sum())
    if value.size < 2:
        return Mean(1, mean, None, None)
    drawn = np.random.default_rng(value.size).integers(0, value.size, (_DRAWS, value.size))
    means = (value * weight)[drawn].sum(axis=1) / weight[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Mean(value.size, mean, float(low), float(high), float(value.std(ddof=1)))


def mean_of(values: Sequence[float], weights: Sequence[float | None]) -> Mean:
    """Return the weighted mean where each value has a weight, else the one in which each counts the same.

    >>> mean_of([0.5, 1.0], [30, 10]).mean, mean_of([0.5, 1.0], [30, None]).mean
    (0.625, 0.75)
    """
    known = [weight for weight in weights if weight is not None]
    return weighted_mean(values, known) if len(known) == len(values) else student_mean(values)


def student_p(mean: Mean, neutral: float = 0.0, *, two_sided: bool = True) -> float | None:
    """Return Student's test of a mean against `neutral`; one-sided, the probability of so large a mean.

    None for a single value, and for values that do not differ at all.

    >>> round(student_p(student_mean([1, 2, 3])), 3)
    0.074
    """
    if mean.n < 2 or not mean.sd:
        return None
    from scipy.special import stdtr

    t = (mean.mean - neutral) / (mean.sd / mean.n**0.5)
    return float(2 * stdtr(mean.n - 1, -abs(t)) if two_sided else stdtr(mean.n - 1, -t))


def short_p(p: float) -> float:
    """Return a probability to four significant digits, as tables show it however small it is."""
    return float(f"{p:.4g}")


def within(mean: Mean, ends: tuple[float, float]) -> Mean:
    """Return a mean whose interval does not leave what its values can be (shares: 0 to 100 per cent).

    >>> within(Mean(3, 90.0, 60.0, 120.0), (0.0, 100.0)).high
    100.0
    """
    if mean.low is None or mean.high is None:
        return mean
    return replace(mean, low=max(mean.low, ends[0]), high=min(mean.high, ends[1]))


@dataclass(frozen=True, slots=True)
class Proportion:
    """Successes among trials, with an exact test against guessing and an exact interval."""

    successes: int
    trials: int
    p_value: float
    low: float
    high: float

    @property
    def share(self) -> float:
        """Successes by trials; one half where there are none."""
        return self.successes / self.trials if self.trials else 0.5


def binomial(successes: int, trials: int, *, two_sided: bool) -> Proportion:
    """Return the exact binomial test against 1/2, and the Clopper-Pearson 95 % interval.

    ABX asks whether somebody hears a difference at all: one-sided. A/B preference has no side: two-sided.

    Raises
    ------
    ValueError
        If there is no trial.
    """
    from scipy.stats import binomtest

    test = binomtest(successes, trials, 0.5, alternative="two-sided" if two_sided else "greater")
    bounds = binomtest(successes, trials, 0.5).proportion_ci(0.95, method="exact")
    return Proportion(successes, trials, float(test.pvalue), float(bounds.low), float(bounds.high))


def binomial_tail(found: int, of: int, likely: float) -> float:
    """Return how likely at least `found` of so many independent events are.

    Parameters
    ----------
    likely
        The probability of each, 0..1.

    Notes
    -----
    Added up term by term, for those who cannot wait for an import of SciPy: a clip that is opened.

    >>> round(binomial_tail(9, 10, 0.5), 6)
    0.010742
    """
    if found <= 0:
        return 1.0
    if found > of or likely <= 0.0:
        return 0.0
    if likely >= 1.0:
        return 1.0
    hit, missed = math.log(likely), math.log1p(-likely)

    def term(count: int) -> float:
        ways = math.lgamma(of + 1) - math.lgamma(count + 1) - math.lgamma(of - count + 1)
        return math.exp(ways + count * hit + (of - count) * missed)

    return min(1.0, math.fsum(term(count) for count in range(found, of + 1)))


def sign_test(higher: int, lower: int) -> float:
    """Return the two-sided exact probability of so uneven a split when both are equally likely."""
    return binomial(higher, higher + lower, two_sided=True).p_value if higher + lower else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values corrected for their number by Holm's method, in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min((len(p_values) - rank) * p_values[index], 1.0))
        corrected[index] = highest
    return corrected


@dataclass(frozen=True, slots=True)
class Quartiles:
    """Median and quartiles (linear interpolation between the two nearest values), and the extremes."""

    lowest: float
    q1: float
    median: float
    q3: float
    highest: float


def quartiles(values: Sequence[float]) -> Quartiles:
    """Return the quartiles of at least one value.

    Raises
    ------
    ValueError
        If there is no value.
    """
    if not values:
        raise ValueError("quartiles need at least one value")
    import numpy as np

    return Quartiles(*(float(value) for value in np.quantile(values, [0, 0.25, 0.5, 0.75, 1])))


@dataclass(frozen=True, slots=True)
class Correlation:
    """How far two rows of values go together.

    Parameters
    ----------
    r
        -1..1.
    p_greater
        One-sided probability of at least this r where the values have nothing to do with each other.
    """

    r: float
    p_greater: float


def pearson(first: Sequence[float], second: Sequence[float]) -> Correlation | None:
    """Return the correlation of values; None where it is not defined: fewer than three, or no spread."""
    if len(first) < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    from scipy.stats import pearsonr

    found = pearsonr(first, second, alternative="greater")
    return Correlation(float(found.statistic), float(found.pvalue))


def spearman(first: Sequence[float], second: Sequence[float]) -> Correlation | None:
    """Return the correlation of ranks, equal values sharing theirs; None where it is not defined."""
    if len(first) < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    from scipy.stats import spearmanr

    found = spearmanr(first, second, alternative="greater")
    return Correlation(float(found.statistic), float(found.pvalue))


def clustered_mean(values: Sequence[float], groups: Sequence[int], level: float = 0.95) -> Mean:
    """Return the mean of values that come in groups (gaps of clips), with an interval over the groups.

    Gaps of one clip resemble each other: an interval that took each for a value of its own would be too
    narrow. The mean of all values is a ratio of two sums over groups; its variance follows from the groups'
    residuals (linearised, with G / (G - 1) for G groups), the interval from Student's t with G - 1.

    Parameters
    ----------
    values, groups
        Finite numbers, and which group each is of.

    Returns
    -------
    mean
        `n` counts the groups; the ends are None for a single one.

    Raises
    ------
    ValueError
        If there is no value.

    >>> found = clustered_mean([1, 1, 3, 3], [0, 0, 1, 1])
    >>> (found.mean, found.n, round(found.high, 3)) == (2.0, 2, round(student_mean([1, 3]).high, 3))
    True
    """
    if not values:
        raise ValueError("a mean needs at least one value")
    mean = fmean(values)
    import numpy as np

    _, group = np.unique(groups, return_inverse=True)
    each = np.column_stack((values, np.full(len(values), -mean))).ravel()
    residuals = np.bincount(np.repeat(group, 2), weights=each)
    count = residuals.size
    if count < 2:
        return Mean(count, mean, None, None)
    from scipy.special import stdtrit

    spread = sum((residuals**2).tolist()) * count / (count - 1)
    half = float(stdtrit(count - 1, (1 + level) / 2)) * math.sqrt(spread) / len(values)
    return Mean(count, mean, mean - half, mean + half)
