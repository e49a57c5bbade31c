"""Scores as tables: one line per clip, condition and metric; means with intervals honest about few clips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from gaplisten.batch.score import ScoreRow
from gaplisten.statistics import student_mean, within
from gaplisten.tables import Cell, Table

ALL = "all"
TIDY_COLUMNS = (
    "clip",
    "condition",
    "stratum",
    "metric",
    "value",
    "unit",
    "reason",
    "marks",
    "file",
    "sha256",
    "reference",
    "reference_sha256",
    "source",
    "role",
    "role_because",
    "max",
    "p95",
    "share",
)
BESIDE = TIDY_COLUMNS[-3:]
"""Beside a median over gaps: the most conspicuous value, the 95th percentile, per cent flagged."""
COLUMNS = (
    "metric",
    "condition",
    "stratum",
    "clips",
    "mean",
    "ci_low",
    "ci_high",
    "sd",
    "median",
    "worst",
    "no_value",
    "doubtful",
)


def tidy(rows: Iterable[ScoreRow]) -> Table:
    """Return everything about each score, for a CSV file."""
    return Table(TIDY_COLUMNS, tuple(_cells(row) for row in rows))


def brief(rows: Iterable[ScoreRow]) -> Table:
    """Return what a terminal has room for."""
    listed = list(rows)
    more = BESIDE if any(row.score.beside for row in listed) else ()
    columns = ("clip", "condition", "stratum", "metric", "value", *more, "remarks")
    return Table(columns, tuple(_brief_cells(row, bool(more)) for row in listed))


def _cells(row: ScoreRow) -> tuple[Cell, ...]:
    task, version, metric = row.task, row.task.version, row.task.metric
    reference = version.clip.reference if metric.needs_reference else None
    return (
        version.clip.name,
        version.condition,
        version.stratum,
        metric.name,
        row.score.value,
        metric.unit,
        row.score.reason,
        "; ".join(row.score.marks),
        str(version.path),
        task.sha256,
        "" if reference is None else str(reference),
        task.reference_sha256,
        metric.source,
        version.role,
        version.why,
        *_beside(row),
    )


def _beside(row: ScoreRow) -> tuple[float | None, ...]:
    known = dict(row.score.beside)
    return tuple(known.get(name) for name in BESIDE)


def _brief_cells(row: ScoreRow, more: bool) -> tuple[Cell, ...]:
    version = row.task.version
    remarks = row.score.reason or "; ".join(row.score.marks)
    value = row.score.value
    return (
        version.clip.name,
        version.condition,
        version.stratum,
        row.task.metric.name,
        None if value is None else f"{value:.4f}",
        *(_beside(row) if more else ()),
        remarks,
    )


def summarise_scores(rows: Iterable[ScoreRow]) -> Table:
    """Return one line per metric, condition and stratum (and all strata together), in order of appearance."""
    groups: dict[tuple[str, str, str], list[ScoreRow]] = {}
    for row in rows:
        version = row.task.version
        strata = (ALL, version.stratum) if version.stratum else (ALL,)
        for stratum in strata:
            groups.setdefault((row.task.metric.name, version.condition, stratum), []).append(row)
    order = {key: index for index, key in enumerate(dict.fromkeys(key[:2] for key in groups))}
    names = sorted(groups, key=lambda key: (order[key[:2]], key[2] != ALL))
    return Table(COLUMNS, tuple((*key, *_figures(groups[key])) for key in names))


def _figures(rows: Sequence[ScoreRow]) -> tuple[float | int | None, ...]:
    values = [row.score.value for row in rows if row.score.value is not None]
    without = len(rows) - len(values)
    doubtful = sum(row.is_doubtful for row in rows)
    if not values:
        return (0, None, None, None, None, None, None, without, doubtful)
    interval = within(student_mean(values), rows[0].task.metric.range)
    worst = min(values) if rows[0].task.metric.direction == "higher" else max(values)
    spread = (interval.mean, interval.low, interval.high, interval.sd, float(np.median(values)), worst)
    return (len(values), *spread, without, doubtful)
