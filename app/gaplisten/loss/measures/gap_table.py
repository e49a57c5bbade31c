"""The result: one row of facts per gap, and per version one row of measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gaplisten.loss.measures.catalogue import MEASURES
from gaplisten.loss.measures.contract import ClipFact, Direction, Measure
from gaplisten.loss.strata import Stratum
from gaplisten.loss.trace import Flags, Gap
from gaplisten.tables import Cell, Table

Values = npt.NDArray[np.float64]

_FACTS = ("gap", "start_s", "length_ms", "packets", "speech", "voiced", "stratum")


@dataclass(frozen=True)
class GapFacts:
    """What is known of a gap apart from its concealment.

    Parameters
    ----------
    index
        Counts from 1, as the user sees it.
    start_s, length_ms
        Position in seconds, length in milliseconds.
    active
        Whether speech goes on there (by the reference, else by what surrounds the gap); None if unknown.
    voiced
        Whether that speech is periodic; None if unknown.
    """

    index: int
    gap: Gap
    start_s: float
    length_ms: float
    active: bool | None
    voiced: bool | None
    stratum: Stratum

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The facts as a table's cells."""
        speech = None if self.active is None else "active" if self.active else "silent"
        head = (self.index, self.start_s, self.length_ms, self.gap.packets)
        return (*head, speech, self.voiced, self.stratum.value)


@dataclass(frozen=True, eq=False)
class GapTable:
    """Measures of every gap for every version.

    Parameters
    ----------
    values
        By version: shape ``(gaps, measures)`` in the order of `measures`; NaN = not available.
    clip
        By version: what is to be said of it as a whole.
    """

    gaps: tuple[GapFacts, ...]
    versions: tuple[str, ...]
    values: Mapping[str, Values]
    measures: tuple[Measure, ...] = MEASURES
    clip: Mapping[str, tuple[ClipFact, ...]] = field(default_factory=dict)

    def column(self, version: str, key: str) -> Values:
        """Return one measure of all gaps; NaN = not available."""
        index = [measure.key for measure in self.measures].index(key)
        return self.values[version][:, index]

    def value(self, gap: int, version: str, key: str) -> float | None:
        """Return one measure of the gap at place `gap` (from 0); None = not available."""
        found = float(self.column(version, key)[gap])
        return None if np.isnan(found) else found

    def flagged(self, version: str, key: str, threshold: float | None = None) -> Flags:
        """Tell which gaps are conspicuous by one measure, by its own threshold unless another is given."""
        measure = next(measure for measure in self.measures if measure.key == key)
        limit = measure.threshold if threshold is None else threshold
        if limit is None:
            return np.zeros(len(self.gaps), np.bool_)
        return np.asarray(badness(measure, self.column(version, key)) >= _limit(measure, limit), np.bool_)

    def flags(self, version: str, gap: int, thresholds: Mapping[str, float] | None = None) -> tuple[str, ...]:
        """Return the keys of the measures that flag a gap."""
        chosen = thresholds or {}
        return tuple(
            measure.key
            for measure in self.measures
            if self.flagged(version, measure.key, chosen.get(measure.key))[gap]
        )

    def worst(self, version: str, key: str) -> list[int]:
        """Return the places (from 0) of the gaps that have the measure, most conspicuous first."""
        measure = next(measure for measure in self.measures if measure.key == key)
        bad = badness(measure, self.column(version, key))
        order = np.argsort(-bad, kind="stable")
        return [int(place) for place in order if not np.isnan(bad[place])]

    def table(self, thresholds: Mapping[str, float] | None = None) -> Table:
        """Return one row per gap and version; the last column names the measures that flag it.

        The column `clip` says of the version as a whole, in every row of it: "energy_error=-6.02 drift=52.5".

        Where other thresholds than the measures' own decided that, each row says which: "lsd=20 buzz=0.5".
        """
        limits = " ".join(f"{key}={limit:g}" for key, limit in (thresholds or {}).items())
        told, cells = (("thresholds",), (limits,)) if limits else ((), ())
        columns = (*_FACTS, "version", *(measure.key for measure in self.measures), "clip", *told, "flags")
        rows = []
        for version in self.versions:
            flagged = self._flag_matrix(version, thresholds or {})
            whole = " ".join(f"{fact.key}={fact.value:.4g}" for fact in self.clip.get(version, ()))
            for place, facts in enumerate(self.gaps):
                numbers = tuple(None if np.isnan(v) else float(v) for v in self.values[version][place])
                keys = " ".join(m.key for m, on in zip(self.measures, flagged[place], strict=True) if on)
                rows.append((facts.index, (*facts.cells, version, *numbers, whole, *cells, keys)))
        return Table(columns, tuple(row for _, row in sorted(rows, key=lambda pair: pair[0])))

    def _flag_matrix(self, version: str, thresholds: Mapping[str, float]) -> npt.NDArray[np.bool_]:
        columns = [self.flagged(version, m.key, thresholds.get(m.key)) for m in self.measures]
        return np.stack(columns, axis=1)


def badness(measure: Measure, values: Values) -> Values:
    """Return how conspicuous values are: the larger, the worse, whatever the measure's direction."""
    if measure.direction is Direction.BOTH:
        return np.abs(values)
    return -values if measure.direction is Direction.LOW else values


def _limit(measure: Measure, limit: float) -> float:
    if measure.direction is Direction.BOTH:
        return abs(limit)
    return -limit if measure.direction is Direction.LOW else limit
