"""Amplitudes on a scale of decibels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

RANGE_DB = 60.0


def bent(values: npt.NDArray[np.floating[Any]], gain: float = 1.0) -> npt.NDArray[np.float64]:
    """Return heights for amplitudes: 0 at -60 dBFS and below, ±1 at full scale, the sign kept.

    Parameters
    ----------
    values
        Full scale 1.0, any shape.
    gain
        Magnification: what is 1 at the top is full scale over this.
    """
    with np.errstate(divide="ignore"):
        decibels = 20.0 * np.log10(np.abs(values).astype(np.float64) * gain)
    return np.asarray(np.sign(values) * np.clip(1.0 + decibels / RANGE_DB, 0.0, 1.0))
