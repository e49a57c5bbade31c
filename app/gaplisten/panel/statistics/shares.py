"""Shares of votes (preferred, named rightly) whose listeners and clips differ: interval and test within 0..1.

The crossed analysis says how many independent votes the share is worth; with that number the exact binomial
interval is taken, so that nobody who always pressed one key makes a certainty of it.

Source: Korn & Graubard, Survey Methodology 24 (1998).
"""

from __future__ import annotations

from dataclasses import dataclass

from gaplisten.panel.statistics.crossed import LEVEL, Crossed


@dataclass(frozen=True, slots=True)
class Share:
    """A share over listeners and clips.

    Parameters
    ----------
    votes
        How many independent votes it is worth, at most as many as there were.
    """

    share: float
    votes: float
    of: Crossed

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Return the ends of the interval, 0..1."""
        tail = (1 - level) / 2
        return self.lower(tail), self.upper(tail)

    def lower(self, tail: float) -> float:
        """Return the bound below which the true share lies with this probability at most."""
        from scipy.special import betaincinv

        x = self.share * self.votes
        return float(betaincinv(x, self.votes - x + 1, tail)) if x > 0 else 0.0

    def upper(self, tail: float) -> float:
        """Return the bound above which the true share lies with this probability at most."""
        from scipy.special import betaincinv

        x = self.share * self.votes
        return float(betaincinv(x + 1, self.votes - x, 1 - tail)) if x < self.votes else 1.0

    def p_greater(self) -> float:
        """Return the one-sided probability of so large a share where both answers are equally likely."""
        return _tail(self.share * self.votes, self.votes)

    def p_value(self) -> float:
        """Return the two-sided probability of a share as uneven."""
        return min(1.0, 2 * min(self.p_greater(), _tail((1 - self.share) * self.votes, self.votes)))


def _tail(successes: float, votes: float) -> float:
    from scipy.special import betainc

    return float(betainc(successes, votes - successes + 1, 0.5)) if successes > 0 else 1.0


def share(of: Crossed, votes: int) -> Share:
    """Return a share with what it is worth.

    Parameters
    ----------
    of
        The crossed mean of cells that hold shares, 0..1.
    votes
        How many votes there are.
    """
    from scipy.special import stdtrit

    mean = min(max(of.mean, 0.0), 1.0)
    if of.error is None or votes < 2:
        return Share(mean, float(votes), of)
    spread = mean * (1 - mean)
    worth = min(spread / of.error**2, votes) if spread > 0 else float(votes)
    tail = (1 + LEVEL) / 2
    worth *= float(stdtrit(votes - 1, tail) / stdtrit(of.df, tail)) ** 2
    return Share(mean, min(worth, float(votes)), of)
