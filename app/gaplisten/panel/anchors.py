"""MUSHRA anchors: low-passed references, linear phase, no delay."""

from __future__ import annotations

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.errors import GaplistenError

# Pass band edge and the frequency from which at least 60 dB are taken away, in Hz. For the 3.5 kHz anchor
# BS.1534-3 wants ripple within 0.1 dB, 25 dB at 4 kHz and 50 dB at 4.5 kHz; for the 7 kHz one it gives no
# mask.
_BANDS = {3500: 4000, 7000: 8000}
_ATTENUATION_DB = 66.0


class AnchorError(GaplistenError):
    """An anchor that cannot be made at this rate."""


def anchor_filter(edge: int, rate: int) -> Samples:
    """Return the taps of an anchor's filter: odd in number, symmetric, so that its delay is a whole number.

    Parameters
    ----------
    edge
        3500 or 7000 Hz.

    Raises
    ------
    AnchorError
        If the rate has nothing above the edge to take away.
    """
    from scipy.signal import firwin, kaiserord

    stop = _BANDS[edge]
    if rate / 2 < stop:
        fact = f"a {edge / 1000:g} kHz anchor needs a rate of at least {2 * stop} Hz, the clip has {rate} Hz"
        raise AnchorError("MUSHRA anchor", fact, "leave this anchor out")
    taps, beta = kaiserord(_ATTENUATION_DB, 2 * (stop - edge) / rate)
    return np.asarray(firwin(taps | 1, (edge + stop) / 2, window=("kaiser", beta), fs=rate), dtype=np.float64)


def anchor(reference: Signal, edge: int) -> Signal:
    """Return the reference low-passed at `edge`, of the same length and with no delay.

    Source: ITU-R BS.1534-3, low and mid anchor (numbers as given in public digests of the text).
    """
    from scipy.signal import oaconvolve

    taps = anchor_filter(edge, reference.rate)
    whole = oaconvolve(reference.samples.astype(np.float64), taps[:, None], axes=0)
    start = len(taps) // 2
    return Signal(whole[start : start + reference.frames].astype(np.float32), reference.rate)
