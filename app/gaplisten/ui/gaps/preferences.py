"""What the user chose for the gap table: columns, thresholds, and what "worst" means."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QSettings

from gaplisten.bench.state import MEASURE_KEYS, SHOWN_AT_FIRST, WORST_AT_FIRST, GapChoices
from gaplisten.loss.measures import measure_named


def read_preferences(kept: QSettings) -> GapChoices:
    """Return the kept choices; what makes no sense (any more) falls back to its default."""
    shown = kept.value("gaps/shown", list(SHOWN_AT_FIRST), type=list)
    worst = str(kept.value("gaps/worst", WORST_AT_FIRST))
    limits = {key: _number(kept.value(f"gaps/threshold/{key}")) for key in MEASURE_KEYS}
    return GapChoices(
        tuple(key for key in MEASURE_KEYS if key in _texts(shown)),
        {
            key: limit
            for key, limit in limits.items()
            if limit is not None and measure_named(key).threshold is not None
        },
        worst if worst in MEASURE_KEYS else WORST_AT_FIRST,
        bool(kept.value("gaps/lossy", False, type=bool)),
    )


def write_preferences(kept: QSettings, chosen: GapChoices) -> None:
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
