"""Is one condition better than another: differences over listeners and clips, tests, directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gaplisten.panel.methods.contract import Method
from gaplisten.panel.parts import REFERENCE, ResultsPart
from gaplisten.panel.ratings import Rating
from gaplisten.panel.results.cells import Cells, System, cells
from gaplisten.panel.results.pairs import ALL
from gaplisten.panel.statistics.contrast import Contrast, Direction, Unit
from gaplisten.panel.statistics.crossed import Crossed, Model, Speaks, between, crossed
from gaplisten.panel.statistics.equivalence import Equivalence, equivalence
from gaplisten.panel.statistics.resampling import between_bootstrap, crossed_bootstrap, percentile_interval
from gaplisten.panel.statistics.shares import Share, share
from gaplisten.statistics import holm, student_mean, student_p

Table = NDArray[np.float64]
Named = tuple[str, str, str]  # condition, against, scale

_OF_TALKERS = {Speaks.BOTH: Speaks.TALKERS, Speaks.CLIPS: Speaks.TALKERS_ALONE}

# Where fewer cells than this share of them have both votes, differences within cells would waste the others.
MOSTLY = 0.8


def contrasts(
    votes: Sequence[Rating],
    method: Method,
    asked: ResultsPart,
    order: Sequence[str] = (),
    stratum: str = ALL,
    talkers: Mapping[str, str] | None = None,
    *,
    resample: bool = False,
) -> list[Contrast]:
    """Return every contrast that is asked for, not yet corrected for their number.

    Parameters
    ----------
    votes
        Of the test, as results read them, of those who count.
    order
        Conditions as the panel's maker wrote them; only these are compared (all that there are without).
    talkers
        Who talks in each clip, where the result is to hold for other talkers.
    resample
        Whether the crossed bootstrap is wanted beside.
    """
    if not votes:
        return []
    table = cells(votes)
    of = _Votes(table, method, method.step(len({system[0] for system in table.mean})), talkers, resample)
    if method.paired:
        made = [_pair(of, system) for system in table.mean]
        of_pairs = [one for one in made if asked.against in (None, one.condition, one.against)]
        return [replace(one, stratum=stratum) for one in of_pairs]
    there = list(dict.fromkeys(system[0] for system in table.mean))
    names = [name for name in order if name in there] if order else there
    found = []
    for scale in method.scales:
        own = {name: system for name in there if (system := _system(table, name, scale)) is not None}
        for condition, against in _asked(names, there, method, asked.against):
            first, second = own.get(against), own.get(condition)
            if second is None or (first is None and against != REFERENCE):
                continue
            found.append(_rated(of, condition, against, first, second))
    if asked.margin is not None:
        found = [replace(one, equal=equivalence(one.over, asked.margin)) for one in found]
    return [replace(one, stratum=stratum) for one in found]


def talkers_of(known: Mapping[str, str], asked: ResultsPart) -> tuple[Mapping[str, str] | None, list[str]]:
    """Return who talks in each clip where results are to hold for other talkers; else why they cannot.

    Parameters
    ----------
    known
        Who talks in each clip; "" where nobody said so.
    """
    if asked.generalise != "talkers":
        return None, []
    unknown = [clip for clip, talker in known.items() if not talker]
    if unknown:
        fact = f"nobody said who talks in {len(unknown)} of {len(known)} clips"
    elif len(set(known.values())) < 2:
        fact = "there is one talker"
    else:
        return known, []
    return None, [f"results cannot be generalised to other talkers: {fact}; they speak about clips"]


def corrected(found: Sequence[Contrast]) -> tuple[Contrast, ...]:
    """Return contrasts with their probabilities corrected, by Holm, for how many there are."""
    tested = [one for one in found if one.p is not None]
    values = dict(zip(map(id, tested), holm([one.p for one in tested if one.p is not None]), strict=True))
    equal = _corrected_equal(found)
    return tuple(
        replace(one, p_holm=values.get(id(one)), comparisons=len(tested), equal=equal.get(id(one)))
        for one in found
    )


def _corrected_equal(found: Sequence[Contrast]) -> dict[int, Equivalence]:
    tested = [(id(one), one.equal) for one in found if one.equal is not None]
    equal = holm([one.p_equal for _, one in tested])
    worse = holm([one.p_not_worse for _, one in tested])
    better = holm([one.p_not_better for _, one in tested])
    return {
        key: replace(one, p_equal=equal[at], p_not_worse=worse[at], p_not_better=better[at])
        for at, (key, one) in enumerate(tested)
    }


def _system(table: Cells, condition: str, scale: str) -> System | None:
    return next((one for one in table.mean if one[0] == condition and one[2] == scale), None)


def _asked(
    names: Sequence[str], there: Sequence[str], method: Method, against: str | None
) -> list[tuple[str, str]]:
    """Return (condition, against) of what is compared: each with `against`, else each with each."""
    if against is not None:
        return [(name, against) for name in names if name != against]
    with_reference = [(name, REFERENCE) for name in names] if method.against_reference else []
    return with_reference + [(second, first) for first, second in combinations(names, 2)]


# --- conditions that are rated ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Votes:
    """The votes that are compared, and what holds for every comparison of them.

    Parameters
    ----------
    step
        How far two neighbouring scores are apart.
    talkers
        Who talks in each clip, where talkers stand in the place of clips.
    resample
        Whether the crossed bootstrap is wanted beside.
    """

    table: Cells
    method: Method
    step: float
    talkers: Mapping[str, str] | None
    resample: bool

    def least(self, votes: float) -> float:
        """Return the least variance of a cell of so many votes: what rounding hides."""
        return self.step**2 / 12 / votes

    def grouped(self, mean: Table, number: Table) -> tuple[Table, Table]:
        """Return cells and their votes with talkers in the place of clips, where that is asked for."""
        if not self.talkers:
            return mean, number
        whole = ("", "", "")
        made = Cells(self.table.listeners, self.table.clips, {whole: mean}, {whole: number}).by(self.talkers)
        return made.mean[whole], made.votes[whole]

    def speaking(self, found: Crossed) -> Crossed:
        """Return what was found as speaking about talkers, where they stand in the place of clips."""
        if not self.talkers:
            return found
        return replace(found, speaks=_OF_TALKERS.get(found.speaks, found.speaks))


def _rated(of: _Votes, condition: str, against: str, first: System | None, second: System) -> Contrast:
    """Return "second less first"; with no `first` the votes are differences from the reference already."""
    table, named = of.table, (condition, against, second[2])
    if first is None:
        return _within(of, named, table.mean[second], table.votes[second], 1)
    one, other = table.mean[first], table.mean[second]
    both = np.isfinite(one) & np.isfinite(other)
    paired, most = int(both.sum()), int(max(np.isfinite(one).sum(), np.isfinite(other).sum()))
    if paired < MOSTLY * most:
        return _across(of, named, first, second)
    number = np.where(both, table.votes[first] + table.votes[second], 0.0)
    lone = int(table.votes[first].sum() + table.votes[second].sum() - number.sum())
    made = _within(of, named, other - one, number / 2, 2)
    return replace(made, lone=lone, votes=int(number.sum()))


def _within(of: _Votes, named: Named, differences: Table, number: Table, votes_each: int) -> Contrast:
    mean, votes = of.grouped(differences, number)
    found = crossed(mean, votes_each * of.least(_each(votes))) or _untold(mean)
    made = _points(of, named, found, differences, int(number.sum()))
    return replace(made, drawn=_drawn(mean) if of.resample else None)


def _across(of: _Votes, named: Named, first: System, second: System) -> Contrast:
    """Compare conditions that were heard on different clips, through listeners' and clips' own levels."""
    table = of.table
    (one, of_one), (other, of_other) = (
        of.grouped(table.mean[system], table.votes[system]) for system in (first, second)
    )
    if of.talkers and np.isfinite(one + other).sum() >= MOSTLY * np.isfinite(one).sum():
        number = np.where(np.isfinite(one + other), of_one + of_other, 0.0) / 2
        found = crossed(other - one, 2 * of.least(_each(number)))
    else:
        found = between(one, other, of.least(_each(of_one + of_other)))
    differences = np.array([_mean(table.mean[second]) - _mean(table.mean[first])])
    votes = int(table.votes[first].sum() + table.votes[second].sum())
    made = _points(of, named, found or _untold(differences), None, votes)
    if of.resample and min(one.shape) > 1:
        made = replace(made, drawn=percentile_interval(between_bootstrap(one, other)))
    of_listeners = _means(table.mean[second], 1) - _means(table.mean[first], 1)
    of_clips = _means(table.mean[second], 0) - _means(table.mean[first], 0)
    return replace(made, listeners=_direction(of_listeners, 0.0), clips=_direction(of_clips, 0.0))


def _points(of: _Votes, named: Named, found: Crossed, differences: Table | None, votes: int) -> Contrast:
    found = of.speaking(found)
    ends = found.interval()
    low, high = ends if ends is not None else (None, None)
    nobody = Direction(0, 0, 0)
    made = Contrast(
        *named,
        ALL,
        Unit.POINTS,
        found.mean,
        low,
        high,
        None if ends is None else found.p_value(),
        found,
        nobody,
        nobody,
        votes,
    )
    if differences is None:
        return made
    of_listeners, of_clips = _means(differences, 1), _means(differences, 0)
    own = [float(one) for one in of_listeners if np.isfinite(one)]
    mean = student_mean(own)
    return replace(
        made,
        listeners=_direction(of_listeners, 0.0),
        clips=_direction(of_clips, 0.0),
        these_clips=mean,
        these_clips_p=student_p(mean),
    )


# --- pairs that are chosen between --------------------------------------------------------------------------


def _pair(of: _Votes, system: System) -> Contrast:
    """Return the share of votes for the first (undecided ones count half), or of right answers."""
    table, method = of.table, of.method
    assert method.test is not None
    values = table.mean[system]
    shares = (values + 1) / 2 if method.test.ties else values
    number = table.votes[system]
    votes = int(number.sum())
    grouped = of.grouped(shares, number)
    found = of.speaking(crossed(grouped[0], 1 / 12 / _each(grouped[1])) or _untold(shares))
    own = share(found, votes)
    if found.listeners == 1 and not method.test.two_sided:
        # Who hears nothing guesses each time, whatever the clip: the exact test of all trials.
        found = replace(found, speaks=Speaks.TRIALS)
        own = Share(float((shares * number)[number > 0].sum() / votes), float(votes), found)
    low, high = own.interval()
    p = own.p_value() if method.test.two_sided else own.p_greater()
    told = found.error is not None or found.speaks is Speaks.TRIALS
    of_listeners, of_clips = _means(shares, 1), _means(shares, 0)
    mean = student_mean([float(one) for one in of_listeners if np.isfinite(one)])
    return Contrast(
        system[0],
        system[1],
        system[2],
        ALL,
        Unit.SHARE,
        own.share,
        low if told else None,
        high if told else None,
        p if told else None,
        found,
        _direction(of_listeners, 0.5),
        _direction(of_clips, 0.5),
        votes,
        these_clips=mean,
        these_clips_p=student_p(mean, 0.5, two_sided=method.test.two_sided),
        share=own if told else None,
        drawn=_drawn(grouped[0]) if of.resample else None,
    )


# --- small things -------------------------------------------------------------------------------------------


def _drawn(table: Table) -> tuple[float, float] | None:
    """Return the crossed bootstrap's interval; None with one listener or clip, or where all are alike."""
    there = np.isfinite(table)
    table = table[there.any(1)][:, there.any(0)]
    if not table.size or min(table.shape) < 2:
        return None
    low, high = percentile_interval(crossed_bootstrap(table))
    return (low, high) if low < high else None


def _each(number: Table) -> float:
    """Return how many votes a cell has that has any, on average."""
    some = number[number > 0]
    return float(some.mean()) if some.size else 1.0


def _mean(table: Table) -> float:
    return float(np.nanmean(table)) if np.isfinite(table).any() else 0.0


def _means(table: Table, axis: int) -> Table:
    there = np.isfinite(table)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Table = np.where(there, table, 0.0).sum(axis) / there.sum(axis)
    return means


def _untold(values: Table) -> Crossed:
    there = np.isfinite(values)
    mean = float(values[there].mean()) if there.any() else 0.0
    return Crossed(mean, None, 0.0, 0, 0, int(there.sum()), Speaks.NOTHING, Model.NONE)


def _direction(means: Table, neutral: float) -> Direction:
    means = means[np.isfinite(means)]
    apart = means - neutral
    return Direction(int((apart > 1e-9).sum()), int((apart < -1e-9).sum()), len(means))
