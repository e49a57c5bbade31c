"""Up to which frequency a sound has anything: speech at 48 kHz seldom fills its upper half."""

from __future__ import annotations

import numpy as np

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.spectra import SpectrumSettings, spectra_at

LEAST_HZ = 4000.0
HEARD_DB = -80.0
_LOOKS = 96
_ROOM = 1.1
_NEARLY_ALL = 0.85
_STEP_HZ = 500.0


def highest_hz(source: SampleSource, _number: int = 0) -> float:
    """Return a round frequency above which no level of a sound reaches -80 dB (a full-scale sine is 0).

    At least 4 kHz, and half the rate where not much is missing to it. 96 places are looked at.
    """
    most = source.rate / 2.0
    settings = SpectrumSettings(window_ms=32.0)
    # Windows lie inside the sound: where it begins or ends in the middle of one there is a step.
    margin = min(settings.window_frames(source.rate) // 2, source.frames // 2)
    places = np.linspace(margin, max(source.frames - margin, margin), _LOOKS).astype(np.int64)
    levels = spectra_at(source, places, settings)
    loudest = np.max(levels, axis=0)
    heard = np.flatnonzero(loudest > 10.0 ** (HEARD_DB / 10.0))
    highest = heard[-1] / (len(loudest) - 1) * most if heard.size else 0.0
    wanted = max(np.ceil(highest * _ROOM / _STEP_HZ) * _STEP_HZ, LEAST_HZ)
    return most if wanted >= _NEARLY_ALL * most else float(wanted)
