"""The same questions asked without a model: listeners and clips drawn anew, and labels swapped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

DRAWS = 10_000
SEED = 20_240_601  # printed with every result
_AT_ONCE = 1 << 22  # numbers in memory


def weights(draw: np.random.Generator, count: int, draws: int = DRAWS) -> Values:
    """Return how often each of `count` is drawn with replacement, (draws, count)."""
    return draw.multinomial(count, np.full(count, 1 / count), draws).astype(np.float64)


def _sums(table: Values, listeners: Values, clips: Values) -> tuple[Values, Values]:
    """Return the sum of a table's values in each draw, and how many there are."""
    there = np.isfinite(table)
    total = ((listeners @ np.where(there, table, 0.0)) * clips).sum(1)
    number = ((listeners @ there.astype(np.float64)) * clips).sum(1)
    return total, number


def crossed_bootstrap(table: Values, draws: int = DRAWS, seed: int = SEED) -> Values:
    """Return means of a table whose listeners and clips are drawn anew, each for itself.

    Parameters
    ----------
    table
        Shape (listeners, clips); NaN where there is none.

    Returns
    -------
    One mean for each draw, sorted; draws that hit no value are left out. With many holes the spread is larger
    than need be [Owen, Annals of Applied Statistics 1 (2007)].
    """
    draw = np.random.default_rng(seed)
    listeners, clips = weights(draw, len(table), draws), weights(draw, table.shape[1], draws)
    total, number = _sums(table, listeners, clips)
    kept = number > 0
    return np.sort(total[kept] / number[kept])


def between_bootstrap(first: Values, second: Values, draws: int = DRAWS, seed: int = SEED) -> Values:
    """Return "second less first" of the means of all there is, listeners and clips drawn anew; sorted."""
    draw = np.random.default_rng(seed)
    listeners, clips = weights(draw, len(first), draws), weights(draw, first.shape[1], draws)
    means = []
    for table in (first, second):
        total, number = _sums(table, listeners, clips)
        means.append(np.where(number > 0, total / np.maximum(number, 1e-9), np.nan))
    apart = means[1] - means[0]
    return np.sort(apart[np.isfinite(apart)])


def crossed_counts(counts: Values, draws: int, seed: int = SEED) -> Values:
    """Return sums of counts whose listeners and clips are drawn anew, each for itself.

    Parameters
    ----------
    counts
        Shape (listeners, clips, ...).

    Returns
    -------
    Shape (draws, ...).
    """
    draw = np.random.default_rng(seed)
    listeners, clips = weights(draw, len(counts), draws), weights(draw, counts.shape[1], draws)
    flat = counts.reshape(len(counts), counts.shape[1], -1)
    made = np.zeros((draws, flat.shape[2]))
    for clip in range(flat.shape[1]):
        made += clips[:, clip : clip + 1] * (listeners @ flat[:, clip])
    return made.reshape(draws, *counts.shape[2:])


def percentile_interval(drawn: Values, level: float = 0.95) -> tuple[float, float]:
    """Return the ends between which so large a share of the draws lies."""
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def permuted_medians(
    first: Values, second: Values, draws: int = DRAWS, seed: int = SEED
) -> tuple[float, float]:
    """Return the difference of two conditions' medians, and its two-sided probability by permutation.

    A listener's votes on the two conditions change places, all or none of a listener's, as under no
    difference they might have been given. Up to 13 listeners every way is tried, else `draws` are drawn. It
    speaks about these clips only.

    Source: ITU-R BS.1534-3, Attachment 3 to Annex 1 (as given in public digests of the text).

    Parameters
    ----------
    first, second
        Shape (listeners, clips); NaN where there is none.

    Returns
    -------
    Median of the second less that of the first, and p.
    """
    both = np.isfinite(first) & np.isfinite(second)
    rows, columns = np.nonzero(both)
    one, other = first[rows, columns], second[rows, columns]
    if not len(rows):
        return 0.0, 1.0
    found = float(np.median(other) - np.median(one))
    names, listener = np.unique(rows, return_inverse=True)
    exact = len(names) <= 13
    if exact:
        swaps = ((np.arange(2 ** len(names))[:, None] >> np.arange(len(names))) & 1).astype(bool)
    else:
        swaps = np.random.default_rng(seed).integers(0, 2, (draws, len(names))).astype(bool)
    as_far = 0
    step = max(1, _AT_ONCE // len(rows))
    for at in range(0, len(swaps), step):
        swapped = swaps[at : at + step][:, listener]
        of_one, of_other = np.where(swapped, other, one), np.where(swapped, one, other)
        apart = np.median(of_other, axis=1) - np.median(of_one, axis=1)
        as_far += int((np.abs(apart) >= abs(found) - 1e-12).sum())
    return found, as_far / len(swaps) if exact else (1 + as_far) / (1 + len(swaps))
