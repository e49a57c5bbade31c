"""How conspicuous gaps are, whatever the measure: how many times its threshold a value is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gaplisten.batch.gap_values import COMPARED, ClipGaps
from gaplisten.loss.measures import measure_named
from gaplisten.loss.measures.gap_table import badness


def times_threshold(key: str, values: Sequence[float | None]) -> npt.NDArray[np.float64]:
    """Return how many times its threshold each value is; 0 where it cannot be told."""
    measure, found = measure_named(key), np.array(values, np.float64)
    # Low values are conspicuous below a limit that is itself negative: -30 dB is 1.7 times -18 dB.
    limit = 0.0 if measure.threshold is None else float(badness(measure, np.array([measure.threshold]))[0])
    if limit <= 0:
        return np.zeros(found.size)
    return np.where(np.isnan(found), 0.0, badness(measure, found) / limit)


def worst_of_gaps(known: ClipGaps) -> list[tuple[float, str]]:
    """Return for each gap of a version how many times a threshold it is, and of which measure."""
    worst = [(0.0, "")] * len(known.gaps)
    for measure in COMPARED:
        values = (known.values or {}).get(measure.key, ())
        for gap, times in enumerate(times_threshold(measure.key, values).tolist()):
            if times > worst[gap][0]:
                worst[gap] = (times, measure.key)
    return worst
