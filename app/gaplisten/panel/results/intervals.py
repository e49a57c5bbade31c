"""Means with Student's t, binomial proportions, medians: small samples taken seriously."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over listeners with its 95 % confidence interval.

    Parameters
    ----------
    n
        Listeners (one value each).
    low, high
        None when fewer than two listeners gave values.
    """

    n: int
    mean: float
    low: float | None
    high: float | None

    @property
    def half_width(self) -> float | None:
        """Half the interval's width."""
        return None if self.high is None else self.high - self.mean


def student_mean(values: Sequence[float], level: float = 0.95) -> Mean:
    """Return mean and interval by Student's t with n-1 degrees of freedom.

    With three listeners the interval is 2.2 times as wide as the usual 1.96 standard errors would say.

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
    from scipy.stats import t

    half = float(t.ppf((1 + level) / 2, n - 1)) * stdev(values) / math.sqrt(n)
    return Mean(n, mean, mean - half, mean + half)


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
    """
    from scipy.stats import binomtest

    test = binomtest(successes, trials, 0.5, alternative="two-sided" if two_sided else "greater")
    bounds = binomtest(successes, trials, 0.5).proportion_ci(0.95, method="exact")
    return Proportion(successes, trials, float(test.pvalue), float(bounds.low), float(bounds.high))


@dataclass(frozen=True, slots=True)
class Quartiles:
    """Median and quartiles (linear interpolation between the two nearest values)."""

    q1: float
    median: float
    q3: float

    @property
    def iqr(self) -> float:
        """Interquartile range."""
        return self.q3 - self.q1


def quartiles(values: Sequence[float]) -> Quartiles:
    """Return the quartiles of at least one value."""
    import numpy as np

    q1, median, q3 = (float(value) for value in np.percentile(values, [25, 50, 75]))
    return Quartiles(q1, median, q3)


def correlation(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Return Pearson's r and its one-sided p for r > 0; (0, 1) where either has no spread or n < 3."""
    if len(first) < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return 0.0, 1.0
    from scipy.stats import pearsonr

    found = pearsonr(first, second, alternative="greater")
    return float(found.statistic), float(found.pvalue)
