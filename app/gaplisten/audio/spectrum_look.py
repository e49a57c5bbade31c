"""How a spectrogram is looked at: its window, its frequencies, its levels and colours."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

SCALES = ("linear", "mel", "log")
LOWEST_LOG_HZ = 40.0
NARROWEST_HZ = 200.0
LOUDEST_DB = -15.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpectrumLook:
    """The choices.

    Parameters
    ----------
    window_ms
        Length of the Hann window: short ones tell times apart (wide band), long ones tell frequencies apart.
    range_db, gain_db
        How many decibels the colours span; by how many quieter sound is drawn as loud.
    low_hz, high_hz
        Frequencies at the bottom and at the top; 0 at the top stands for what the material has.
    scale
        One of `SCALES`.
    palette
        One of `gaplisten.audio.palettes.PALETTES`.
    hatched
        Whether lost sound is hatched, too, and not only marked by a bar and by lines at its edges.
    """

    window_ms: float = 16.0
    range_db: float = 80.0
    gain_db: float = 0.0
    low_hz: float = 0.0
    high_hz: float = 0.0
    scale: str = "linear"
    palette: str = "heat"
    hatched: bool = False

    @property
    def loudest_db(self) -> float:
        """Level of the last colour; a full-scale sine is 0 dB."""
        return LOUDEST_DB - self.gain_db

    @property
    def quietest_db(self) -> float:
        """Level of the first colour."""
        return self.loudest_db - self.range_db

    def axis(self, rate: int, material_hz: float | None) -> FrequencyAxis:
        """Return the axis at a rate; `material_hz` is the highest frequency of the material, if known."""
        most = rate / 2.0
        high = min(self.high_hz or material_hz or most, most)
        low = min(self.low_hz, high - NARROWEST_HZ)
        return FrequencyAxis(max(low, LOWEST_LOG_HZ if self.scale == "log" else 0.0), high, self.scale)

    def zoomed(self, factor: float, axis: FrequencyAxis, share: float, rate: int) -> SpectrumLook:
        """Return the look magnified by `factor` about a height (0 bottom, 1 top) of an axis."""
        most, at = rate / 2.0, axis.hz(share)
        low, high = (at - (at - edge) / factor for edge in (axis.low, axis.high))
        low, high = max(low, 0.0), min(high, most)
        if high - low < NARROWEST_HZ:
            return self
        return replace(self, low_hz=float(round(low)), high_hz=float(round(high)))


@dataclass(frozen=True, slots=True)
class FrequencyAxis:
    """Frequencies from bottom to top.

    Parameters
    ----------
    low, high
        Hz.
    scale
        Evenly in Hz, in mel (O'Shaughnessy 1987: 2595 lg(1 + f / 700)) or in octaves.
    """

    low: float
    high: float
    scale: str

    def share(self, hz: float) -> float:
        """Return the height of a frequency, 0 at the bottom and 1 at the top."""
        low, high, at = (self._warped(each) for each in (self.low, self.high, hz))
        return (at - low) / (high - low)

    def hz(self, share: float) -> float:
        """Return the frequency at a height."""
        return float(self._hz(np.array([share]))[0])

    def edges(self, rows: int, rate: int) -> Floats:
        """Return where each row of a picture begins, as shares of half the rate, shape ``(rows + 1,)``."""
        return np.asarray(self._hz(np.linspace(0.0, 1.0, rows + 1)) / (rate / 2.0))

    def _hz(self, shares: Floats) -> Floats:
        low, high = self._warped(self.low), self._warped(self.high)
        at = low + shares * (high - low)
        if self.scale == "mel":
            return np.asarray(700.0 * (10.0 ** (at / 2595.0) - 1.0))
        return np.asarray(np.exp(at) if self.scale == "log" else at)

    def _warped(self, hz: float) -> float:
        if self.scale == "mel":
            return 2595.0 * math.log10(1.0 + max(hz, 0.0) / 700.0)
        return math.log(max(hz, 1.0)) if self.scale == "log" else hz
