"""What is known of one condition against another: the value that tables and sentences are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gaplisten.panel.statistics.crossed import Crossed
from gaplisten.panel.statistics.equivalence import Equivalence
from gaplisten.panel.statistics.shares import Share
from gaplisten.statistics import Mean

SURE = 0.05  # a probability below it is called a difference


class Unit(StrEnum):
    """What a contrast is measured in."""

    POINTS = "points"  # of the scale
    SHARE = "share"  # of votes for the first, or of right answers


@dataclass(frozen=True, slots=True)
class Direction:
    """How many listeners (or clips) stand on the contrast's side, of how many; ties stand on neither."""

    higher: int
    lower: int
    of: int


@dataclass(frozen=True, slots=True)
class Contrast:
    """A condition against another one.

    Parameters
    ----------
    condition, against
        The mean is that of "condition less against", or the share of votes for `condition`.
    mean, low, high
        The ends are None where nothing can be told: one vote, or conditions that nobody heard both of.
    p, p_holm
        Against no difference (for ABX: one-sided, against guessing); corrected for `comparisons` by Holm.
    over
        What interval and test speak about, and how they were found.
    listeners, clips
        In which direction each one's mean goes.
    these_clips
        The mean over listeners with Student's t: other listeners, but these clips only.
    these_clips_p
        Its two-sided (ABX: one-sided) test.
    drawn
        The 95 % interval of the crossed bootstrap, where it was wanted.
    equal
        Tests against the margin, where the panel has one; corrected like `p_holm`.
    lone
        Votes without a partner in the other condition, which are not used.
    """

    condition: str
    against: str
    scale: str
    stratum: str
    unit: Unit
    mean: float
    low: float | None
    high: float | None
    p: float | None
    over: Crossed
    listeners: Direction
    clips: Direction
    votes: int
    lone: int = 0
    p_holm: float | None = None
    comparisons: int = 1
    these_clips: Mean | None = None
    these_clips_p: float | None = None
    share: Share | None = None
    drawn: tuple[float, float] | None = None
    equal: Equivalence | None = None

    @property
    def sure(self) -> bool:
        """Whether it is called a difference, after the correction where there was one."""
        p = self.p if self.p_holm is None else self.p_holm
        return p is not None and p < SURE

    @property
    def neutral(self) -> float:
        """The mean that speaks for neither."""
        return 0.5 if self.unit is Unit.SHARE else 0.0
