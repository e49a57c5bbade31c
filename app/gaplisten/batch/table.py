"""Score rows as a tidy table: one line per clip, condition and metric."""

from __future__ import annotations

from collections.abc import Iterable

from gaplisten.batch.score import ScoreRow
from gaplisten.tables import Cell, Table

COLUMNS = (
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
)


def tidy(rows: Iterable[ScoreRow]) -> Table:
    """Return everything about each score, for a CSV file."""
    return Table(COLUMNS, tuple(_cells(row) for row in rows))


def brief(rows: Iterable[ScoreRow]) -> Table:
    """Return what a terminal has room for."""
    columns = ("clip", "condition", "stratum", "metric", "value", "remarks")
    return Table(columns, tuple(_brief_cells(row) for row in rows))


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
    )


def _brief_cells(row: ScoreRow) -> tuple[Cell, ...]:
    version = row.task.version
    remarks = row.score.reason or "; ".join(row.score.marks)
    value = row.score.value
    return (
        version.clip.name,
        version.condition,
        version.stratum,
        row.task.metric.name,
        None if value is None else f"{value:.4f}",
        remarks,
    )
