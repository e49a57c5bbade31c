"""Signal-to-noise ratio over the lost samples: shown, never flagged."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import Case, Direction, Measure
from gaplisten.loss.measures.windows import Row, decibel


def of(case: Case) -> Row:
    """Return the signal-to-noise ratio over the lost samples, dB, within ±100; NaN if silent."""
    wanted = case.natural_power
    noise = case.places.powers(case.made - case.natural)
    ratio = decibel(np.maximum(wanted, 1e-20) / np.maximum(noise, 1e-20))
    return np.where(wanted > 0, np.clip(ratio, -100.0, 100.0), np.nan)


MEASURES = (
    Measure(
        "gap_snr", "Gap SNR", "dB", Direction.LOW, None, True, "signal-to-noise ratio over the lost samples",
        "does not rank quality: shown, never flagged", "Gap SNR", of, 90,
    ),
)  # fmt: skip
