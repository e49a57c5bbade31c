"""What listeners heard of the versions that were scored: read, averaged, and paired with the scores."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev

from gaplisten.batch.compare import ComparisonError, Point, number, read_rows
from gaplisten.panel.ratings import Rating
from gaplisten.panel.results.votes import TEST
from gaplisten.tables import plain

_CMOS = "cmos"
CMOS_RANGE = (-3, 3)
_RATING_COLUMNS = ("rating", "mean", "mos", "score", "value", _CMOS)
_COUNTS, _SPREADS = ("n", "votes"), ("std", "sd")


@dataclass(frozen=True)
class Heard:
    """What listeners thought of one version of one clip, on average.

    Parameters
    ----------
    votes
        How many there were; 1 where a table has one line of it and does not tell.
    sd
        Their standard deviation (n - 1); None where it is not known.
    cmos
        Whether it is how much better than the reference, from -3 to 3, and no rating by itself.
    """

    clip: str
    condition: str
    rating: float
    votes: int = 1
    sd: float | None = None
    cmos: bool = False

    @property
    def half(self) -> float | None:
        """Half the rating's 95 % interval over its votes, Student's t; None where it is not known."""
        return _half(self.votes, self.sd)


def _half(votes: int, sd: float | None) -> float | None:
    if sd is None or votes < 2:
        return None
    from scipy.special import stdtrit

    return float(stdtrit(votes - 1, 0.975)) * sd / math.sqrt(votes)


@dataclass(frozen=True)
class Pair:
    """A predicted and a heard value; `clip` is empty for the mean of a condition.

    Parameters
    ----------
    file
        The version that was scored; "" for the mean of a condition, and where a table does not tell.
    votes, sd
        As `Heard` has them.
    """

    clip: str
    condition: str
    predicted: float
    heard: float
    file: str = ""
    votes: int = 1
    sd: float | None = None

    @property
    def half(self) -> float | None:
        """Half the heard value's 95 % interval over its votes; None where it is not known."""
        return _half(self.votes, self.sd)


def match(points: Iterable[Point], heard: Iterable[Heard]) -> tuple[Pair, ...]:
    """Pair predictions with ratings of the same clip and condition; what only one side has is left out."""
    rated = {(one.clip, one.condition): one for one in heard}
    found = ((point, rated.get((point.clip, point.condition))) for point in points)
    return tuple(
        Pair(point.clip, point.condition, point.value, one.rating, point.file, one.votes, one.sd)
        for point, one in found
        if one is not None
    )


def by_condition(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Average over clips: one pair for each condition, in order of appearance."""
    names = dict.fromkeys(pair.condition for pair in pairs)
    return tuple(_together(name, [pair for pair in pairs if pair.condition == name]) for name in names)


def _together(condition: str, pairs: Sequence[Pair]) -> Pair:
    predicted, heard = fmean(pair.predicted for pair in pairs), fmean(pair.heard for pair in pairs)
    if any(pair.sd is None and pair.votes != 1 for pair in pairs):
        return Pair("", condition, predicted, heard)
    # All votes of a condition, as P.1401 has it: those on one clip, and how clips differ.
    votes = sum(pair.votes for pair in pairs)
    middle = sum(pair.votes * pair.heard for pair in pairs) / votes
    within = sum((pair.votes - 1) * pair.sd**2 for pair in pairs if pair.sd is not None)
    among = sum(pair.votes * (pair.heard - middle) ** 2 for pair in pairs)
    sd = math.sqrt((within + among) / (votes - 1)) if votes > 1 else None
    return Pair("", condition, predicted, heard, votes=votes, sd=sd)


def read_heard(path: Path) -> tuple[Heard, ...]:
    """Return mean ratings from a CSV table with ``clip``, ``condition`` and a column of ratings.

    One line for each vote or for each mean; votes are averaged. A column ``cmos`` holds comparisons with the
    reference, -3 to 3. Means may bring how many votes they are of
    and how these spread: ``n`` (or ``votes``) and ``std`` (or ``sd``). Where there is a column ``kind``, only
    votes of kind ``test`` count: the others check the listener.

    Raises
    ------
    ComparisonError
        If the table cannot be used.
    """
    lines = read_rows(path, ("clip", "condition"))
    name = next((name for name in _RATING_COLUMNS if name in lines[0]), None)
    if name is None:
        fact = "has no column of ratings"
        raise ComparisonError(str(path), fact, f"name one of its columns {' or '.join(_RATING_COLUMNS)}")
    count, spread = (
        next((each for each in names if each in lines[0]), None) for names in (_COUNTS, _SPREADS)
    )
    votes: dict[tuple[str, str], list[float]] = {}
    told: dict[tuple[str, str], tuple[int, float]] = {}
    for line in lines:
        if line[name] and line.get("kind", TEST) == TEST:
            key = (plain(line["clip"]), plain(line["condition"]))
            votes.setdefault(key, []).append(number(path, line[name]))
            if count and spread and line[count] and line[spread]:
                told[key] = _told(path, line[count], line[spread])
    low, high = CMOS_RANGE
    if name == _CMOS and any(not low <= value <= high for values in votes.values() for value in values):
        raise ComparisonError(str(path), "has a cmos beyond -3 to 3", "give comparisons with the reference")
    found = (_heard(key, values, told.get(key)) for key, values in votes.items())
    return tuple(replace(one, cmos=name == _CMOS) for one in found)


def _told(path: Path, count: str, spread: str) -> tuple[int, float]:
    votes, sd = round(number(path, count)), number(path, spread)
    if votes < 1 or sd < 0:
        fact = f"it has a mean of so many votes, {count}, with a standard deviation of {spread}"
        raise ComparisonError(
            str(path), fact, "give at least one vote and no negative spread, or leave both empty"
        )
    return votes, sd


def _heard(key: tuple[str, str], values: Sequence[float], told: tuple[int, float] | None = None) -> Heard:
    if told is not None and len(values) == 1:
        return Heard(*key, values[0], *told)
    return Heard(*key, fmean(values), len(values), stdev(values) if len(values) > 1 else None)


def heard_of_votes(votes: Iterable[Rating], *, cmos: bool = False) -> tuple[Heard, ...]:
    """Return the mean of a panel's test votes for each clip and condition, in order of appearance.

    Parameters
    ----------
    cmos
        Whether they are comparisons with the reference, from -3 to 3.
    """
    scores: dict[tuple[str, str], list[float]] = {}
    for vote in votes:
        if vote.kind == TEST:
            scores.setdefault((vote.clip, vote.condition), []).append(vote.score)
    return tuple(replace(_heard(key, values), cmos=cmos) for key, values in scores.items())
