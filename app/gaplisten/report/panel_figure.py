"""What a panel found, for papers: means, comparisons, burst lengths and votes, each a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from gaplisten.errors import GaplistenError
from gaplisten.languages import are, counted, decimal_mark
from gaplisten.loss.strata import Stratum
from gaplisten.panel.results.evaluation import ConditionResult, Results
from gaplisten.panel.results.pairs import ALL, PairResult
from gaplisten.panel.results.report import parted_by, strata_of
from gaplisten.panel.results.wording import worded
from gaplisten.panel.statistics.contrast import Contrast, Unit
from gaplisten.panel.statistics.crossed import Crossed, Speaks, spoken
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
from gaplisten.report.panel_votes import vote_plots

_ROW_MM = 8.0
# Shares of a row: dots of listeners stand above the mean, those of clips below it; how high they are stacked,
# and what one takes.
_APART, _STACK, _DOT = 0.19, 0.24, 0.07
_PLACES = 80  # on an axis: dots that share one would cover each other
_LISTENERS, _CLIPS = Look("#0072b2", (), "circle"), Look("#b07a00", (), "ring")
_MEAN = Look(INK, (), "square")
_TWO_COLUMNS_MM = 150.0  # from this width on means and comparisons stand side by side
Row = tuple[Plot, ...]


class NothingToDraw(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Results without a number."""


def results_figure(results: Results, width_mm: float = COLUMN_MM, part: str = "summary") -> Figure:
    """Return a figure of a panel's results.

    Parameters
    ----------
    width_mm
        88 for one column of a two-column paper, 181 for both.
    part
        One of `PARTS`: "summary" (means with every listener and clip, and comparisons), "strata" (the same by
        longest burst) or "votes" (how they are spread).

    Raises
    ------
    NothingToDraw
        If there is nothing of that kind.
    """
    made = _figure(results, width_mm, part)
    if made is None:
        if part == "strata" and (results.conditions or results.pairs):
            fact = "nobody said how long the bursts of these clips are"
            raise NothingToDraw("the figure", fact, "choose another one")
        raise NothingToDraw("the figure", "no votes count", "wait for listeners, or keep one with --keep")
    return made


def figures_of(results: Results, width_mm: float) -> dict[str, Figure]:
    """Return every figure that there is something for, by its part; none where no votes count."""
    made = ((part, _figure(results, width_mm, part)) for part in PARTS)
    return {part: figure for part, figure in made if figure is not None}


def _figure(results: Results, width_mm: float, part: str) -> Figure | None:
    rows = _PARTS[part](results, width_mm)
    if not rows:
        return None
    caption = _caption(results, intervals=part != "votes")
    rows = tuple(tuple(_in_language(plot, results.language) for plot in row) for row in rows)
    return Figure(rows, results.title, caption, width_mm)


def _in_language(plot: Plot, language: str) -> Plot:
    """Return a plot with its title, its labels and its numbers in a language; names stay."""

    def axis(one: Axis) -> Axis:
        return replace(one, label=worded(one.label, language), decimal=decimal_mark(language))

    marks = [
        replace(mark, label=worded(mark.label, language)) if isinstance(mark, Points | Boxes) else mark
        for mark in plot.marks
    ]
    title = worded(plot.title, language)
    return replace(plot, x=axis(plot.x), y=axis(plot.y), marks=tuple(marks), title=title)


def _summary(results: Results, width_mm: float) -> tuple[Row, ...]:
    return _beside(results, results.conditions, results.contrasts, results.pairs, width_mm)


def _strata(results: Results, width_mm: float) -> tuple[Row, ...]:
    rows: list[Row] = []
    parted = parted_by(strata_of(results))
    for stratum in strata_of(results):
        conditions = [one for one in results.strata if one.stratum == stratum]
        contrasts = [one for one in results.contrast_strata if one.stratum == stratum]
        pairs = [one for one in results.pair_strata if one.stratum == stratum]
        said = str(stratum).replace("<=", "≤")
        said = f"{said}: " if stratum == Stratum.NONE else f"{parted} {said}: "
        rows += _beside(results, conditions, contrasts, pairs, width_mm, said)
    return tuple(rows)


def _votes(results: Results, width_mm: float) -> tuple[Row, ...]:
    return tuple((plot,) for plot in vote_plots(results))


_PARTS: Mapping[str, Callable[[Results, float], tuple[Row, ...]]] = {
    "summary": _summary,
    "strata": _strata,
    "votes": _votes,
}
PARTS = tuple(_PARTS)


def _beside(
    results: Results,
    conditions: Sequence[ConditionResult],
    contrasts: Sequence[Contrast],
    pairs: Sequence[PairResult],
    width_mm: float,
    said: str = "",
) -> tuple[Row, ...]:
    """Return means and comparisons, side by side where there is room."""
    plots = []
    if conditions:
        plots.append(_means(results, conditions, said))
    if contrasts:
        plots.append(_contrasts(results, contrasts, pairs, said))
    if not plots:
        return ()
    return (tuple(plots),) if width_mm >= _TWO_COLUMNS_MM else tuple((plot,) for plot in plots)


def _means(results: Results, conditions: Sequence[ConditionResult], said: str) -> Plot:
    low, high = results.method.range
    marks: list[Mark] = []
    for at, one in enumerate(conditions):
        marks += _dots(at, list(one.by_listener.values()), list(one.by_clip.values()), high - low)
        if results.method.medians:
            spread = one.spread
            edges = ([spread.q1], [spread.q3], [at - 0.12], [at + 0.12])
            marks.append(Boxes(*edges, edge=FAINT, label="" if at else "quartiles of the votes"))
    ends = [one.interval for one in conditions]
    marks += _intervals(range(len(conditions)), ends)
    places = [float(at) for at in range(len(conditions))]
    marks.append(Points([one.adjusted for one in conditions], places, _MEAN, 4.0, "mean, 95 %"))
    names = [_named(results, one.condition, one.scale) for one in conditions]
    overs = [one.over for one in conditions if one.over is not None]
    return Plot(
        Axis(low, high, results.score_name),
        Axis.of_names(names),
        tuple(marks),
        f"{said}{_told(overs)}",
        height_mm=_ROW_MM * len(names),
        grid=(True, False),
    )


def _named(results: Results, name: str, scale: str) -> str:
    return f"{name}, {worded(scale, results.language)}" if scale else name


def _dots(at: int, listeners: Sequence[float], clips: Sequence[float], length: float) -> list[Mark]:
    """Return a row's dots: listeners above, clips below; the first row's name them."""
    above = [at - _APART - aside for aside in _stacked(listeners, length)]
    below = [at + _APART + aside for aside in _stacked(clips, length)]
    return [
        Points(listeners, above, _LISTENERS, 2.0, "" if at else "listeners"),
        Points(clips, below, _CLIPS, 2.0, "" if at else "clips"),
    ]


def _stacked(values: Sequence[float], length: float) -> list[float]:
    """Return how far each dot stands aside, so that none hides another: those of one place are stacked."""
    seen: dict[int, int] = {}
    places = []
    for value in values:
        place = round(value / length * _PLACES)
        places.append(seen.get(place, 0))
        seen[place] = places[-1] + 1
    step = min(_STACK / max(max(seen.values(), default=1) - 1, 1), _DOT)
    return [step * place for place in places]


def _contrasts(
    results: Results, contrasts: Sequence[Contrast], pairs: Sequence[PairResult], said: str
) -> Plot:
    shares = contrasts[0].unit is Unit.SHARE
    ends = [
        (one.low, one.high) if one.low is not None and one.high is not None else None for one in contrasts
    ]
    marks: list[Mark] = [Rule(contrasts[0].neutral)]
    of_pair = {(one.first, one.second): one for one in pairs}
    for at, each in enumerate(contrasts):
        if (pair := of_pair.get((each.condition, each.against))) is not None:
            own = [one.share for one in pair.by_listener.values()]
            marks += _dots(at, own, list(pair.by_clip.values()), 1.0)
    marks += _intervals(range(len(contrasts)), ends)
    means = [one.mean for one in contrasts]
    marks.append(Points(means, [float(at) for at in range(len(contrasts))], _MEAN, 4.0, "mean, 95 %"))
    success = results.method.test.counted if results.method.test else ""
    label = f"share {success}" if shares else f"difference of {results.score_name}"
    between = " / " if shares else " − "
    names = [_named(results, f"{one.condition}{between}{one.against}", one.scale) for one in contrasts]
    axis = Axis(0, 1, label) if shares else Axis.around(_reach(results, contrasts), label)
    return Plot(
        axis,
        Axis.of_names(names),
        tuple(marks),
        f"{said}{_told([one.over for one in contrasts])}",
        height_mm=_ROW_MM * len(names),
        grid=(True, False),
    )


def _reach(results: Results, contrasts: Sequence[Contrast]) -> list[float]:
    """Return all values that an axis must hold: those of all strata, so that they can be compared."""
    of_strata = contrasts[0].stratum != ALL
    family = results.contrast_strata if of_strata else contrasts
    ends = [end for one in family for end in (one.mean, one.low, one.high) if end is not None]
    return [contrasts[0].neutral, *ends]


def _intervals(places: Sequence[int], ends: Sequence[tuple[float, float] | None]) -> list[Mark]:
    drawn = [(float(at), pair) for at, pair in zip(places, ends, strict=True) if pair is not None]
    if not drawn:
        return []
    low, high = [pair[0] for _, pair in drawn], [pair[1] for _, pair in drawn]
    return [Whiskers([at for at, _ in drawn], low, high, _MEAN, horizontal=True)]


def _told(overs: Sequence[Crossed]) -> str:
    """Say how many there were, and what the intervals are: the title of a plot."""
    listeners = max((one.listeners for one in overs), default=0)
    clips = max((one.clips for one in overs), default=0)
    talkers = any(one.speaks in (Speaks.TALKERS, Speaks.TALKERS_ALONE) for one in overs)
    number = f"n = {counted(listeners, 'listener')}, {counted(clips, 'talker' if talkers else 'clip')}"
    said = spoken(overs)
    return f"{number}; 95 % over {said}" if said else f"{number}; no interval can be told"


def _caption(results: Results, *, intervals: bool) -> str:
    """Say with which method, and what is corrected and left out."""
    said = [f"{worded(results.method.title, results.language)}."]
    if intervals and results.contrasts and results.contrasts[0].comparisons > 1:
        said.append("Intervals of comparisons are not corrected for their number; p values are.")
    if results.excluded:
        out = len(results.excluded)
        said.append(f"{out} of {len(results.listeners)} listeners {are(out)} left out.")
    return " ".join([worded(one, results.language) for one in said])
