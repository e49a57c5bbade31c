"""The pages of a comparison: each is a table, the picture that goes with it, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gaplisten.batch.compare import (
    Distribution,
    Paired,
    Point,
    distribution_table,
    distributions,
    paired_differences,
    paired_table,
    worst_first,
)
from gaplisten.batch.comparison import Scale
from gaplisten.batch.heard import Heard, Pair, agreement_table, agreements, by_condition, match
from gaplisten.tables import Table

DISTRIBUTION_HEADS = (
    "Condition", "Clips", "Mean", "95 % from", "to", "Min", "Q1", "Median", "Q3", "Max",
)  # fmt: skip
PAIRED_HEADS = (
    "First", "Second", "Clips", "First − second", "95 % from", "to",
    "Higher", "Lower", "Equal", "p (sign test)", "p (Holm)",
)  # fmt: skip
WORST_HEADS = ("Clip", "Condition", "Burst", "Score", "File")
HEARD_HEADS = ("Metric", "Per", "Pairs", "Pearson", "Spearman", "RMSE", "RMSE after a line")


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
    found = distributions(points)
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
        Spread(scale, shown, distributions(shown)),
        "Double-click a row or click a dot: the clip opens at its worst gap.",
        worst,
    )


def heard_page(scale: Scale, points: Sequence[Point], heard: Sequence[Heard]) -> Page:
    """Return how well predictions agree with ratings."""
    table = agreement_table(scale.title, agreements(points, heard))
    pairs = match(points, heard)
    if pairs:
        picture = Agreement(scale, pairs, by_condition(pairs))
        return Page(table, HEARD_HEADS, picture, "Dots: clips; diamonds: means of conditions.")
    why = (
        "No rating is of a clip and condition that was scored."
        if heard
        else "No ratings yet: choose a panel's folder or a CSV table of ratings."
    )
    return Page(table, HEARD_HEADS, why, "Ratings… adds what listeners said.")


def matched_table(scale: Scale, points: Sequence[Point], heard: Sequence[Heard]) -> Table:
    """Return every matched pair, for a file."""
    pairs = match(points, heard)
    rows = tuple((pair.clip, pair.condition, pair.predicted, pair.heard) for pair in pairs)
    return Table(("clip", "condition", scale.name, "heard"), rows)
