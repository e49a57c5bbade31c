"""Per-gap measures: what happened at a gap's edges, inside it and after. `docs/measures.md` defines each."""

from gaplisten.loss.measures.catalogue import MEASURES, measure_named
from gaplisten.loss.measures.contract import ClipFact, Curve, Direction, Measure
from gaplisten.loss.measures.engine import measure_gaps, measure_versions
from gaplisten.loss.measures.gap_table import GapFacts, GapTable
from gaplisten.loss.measures.moving import measure_curve

__all__ = [
    "MEASURES",
    "ClipFact",
    "Curve",
    "Direction",
    "GapFacts",
    "GapTable",
    "Measure",
    "measure_curve",
    "measure_gaps",
    "measure_named",
    "measure_versions",
]
