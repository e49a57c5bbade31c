"""Per-gap measures: what happened at a gap's edges and inside it. `docs/measures.md` defines each."""

from gaplisten.loss.measures.catalogue import MEASURES, Direction, Measure, measure_named
from gaplisten.loss.measures.engine import measure_gaps, measure_versions
from gaplisten.loss.measures.gap_table import GapFacts, GapTable

__all__ = [
    "MEASURES",
    "Direction",
    "GapFacts",
    "GapTable",
    "Measure",
    "measure_gaps",
    "measure_named",
    "measure_versions",
]
