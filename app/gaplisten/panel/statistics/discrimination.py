"""How far apart two sounds are to those who tell them apart: d' of ABX."""

from __future__ import annotations

from math import erf, sqrt

_FURTHEST = 10.0


def _normal(x: float) -> float:
    return (1 + erf(x / sqrt(2))) / 2


def right_answers(d_prime: float) -> float:
    """Return the share of right ABX answers of an unbiased listener (independent observations).

    Source: Macmillan & Creelman, Detection Theory, 2nd ed. (2005), chapter 9.
    """
    hit, side = d_prime / sqrt(2), d_prime / 2
    return _normal(hit) * _normal(side) + _normal(-hit) * _normal(-side)


def d_prime(share: float) -> float:
    """Return d' for a share of right ABX answers: nil for guessing and less, at most 10.

    >>> round(d_prime(0.75), 2)
    1.79
    """
    from scipy.optimize import brentq

    if share <= 0.5:
        return 0.0
    if share >= right_answers(_FURTHEST):
        return _FURTHEST
    return float(brentq(lambda d: right_answers(d) - share, 0.0, _FURTHEST))


def heard(share: float) -> float:
    """Return in which share of the trials a difference was heard where all other answers were guesses.

    >>> heard(0.75)
    0.5
    """
    return max(2 * share - 1, 0.0)
