"""Predicted against heard: how well a metric agrees with listeners, per clip and per condition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from gaplisten.batch.compare import ComparisonError, Point, number, plain, read_rows
from gaplisten.panel.methods.contract import Rating
from gaplisten.panel.results.votes import TEST
from gaplisten.statistics import pearson, spearman
from gaplisten.tables import Table

_RATING_COLUMNS = ("rating", "mean", "mos", "score", "value")


@dataclass(frozen=True)
class Heard:
    """What listeners thought of one version of one clip, on average."""

    clip: str
    condition: str
    rating: float


@dataclass(frozen=True)
class Pair:
    """A predicted and a heard value; `clip` is empty for the mean of a condition."""

    clip: str
    condition: str
    predicted: float
    heard: float


@dataclass(frozen=True)
class Agreement:
    """How well predictions follow ratings.

    Parameters
    ----------
    level
        ``clip`` or ``condition``.
    pairs
        Number of pairs.
    pearson, spearman
        Correlation of values and of ranks, -1..1; None where it is not defined (fewer than three pairs, or no
        spread).
    rmse
        Root mean square of predicted minus heard, in rating units as they are.
    rmse_mapped
        The same after the best straight line from predicted to heard, for metrics on other scales.
    """

    level: str
    pairs: int
    pearson: float | None
    spearman: float | None
    rmse: float
    rmse_mapped: float | None


def match(points: Iterable[Point], heard: Iterable[Heard]) -> tuple[Pair, ...]:
    """Pair predictions with ratings of the same clip and condition; what only one side has is left out."""
    rated = {(one.clip, one.condition): one.rating for one in heard}
    return tuple(
        Pair(point.clip, point.condition, point.value, rated[point.clip, point.condition])
        for point in points
        if (point.clip, point.condition) in rated
    )


def by_condition(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Average over clips: one pair for each condition, in order of appearance."""
    names = dict.fromkeys(pair.condition for pair in pairs)
    groups = [(name, [pair for pair in pairs if pair.condition == name]) for name in names]
    return tuple(
        Pair(
            "",
            name,
            float(np.mean([pair.predicted for pair in group])),
            float(np.mean([pair.heard for pair in group])),
        )
        for name, group in groups
    )


def agreement(pairs: Sequence[Pair], level: str) -> Agreement:
    """Return correlation and error of at least one pair."""
    predicted = np.array([pair.predicted for pair in pairs])
    heard = np.array([pair.heard for pair in pairs])
    rmse = float(np.sqrt(np.mean((predicted - heard) ** 2)))
    of_values, of_ranks = (
        pearson(predicted.tolist(), heard.tolist()),
        spearman(predicted.tolist(), heard.tolist()),
    )
    if of_values is None or of_ranks is None:
        return Agreement(level, len(pairs), None, None, rmse, None)
    slope, offset = np.polyfit(predicted, heard, 1)
    mapped = float(np.sqrt(np.mean((slope * predicted + offset - heard) ** 2)))
    return Agreement(level, len(pairs), of_values.r, of_ranks.r, rmse, mapped)


def agreements(points: Iterable[Point], heard: Iterable[Heard]) -> tuple[Agreement, ...]:
    """Return the agreement per clip and per condition; empty when nothing matches."""
    pairs = match(points, heard)
    if not pairs:
        return ()
    return agreement(pairs, "clip"), agreement(by_condition(pairs), "condition")


def read_heard(path: Path) -> tuple[Heard, ...]:
    """Return mean ratings from a CSV table with ``clip``, ``condition`` and a column of ratings.

    One line for each vote or for each mean; votes are averaged. Where there is a column ``kind``, only votes
    of kind ``test`` count: the others check the listener.

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
    votes: dict[tuple[str, str], list[float]] = {}
    for line in lines:
        if line[name] and line.get("kind", TEST) == TEST:
            votes.setdefault((plain(line["clip"]), plain(line["condition"])), []).append(
                number(path, line[name])
            )
    return tuple(Heard(*key, float(np.mean(values))) for key, values in votes.items())


def heard_of_votes(votes: Iterable[Rating]) -> tuple[Heard, ...]:
    """Return the mean of a panel's test votes for each clip and condition, in order of appearance."""
    scores: dict[tuple[str, str], list[float]] = {}
    for vote in votes:
        if vote.kind == TEST:
            scores.setdefault((vote.clip, vote.condition), []).append(vote.score)
    return tuple(Heard(*key, float(np.mean(values))) for key, values in scores.items())


def agreement_table(metric: str, found: Sequence[Agreement]) -> Table:
    """Return agreements as a table."""
    columns = ("metric", "per", "pairs", "pearson", "spearman", "rmse", "rmse_mapped")
    return Table(columns, tuple((metric, *astuple(one)) for one in found))
