"""How conspicuous gaps are, whatever the measure: how many times its threshold a value is."""

from __future__ import annotations

import math

import numpy as np

from gaplisten.batch.gap_values import COMPARED, ClipGaps
from gaplisten.loss.measures import Measure, measure_named
from gaplisten.loss.measures.gap_table import badness


def _limit(measure: Measure) -> float:
    """Return from which badness on a measure flags; 0 where it flags nothing."""
    # Low values are conspicuous below a limit that is itself negative: -30 dB is 1.7 times -18 dB.
    if measure.threshold is None:
        return 0.0
    return max(float(badness(measure, np.array([measure.threshold]))[0]), 0.0)


_FLAGGING = tuple(measure for measure in COMPARED if _limit(measure) > 0)
_LIMITS = np.array([_limit(measure) for measure in _FLAGGING])


def times_threshold(key: str, value: float) -> float:
    """Return how many times its threshold a value is; 0 where it cannot be told."""
    measure = measure_named(key)
    limit = _limit(measure)
    return float(badness(measure, np.array([value]))[0]) / limit if limit and not math.isnan(value) else 0.0


def worst_of_gaps(known: ClipGaps) -> list[tuple[float, str]]:
    """Return for each gap of a version how many times a threshold it is, and of which measure."""
    unknown = (None,) * len(known.gaps)
    rows = [(known.values or {}).get(measure.key, unknown) for measure in _FLAGGING]
    values = np.array(rows, np.float64)  # None becomes NaN
    bad = np.stack([badness(measure, row) for measure, row in zip(_FLAGGING, values, strict=True)])
    times = np.nan_to_num(bad / _LIMITS[:, None], nan=0.0, posinf=np.inf, neginf=0.0)
    which = times.argmax(axis=0).tolist()
    worst = times.max(axis=0).tolist()
    return [
        (most, _FLAGGING[at].key) if most > 0 else (0.0, "") for most, at in zip(worst, which, strict=True)
    ]
