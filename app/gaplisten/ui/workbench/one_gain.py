"""The one gain of a clip, also of one that lasts an hour."""

from __future__ import annotations

import math

import numpy as np

from gaplisten.audio.gain import ClipGain, clip_gain
from gaplisten.audio.signal import Signal
from gaplisten.clips.clip import OpenClip

LONG_SECONDS = 120.0
PIECES = 24
PIECE_SECONDS = 2.5
_BLOCK = 1 << 20


def gain_of(opened: OpenClip, level_dbov: float) -> tuple[float, str]:
    """Return a clip's gain (linear) and what it is in words; 1 and nothing when there is no sound.

    A long clip's level is measured on pieces spread evenly over it, its peak on all of it.
    """
    versions = [signal for signal in (opened.lossy, *opened.conditions.values()) if signal is not None]
    known = [signal for signal in (opened.reference, *versions) if signal is not None]
    if not known:
        return 1.0, ""
    if max(signal.seconds for signal in known) <= LONG_SECONDS:
        return _told(clip_gain(opened.reference, versions, level_dbov))
    reference = None if opened.reference is None else excerpt(opened.reference)
    found = clip_gain(reference, [excerpt(signal) for signal in versions], level_dbov)
    most = 1.0 / max(max(map(peak_of, known)), 1e-9)
    if found.gain <= most:
        return _told(found)
    return most, f"{20 * math.log10(most):+.1f} dB for all lanes, limited: more would clip"


def _told(found: ClipGain) -> tuple[float, str]:
    reason = f", {found.reason}" if found.reason else ""
    return found.gain, f"{found.gain_db:+.1f} dB for all lanes{reason}"


def excerpt(signal: Signal) -> Signal:
    """Return pieces of a long signal, spread evenly, one after the other; a short one as it is."""
    if signal.seconds <= LONG_SECONDS:
        return signal
    length = round(PIECE_SECONDS * signal.rate)
    starts = np.linspace(0, signal.frames - length, PIECES).astype(int)
    return Signal(np.concatenate([signal.samples[start : start + length] for start in starts]), signal.rate)


def peak_of(signal: Signal) -> float:
    """Return the largest magnitude, read block by block."""
    blocks = range(0, signal.frames, _BLOCK)
    return max((float(np.abs(signal.samples[at : at + _BLOCK]).max()) for at in blocks), default=0.0)
