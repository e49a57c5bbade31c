"""Losing packets on purpose."""

from __future__ import annotations

from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace


def apply_loss(clean: Signal, trace: LossTrace) -> Signal:
    """Return the signal with its lost packets exactly zero and everything else bit-identical.

    Raises
    ------
    ValueError
        If trace and signal are on different clocks.
    """
    if trace.rate != clean.rate:
        raise ValueError(f"the trace is at {trace.rate} Hz, the signal at {clean.rate} Hz")
    samples = clean.samples.copy()
    samples[trace.mask(clean.frames)] = 0.0
    return Signal(samples, clean.rate)
