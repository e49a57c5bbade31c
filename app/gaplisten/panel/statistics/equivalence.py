"""Whether a difference is too small to matter: two one-sided tests against a margin said beforehand.

Source: Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15 (1987).
"""

from __future__ import annotations

from dataclasses import dataclass

from gaplisten.panel.statistics.crossed import Crossed


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Tests of a mean difference against a margin.

    Parameters
    ----------
    p_equal
        That it lies outside -margin..margin: small where the two are as good as each other.
    p_not_worse, p_not_better
        That the first is worse, or better, than the second by the margin or more.
    low, high
        The 90 % interval, which lies within the margins where `p_equal` < 0.05.
    """

    margin: float
    p_equal: float
    p_not_worse: float
    p_not_better: float
    low: float
    high: float


def equivalence(of: Crossed, margin: float) -> Equivalence | None:
    """Return both tests; None where the difference has no error."""
    ends = of.interval(0.9)
    if ends is None:
        return None
    not_worse = of.p_greater(-margin)
    not_better = 1 - of.p_greater(margin)
    return Equivalence(margin, max(not_worse, not_better), not_worse, not_better, *ends)
