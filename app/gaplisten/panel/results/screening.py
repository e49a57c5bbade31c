"""Which listeners' votes count, by rules that are named, numbered and never silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np

from gaplisten.languages import ENGLISH
from gaplisten.panel.methods.contract import Method
from gaplisten.panel.ratings import Rating, Reason
from gaplisten.panel.results.habits import STIMULUS, Fit, fits, key_habit
from gaplisten.panel.results.habits import guessing as guessers
from gaplisten.panel.results.votes import TEST, tests
from gaplisten.panel.trial import Response
from gaplisten.panel.vote_columns import Votes

_REPEAT = "reference_repeat"

# Where more than this share would be left out by agreement, it is not the listeners.
GUARD_SHARE = 0.25
# P.808 Toolkit: a session whose ratings hardly differ, and how many checks of a kind must be passed.
LEAST_VARIANCE = 0.1
# Proposed: agreement with the others that guessing would reach in one of twenty sessions.
AGREEMENT_P = 0.05
# With fewer stimuli too many honest listeners would look like guessing: of those who agree with r = 0.8, one
# of five with 8 stimuli, one of a hundred with 16.
LEAST_STIMULI_FOR_AGREEMENT = 16
# Proposed: a session with fewer votes is too short to be called straight-lining.
LEAST_VOTES_FOR_SPREAD = 8


@dataclass(frozen=True)
class Listener:
    """What is known of one listener, and why the votes do or do not count.

    Parameters
    ----------
    checks, passed
        How many checks there were and how many were passed.
    spread
        Variance of the scores; None with fewer than two.
    agreement
        Pearson's r with the mean of the others over the same stimuli; None where it cannot be had.
    reasons
        Why the votes are left out; empty when they count.
    kept
        What the rules said of a listener who counts by hand all the same.
    underflows
        Of the output in all trials; None where nobody counted.
    noted
        What is unusual about a listener who counts all the same.
    retest
        Mean absolute difference between successive votes on the same stimulus (repeats; further ratings of
        the reference); None without any.
    """

    name: str
    votes: int
    checks: int
    passed: int
    spread: float | None
    agreement: float | None
    underflows: int | None
    reasons: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    retest: float | None = None
    noted: tuple[str, ...] = ()

    @property
    def excluded(self) -> bool:
        """Whether the votes are left out."""
        return bool(self.reasons)


def _guesses(own: Fit) -> bool:
    """Tell whether guessing gives such an agreement; where nothing spreads nothing speaks for one."""
    return own.r is None or own.p_greater > AGREEMENT_P


def retest(votes: Sequence[Rating]) -> float | None:
    """Return how far apart a listener's successive votes on one stimulus are, in steps of the scale.

    Further ratings of the reference are compared with its other ratings, whatever the clip.
    """
    votes = Votes.of(votes)
    ordered = votes.where(np.argsort(votes.trial, kind="stable"))
    rated = tests(ordered)
    repeats = ordered.are("kind", _REPEAT)
    if repeats.any():
        repeats |= ordered.are("kind", TEST) & ordered.are("role", "reference")
        rated = rated.where(~rated.are("role", "reference"))
    apart = _successive(rated, *STIMULUS) + _successive(ordered.where(repeats), "scale")
    return fmean(apart) if apart else None


def _successive(votes: Votes, *names: str) -> list[float]:
    """Return how far apart successive votes are that have the same texts in these columns."""
    _, codes = votes.numbered_by(*names)
    order = np.argsort(codes, kind="stable")
    same = np.diff(codes[order]) == 0
    found: list[float] = np.abs(np.diff(votes.score[order]))[same].tolist()
    return found


def _checked(votes: Sequence[Rating]) -> dict[str, list[bool]]:
    """Return of each kind of check which trials were passed: on every scale that has a known answer."""
    made: dict[str, list[bool]] = {}
    of_scales: dict[tuple[str, int], list[bool]] = {}
    votes = Votes.of(votes)
    for vote in votes.where(votes.passed >= 0):
        was_passed = bool(vote.passed)
        if vote.scale:
            of_scales.setdefault((vote.kind, vote.trial), []).append(was_passed)
        else:
            made.setdefault(vote.kind, []).append(was_passed)
    for (kind, _), passed in of_scales.items():
        made.setdefault(kind, []).append(all(passed))
    return made


def failed_checks(votes: Sequence[Rating], method: Method) -> list[Reason]:
    """Return what was failed: every trap must be right, of any other kind of check at least one.

    Methods that have known answers on several scales want every gold recording right, too.
    """
    found = []
    whole = ("trap", "gold") if method.every_scale else ("trap",)
    for kind, group in _checked(votes).items():
        passed = sum(group)
        if passed < (len(group) if kind in whole else 1):
            found.append(Reason("checks", {"kind": kind, "passed": passed, "all": len(group)}))
    return found


def _spread(votes: Votes, method: Method) -> float | None:
    """Return the variance of what was pressed: turning signs round makes a spread of one key."""
    raw = method.against_reference and method.sided
    raw = raw and not (votes.are("vote", "") | votes.are("compared_with", "")).any()
    scores = [float(vote) for vote in votes.texts("vote")] if raw else votes.score
    return float(np.var(scores, ddof=1)) if len(votes) > 1 else None


def _straight_lining(votes: Sequence[Rating], spread: float | None) -> list[Reason]:
    if spread is None or spread >= LEAST_VARIANCE or len(votes) < LEAST_VOTES_FOR_SPREAD:
        return []
    return [Reason("straight", {"spread": f"{spread:.2f}", "least": LEAST_VARIANCE})]


def _reasons(mine: Votes, own: Votes, everybody: Votes, method: Method) -> list[Reason]:
    reasons = failed_checks(mine, method)
    reasons += method.screened(own, everybody)
    if not method.paired and method.response is not Response.PLACES:  # places differ by themselves
        reasons += _straight_lining(own, _spread(own, method))
    return reasons


def _judged(
    name: str,
    mine: Votes,
    everybody: Votes,
    method: Method,
    agreed: Fit | None,
    language: str,
) -> Listener:
    own = tests(mine)
    checks, habit = _checked(mine).values(), key_habit(own, method)
    return Listener(
        name,
        len(own),
        sum(map(len, checks)),
        sum(map(sum, checks)),
        _spread(own, method),
        (agreed.r or 0.0) if agreed else None,
        mine.underflows,
        tuple(one.said(language) for one in _reasons(mine, own, everybody, method)),
        retest=None if method.paired else retest(mine),
        noted=(habit.said(language),) if habit else (),
    )


def screen(
    votes: Sequence[Rating],
    method: Method,
    *,
    keep: Sequence[str] = (),
    leave_out: Mapping[str, str] | None = None,
    by_agreement: bool = False,
    language: str = ENGLISH,
) -> tuple[Listener, ...]:
    """Judge every listener.

    Parameters
    ----------
    keep
        Listeners whose votes count whatever the rules say (a decision that the table shows).
    leave_out
        Listeners left out by hand, with the reason.
    by_agreement
        Whether those whose votes do not go with the others' are left out; else it is told and they count.
    language
        Of the sentences about listeners.
    """
    votes = Votes.of(votes)
    by_name = votes.grouped("listener")
    everybody = tests(votes)
    fitting = {} if method.paired else fits(everybody)
    least = LEAST_STIMULI_FOR_AGREEMENT
    agreed = {name: one for name, one in fitting.items() if len(one.residuals) >= least}
    judged = [
        _judged(name, by_name[name], everybody, method, agreed.get(name), language)
        for name in sorted(by_name)
    ]
    scored = everybody if method.paired else method.results(everybody)
    noted = guessers(fitting if scored is everybody else fits(scored))
    said = {name: (reason.said(language),) for name, reason in noted.items()}
    guessing = [
        one.name for one in judged if not one.excluded and (own := agreed.get(one.name)) and _guesses(own)
    ]
    # Where many do not agree there is nothing to agree about: then it is the conditions, not the listeners.
    if len(guessing) > GUARD_SHARE * len(judged):
        guessing = []
    return tuple(
        _settled(
            replace(listener, noted=(*listener.noted, *said.get(listener.name, ()))),
            by_agreement and listener.name in guessing,
            keep,
            leave_out or {},
            language,
        )
        for listener in judged
    )


def _settled(
    listener: Listener,
    guesses: bool,
    keep: Sequence[str],
    leave_out: Mapping[str, str],
    language: str,
) -> Listener:
    reasons = list(listener.reasons)
    if guesses and listener.agreement is not None:
        told = {"r": f"{listener.agreement:.2f}", "p": AGREEMENT_P}
        reasons.append(Reason("guesses", told).said(language))
    kept: tuple[str, ...] = ()
    if listener.name in keep:
        reasons, kept = [], tuple(reasons)
    if listener.name in leave_out:
        reasons.append(leave_out[listener.name] or Reason("by_hand").said(language))
    return replace(listener, reasons=tuple(reasons), kept=kept)
