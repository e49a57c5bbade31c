"""Whether a panel is large enough: the power of its comparisons, by listeners and clips."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gaplisten.errors import GaplistenError
from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.statistics.planning import Plan, Spreads, least, listeners_needed
from gaplisten.tables import Cell, Table

_LISTENERS = (8, 12, 16, 24, 32, 48, 100)
_TIMES_CLIPS = (0.5, 1, 2, 4)
# Of listeners and of clips, in logits, where pairs are chosen between.
_LOGIT = 0.5


class PlanningError(GaplistenError):
    """A difference that no panel of this method can be planned for, or a panel that looks for none."""


def nothing_compared(definition: PanelDefinition) -> PlanningError:
    """Return the error to raise where results would hold no comparison."""
    fact = "its results compare nothing, so that nothing can be found"
    return PlanningError(definition.title, fact, "give it another condition")


@dataclass(frozen=True)
class Target:
    """What a panel is to find.

    Parameters
    ----------
    difference
        In points of the scale; of pairs the share of votes, or of right answers, over one half.
    power
        Chance of finding it, 0..1.
    spreads
        Standard deviations in points of the scale; of pairs those by clip and by listener in logits.
    """

    difference: float
    power: float
    spreads: Spreads


def usual_spreads(definition: PanelDefinition) -> Spreads:
    """Return the spreads of the method's scale: those of five points, longer or shorter as the scale is."""
    if definition.method.paired:
        return Spreads(0.0, _LOGIT, _LOGIT)
    low, high = definition.method.range
    return Spreads().times((high - low) / 4)


def unit(definition: PanelDefinition) -> str:
    """Return what a difference is told in."""
    test = definition.method.test
    return f"of the share {test.counted}, over one half" if test else f"points of {definition.method.result}"


def check(definition: PanelDefinition, wanted: Target) -> None:
    """Refuse what cannot be planned for.

    Raises
    ------
    PlanningError
        If nothing is compared, the difference is as large as the scale, or votes are said not to differ.
    """
    if not comparisons(definition):
        raise nothing_compared(definition)
    method, said = definition.method, f"a difference of {wanted.difference:g}"
    low, high = method.range
    if method.paired:
        if wanted.difference >= 0.5:
            fact = f"{method.name} counts shares, and a share is at most one half over one half"
            raise PlanningError(said, fact, "give less than 0.5: 0.15 is 65 of 100 votes")
        return
    if wanted.difference >= high - low:
        raise PlanningError(said, f"the scale of {method.name} is {high - low:g} points long", "give less")
    if wanted.spreads.vote == 0:
        raise PlanningError("a standard deviation of votes of 0", "votes always differ", "give a pilot's")


def comparisons(definition: PanelDefinition) -> int:
    """Return how many comparisons the results will make; 0 where nothing is compared."""
    names, scales = len(definition.condition), len(definition.method.scales)
    if definition.results.against is not None:
        own = definition.results.against in [one.name for one in definition.condition]
        return (names - own) * scales
    with_reference = names if definition.method.against_reference else 0
    return (names * (names - 1) // 2 + with_reference) * scales


@dataclass(frozen=True)
class _Panel:
    """A panel's size: how many clips it has, and how many of them a listener hears in each condition."""

    definition: PanelDefinition
    wanted: Target
    clips: int

    @property
    def _trials(self) -> int:
        """Of a listener, for each condition or pair, without repeats."""
        series = self.definition.method.series(self.definition.design)
        return series or self.definition.ratings_each(self.clips) or self.clips

    @property
    def heard(self) -> int:
        """How many clips a listener hears in each condition."""
        return min(self._trials, self.clips)

    @property
    def votes(self) -> float:
        """How many votes a listener gives on each clip that is heard, in each condition."""
        return self.definition.repeats * self._trials / self.heard

    def plan(self, listeners: int, clips: int) -> Plan:
        """Return what so many listeners find with so many clips."""
        heard = min(self.heard, clips) if self.heard < self.clips else clips  # a part stays as large
        many = comparisons(self.definition)
        return Plan(listeners, clips, heard, self.wanted.difference, many, self.spreads)

    @property
    def spreads(self) -> Spreads:
        """Spreads of a difference of two means, whatever the method asks."""
        spreads = self.wanted.spreads
        if not self.definition.method.paired:
            return replace(spreads, vote=spreads.vote / math.sqrt(self.votes))
        # A share's variance, and what a logit is worth there; a plan doubles it, for the two of a difference.
        share = 0.5 + self.wanted.difference
        one = share * (1 - share)
        clip, listener = (one * each / math.sqrt(2) for each in (spreads.by_clip, spreads.by_listener))
        return Spreads(math.sqrt(one / self.votes / 2), clip, listener)


def power_table(
    definition: PanelDefinition, clips: int, wanted: Target, minutes: float
) -> tuple[Table, list[str]]:
    """Return the power by listeners and clips, and what should be done.

    Parameters
    ----------
    clips
        That the panel has.
    minutes
        That a listener needs for it; those of other numbers of clips are reckoned from it.

    Raises
    ------
    PlanningError
        If the difference cannot be planned for.
    """
    check(definition, wanted)
    panel = _Panel(definition, wanted, clips)
    columns = sorted({max(2, round(clips * factor)) for factor in _TIMES_CLIPS})
    heads = [f"{of} clips, {_minutes(panel, of, minutes)} min" for of in columns]
    rows: list[tuple[Cell, ...]] = []
    for listeners in _LISTENERS:
        votes = listeners * panel.votes * panel.heard / clips
        powers = (round(panel.plan(listeners, of).power, 3) for of in columns)
        rows.append((listeners, round(votes, 1), *powers))
    table = Table(("listeners", f"votes in a cell of {clips} clips", *heads), tuple(rows))
    return table, _advice(panel)


def _minutes(panel: _Panel, clips: int, minutes: float) -> int:
    heard = panel.plan(1, clips).heard
    return max(1, round(minutes * heard / panel.heard))


def _advice(panel: _Panel) -> list[str]:
    wanted, clips = panel.wanted, panel.clips
    of, spreads = panel.plan(16, clips), wanted.spreads
    logits = panel.definition.method.paired
    each = f"condition by clip {spreads.by_clip:g}, condition by listener {spreads.by_listener:g}"
    each += " logit" if logits else ""
    said = [
        f"power to find {of.difference:g} {unit(panel.definition)}, over listeners and clips,"
        f" {_corrected(of.comparisons)}",
        f"standard deviations: {'' if logits else f'vote {spreads.vote:g}, '}{each}"
        " (guesses; a pilot knows better)",
    ]
    if panel.definition.results.generalise == "talkers":
        said.append(
            "results are to hold for other talkers, and are less sure than this table where one talks in"
            " several clips: simulated panels say by how much"
        )
    needed = listeners_needed(wanted.power, clips, panel.heard, of.difference, of.comparisons, panel.spreads)
    if needed is not None:
        said.append(f"with these {clips} clips {needed} listeners reach a power of {wanted.power:g}")
        return said
    said.append(
        f"with these {clips} clips no number of listeners reaches a power of {wanted.power:g}"
        f" (at most {of.power_of_many:.2f}): only more clips help"
    )
    if (enough := _clips_needed(panel)) is not None:
        said.append(f"24 listeners and {enough} clips reach it")
    return said


def _corrected(comparisons: int) -> str:
    if comparisons == 1:
        return "1 comparison"  # nothing to correct
    return f"{comparisons} comparisons corrected at their strictest"


def _clips_needed(panel: _Panel, listeners: int = 24) -> int | None:
    """Return with how many clips so many listeners reach the power that is wanted."""

    def reached(clips: int) -> bool:
        return panel.plan(listeners, clips).power >= panel.wanted.power

    return least(reached, panel.clips, 20 * panel.clips + 100)
