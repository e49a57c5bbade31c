"""Level steps at a gap's edges, against the reference's."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Curve, Direction, Measure
from gaplisten.loss.measures.moving import regular
from gaplisten.loss.measures.windows import (
    POWER_FLOOR,
    Frames,
    Prepared,
    Row,
    decibel,
    inside,
    mean_power,
    nearer_0,
)

LEVEL_MS = 5.0


def level_steps(signal: Prepared, edges: Frames, rate: int) -> tuple[Row, Row]:
    """Return the level change in dB from the 5 ms before to the 5 ms after each edge (floor -70 dBFS).

    Returns
    -------
    steps, without_rumble
        The second one of levels less the mean of each 5 ms.
    """
    part = round(LEVEL_MS * rate / 1000)
    powers = [mean_power(signal.energy, begin, begin + part) for begin in (edges - part, edges)]
    means = [signal.means(begin, begin + part) for begin in (edges - part, edges)]
    heard = [np.maximum(power - mean**2, 0.0) for power, mean in zip(powers, means, strict=True)]
    whole, less = (decibel((b + POWER_FLOOR) / (a + POWER_FLOOR)) for a, b in (powers, heard))
    return inside(whole, edges, signal.row.size), inside(less, edges, signal.row.size)


def _at(case: Case, edges: Frames) -> Row:
    """Return the step less the reference's, with rumble or without, whichever tells less.

    Codecs leave rumble out or turn its phase: where it is most of the sound, that is no step that is heard.
    """
    rate = case.version.rate
    made, natural = (level_steps(signal, edges, rate) for signal in (case.version, case.reference))
    return nearer_0(made[0] - natural[0], made[1] - natural[1])


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
