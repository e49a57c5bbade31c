"""Scores as tables: one line per clip, condition and metric; means with intervals honest about few clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from gaplisten.batch.score import ScoreRow
from gaplisten.metrics.word_accuracy import COUNTS, HOW, RECOGNISED, TRANSCRIPT, TRUTH
from gaplisten.statistics import Mean, mean_of, within
from gaplisten.tables import Cell, Table

ALL = "all"
TEXTS = (TRANSCRIPT, RECOGNISED, HOW, TRUTH)
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
    *COUNTS,
    *TEXTS,
)
BESIDE = ("max", "p95", "share")
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
OF_WORDS = ("wer", *COUNTS, HOW, TRUTH)
"""Where words are counted: errors of all clips by all their words, the counts, and what heard them."""


def tidy(
    rows: Iterable[ScoreRow],
    more: Sequence[str] = (),
    said: Mapping[Path, Mapping[str, str]] = MappingProxyType({}),
) -> Table:
    """Return everything about each score, for a CSV file.

    Parameters
    ----------
    more, said
        Columns of a table of clips, and what it says of the clip of each version's file. They stand at the
        end, after ``clip:``, so that none can be taken for one of ours.
    """
    own = ((row, said.get(row.task.version.path, {})) for row in rows)
    cells = ((*_cells(row), *(known.get(name, "") for name in more)) for row, known in own)
    return Table((*TIDY_COLUMNS, *(f"clip:{name}" for name in more)), tuple(cells))


def brief(rows: Iterable[ScoreRow]) -> Table:
    """Return what a terminal has room for."""
    listed = list(rows)
    there = {name for row in listed for name, _ in row.score.beside}
    more = tuple(name for group in (BESIDE, COUNTS) if there & {*group} for name in group)
    columns = ("clip", "condition", "stratum", "metric", "value", *more, "remarks")
    return Table(columns, tuple(_brief_cells(row, more) for row in listed))


def _cells(row: ScoreRow) -> tuple[Cell, ...]:
    task, version, metric = row.task, row.task.version, row.task.metric
    reference = version.clip.reference if task.reference_sha256 else None
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
        *_beside(row, (*BESIDE, *COUNTS)),
        *(dict(row.score.texts).get(name, "") for name in TEXTS),
    )


def _beside(row: ScoreRow, names: Sequence[str]) -> tuple[float | None, ...]:
    known = dict(row.score.beside)
    return tuple(known.get(name) for name in names)


def _brief_cells(row: ScoreRow, more: Sequence[str]) -> tuple[Cell, ...]:
    version = row.task.version
    remarks = row.score.reason or "; ".join(row.score.marks)
    value = row.score.value
    return (
        version.clip.name,
        version.condition,
        version.stratum,
        row.task.metric.name,
        None if value is None else f"{value:.4f}",
        *_beside(row, more),
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
    more = OF_WORDS if any(each[0].task.metric.weight for each in groups.values()) else ()
    lines = [(*key, *_figures(groups[key]), *(_word_figures(groups[key]) if more else ())) for key in names]
    return Table((*COLUMNS, *more), tuple(lines))


def _mean_of(rows: Sequence[ScoreRow], values: Sequence[float]) -> Mean:
    """Return the mean of clips' scores: by Student's t, or of all words together where clips have words."""
    weight = rows[0].task.metric.weight
    return mean_of(values, [dict(row.score.beside)[weight] if weight else None for row in rows])


def _figures(rows: Sequence[ScoreRow]) -> tuple[float | int | None, ...]:
    scored = [row for row in rows if row.score.value is not None]
    values = [row.score.value for row in scored if row.score.value is not None]
    without = len(rows) - len(values)
    doubtful = sum(row.is_doubtful for row in rows)
    if not values:
        return (0, None, None, None, None, None, None, without, doubtful)
    interval = within(_mean_of(scored, values), rows[0].task.metric.range)
    worst = min(values) if rows[0].task.metric.direction == "higher" else max(values)
    spread = (interval.mean, interval.low, interval.high, interval.sd, float(np.median(values)), worst)
    return (len(values), *spread, without, doubtful)


def _word_figures(rows: Sequence[ScoreRow]) -> tuple[Cell, ...]:
    """Return errors of all words, their counts, and what heard them against what."""
    known = [dict(row.score.beside) for row in rows if row.score.value is not None]
    if not rows[0].task.metric.weight or not known:
        return (None,) * len(OF_WORDS)
    counts = [int(sum(each[name] for each in known)) for name in COUNTS]
    *errors, words = counts
    texts = [dict(row.score.texts) for row in rows if row.score.value is not None]
    how, truth = ("; ".join(dict.fromkeys(each[name] for each in texts)) for name in (HOW, TRUTH))
    return (sum(errors) / words, *counts, how, truth)
