"""A panel's results: one value that window, command line and figures read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from gaplisten.loss.strata import Stratum
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.methods import FACTS, Method
from gaplisten.panel.results.pairs import ALL, PairResult, pair_results
from gaplisten.panel.results.screening import Listener, screen
from gaplisten.panel.results.votes import Collected, Vote, collect, grouped, tests
from gaplisten.statistics import Mean, Quartiles, quartiles, student_mean


@dataclass(frozen=True)
class ConditionResult:
    """One condition, over all clips or one burst stratum.

    Parameters
    ----------
    votes
        Number of votes; `mean.n` counts listeners.
    mean
        Over listeners (each listener's mean first), with a 95 % interval by Student's t.
    spread
        Median and quartiles of all votes.
    by_listener
        Each listener's mean, for plots.
    """

    condition: str
    stratum: str
    votes: int
    mean: Mean
    spread: Quartiles
    by_listener: Mapping[str, float]


@dataclass(frozen=True)
class Results:
    """Everything that a panel found."""

    title: str
    method: Method
    panel_sha256: str
    conditions: tuple[ConditionResult, ...]
    strata: tuple[ConditionResult, ...]
    pairs: tuple[PairResult, ...]
    pair_strata: tuple[PairResult, ...]
    listeners: tuple[Listener, ...]
    running: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def score_name(self) -> str:
        """What the mean is called: MOS, DMOS, CMOS, ..."""
        return FACTS[self.method].result

    @property
    def excluded(self) -> tuple[Listener, ...]:
        """Who was left out; each says why."""
        return tuple(one for one in self.listeners if one.excluded)

    @property
    def kept(self) -> tuple[Listener, ...]:
        """Who counts by hand against the rules; each says which."""
        return tuple(one for one in self.listeners if one.kept)


def _scores(votes: Sequence[Vote], method: Method) -> list[Vote]:
    """Return the votes of which means are made; ABC/HR counts the difference to the hidden reference."""
    if method is not Method.ABC_HR:
        return list(votes)
    from dataclasses import replace

    hidden = {(one.listener, one.trial): one.score for one in votes if one.role == "reference"}
    return [
        replace(one, score=one.score - hidden[one.listener, one.trial])
        for one in votes
        if one.role != "reference" and (one.listener, one.trial) in hidden
    ]


def _condition(name: str, stratum: str, votes: Sequence[Vote]) -> ConditionResult:
    by_listener = {
        listener: fmean(one.score for one in own)
        for listener, own in grouped(votes, lambda one: one.listener).items()
    }
    scores = [one.score for one in votes]
    mean = student_mean(list(by_listener.values()))
    return ConditionResult(name, stratum, len(votes), mean, quartiles(scores), by_listener)


def _ordered(votes: Sequence[Vote], order: Sequence[str]) -> list[Vote]:
    """Return votes so that conditions come as the panel's maker wrote them, the panel's own ones last."""
    place = {name: at for at, name in enumerate(order)}
    return sorted(votes, key=lambda one: place.get(one.condition, len(place)))


def _by_stratum(votes: Sequence[Vote]) -> list[tuple[str, list[Vote]]]:
    place = {stratum.value: at for at, stratum in enumerate(Stratum)}
    groups = grouped(votes, lambda one: one.stratum)
    return sorted(groups.items(), key=lambda pair: place.get(pair[0], len(place)))


def _conditions(votes: Sequence[Vote], stratum: str = ALL) -> tuple[ConditionResult, ...]:
    groups = grouped(votes, lambda one: one.condition)
    return tuple(_condition(name, stratum, own) for name, own in groups.items())


def evaluate_votes(
    collected: Collected,
    method: Method,
    *,
    title: str = "",
    panel_sha256: str = "",
    keep: Sequence[str] = (),
    leave_out: Mapping[str, str] | None = None,
    order: Sequence[str] = (),
) -> Results:
    """Return the results of these votes, conditions in `order`; see `evaluate`."""
    listeners = screen(collected.votes, method, keep=keep, leave_out=leave_out)
    left_out = {one.name for one in listeners if one.excluded}
    used = _ordered([vote for vote in tests(collected.votes) if vote.listener not in left_out], order)
    paired = FACTS[method].paired
    scored, chosen = ([], used) if paired else (_scores(used, method), [])
    return Results(
        title,
        method,
        panel_sha256,
        _conditions(scored),
        tuple(one for stratum, own in _by_stratum(scored) for one in _conditions(own, stratum)),
        pair_results(chosen, method),
        tuple(one for stratum, own in _by_stratum(chosen) for one in pair_results(own, method, stratum)),
        listeners,
        collected.running,
        collected.problems,
        collected.notes,
    )


def evaluate(
    panel: FrozenPanel,
    ratings: Path | None = None,
    *,
    keep: Sequence[str] = (),
    leave_out: Mapping[str, str] | None = None,
) -> Results:
    """Read all finished and interrupted sessions of a panel and evaluate them.

    Sessions that are open now stay hidden (promise: blind means blind); they are named in `running`.
    """
    return evaluate_votes(
        collect(panel, ratings),
        panel.definition.method,
        title=panel.definition.title,
        panel_sha256=panel.sha256,
        keep=keep,
        leave_out=leave_out,
        order=[one.name for one in panel.definition.condition],
    )
