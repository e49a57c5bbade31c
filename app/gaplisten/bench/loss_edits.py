"""Painting packets lost or received, and what that does to the lossy signal."""

from __future__ import annotations

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.bench.state import LossEdit
from gaplisten.loss.trace import Flags, LossTrace, Origin


def runs_of(lost: Flags) -> tuple[tuple[int, int], ...]:
    """Return the lost packets as ascending ``(first, stop)`` runs."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], lost, [False]))))
    return tuple(zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True))


def edit_of(trace: LossTrace, how: str) -> LossEdit:
    """Return a trace as the value that is kept in a workbench file."""
    return LossEdit(trace.packets, trace.packet_ms, runs_of(trace.lost), how)


def trace_of(edit: LossEdit, rate: int, frames: int) -> LossTrace:
    """Return the edited loss on the clock `rate`, with one flag for each packet of `frames` frames.

    Raises
    ------
    ValueError
        If the packet is not a whole number of frames at `rate`.
    """
    exact = edit.packet_ms * rate / 1000.0
    packet_frames = round(exact)
    if packet_frames <= 0 or abs(exact - packet_frames) > 1e-6 * max(exact, 1.0):
        raise ValueError(f"a packet of {edit.packet_ms:g} ms is not a whole number of frames at {rate} Hz")
    lost = np.zeros(edit.packets, np.bool_)
    for first, stop in edit.runs:
        lost[first:stop] = True
    return LossTrace(lost, packet_frames, rate, Origin.EDITED).fitted(frames)


def painted(trace: LossTrace, first: int, last: int, lost: bool) -> LossTrace:
    """Return the trace with the packets `first` to `last` (inclusive, any order) set to `lost`."""
    low, high = sorted((first, last))
    flags = trace.lost.copy()
    flags[max(low, 0) : max(high + 1, 0)] = lost
    return LossTrace(flags, trace.packet_frames, trace.rate, Origin.EDITED)


def lossy_with(
    trace: LossTrace, reference: Signal | None, lossy: Signal | None, original: LossTrace | None
) -> Signal | None:
    """Return what arrives under `trace`: lost packets exactly zero, all others as they were sent.

    What was sent is the reference where there is one. Without one, it is the lossy file, in which packets
    lost from the start stay silent: nobody can bring them back.
    """
    sent = reference if reference is not None else lossy
    if sent is None:
        return None
    samples = sent.samples.copy()
    if reference is not None and lossy is not None and original is not None:
        # A lossy file need not be the zeroed reference (it may come through a codec): keep what was received.
        samples = _received(lossy, reference, original)
    samples[trace.mask(samples.shape[0])] = 0.0
    return Signal(samples, sent.rate)


def _received(lossy: Signal, reference: Signal, original: LossTrace) -> Samples:
    samples = lossy.samples.copy()
    frames = min(lossy.frames, reference.frames)
    lost = original.mask(frames)
    known = reference.samples[:frames]
    if known.shape[1] != samples.shape[1]:
        known = np.repeat(known.mean(axis=1, keepdims=True), samples.shape[1], axis=1)
    samples[:frames][lost] = known[lost]
    return samples


def restorable(reference: Signal | None, original: LossTrace | None, first: int, last: int) -> bool:
    """Return whether packets can be painted received: there is a reference, or none was lost at first."""
    if reference is not None or original is None:
        return True
    low, high = sorted((first, last))
    return not bool(original.lost[max(low, 0) : high + 1].any())
