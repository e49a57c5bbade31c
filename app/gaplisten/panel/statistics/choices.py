"""Strengths of conditions from choices between them: Bradley-Terry with ties, and Plackett-Luce for rankings.

Both are one model: in each choice the chance of an answer goes with exp(utility), and the utility of "i is
better" is i's strength. A tie between two has the mean of their strengths and a constant of its own
(Davidson); whatever stands first may have a constant too. Strengths are in logits, their mean is nil: a
difference of 1 is preferred in 73 % of the decided answers.

Sources: Bradley & Terry, Biometrika 39 (1952); Davidson, JASA 65 (1970), with the order effect of Davidson &
Beaver, Biometrics 33 (1977); Luce (1959), Plackett, Applied Statistics 24 (1975).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

# Somebody who wins always has no finite strength: this much of a vote pulls everybody together, so that the
# numbers stay finite; too little to be seen otherwise.
_PULL = 1e-8
_FURTHEST = 20.0  # logits
_STEPS = 60


@dataclass(frozen=True)
class Choices:
    """What could be answered, and how often it was.

    Parameters
    ----------
    design
        Utilities of the answers: (kinds of choice, answers, parameters); the strengths come first.
    possible
        Which answers a kind of choice has: (kinds of choice, answers).
    conditions
        How many of the parameters are strengths.
    """

    design: Values
    possible: NDArray[np.bool_]
    conditions: int

    def fit(self, counts: Values) -> Values:
        """Return the parameters of highest likelihood.

        Parameters
        ----------
        counts
            How often each answer was given, (kinds of choice, answers), or many such tables at once.

        Returns
        -------
        (parameters,) or (tables, parameters); strengths have the mean nil.
        """
        many = counts.reshape(-1, *self.possible.shape)
        found = np.zeros((len(many), self.design.shape[-1]))
        number = many.sum(-1)
        mean = np.zeros(self.design.shape[-1])
        mean[: self.conditions] = 1 / self.conditions
        for _ in range(_STEPS):
            utility = np.einsum("kap,bp->bka", self.design, found)
            utility[:, ~self.possible] = -np.inf
            chance = np.exp(utility - utility.max(-1, keepdims=True))
            chance /= chance.sum(-1, keepdims=True)
            expected = np.einsum("bka,kap->bkp", chance, self.design)
            slope = np.einsum("bka,kap->bp", many - number[..., None] * chance, self.design) - _PULL * found
            square = np.einsum("bk,bka,kap,kaq->bpq", number, chance, self.design, self.design, optimize=True)
            square -= np.einsum("bk,bkp,bkq->bpq", number, expected, expected, optimize=True)
            square += _PULL * np.eye(len(mean)) + np.outer(mean, mean)
            step = np.linalg.solve(square, slope[..., None])[..., 0]
            # Halved where it is wild, so that nobody's strength runs away in one step.
            largest = np.abs(step).max(-1, keepdims=True)
            step *= np.minimum(1.0, 2.0 / np.maximum(largest, 1e-12))
            found = np.clip(found + step, -_FURTHEST, _FURTHEST)
            if np.abs(step).max() < 1e-10:
                break
        found[:, : self.conditions] -= found[:, : self.conditions].mean(1, keepdims=True)
        return found.reshape(*counts.shape[:-2], found.shape[-1])


def pairs(conditions: int, compared: Sequence[tuple[int, int]], *, ties: bool, sides: bool) -> Choices:
    """Return the choices of a paired comparison.

    Parameters
    ----------
    compared
        The pairs that occur, (first heard, second heard), each order for itself where `sides`.
    ties
        Whether an answer may be "no preference".
    sides
        Whether what is heard first may have an advantage.

    Returns
    -------
    Answers: the first, the second, and neither. Parameters: strengths, then the ties', then the first one's.
    """
    design = np.zeros((len(compared), 3, conditions + ties + sides))
    possible = np.ones((len(compared), 3), bool)
    possible[:, 2] = ties
    for at, (first, second) in enumerate(compared):
        design[at, 0, first] = design[at, 1, second] = 1
        design[at, 2, [first, second]] = 0.5
        if ties:
            design[at, 2, conditions] = 1
        if sides:
            design[at, :, -1] = (1.0, 0.0, 0.5)
    return Choices(design, possible, conditions)


def rankings(conditions: int, left: Sequence[tuple[int, ...]]) -> Choices:
    """Return the choices of rankings: the best of those that are left, again and again.

    Parameters
    ----------
    left
        The sets of conditions that were left when one was taken.
    """
    design = np.zeros((len(left), conditions, conditions))
    possible = np.zeros((len(left), conditions), bool)
    for at, those in enumerate(left):
        for condition in those:
            design[at, condition, condition] = 1
            possible[at, condition] = True
    return Choices(design, possible, conditions)
