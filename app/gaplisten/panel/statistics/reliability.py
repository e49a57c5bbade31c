"""Whether listeners hear the same: Krippendorff's alpha, intraclass correlation, and how votes spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def alpha(votes: Values) -> float | None:
    """Return Krippendorff's alpha for interval data; None where nothing differs, or nothing is paired.

    1 is agreement, 0 what chance would give. Source: Krippendorff, Content Analysis (2004), chapter 11.

    Parameters
    ----------
    votes
        Shape (listeners, stimuli); NaN where there is none.
    """
    there = np.isfinite(votes)
    number = there.sum(0)
    used = number > 1
    there, number = there[:, used], number[used]
    values = np.where(there, votes[:, used], 0.0)
    total = int(number.sum())
    if total < 2:
        return None
    # The mean squared difference within pairs is twice the variance; squares are all that is needed.
    within = ((number * (values**2).sum(0) - values.sum(0) ** 2) * 2 / (number - 1)).sum() / total
    flat = votes[:, used][there]
    among = 2 * (total * (flat**2).sum() - flat.sum() ** 2) / (total * (total - 1))
    return float(1 - within / among) if among > 0 else None


def intraclass(votes: Values) -> tuple[float, float] | None:
    """Return ICC(A,1) and ICC(A,k): agreement of single listeners, and of the mean of all of them.

    Two-way random effects, absolute agreement; None where a cell is empty or nothing differs. Source: McGraw
    & Wong, Psychological Methods 1 (1996).

    Parameters
    ----------
    votes
        Shape (listeners, stimuli).
    """
    if min(votes.shape) < 2 or not np.isfinite(votes).all():
        return None
    listeners, stimuli = votes.shape
    mean, rows, columns = votes.mean(), votes.mean(1), votes.mean(0)
    ms_l = stimuli * ((rows - mean) ** 2).sum() / (listeners - 1)
    ms_s = listeners * ((columns - mean) ** 2).sum() / (stimuli - 1)
    rest = votes - rows[:, None] - columns[None] + mean
    ms_e = (rest**2).sum() / ((listeners - 1) * (stimuli - 1))
    single = ms_s + (listeners - 1) * ms_e + listeners * (ms_l - ms_e) / stimuli
    whole = ms_s + (ms_l - ms_e) / stimuli
    if single <= 0 or whole <= 0:
        return None
    return float((ms_s - ms_e) / single), float((ms_s - ms_e) / whole)


def spread_parameter(means: Values, variances: Values, low: float, high: float) -> float | None:
    """Return SOS' a: how large variances of votes are against the largest that the scale allows.

    Variance = a (mean - low)(high - mean), least squares through nil. 0 is everybody alike, 1 extremes only;
    panels of speech quality are usually between 0.1 and 0.3. Source: Hossfeld, Schatz & Egger, "SOS: the MOS
    is not enough!", QoMEX (2011).

    Parameters
    ----------
    means, variances
        Of each stimulus' votes (n - 1).
    """
    room = (means - low) * (high - means)
    square = float((room**2).sum())
    return float((room * variances).sum() / square) if square > 0 else None
