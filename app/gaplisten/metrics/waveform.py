"""Log-spectral distance and scale-dependent SDR: how far the samples are from the reference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples
from gaplisten.metrics.contract import Implementation, Material, Metric, Unscorable

_WINDOW_SECONDS = 0.032
# Power re the reference's strongest bin (-80 dB); lower would measure dither and digital silence.
_FLOOR = 1e-8

LSD = Metric(
    name="lsd",
    title="Log-spectral distance",
    short="LSD",
    needs_reference=True,
    range=(0.0, np.inf),
    direction="lower",
    unit="dB",
    source="Gray and Markel, IEEE TASSP 24(5), 1976; 32 ms Hann windows, 16 ms apart, floor at -80 dB",
    seconds=(0.04, 600.0),
    aligned=True,
    version="2",
)

SDR = Metric(
    name="sdr",
    title="SDR (scale-dependent)",
    short="SDR",
    needs_reference=True,
    unit="dB",
    source="energy of the reference over energy of the difference; cf. Le Roux et al., ICASSP 2019",
    seconds=(0.0, 3600.0),
    aligned=True,
    version="2",
)


def _power(samples: Samples, window: int) -> npt.NDArray[np.float64]:
    hop = window // 2
    padded = np.pad(samples.astype(np.float64), (0, -(samples.size - window) % hop))
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    return np.asarray(np.abs(np.fft.rfft(windows * np.hanning(window + 1)[:-1])) ** 2)


def lsd(material: Material) -> float:
    """Return the mean over time of the root mean square over frequency of the level difference in dB."""
    reference, degraded = material.pair
    window = 2 * round(material.rate * _WINDOW_SECONDS / 2)
    if reference.size < window:
        raise Unscorable("too short for one window of 32 ms")
    clean, found = _power(reference, window), _power(degraded, window)
    floor = _FLOOR * clean.max()
    difference = 10.0 * np.log10(np.maximum(clean, floor) / np.maximum(found, floor))
    return float(np.sqrt((difference**2).mean(axis=1)).mean())


def sdr(material: Material) -> float:
    """Return the reference's energy over the difference's in dB; a change of level counts as an error."""
    reference, degraded = (side.astype(np.float64) for side in material.pair)
    error = float(((reference - degraded) ** 2).sum())
    if error == 0.0:
        raise Unscorable("equal to the reference (infinite)")
    return float(10.0 * np.log10(float((reference**2).sum()) / error))


PLACE = 40
IMPLEMENTATIONS = (Implementation(LSD, lsd), Implementation(SDR, sdr))
