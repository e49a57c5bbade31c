"""The tables of G.711: what each code is worth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.int16]


def mu_law() -> Table:
    """Return the 16-bit sample of each byte of µ-law (ITU-T G.711)."""
    code = ~np.arange(256) & 0xFF
    size = (((code & 15) << 3) + 132 << (code >> 4 & 7)) - 132
    return np.where(code & 128, -size, size).astype(np.int16)


def a_law() -> Table:
    """Return the 16-bit sample of each byte of A-law (ITU-T G.711)."""
    code = np.arange(256) ^ 0x55
    chord, steps = code >> 4 & 7, (code & 15) << 4
    size = np.where(chord == 0, steps + 8, steps + 264 << np.maximum(chord - 1, 0))
    return np.where(code & 128, size, -size).astype(np.int16)
