"""What A/B and ABX found: over all votes, and for each listener, who is one thing to test, not many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gaplisten.panel.ratings import PairTest, Rating
from gaplisten.panel.vote_columns import Votes
from gaplisten.statistics import Mean, Proportion, binomial, student_mean

ALL = "all"


@dataclass(frozen=True)
class Own:
    """One listener's answers to a pair."""

    outcome: Proportion
    undecided: int = 0

    @property
    def share(self) -> float:
        """For the first, undecided answers half."""
        return (self.outcome.successes + self.undecided / 2) / (self.outcome.trials + self.undecided)


@dataclass(frozen=True)
class PairResult:
    """A pair in A/B (how often the first was preferred) or ABX (how often X was named rightly).

    Parameters
    ----------
    outcome
        All votes together, as if they were independent.
    by_listener
        Each listener's own count and test.
    by_clip
        The share of each clip's votes, undecided ones half, for plots.
    mean
        Over listeners, of each one's share (undecided votes count half), with a 95 % interval by
        Student's t: what may be said of other listeners.
    """

    first: str
    second: str
    outcome: Proportion
    undecided: int = 0
    stratum: str = ALL
    by_listener: Mapping[str, Own] = field(default_factory=dict)
    mean: Mean | None = None
    by_clip: Mapping[str, float] = field(default_factory=dict)


def pair_results(
    votes: Sequence[Rating], test: PairTest | None, stratum: str = ALL
) -> tuple[PairResult, ...]:
    """Return the result of each pair, in the order in which they first appear; none without a test."""
    if test is None:
        return ()
    groups = Votes.of(votes).grouped_by("condition", "compared_with")
    return tuple(_pair(own, test, stratum) for own in groups.values())


def _counted(votes: Votes, test: PairTest) -> Own:
    decided = int((votes.score != 0).sum()) if test.ties else len(votes)
    if not decided:
        return Own(Proportion(0, 0, 1.0, 0.0, 1.0), len(votes))
    successes = int((votes.score > 0).sum())
    return Own(binomial(successes, decided, two_sided=test.two_sided), len(votes) - decided)


def _pair(votes: Votes, test: PairTest, stratum: str) -> PairResult:
    whole = _counted(votes, test)
    by_listener = {name: _counted(own, test) for name, own in votes.grouped("listener").items()}
    by_clip = {clip: _counted(own, test).share for clip, own in votes.grouped("clip").items()}
    mean = student_mean([own.share for own in by_listener.values()])
    first = votes[0]
    named = (first.condition, first.compared_with)
    return PairResult(*named, whole.outcome, whole.undecided, stratum, by_listener, mean, by_clip)
