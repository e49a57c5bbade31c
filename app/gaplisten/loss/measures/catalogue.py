"""The measures as data: what windows, tables, CSV and the manual say about each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PROPOSED = "proposed"


class Direction(StrEnum):
    """Which values are conspicuous."""

    HIGH = "high"
    LOW = "low"
    BOTH = "far from 0"


@dataclass(frozen=True)
class Measure:
    """One per-gap measure.

    Parameters
    ----------
    key
        Name in code and CSV.
    direction
        Whether high, low or both kinds of extreme values are conspicuous.
    threshold
        Value from which a gap is flagged unless the user sets another; None: shown, never flagged.
    needs_reference
        Whether it is missing without a reference.
    source
        Standard or paper, or "proposed".
    """

    key: str
    title: str
    unit: str
    direction: Direction
    threshold: float | None
    needs_reference: bool
    source: str
    help: str


_HIGH, _LOW, _BOTH = Direction.HIGH, Direction.LOW, Direction.BOTH
_ESSENTIA = "after Essentia's DiscontinuityDetector (Muehlbauer 2010); LPC order and floor proposed"
_LSD = (
    "log-spectral distance, mean over time of the rms over frequency (Gray and Markel 1976); floor proposed"
)

# fmt: off
MEASURES: tuple[Measure, ...] = (
    Measure("click_entry", "Click at entry", "z", _HIGH, 8.0, False, _ESSENTIA,
            "peak of the LPC residual at the first lost sample, over its usual size around"),
    Measure("click_exit", "Click at exit", "z", _HIGH, 8.0, False, _ESSENTIA,
            "peak of the LPC residual at the first received sample, over its usual size around"),
    Measure("step_entry", "Step at entry", "ratio", _HIGH, 12.0, False, PROPOSED,
            "jump from the last received to the first lost sample, over the usual jump around"),
    Measure("step_exit", "Step at exit", "ratio", _HIGH, 12.0, False, PROPOSED,
            "jump from the last lost to the first received sample, over the usual jump around"),
    Measure("level_step_entry", "Level step at entry", "dB", _BOTH, 12.0, True, PROPOSED,
            "level change from 5 ms before to 5 ms after the entry, less the reference's"),
    Measure("level_step_exit", "Level step at exit", "dB", _BOTH, 12.0, True, PROPOSED,
            "level change from 5 ms before to 5 ms after the exit, less the reference's"),
    Measure("energy_error", "Energy error", "dB", _BOTH, 10.0, True, PROPOSED,
            "level in the gap, less the reference's"),
    Measure("lsd", "Log-spectral distance", "dB", _HIGH, 15.0, True, _LSD,
            "distance of the short-time spectra in the gap from the reference's"),
    Measure("buzz", "Buzz (excess autocorrelation)", "", _HIGH, 0.3, True, PROPOSED,
            "how much more periodic the gap is than the reference's; gaps of 40 ms and more"),
    Measure("decay", "Decay slope", "dB/ms", _LOW, -0.75, False, PROPOSED,
            "slope of the level over the gap; gaps of 20 ms and more"),
    Measure("muted_early", "Muted while speech goes on", "ms", _HIGH, 20.0, True, PROPOSED,
            "time below -60 dBFS in which the reference is above -50 dBFS"),
    Measure("pitch_jump", "Pitch jump", "cent", _HIGH, 300.0, False, PROPOSED,
            "larger change of pitch over an edge of the gap; voiced gaps of 30 ms and more"),
    Measure("recovery_lag", "Recovery lag", "ms", _BOTH, 1.0, True, PROPOSED,
            "shift of the gap's last 10 ms against the reference; where the two are alike"),
    Measure("gap_snr", "Gap SNR", "dB", _LOW, None, True, "signal-to-noise ratio over the lost samples",
            "does not rank quality: shown, never flagged"),
)
# fmt: on


def measure_named(key: str) -> Measure:
    """Return a measure by its key; `KeyError` if there is none."""
    for measure in MEASURES:
        if measure.key == key:
            return measure
    raise KeyError(key)
