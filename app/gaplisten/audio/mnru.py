"""Modulated noise reference unit: speech with noise that follows its own waveform (ITU-T P.810).

Listening tests take a few of these as conditions whose quality is known beforehand, so that results of
different tests can be laid side by side.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter, sosfilt

from gaplisten.audio.signal import Signal

Floats = npt.NDArray[np.float64]

# The narrow-band and wide-band units of the ITU's software tools (G.191): one set of filters for both
# rates. Its reference output of a sine is met to the last bit, but for ties of rounding.
UNIT_RATES = (8000, 16000)
_OFFSET_POLE = 0.985
_LOW_PASS = np.array(
    [
        [0.775841885724, 1.54552788762, 0.775841885724, 1.0, 1.23307153957, 0.430807372835],
        [0.775841885724, 1.51915539326, 0.775841885724, 1.0, 1.71128410940, 0.859087959597],
    ]
)
# Standard deviation of the unit's noise at Q = 0: the low-pass takes back what lies above 1.
_NOISE_GAIN = 1.0704


def unit(x: Floats, noise: Floats, q_db: float) -> Floats:
    """Return what the ITU's unit makes of speech and noise: offset out, modulated noise added, low-pass.

    Parameters
    ----------
    x
        Speech at 8 or 16 kHz, (frames, channels).
    noise
        What modulates it, (frames, 1), with a standard deviation of 1.0704.
    """
    flat = lfilter([1.0, -1.0], [1.0, -_OFFSET_POLE], x, axis=0)
    filtered: Floats = sosfilt(_LOW_PASS, flat * (1 + noise * 10 ** (-q_db / 20)), axis=0)
    return filtered


def modulated_noise(signal: Signal, q_db: float, seed: int) -> Signal:
    """Return speech under Gaussian modulated noise.

    At 8 and 16 kHz as the ITU's unit makes it (see `unit`): speech and noise end at 3.4 or 7 kHz, an offset
    is gone. At other rates, for which G.191 has no unit of this kind, ``y = x (1 + 10^(-Q/20) N)`` over the
    whole band. The noise is scaled so that its power is the one meant, and not only on average.

    Parameters
    ----------
    q_db
        Ratio of speech to modulated noise in dB: 5 is very bad, 35 is hardly heard.
    seed
        Another one draws other noise.

    Raises
    ------
    ValueError
        If `q_db` is no number from -20 to 80.
    """
    if not -20 <= q_db <= 80:
        raise ValueError("Q must lie between -20 and 80 dB")
    x = signal.samples.astype(np.float64)
    noise = np.random.Generator(np.random.PCG64(seed)).standard_normal((signal.frames, 1))
    power = float(np.sum((x * noise) ** 2))
    if power > 0:
        noise *= np.sqrt(float(np.sum(x**2)) / power)
    if signal.rate in UNIT_RATES:
        made = unit(x, _NOISE_GAIN * noise, q_db)
    else:
        made = x * (1 + noise * 10 ** (-q_db / 20))
    return Signal(made.astype(np.float32), signal.rate)
