"""What `gaplisten score` prints: scores, means, comparisons, agreement with listeners."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from gaplisten.batch.compare import (
    Point,
    distribution_table,
    distributions,
    paired_differences,
    paired_table,
    points_of,
    worst_first,
)
from gaplisten.batch.heard import Heard, agreement_table, agreements
from gaplisten.batch.score import ScoreBatch
from gaplisten.batch.summary import summarise_scores
from gaplisten.batch.table import brief, tidy
from gaplisten.commands import output
from gaplisten.metrics.contract import Metric
from gaplisten.tables import Cell, Table

SERVICE = "plcmos_service"
_WORST = 10


def metrics_table() -> Table:
    """Return the metrics that there are; foreign ones by name only, for their code is not loaded here."""
    from gaplisten.exchange.plcmos_service import METRIC
    from gaplisten.metrics.catalogue import built_in, third_party

    rows = [_described(metric) for metric in (*(found.metric for found in built_in().values()), METRIC)]
    foreign: list[tuple[Cell, ...]] = [
        (name, "", "", "", "", "", "", f"entry point {entry.value}") for name, entry in third_party().items()
    ]
    columns = ("metric", "title", "needs", "rates (Hz)", "range", "unit", "better", "source")
    return Table(columns, (*rows, *foreign))


def _described(metric: Metric) -> tuple[Cell, ...]:
    from gaplisten.metrics.material import missing_packages

    needs = ["reference"] * metric.needs_reference + ["loss trace"] * metric.needs_trace
    missing = [f"missing: {name}" for name in missing_packages(metric)]
    rates = ", ".join(f"{rate}" for rate in metric.rates) or "any"
    ends = ["-" if math.isinf(end) else f"{end:g}" for end in metric.range]
    head = (metric.name, metric.title, "; ".join(needs + missing), rates)
    return (*head, " .. ".join(ends), metric.unit, metric.direction, metric.source)


def show_scores(batch: ScoreBatch, csv: Path | None, summary: Path | None) -> None:
    """Print all scores and their means, or write them where the user said."""
    output.show(tidy(batch.rows) if csv else brief(batch.rows), csv)
    if summary or len({row.task.version.path for row in batch.rows}) > 1:
        output.show(summarise_scores(batch.rows), summary, title="Means with 95 % intervals (Student's t)")
    if batch.reused:
        print(f"{batch.reused} of {len(batch.rows)} scores were known already (--force computes them again)")


def _metrics(batch: ScoreBatch) -> list[Metric]:
    return list({row.task.metric.name: row.task.metric for row in batch.rows}.values())


def show_comparison(batch: ScoreBatch) -> None:
    """Print for each metric how conditions are spread, how they differ by clip, and the worst clips."""
    for metric in _metrics(batch):
        points = points_of(batch.rows, metric.name)
        if not points:
            continue
        name = metric.title
        output.show(distribution_table(distributions(points)), title=f"{name}: distributions")
        pairs = paired_differences(points)
        if pairs:
            output.show(paired_table(pairs), title=f"{name}: paired differences, first minus second")
        worst = worst_first(points, higher_is_better=metric.direction == "higher")[:_WORST]
        output.show(_worst_table(worst), title=f"{name}: worst first")


def _worst_table(points: Sequence[Point]) -> Table:
    rows = tuple((p.clip, p.condition, p.stratum, p.value, p.file) for p in points)
    return Table(("clip", "condition", "stratum", "value", "file"), rows)


def show_agreement(batch: ScoreBatch, heard: Sequence[Heard]) -> None:
    """Print how well each metric agrees with ratings."""
    for metric in _metrics(batch):
        found = agreements(points_of(batch.rows, metric.name), heard)
        if found:
            output.show(agreement_table(metric.name, found), title=f"{metric.title}: predicted against heard")
        else:
            print(f"{metric.name}: no rating is of a clip and condition that was scored")
