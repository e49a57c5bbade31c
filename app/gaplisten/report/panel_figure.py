"""What a panel found, for papers: means with every listener and clip, and comparisons with intervals."""

from __future__ import annotations

from collections.abc import Sequence

from gaplisten.errors import GaplistenError
from gaplisten.panel.results.evaluation import ConditionResult, Results
from gaplisten.panel.statistics.contrast import Contrast, Unit
from gaplisten.report.figure import (
    COLUMN_MM,
    FAINT,
    INK,
    Axis,
    Boxes,
    Figure,
    Look,
    Mark,
    Plot,
    Points,
    Rule,
    Whiskers,
)

_ROW_MM = 8.0
_APART = 0.22  # of a row: dots of listeners above the mean, of clips below it
_LISTENERS, _CLIPS = Look("#0072b2", (), "circle"), Look("#b07a00", (), "ring")
_MEAN = Look(INK, (), "square")


class NothingToDraw(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Results without a number."""


def results_figure(results: Results, width_mm: float = COLUMN_MM) -> Figure:
    """Return the figure of a panel's results.

    Parameters
    ----------
    width_mm
        88 for one column of a two-column paper, 181 for both.

    Raises
    ------
    NothingToDraw
        If no votes count.
    """
    rows = []
    if results.conditions:
        rows.append((_means(results, results.conditions),))
    if results.contrasts:
        rows.append((_contrasts(results, results.contrasts),))
    if not rows:
        raise NothingToDraw("the figure", "no votes count", "wait for listeners, or keep one with --keep")
    return Figure(tuple(rows), results.title, _caption(results), width_mm)


def _means(results: Results, conditions: Sequence[ConditionResult]) -> Plot:
    low, high = results.method.range
    marks: list[Mark] = []
    for at, one in enumerate(conditions):
        own = list(one.by_listener.values())
        marks.append(Points(own, [at - _APART] * len(own), _LISTENERS, 2.4, "" if at else "listeners"))
        clips = list(one.by_clip.values())
        marks.append(Points(clips, [at + _APART] * len(clips), _CLIPS, 2.4, "" if at else "clips"))
        if results.method.medians:
            spread = one.spread
            edges = ([spread.q1], [spread.q3], [at - 0.12], [at + 0.12])
            marks.append(Boxes(*edges, edge=FAINT, label="" if at else "quartiles of the votes"))
    ends = [one.interval for one in conditions]
    marks += _intervals(range(len(conditions)), ends)
    places = [float(at) for at in range(len(conditions))]
    marks.append(Points([one.mean.mean for one in conditions], places, _MEAN, 4.0, "mean, 95 %"))
    names = [f"{one.condition}, {one.scale}" if one.scale else one.condition for one in conditions]
    axis = Axis(low, high, results.score_name)
    return Plot(axis, Axis.of_names(names), tuple(marks), height_mm=_ROW_MM * len(names), grid=(True, False))


def _contrasts(results: Results, contrasts: Sequence[Contrast]) -> Plot:
    shares = contrasts[0].unit is Unit.SHARE
    ends = [
        (one.low, one.high) if one.low is not None and one.high is not None else None for one in contrasts
    ]
    marks: list[Mark] = [Rule(contrasts[0].neutral), *_intervals(range(len(contrasts)), ends)]
    means = [one.mean for one in contrasts]
    marks.append(Points(means, [float(at) for at in range(len(contrasts))], _MEAN, 4.0))
    counted = results.method.test.counted if results.method.test else ""
    label = f"share {counted}" if shares else f"difference of {results.score_name}"
    between = " / " if shares else " − "
    names = [
        f"{one.condition}{between}{one.against}" + (f", {one.scale}" if one.scale else "")
        for one in contrasts
    ]
    known = [*means, contrasts[0].neutral, *(value for pair in ends if pair for value in pair)]
    axis = Axis(0, 1, label) if shares else Axis.around(known, label)
    return Plot(axis, Axis.of_names(names), tuple(marks), height_mm=_ROW_MM * len(names), grid=(True, False))


def _intervals(places: Sequence[int], ends: Sequence[tuple[float, float] | None]) -> list[Mark]:
    drawn = [(float(at), pair) for at, pair in zip(places, ends, strict=True) if pair is not None]
    if not drawn:
        return []
    low, high = [pair[0] for _, pair in drawn], [pair[1] for _, pair in drawn]
    return [Whiskers([at for at, _ in drawn], low, high, _MEAN, horizontal=True)]


def _caption(results: Results) -> str:
    """Say how many there were, and what the intervals are."""
    listeners = max((one.listeners for one in results.overs), default=0)
    clips = max((one.clips for one in results.overs), default=0)
    said = [f"{results.method.title}. {listeners} listeners, {clips} clips."]
    if results.spoken:
        said.append(f"Intervals: 95 %, over {results.spoken}.")
    if results.contrasts and results.contrasts[0].comparisons > 1:
        said.append("Those of comparisons are not corrected for their number; p values are.")
    if results.excluded:
        said.append(f"{len(results.excluded)} of {len(results.listeners)} listeners are left out.")
    return " ".join(said)
