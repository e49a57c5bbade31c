"""Scores to be compared, and the pages that show them: each a table, its picture, and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gaplisten.batch.agreement import Agreement as HowWell
from gaplisten.batch.agreement import (
    agreement_table,
    agreements,
    disagreement_table,
    disagreements,
)
from gaplisten.batch.compare import (
    ANY_VALUE,
    Distribution,
    Paired,
    Point,
    distribution_table,
    distributions,
    number,
    paired_differences,
    paired_table,
    points_of,
    read_rows,
    worst_first,
)
from gaplisten.batch.heard import (
    CMOS_RANGE,
    Heard,
    Pair,
    by_condition,
    heard_of_votes,
    match,
    read_heard,
)
from gaplisten.batch.items import REFERENCE, Version
from gaplisten.batch.score import ScoreRow
from gaplisten.errors import GaplistenError
from gaplisten.loss.strata import Stratum
from gaplisten.metrics.contract import Metric
from gaplisten.metrics.word_accuracy import WORDS
from gaplisten.tables import Table, plain


@dataclass(frozen=True)
class Scale:
    """What a metric's values mean.

    Parameters
    ----------
    higher_is_better
        Taken to be so where nothing is known of the metric.
    ends
        Smallest and largest possible value; infinite where there is no bound.
    """

    name: str
    title: str
    unit: str = ""
    higher_is_better: bool = True
    ends: tuple[float, float] = ANY_VALUE

    @property
    def label(self) -> str:
        """Title with the unit."""
        return f"{self.title} ({self.unit})" if self.unit and self.unit not in self.title else self.title


@dataclass(frozen=True)
class Comparison:
    """Scores of several conditions by one or more metrics.

    Parameters
    ----------
    title
        Where they come from.
    points
        By the metric's name.
    versions
        What was scored, where that is known and not only told by a table.
    """

    title: str
    scales: tuple[Scale, ...]
    points: Mapping[str, tuple[Point, ...]]
    versions: tuple[Version, ...] = ()

    def of(self, scale: Scale, *, reference: bool = True, stratum: str | None = None) -> tuple[Point, ...]:
        """Return one metric's values, perhaps without the reference's, perhaps of one burst stratum only."""
        return tuple(
            one
            for one in self.points[scale.name]
            if (reference or one.condition != REFERENCE) and stratum in (None, one.stratum)
        )

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions without the reference, in their own order."""
        return tuple(dict.fromkeys(name for _, name, _ in self.files if name != REFERENCE))

    @property
    def files(self) -> tuple[tuple[str, str, str], ...]:
        """Clip, condition and file of everything that has a score."""
        every = (each for points in self.points.values() for each in points)
        return tuple(dict.fromkeys((each.clip, each.condition, each.file) for each in every))

    @property
    def strata(self) -> tuple[str, ...]:
        """The burst strata of the clips."""
        found = {one.stratum for points in self.points.values() for one in points if one.stratum}
        known = [str(each) for each in Stratum]
        return tuple(sorted(found, key=lambda name: (known.index(name) if name in known else 99, name)))


def from_rows(title: str, rows: Sequence[ScoreRow]) -> Comparison:
    """Return the scores of a batch; metrics without any value are left out."""
    metrics = {row.task.metric.name: row.task.metric for row in rows}
    points = {name: points_of(rows, name) for name in metrics}
    scales = tuple(_scale(metric) for name, metric in metrics.items() if points[name])
    return Comparison(title, scales, points, tuple(dict.fromkeys(row.task.version for row in rows)))


def from_table(path: Path) -> Comparison:
    """Return the scores of a tidy table.

    Raises
    ------
    ComparisonError
        If it is no such table.
    """
    lines = read_rows(path, ("clip", "condition", "metric", "value"))
    units = {line["metric"]: line.get("unit") or "" for line in lines}
    points: dict[str, list[Point]] = {name: [] for name in units}
    for line in lines:
        if line["value"]:
            points[line["metric"]].append(_point(path, line))
    scales = tuple(_known(name, unit) for name, unit in units.items() if points[name])
    if not scales:
        raise GaplistenError(str(path), "holds no score", "choose a table that has values")
    return Comparison(path.name, scales, {name: tuple(found) for name, found in points.items()})


def _point(path: Path, line: Mapping[str, str]) -> Point:
    value, file = number(path, line["value"]), plain(line.get("file") or "")
    clip, condition, stratum = plain(line["clip"]), plain(line["condition"]), line.get("stratum") or ""
    words = line.get(WORDS) or ""
    return Point(clip, condition, value, stratum, file, number(path, words) if words else None)


def _scale(metric: Metric) -> Scale:
    return Scale(metric.name, metric.title, metric.unit, metric.direction == "higher", metric.range)


def _known(name: str, unit: str) -> Scale:
    from gaplisten.metrics.catalogue import built_in

    found = built_in().get(name)
    return _scale(found.metric) if found else Scale(name, name, unit)


def heard_in(path: Path) -> tuple[Heard, ...]:
    """Return ratings from a CSV table, or from the folder of a built panel.

    Raises
    ------
    GaplistenError
        If there are none that can be compared with a score.
    """
    found = read_heard(path) if path.is_file() else _heard_by_panel(path)
    if not found:
        raise GaplistenError(str(path), "holds no ratings of stimuli", "wait for finished sessions")
    return found


def _heard_by_panel(folder: Path) -> tuple[Heard, ...]:
    from gaplisten.panel.imported import open_source
    from gaplisten.panel.results.screening import screen
    from gaplisten.panel.results.votes import collect

    panel = open_source(folder)
    method = panel.definition.method
    if method.paired:
        fact = f"{method.title} asks about pairs, not about single stimuli"
        raise GaplistenError(str(folder), fact, "choose a panel with ratings")
    votes = collect(panel).votes
    left_out = {one.name for one in screen(votes, method) if one.excluded}
    # Of several scales one says what a score is compared with.
    asked = (vote for vote in votes if vote.scale == method.checked)
    cmos = method.against_reference and method.range == CMOS_RANGE
    return heard_of_votes((vote for vote in asked if vote.listener not in left_out), cmos=cmos)


DISTRIBUTION_HEADS = (
    "Condition", "Clips", "Mean", "95 % from", "to", "Min", "Q1", "Median", "Q3", "Max",
)  # fmt: skip
PAIRED_HEADS = (
    "First", "Second", "Clips", "First − second", "95 % from", "to",
    "Higher", "Lower", "Equal", "p (sign test)", "p (Holm)",
)  # fmt: skip
WORST_HEADS = ("Clip", "Condition", "Burst", "Score", "File")
HEARD_HEADS = (
    "Metric", "Per", "Pairs", "Pearson", "from", "to", "Spearman", "from", "to", "Interval over",
    "RMSE", "RMSE, mapped", "RMSE, ε-insensitive", "Mapping",
)  # fmt: skip
DISAGREEMENT_HEADS = ("Clip", "Condition", "Score", "As rating", "Heard", "± 95 %", "Error", "Beyond")


@dataclass(frozen=True)
class Spread:
    """A picture of how each condition's scores are spread."""

    scale: Scale
    points: Sequence[Point]
    found: Sequence[Distribution]


@dataclass(frozen=True)
class Differences:
    """A picture of how conditions differ on the clips that both have."""

    scale: Scale
    points: Sequence[Point]
    pairs: Sequence[Paired]


@dataclass(frozen=True)
class Agreement:
    """A picture of predicted against heard: each clip, and each condition's mean."""

    scale: Scale
    clips: Sequence[Pair]
    conditions: Sequence[Pair]


Picture = Spread | Differences | Agreement | str


@dataclass(frozen=True)
class Page:
    """What one page shows.

    Parameters
    ----------
    picture
        What is drawn; a sentence where there is nothing to draw.
    targets
        For each row the clip to open, or None.
    """

    table: Table
    heads: tuple[str, ...]
    picture: Picture
    said: str = ""
    targets: tuple[Point | Pair | None, ...] = ()


def distribution_page(scale: Scale, points: Sequence[Point]) -> Page:
    """Return how each condition's scores are spread."""
    found = distributions(points, scale.ends)
    said = "Each dot is a clip; box: quartiles and median; diamond: mean, 95 % interval (Student's t)."
    return Page(distribution_table(found), DISTRIBUTION_HEADS, Spread(scale, points, found), said)


def paired_page(scale: Scale, points: Sequence[Point], baseline: str | None) -> Page:
    """Return how conditions differ on the clips that both have."""
    pairs = paired_differences(points, baseline)
    better = "Above zero" if scale.higher_is_better else "Below zero"
    test = f"exact two-sided sign test, corrected for {len(pairs)} pairs (Holm)"
    said = f"{better}, the first is better. Dots: clips; diamond: mean, 95 % interval. p: {test}."
    if not pairs:
        return Page(paired_table(pairs), PAIRED_HEADS, "There are no two conditions with a clip in common.")
    return Page(paired_table(pairs), PAIRED_HEADS, Differences(scale, points, pairs), said)


def worst_page(scale: Scale, points: Sequence[Point], condition: str | None, lowest_first: bool) -> Page:
    """Return the clips, the worst first; each opens at its worst gap."""
    worst = worst_first(points, higher_is_better=lowest_first, condition=condition)
    rows = tuple((one.clip, one.condition, one.stratum, one.value, one.file) for one in worst)
    shown = [one for one in points if condition in (None, one.condition)]
    return Page(
        Table(("clip", "condition", "stratum", scale.name, "file"), rows),
        WORST_HEADS,
        Spread(scale, shown, distributions(shown, scale.ends)),
        "Double-click a row or click a dot: the clip opens at its worst gap.",
        worst,
    )


def heard_page(scale: Scale, points: Sequence[Point], heard: Sequence[Heard]) -> Page:
    """Return how well predictions agree with ratings."""
    table = agreement_table(scale.title, _agreements(tuple(points), tuple(heard)))
    said = "Dots: clips; diamonds: means of conditions. Intervals: 95 %, bootstrap. Errors: ITU-T P.1401."
    return _with_heard(table, HEARD_HEADS, scale, points, heard, said)


@lru_cache(maxsize=8)  # a thousand draws: not anew for each look at another tab
def _agreements(points: tuple[Point, ...], heard: tuple[Heard, ...]) -> tuple[HowWell, ...]:
    return agreements(points, heard)


def disagreement_page(scale: Scale, points: Sequence[Point], heard: Sequence[Heard]) -> Page:
    """Return where prediction and ear disagree, most first; each opens at its worst gap."""
    found = disagreements(points, heard)
    said = "Double-click a row or click a dot: the clip opens at its worst gap. Error: predicted less heard."
    table = disagreement_table(scale.name, found)
    targets = tuple(one.pair for one in found)
    return _with_heard(table, DISAGREEMENT_HEADS, scale, points, heard, said, targets)


def _with_heard(
    table: Table,
    heads: tuple[str, ...],
    scale: Scale,
    points: Sequence[Point],
    heard: Sequence[Heard],
    said: str,
    targets: tuple[Pair, ...] = (),
) -> Page:
    pairs = match(points, heard)
    if pairs:
        return Page(table, heads, Agreement(scale, pairs, by_condition(pairs)), said, targets)
    why = (
        "No rating is of a clip and condition that was scored."
        if heard
        else "No ratings yet: choose a panel's folder or a CSV table of ratings."
    )
    return Page(table, heads, why, "Ratings… adds what listeners said.")


def matched_table(scale: Scale, points: Sequence[Point], heard: Sequence[Heard]) -> Table:
    """Return every matched pair, for a file."""
    pairs = match(points, heard)
    rows = tuple((pair.clip, pair.condition, pair.predicted, pair.heard) for pair in pairs)
    return Table(("clip", "condition", scale.name, "heard"), rows)
