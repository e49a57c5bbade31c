"""Changing the sampling rate once, well, and with an exact length."""

from __future__ import annotations

import numpy as np

from gaplisten.audio.signal import Signal


def resample(signal: Signal, rate: int) -> Signal:
    """Return the signal at another rate, linear phase, with no shift in time.

    Parameters
    ----------
    signal
        Any rate and number of channels.
    rate
        Wanted rate in Hz.

    Returns
    -------
    signal
        Exactly ``round(frames * rate / signal.rate)`` frames; the same object if the rate is right already.

    Notes
    -----
    soxr's "very high quality" recipe: pass band to 0.913 of the lower Nyquist frequency, 28-bit precision.
    """
    if rate == signal.rate:
        return signal
    import soxr

    wanted = round(signal.frames * rate / signal.rate)
    made = soxr.resample(signal.samples, signal.rate, rate, quality="VHQ").astype(np.float32, copy=False)
    missing = wanted - len(made)
    if missing > 0:
        made = np.concatenate([made, np.zeros((missing, signal.channels), np.float32)])
    return Signal(np.ascontiguousarray(made[:wanted]), rate)
