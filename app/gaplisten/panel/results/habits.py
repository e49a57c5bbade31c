"""What answers look like that do not come from listening: keys, guessing, a turned scale, tiring.

Nothing here leaves anybody out. Each test is exact or nearly so, and asks for so small a probability that of
a hundred honest listeners fewer than three are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from gaplisten.panel.methods.contract import Method
from gaplisten.panel.ratings import Rating, Reason, Statistic
from gaplisten.panel.trial import Response
from gaplisten.panel.vote_columns import Votes
from gaplisten.statistics import binomial, short_p, student_mean, student_p
from gaplisten.tables import Cell, Table

# So improbable must what is named be in an honest listener.
KEY_P = 0.005
NOISE_P = 0.001
TURNED_P = 0.02
# With fewer stimuli nothing of this can be told.
LEAST_STIMULI = 8


@dataclass(frozen=True)
class Fit:
    """How a listener's votes go with the others' on the same stimuli.

    Parameters
    ----------
    r
        Pearson's correlation with the others' means; None without spread.
    noise
        Variance of what is left when the others' means and the listener's own level are taken off.
    residuals
        What is left, in the order in which the stimuli were first rated.
    """

    r: float | None
    noise: float
    residuals: NDArray[np.float64]

    @property
    def p_greater(self) -> float:
        """One-sided probability of so good an agreement where votes have nothing to do with each other."""
        return _beyond(self.r, len(self.residuals))

    @property
    def p_less(self) -> float:
        """The same of so bad a one."""
        return _beyond(None if self.r is None else -self.r, len(self.residuals))


def _beyond(r: float | None, stimuli: int) -> float:
    from scipy.special import stdtr

    if r is None:
        return 1.0
    free = stimuli - 2
    return float(stdtr(free, -r * np.sqrt(free / max(1 - r**2, 1e-12))))


STIMULUS = ("clip", "condition", "scale")  # the columns that say what was rated


def fits(votes: Sequence[Rating], least: int = LEAST_STIMULI) -> dict[str, Fit]:
    """Return of each listener with at least so many stimuli how the votes go with the others'."""
    votes = Votes.of(votes)
    names, rows = votes.numbered("listener")
    stimuli, columns = votes.numbered_by(*STIMULUS)
    total, number = np.zeros((len(names), len(stimuli))), np.zeros((len(names), len(stimuli)))
    trial = np.full((len(names), len(stimuli)), np.inf)
    np.add.at(total, (rows, columns), votes.score)
    np.add.at(number, (rows, columns), 1.0)
    np.minimum.at(trial, (rows, columns), votes.trial.astype(np.float64))
    all_total, all_number = total.sum(0), number.sum(0)
    found = {}
    for at, name in enumerate(names):
        others = all_number - number[at]
        common = (number[at] > 0) & (others > 0)
        if common.sum() < least:
            continue
        mine = total[at][common] / number[at][common]
        theirs = (all_total - total[at])[common] / others[common]
        apart = mine - theirs
        apart = apart - apart.mean()
        spread = mine.std() * theirs.std()
        r = float(((mine - mine.mean()) * (theirs - theirs.mean())).mean() / spread) if spread > 0 else None
        order = np.argsort(trial[at][common], kind="stable")
        found[name] = Fit(r, float((apart**2).sum() / (len(apart) - 1)), apart[order])
    return found


def guessing(found: Mapping[str, Fit]) -> dict[str, Reason]:
    """Return who seems to guess, or to have turned the scale round, with the numbers that say so."""
    from scipy.special import fdtrc

    said = {}
    for name, own in found.items():
        others = [one for other, one in found.items() if other != name]
        if not others or own.r is None:
            continue
        if own.p_less < TURNED_P:
            said[name] = Reason("turned", {"r": f"{own.r:.2f}"})
            continue
        usual = fmean(one.noise for one in others)
        degrees = sum(len(one.residuals) - 1 for one in others)
        ratio = own.noise / usual if usual > 0 else np.inf
        p = float(fdtrc(len(own.residuals) - 1, degrees, ratio))
        if p < NOISE_P and own.p_greater > 0.05:
            told = {"r": f"{own.r:.2f}", "ratio": f"{ratio:.1f}", "p": f"{p:.1g}"}
            said[name] = Reason("noise", told)
    return said


def key_habit(votes: Sequence[Rating], method: Method) -> Reason | None:
    """Return which key or position a listener prefers beyond chance, if any.

    Only where two sounds lie behind keys in an order that was drawn: then neither has a right to more.
    """
    votes = Votes.of(votes)
    first, second = _sides(votes, method)
    if not first + second:
        return None
    found = binomial(first, first + second, two_sided=True)
    if found.p_value >= KEY_P:
        return None
    key, times = ("first", first) if first > second else ("second", second)
    if method.paired:
        key = "A" if first > second else "B"
    same = set(votes.distinct("vote"))
    told = {"key": key, "times": times, "all": first + second, "p": f"{found.p_value:.1g}"}
    return Reason("habit", told) if len(same) > 1 else Reason("always", {**told, "vote": same.pop()})


def _sides(votes: Votes, method: Method) -> tuple[int, int]:
    """Return how often the first and the second of two sounds was answered; undecided ones count for none."""
    if not method.sided:
        return 0, 0
    if method.paired:
        letters = votes.texts("vote")
        return letters.count("A"), letters.count("B")
    if not method.against_reference:
        return 0, 0
    given = votes.where(~votes.are("vote", "") & ~votes.are("compared_with", ""))
    signs = [float(one) for one in given.texts("vote")]
    return sum(one < 0 for one in signs), sum(one > 0 for one in signs)


def habits(votes: Sequence[Rating], method: Method) -> list[Statistic]:
    """Return what the whole panel's answers tell of position, order and tiring."""
    rows: list[tuple[Cell, ...]] = []
    votes = Votes.of(votes)
    sides = [_sides(own, method) for own in votes.grouped("listener").values()]
    sides = [one for one in sides if sum(one)]
    if sides:
        shares = [first / (first + second) for first, second in sides]
        rows.append(_row("share of answers for what stands first", shares, 0.5))
        # Who presses by the sounds answers either side alike, for the order was drawn: all answers are one
        # series of even chances, however listeners and clips differ.
        all_of = binomial(sum(first for first, _ in sides), sum(map(sum, sides)), two_sided=True)
        ends = (round(all_of.successes / all_of.trials, 4), round(all_of.low, 4), round(all_of.high, 4))
        exact = "of all answers those for what stands first, exact test"
        rows.append((exact, len(sides), *ends, "these listeners, these clips", short_p(all_of.p_value)))
    if not method.paired and votes.trial.any():  # else nobody knows what came first
        halves = [_halves(one.residuals) for one in fits(votes).values()]
        if halves:
            # Places have the same mean on every page: there is no level that could change.
            if method.response is not Response.PLACES:
                rows.append(_row("level, second half less first", [level for level, _ in halves], 0.0))
            rows.append(_row("noise, second half by first (log2)", [noise for _, noise in halves], 0.0))
    if not rows:
        return []
    columns = ("what", "listeners", "mean", "95 % low", "95 % high", "interval over", "p")
    title = "Position, order, tiring: these clips, other listeners"
    note = "levels and noise are of votes less the others' means on the same stimuli"
    return [Statistic("habits", title, Table(columns, tuple(rows)), (note,))]


def _halves(residuals: NDArray[np.float64]) -> tuple[float, float]:
    middle = len(residuals) // 2
    one, other = residuals[:middle], residuals[middle:]
    noise = float(np.log2(max(other.var(ddof=1), 1e-6) / max(one.var(ddof=1), 1e-6)))
    return float(other.mean() - one.mean()), noise


def _row(what: str, values: Sequence[float], neutral: float) -> tuple[Cell, ...]:
    mean = student_mean(values)
    p = student_p(mean, neutral)
    if mean.low is None or mean.high is None or p is None:
        return what, mean.n, round(mean.mean, 4), None, None, None, None
    ends = (round(mean.mean, 4), round(mean.low, 4), round(mean.high, 4))
    return what, mean.n, *ends, "listeners, these clips", short_p(p)
