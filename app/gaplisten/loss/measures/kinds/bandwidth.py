"""Energy above 4 kHz against the reference: narrow-band concealment in wide-band speech."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.measures.contract import PROPOSED, Case, Direction, Measure
from gaplisten.loss.measures.windows import Places, Prepared, Row, Rows, decibel, hann, stretches

FROM_HZ = 4200.0
LEAST = 1e-8  # -80 dBFS above 4 kHz, or there is nothing to lose
_TINY = 1e-10


def bands(signal: Prepared, places: Places) -> Rows:
    """Return the power of each gap below and above 4.2 kHz, shape ``(2, n)``; Hann windows."""
    rate = signal.voice_rate
    starts, stops = places.at(rate)
    found = np.zeros((2, starts.size))
    for size in np.unique(stops - starts).tolist():
        some = stops - starts == size
        window = hann(size + 2)[1:-1]
        spectrum = np.fft.rfft(stretches(signal.voice, starts[some], size) * window)
        power = (spectrum.real**2 + spectrum.imag**2) * 2 / (size * (window @ window))
        above = np.fft.rfftfreq(size, 1 / rate) >= FROM_HZ
        found[0, some] = power[:, ~above].sum(axis=1)
        found[1, some] = power[:, above].sum(axis=1)
    return found


def of(case: Case) -> Row:
    """Return the energy above 4 kHz less the reference's, dB, as far as the gap is not lower as a whole."""
    version, clean = case.version, case.reference
    if version.voice_rate < 2.2 * FROM_HZ:
        return np.full(case.places.starts.size, np.nan)
    below, above = bands(version, case.places)
    natural_below, natural_above = case.of_reference("bands", lambda: bands(clean, case.places))
    lost = decibel((above + _TINY) / (natural_above + _TINY))
    level = decibel((below + _TINY) / (natural_below + _TINY))
    told = (natural_above > LEAST) & (below + above > LEAST)
    return np.where(told, lost - np.clip(level, -60.0, 0.0), np.nan)


MEASURES = (
    Measure(
        "bandwidth", "Bandwidth", "dB", Direction.LOW, -18.0, True, PROPOSED,
        "energy above 4 kHz in the gap less the reference's, as far as the gap is not lower as a whole; "
        "wide-band speech",
        "Bandwidth", of, 22,
    ),
)  # fmt: skip
