"""Conditions side by side: distributions, paired differences by clip, and what to listen to first."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from gaplisten.batch.score import ScoreRow
from gaplisten.errors import GaplistenError
from gaplisten.statistics import holm, mean_of, quartiles, sign_test, within
from gaplisten.tables import Table
from gaplisten.texts import records
from gaplisten.untrusted import read_regular

_MOST_BYTES = 200_000_000  # of a table


class ComparisonError(GaplistenError):
    """Results that cannot be compared."""


@dataclass(frozen=True)
class Point:
    """One score of one version of one clip.

    Parameters
    ----------
    weight
        Of how many words it is, where clips with more words count more; None where each clip counts the same.
    """

    clip: str
    condition: str
    value: float
    stratum: str = ""
    file: str = ""
    weight: float | None = None


@dataclass(frozen=True)
class Distribution:
    """How one condition's scores are spread; the interval's ends are None for a single clip."""

    condition: str
    clips: int
    mean: float
    ci_low: float | None
    ci_high: float | None
    lowest: float
    quartile_1: float
    median: float
    quartile_3: float
    highest: float


@dataclass(frozen=True)
class Paired:
    """Two conditions on the clips that both have: first minus second.

    Parameters
    ----------
    mean, ci_low, ci_high
        Mean difference with its 95 % interval (Student's t; of scores that count words, of all words together
        and by the bootstrap over clips); the ends are None for a single clip.
    higher, lower, equal
        On how many clips the first scores higher, lower or the same.
    p_sign
        Two-sided exact sign test (clips with equal scores left out); 1.0 when all are equal.
    p_holm
        The same, corrected for the number of pairs compared (Holm).
    """

    first: str
    second: str
    clips: int
    mean: float
    ci_low: float | None
    ci_high: float | None
    higher: int
    lower: int
    equal: int
    p_sign: float
    p_holm: float


def points_of(rows: Iterable[ScoreRow], metric: str) -> tuple[Point, ...]:
    """Return the values of one metric; rows without a value are left out."""
    return tuple(
        Point(
            row.task.version.clip.name,
            row.task.version.condition,
            row.score.value,
            row.task.version.stratum,
            str(row.task.version.path),
            dict(row.score.beside).get(row.task.metric.weight),
        )
        for row in rows
        if row.task.metric.name == metric and row.score.value is not None
    )


def read_rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Return the lines of a CSV file that has at least these columns.

    Raises
    ------
    ComparisonError
        If it cannot be read or a column is missing.
    """
    try:
        lines = records(read_regular(path, _MOST_BYTES))
    except (OSError, ValueError, csv.Error) as error:
        raise ComparisonError(str(path), f"cannot be read ({error})", "give a CSV table") from error
    missing = [name for name in needed if lines and name not in lines[0]]
    if missing or not lines:
        fact = f"has no column {missing[0]}" if missing else "has no rows"
        raise ComparisonError(str(path), fact, f"needed are {', '.join(needed)}")
    return lines


def number(path: Path, text: str) -> float:
    """Return a cell as a finite number.

    Raises
    ------
    ComparisonError
        If it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ComparisonError(str(path), f"{text!r} is not a number", "fix the table")
    return value


def _by_condition(points: Iterable[Point]) -> dict[str, dict[str, Point]]:
    found: dict[str, dict[str, Point]] = {}
    for point in points:
        found.setdefault(point.condition, {})[point.clip] = point
    return found


ANY_VALUE = (-math.inf, math.inf)


def distributions(points: Iterable[Point], ends: tuple[float, float] = ANY_VALUE) -> tuple[Distribution, ...]:
    """Return each condition's distribution, in order of appearance.

    Parameters
    ----------
    ends
        Smallest and largest possible value, which no interval leaves.
    """
    return tuple(
        _distribution(condition, tuple(clips.values()), ends)
        for condition, clips in _by_condition(points).items()
    )


def _distribution(condition: str, points: Sequence[Point], ends: tuple[float, float]) -> Distribution:
    values = [point.value for point in points]
    interval = within(mean_of(values, [point.weight for point in points]), ends)
    five = astuple(quartiles(values))
    return Distribution(condition, len(values), interval.mean, interval.low, interval.high, *five)


def paired_differences(points: Iterable[Point], baseline: str | None = None) -> tuple[Paired, ...]:
    """Compare every two conditions (or each with `baseline`) on the clips that both have.

    Raises
    ------
    ComparisonError
        If there is no condition of the baseline's name.
    """
    groups = _by_condition(points)
    if baseline is not None and baseline not in groups:
        known = ", ".join(groups) or "none"
        raise ComparisonError(f"condition {baseline}", "has no scores", f"there are {known}")
    pairs = [(name, baseline) for name in groups if baseline is not None and name != baseline] or list(
        itertools.combinations(groups, 2) if baseline is None else []
    )
    found = [
        _paired(first, second, groups[first], groups[second])
        for first, second in pairs
        if groups[first].keys() & groups[second].keys()
    ]
    corrected = holm([pair.p_sign for pair in found])
    return tuple(replace(pair, p_holm=p) for pair, p in zip(found, corrected, strict=True))


def _paired(first: str, second: str, one: dict[str, Point], other: dict[str, Point]) -> Paired:
    both = [clip for clip in one if clip in other]
    differences = [one[clip].value - other[clip].value for clip in both]
    higher, lower = (sum(sign * value > 0 for value in differences) for sign in (1, -1))
    interval = mean_of(differences, [one[clip].weight for clip in both])
    p = sign_test(higher, lower)
    counts = (higher, lower, len(both) - higher - lower)
    return Paired(first, second, len(both), interval.mean, interval.low, interval.high, *counts, p, p)


def worst_first(
    points: Iterable[Point], *, higher_is_better: bool = True, condition: str | None = None
) -> tuple[Point, ...]:
    """Return the points, the worst score first; of one condition if asked for."""
    chosen = [point for point in points if condition is None or point.condition == condition]
    return tuple(sorted(chosen, key=lambda point: point.value, reverse=not higher_is_better))


def distribution_table(found: Sequence[Distribution]) -> Table:
    """Return distributions as a table."""
    columns = ("condition", "clips", "mean", "ci_low", "ci_high", "min", "q1", "median", "q3", "max")
    return Table(columns, tuple(astuple(one) for one in found))


def paired_table(found: Sequence[Paired]) -> Table:
    """Return paired differences as a table."""
    columns = ("first", "second", "clips", "mean_difference", "ci_low", "ci_high")
    counts = ("higher", "lower", "equal", "p_sign", "p_holm")
    return Table((*columns, *counts), tuple(astuple(one) for one in found))
