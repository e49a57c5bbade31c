"""Votes as quality, a bias of each listener, and noise of each one's own size: nobody is left out.

Whoever votes with more noise weighs less in the quality, whoever is strict or generous is corrected.

Source: Li, Bampis, Krasula, Janowski & Katsavounidis, "A simple model for subject behavior in subjective
experiments" (2020), alternating projection; taken up by ITU-T P.913 and P.910.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_STEPS = 5000
_CLOSE = 1e-9


@dataclass(frozen=True)
class Behaviour:
    """What the model finds.

    Parameters
    ----------
    quality, error
        Of each stimulus, and its standard error: these listeners, their biases taken for known.
    bias, inconsistency
        Of each listener, in points: how much higher than the others, and the standard deviation of the noise.
    """

    quality: Values
    error: Values
    bias: Values
    inconsistency: Values


def behaviour(votes: Values, least: float = 1e-8) -> Behaviour:
    """Return the maximum-likelihood estimates.

    Parameters
    ----------
    votes
        Shape (stimuli, listeners), or (stimuli, listeners, repeats); NaN where there is none. Each stimulus
        and each listener has at least one.
    least
        The least variance of a listener's noise. The likelihood has no bound where one listener's votes *are*
        the quality: what rounding hides, step**2 / 12, keeps anybody from being followed to the bit.
    """
    if votes.ndim == 2:
        votes = votes[..., None]
    there = np.isfinite(votes)
    filled = np.where(there, votes, 0.0)
    of_stimulus, of_listener = there.sum((1, 2)), there.sum((0, 2))
    quality = filled.sum((1, 2)) / of_stimulus
    bias = np.zeros(votes.shape[1])
    spread = np.ones(votes.shape[1])
    for _ in range(_STEPS):
        before = quality
        rest = np.where(there, votes - quality[:, None, None], 0.0)
        bias = rest.sum((0, 2)) / of_listener
        rest = np.where(there, rest - bias[None, :, None], 0.0)
        middle = rest.sum((0, 2)) / of_listener
        around = np.where(there, rest - middle[None, :, None], 0.0)
        spread = np.maximum((around**2).sum((0, 2)) / of_listener, least)
        weight = there / spread[None, :, None]
        quality = (np.where(there, filled - bias[None, :, None], 0.0) * weight).sum((1, 2)) / weight.sum(
            (1, 2)
        )
        if np.linalg.norm(quality - before) < _CLOSE:
            break
    # Only their difference is in the votes: biases have the mean nil.
    quality, bias = quality + bias.mean(), bias - bias.mean()
    error = 1 / np.sqrt((there / spread[None, :, None]).sum((1, 2)))
    return Behaviour(quality, error, bias, np.sqrt(spread))
