"""Level steps at a gap's edges, against the reference's."""

from __future__ import annotations

from gaplisten.loss.measures.contract import PROPOSED, Case, Curve, Direction, Measure
from gaplisten.loss.measures.moving import regular
from gaplisten.loss.measures.windows import POWER_FLOOR, Frames, Row, decibel, inside, mean_power

LEVEL_MS = 5.0


def level_steps(energy: Row, edges: Frames, rate: int) -> Row:
    """Return the level change in dB from the 5 ms before to the 5 ms after each edge (floor -70 dBFS)."""
    part = round(LEVEL_MS * rate / 1000)
    before = mean_power(energy, edges - part, edges) + POWER_FLOOR
    after = mean_power(energy, edges, edges + part) + POWER_FLOOR
    return inside(decibel(after / before), edges, energy.size - 1)


def _at(case: Case, edges: Frames) -> Row:
    rate = case.version.rate
    return level_steps(case.version.energy, edges, rate) - level_steps(case.reference.energy, edges, rate)


def curve(case: Case) -> Curve:
    """Return the level step at every 2.5 ms."""
    edges = regular(case.version, 2.5)
    return Curve(edges, _at(case, edges))


def _measure(edge: str, place: int) -> Measure:
    def of(case: Case) -> Row:
        return _at(case, case.places.starts if edge == "entry" else case.places.stops)

    return Measure(
        f"level_step_{edge}", f"Level step at {edge}", "dB", Direction.BOTH, 14.0, True, PROPOSED,
        f"level change from 5 ms before to 5 ms after the {edge}, less the reference's",
        f"{edge.capitalize()} level step", of, place, curve=curve,
    )  # fmt: skip


MEASURES = (_measure("entry", 14), _measure("exit", 15))
