"""Whether a panel is large enough: the power of its comparisons, by listeners and clips."""

from __future__ import annotations

from collections.abc import Callable

from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.statistics.planning import Plan, Spreads, listeners_needed
from gaplisten.tables import Cell, Table

_LISTENERS = (8, 12, 16, 24, 32, 48, 100)
_TIMES_CLIPS = (0.5, 1, 2, 4)


def usual_spreads(definition: PanelDefinition) -> Spreads:
    """Return the spreads of the method's scale: those of five points, longer or shorter as the scale is."""
    low, high = definition.method.range
    return Spreads().times((high - low) / 4)


def comparisons(definition: PanelDefinition) -> int:
    """Return how many comparisons the results will make."""
    names, scales = len(definition.condition), len(definition.method.scales)
    if definition.results.against is not None:
        own = definition.results.against in [one.name for one in definition.condition]
        return max(names - own, 1) * scales
    with_reference = names if definition.method.against_reference else 0
    return max(names * (names - 1) // 2 + with_reference, 1) * scales


def power_table(
    definition: PanelDefinition, clips: int, difference: float, wanted: float, spreads: Spreads
) -> tuple[Table, list[str]]:
    """Return the power by listeners and clips, and what should be done.

    Parameters
    ----------
    clips
        That the panel has.
    difference
        That is to be found, in points of the scale.
    wanted
        Chance of finding it, 0..1.
    """
    many = comparisons(definition)
    heard = definition.ratings_each(clips) or clips
    columns = sorted({max(2, round(clips * factor)) for factor in _TIMES_CLIPS})

    def plan(listeners: int, of: int) -> Plan:
        return Plan(listeners, of, min(heard, of) if heard < clips else of, difference, many, spreads)

    rows: list[tuple[Cell, ...]] = [
        (listeners, *(round(plan(listeners, of).power, 3) for of in columns)) for listeners in _LISTENERS
    ]
    table = Table(("listeners", *(f"{of} clips" for of in columns)), tuple(rows))
    return table, _advice(definition, clips, heard, wanted, plan)


def _advice(
    definition: PanelDefinition, clips: int, heard: int, wanted: float, plan: Callable[[int, int], Plan]
) -> list[str]:
    of = plan(16, clips)
    spreads = of.spreads
    said = [
        f"power to find {of.difference:g} points of {definition.method.result} over listeners and clips,"
        f" {of.comparisons} comparisons corrected at their strictest",
        f"standard deviations: vote {spreads.vote:g}, condition by clip {spreads.by_clip:g},"
        f" condition by listener {spreads.by_listener:g} (guesses; a pilot knows better)",
    ]
    needed = listeners_needed(wanted, clips, heard, of.difference, of.comparisons, spreads)
    if needed is not None:
        said.append(f"with these {clips} clips {needed} listeners reach a power of {wanted:g}")
        return said
    said.append(
        f"with these {clips} clips no number of listeners reaches a power of {wanted:g}"
        f" (at most {of.power_of_many:.2f}): only more clips help"
    )
    more = range(clips + 1, 20 * clips + 100)
    enough = next((one for one in more if plan(24, one).power >= wanted), None)
    if enough is not None:
        said.append(f"24 listeners and {enough} clips reach it")
    return said
