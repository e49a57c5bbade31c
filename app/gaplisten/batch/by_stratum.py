"""Builds against a base, by what a table says of each clip: talkers, devices, any column of metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gaplisten.batch.flagged import worst_of_gaps
from gaplisten.batch.gate import Build, mean_of_clips
from gaplisten.metrics.contract import Metric
from gaplisten.tables import Cell, Table

_HEADS = ("stratum", "build", "clips", "gaps", "with_finding")


def by_stratum(
    base: Build, others: Sequence[Build], metrics: Sequence[Metric], strata: Mapping[str, str]
) -> Table:
    """Return one line for each stratum and build.

    Parameters
    ----------
    strata
        By clip; clips that it does not name are left out.

    Returns
    -------
    table
        Per cent of gaps with any finding; of each metric the mean, and the mean difference to the base on
        the clips that both have, with its 95 % interval over clips.
    """
    rows: list[tuple[Cell, ...]] = []
    for stratum in sorted(set(strata.values())):
        for build in (base, *others):
            clips = [clip for clip in build.gaps if strata.get(clip) == stratum]
            gaps = [times for clip in clips for times, _ in worst_of_gaps(build.gaps[clip])]
            share = 100 * sum(times >= 1.0 for times in gaps) / len(gaps) if gaps else None
            figures: list[Cell] = [len(clips), len(gaps), None if share is None else round(share, 1)]
            for metric in metrics:
                figures += _scores(metric.name, build, base, clips)
            rows.append((stratum, build.name, *figures))
    names = (f"{metric.name}{end}" for metric in metrics for end in ("", "_difference", "_low", "_high"))
    return Table((*_HEADS, *names), tuple(rows))


def _scores(metric: str, build: Build, base: Build, clips: Sequence[str]) -> tuple[Cell, ...]:
    own, theirs = build.scores.get(metric, {}), base.scores.get(metric, {})
    values = {clip: own[clip] for clip in clips if clip in own}
    if not values:
        return (None, None, None, None)
    weights = build.weights.get(metric, {})
    mean = round(mean_of_clips(values, weights).mean, 4)
    both = {clip: value - theirs[clip] for clip, value in values.items() if clip in theirs}
    if build is base or not both:
        return (mean, None, None, None)
    found = mean_of_clips(both, weights)
    return (mean, *(None if each is None else round(each, 4) for each in (found.mean, found.low, found.high)))
