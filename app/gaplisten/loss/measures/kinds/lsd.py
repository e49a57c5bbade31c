"""Log-spectral distance of a gap from the reference's."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import Case, Direction, Measure
from gaplisten.loss.measures.windows import FLOOR, Frames, Places, Row, Rows, decibel, hann, stretches

FRAME_MS, HOP_MS = 20.0, 5.0
_SOURCE = (
    "log-spectral distance, mean over time of the rms over frequency (Gray and Markel 1976); floor proposed"
)


def centres(places: Places) -> tuple[Frames, Frames]:
    """Return the middles of the frames of all gaps, and the gap that each belongs to."""
    hop = max(1, round(HOP_MS * places.rate / 1000))
    counts = np.maximum(1, places.frames // hop)
    gap = np.repeat(np.arange(places.starts.size), counts)
    number = np.arange(gap.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return places.starts[gap] + number * hop + np.minimum(hop, places.frames[gap]) // 2, gap


def levels(signal: Row, middles: Frames, rate: int) -> Rows:
    """Return the spectra of frames of 20 ms (Hann) in dB, floored at that of a tone of -80 dBFS."""
    size = round(FRAME_MS * rate / 1000)
    window = hann(size + 2)[1:-1]
    spectrum = np.fft.rfft(stretches(signal, middles - size // 2, size) * window)
    floor = (FLOOR * window.sum() / 2) ** 2
    power = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    return decibel(np.maximum(power, floor, out=power), out=power)


def of(case: Case) -> Row:
    """Return the mean over frames centred in the gap of the rms over frequency of the level difference."""
    rate, clean = case.version.rate, case.reference
    middles, gap = centres(case.places)
    natural = case.of_reference("lsd", lambda: levels(clean.row, middles, rate))
    difference = levels(case.version.row, middles, rate) - natural
    distance = np.sqrt(np.mean(difference**2, axis=1))
    gaps = case.places.starts.size
    return np.asarray(np.bincount(gap, distance, gaps) / np.maximum(np.bincount(gap, minlength=gaps), 1))


MEASURES = (
    Measure(
        "lsd", "Log-spectral distance", "dB", Direction.HIGH, 16.0, True, _SOURCE,
        "distance of the short-time spectra in the gap from the reference's", "LSD", of, 21,
        window_ms=5.0,
    ),
)  # fmt: skip
