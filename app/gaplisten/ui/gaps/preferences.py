"""What the user chose for the gap table: columns, thresholds, and what "worst" means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QSettings

from gaplisten.loss.measures import MEASURES, Measure, measure_named

FIRST_SHOWN = ("click_entry", "click_exit", "energy_error", "lsd")
FIRST_WORST = "click_exit"

_KEYS = tuple(measure.key for measure in MEASURES)


@dataclass(frozen=True)
class GapPreferences:
    """The user's choices.

    Parameters
    ----------
    shown
        Keys of the measures that have columns.
    thresholds
        By key, where the user set another than the measure's own.
    worst
        Key of the measure by which gaps are worse or better.
    lossy
        Whether the lossy lane has columns, too.
    """

    shown: tuple[str, ...] = FIRST_SHOWN
    thresholds: Mapping[str, float] = field(default_factory=dict)
    worst: str = FIRST_WORST
    lossy: bool = False

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures that have columns, in their own order."""
        return tuple(measure for measure in MEASURES if measure.key in self.shown)

    @property
    def worst_measure(self) -> Measure:
        """The measure by which gaps are worse or better."""
        return measure_named(self.worst)

    def threshold(self, measure: Measure) -> float | None:
        """Return from where on a measure is flagged; None for never."""
        return self.thresholds.get(measure.key, measure.threshold)

    def with_threshold(self, key: str, value: float) -> GapPreferences:
        """Return the choices with another threshold; the measure's own is not kept as a choice."""
        others = {name: limit for name, limit in self.thresholds.items() if name != key}
        own = measure_named(key).threshold
        return replace(self, thresholds=others if value == own else {**others, key: value})

    def with_shown(self, key: str, on: bool) -> GapPreferences:
        """Return the choices with a measure's columns shown or not."""
        chosen = {*self.shown, key} if on else {*self.shown} - {key}
        return replace(self, shown=tuple(name for name in _KEYS if name in chosen))


def read_preferences(kept: QSettings) -> GapPreferences:
    """Return the kept choices; what makes no sense (any more) falls back to its default."""
    shown = kept.value("gaps/shown", list(FIRST_SHOWN), type=list)
    worst = str(kept.value("gaps/worst", FIRST_WORST))
    limits = {key: _number(kept.value(f"gaps/threshold/{key}")) for key in _KEYS}
    return GapPreferences(
        tuple(key for key in _KEYS if key in _texts(shown)),
        {
            key: limit
            for key, limit in limits.items()
            if limit is not None and measure_named(key).threshold is not None
        },
        worst if worst in _KEYS else FIRST_WORST,
        bool(kept.value("gaps/lossy", False, type=bool)),
    )


def write_preferences(kept: QSettings, chosen: GapPreferences) -> None:
    """Keep the choices."""
    kept.setValue("gaps/shown", list(chosen.shown))
    kept.setValue("gaps/worst", chosen.worst)
    kept.setValue("gaps/lossy", chosen.lossy)
    kept.remove("gaps/threshold")
    for key, limit in chosen.thresholds.items():
        kept.setValue(f"gaps/threshold/{key}", float(limit))


def _texts(found: Any) -> list[str]:
    return [str(each) for each in found] if isinstance(found, list) else []


def _number(found: Any) -> float | None:
    try:
        value = float(found)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None
