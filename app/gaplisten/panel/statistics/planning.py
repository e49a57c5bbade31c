"""How many listeners and clips a panel needs to find a difference, before anybody has listened.

The variance of a mean difference over L listeners who each hear k of C clips in both conditions is
``2 vote^2 / (L k) + 2 by_clip^2 / C + 2 by_listener^2 / L``: the second part is there however many listen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from gaplisten.panel.statistics.contrast import SURE


@dataclass(frozen=True)
class Spreads:
    """Standard deviations in points of a five-point scale; guesses from panels of speech quality.

    Parameters
    ----------
    vote
        Of one vote.
    by_clip
        Of how much better or worse a condition is on a single clip; `by_listener` likewise to a listener.
    """

    vote: float = 0.7
    by_clip: float = 0.3
    by_listener: float = 0.15

    def times(self, factor: float) -> Spreads:
        """Return the same on a scale that is so many times as long."""
        return Spreads(self.vote * factor, self.by_clip * factor, self.by_listener * factor)


@dataclass(frozen=True)
class Plan:
    """What a panel of this size finds.

    Parameters
    ----------
    heard
        How many clips a listener hears in each condition.
    """

    listeners: int
    clips: int
    heard: int
    difference: float
    comparisons: int
    spreads: Spreads

    @property
    def _parts(self) -> tuple[float, float, float]:
        vote, clip, listener = (
            2 * one**2 for one in (self.spreads.vote, self.spreads.by_clip, self.spreads.by_listener)
        )
        return vote / (self.listeners * self.heard), clip / self.clips, listener / self.listeners

    @property
    def error(self) -> float:
        """Standard error of the difference."""
        return math.sqrt(sum(self._parts))

    @property
    def power(self) -> float:
        """Chance that the difference is found, after Holm's correction at its strictest."""
        from scipy.stats import nct, norm
        from scipy.stats import t as student

        rest, clip, listener = self._parts
        # Mean squares of listeners and of clips hold the rest too, as in the analysis.
        of_clips, of_listeners = clip + rest, listener + rest
        free = self.listeners * self.heard - self.listeners - self.clips + 1
        squares = of_clips**2 / max(self.clips - 1, 1) + of_listeners**2 / max(self.listeners - 1, 1)
        df = (clip + listener + rest) ** 2 / (squares + rest**2 / max(free, 1))
        limit = float(student.ppf(1 - SURE / self.comparisons / 2, df))
        away = self.difference / self.error
        found = float(nct.sf(limit, df, away) + nct.cdf(-limit, df, away))
        if math.isfinite(found):
            return min(found, 1.0)
        return float(norm.sf(limit - away))  # so far away that the exact sum overflows

    @property
    def power_of_many(self) -> float:
        """The same with a thousand times as many listeners: what only more clips can raise."""
        return replace(self, listeners=1000 * self.listeners).power


def listeners_needed(
    power: float,
    clips: int,
    heard: int,
    difference: float,
    comparisons: int,
    spreads: Spreads,
    most: int = 1000,
) -> int | None:
    """Return the least number of listeners with this power; None where `most` are too few."""

    def reached(listeners: int) -> bool:
        return Plan(listeners, clips, heard, difference, comparisons, spreads).power >= power

    return least(reached, 1, most)


def least(reached: Callable[[int], bool], few: int, most: int) -> int | None:
    """Return the least number above `few` that is enough; None where `most` are not. More is never worse."""
    if not reached(most):
        return None
    low, high = few, most  # low is too few, high is enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
