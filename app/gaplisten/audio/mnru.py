"""Modulated noise reference unit: speech with noise that follows its own waveform (ITU-T P.810).

Listening tests take a few of these as conditions whose quality is known beforehand, so that results of
different tests can be laid side by side.
"""

from __future__ import annotations

import numpy as np

from gaplisten.audio.signal import Signal


def modulated_noise(signal: Signal, q_db: float, seed: int) -> Signal:
    """Return ``y = x (1 + 10^(-Q/20) N)`` with Gaussian noise N of unit variance.

    Over the whole band of the signal: the band limits with which P.810 describes the narrow-band unit are a
    matter of the source speech. The noise is scaled so that the ratio of speech to noise is `q_db` exactly.

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
    rng = np.random.Generator(np.random.PCG64(seed))
    noise = x * rng.standard_normal((signal.frames, 1))
    power, wanted = float(np.sum(noise**2)), float(np.sum(x**2)) * 10 ** (-q_db / 10)
    if power > 0:
        noise *= np.sqrt(wanted / power)
    return Signal((x + noise).astype(np.float32), signal.rate)
