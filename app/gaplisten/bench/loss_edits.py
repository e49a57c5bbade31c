"""Painting packets lost or received, and what that does to the lossy signal."""

from __future__ import annotations

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.bench.state import LossEdit
from gaplisten.clips.summary import ClipSummary
from gaplisten.loss.strata import stratum_of
from gaplisten.loss.trace import Grid, LossTrace, OffGridError, Origin, Spans, runs_of


def edit_of(trace: LossTrace, how: str) -> LossEdit:
    """Return a trace as the value that is kept in a workbench file."""
    grid = trace.grid
    if grid is None:  # in packets of one frame, which stand for none
        return LossEdit(trace.frames, 1000.0 / trace.rate, _pairs(trace.spans), how)
    if not trace.on_grid:
        length, runs = 1000.0 * grid.length / trace.rate, _pairs(trace.spans)
        packets = grid.packets(trace.frames)
        return LossEdit(packets, length, runs, how, grid.offset, trace.frames, trace.rate)
    return LossEdit(trace.packets, trace.packet_ms, _pairs(runs_of(trace.lost)), how, grid.offset)


def _pairs(rows: Spans) -> tuple[tuple[int, int], ...]:
    return tuple((first, stop) for first, stop in rows.tolist())


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
    if packet_frames == 1:
        return LossTrace.of_spans(edit.runs, frames, rate, Origin.EDITED)
    if edit.frames is not None:
        return _in_frames(edit, Grid(packet_frames, edit.offset), rate, frames)
    lost = np.zeros(edit.packets, np.bool_)
    for first, stop in edit.runs:
        lost[first:stop] = True
    if not -packet_frames < edit.offset <= 0:
        raise ValueError(f"an offset of {edit.offset} frames is not within one packet")
    return LossTrace.of_packets(lost, packet_frames, rate, Origin.EDITED, offset=edit.offset).fitted(frames)


def _in_frames(edit: LossEdit, grid: Grid, rate: int, frames: int) -> LossTrace:
    """Return gaps that lie off the packets, on the clock `rate`; the packets stay."""
    old = edit.rate or rate
    spans = [(first * rate // old, -(-stop * rate // old)) for first, stop in edit.runs]
    return LossTrace.of_spans(spans, frames, rate, Origin.EDITED, grid=grid)


def summary_of(edit: LossEdit) -> ClipSummary:
    """Return edited losses in the figures by which clips are listed."""
    total, unit_ms = edit.packets, edit.packet_ms
    if edit.frames is not None and edit.rate is not None:
        total, unit_ms = edit.frames, 1000.0 / edit.rate
    lengths = [stop - first for first, stop in edit.runs]
    longest = max(lengths, default=0) * unit_ms
    return ClipSummary(sum(lengths) / max(total, 1), len(lengths), longest, stratum_of(longest))


def drawn(trace: LossTrace | None, start: int, stop: int, lost: bool, frames: int, rate: int) -> LossTrace:
    """Return the trace with the frames ``[start, stop)`` (any order) lost or received, packets or not.

    Parameters
    ----------
    trace
        None where nothing was known of losses; then there are no packets.
    """
    known = trace if trace is not None else LossTrace.of_spans([], frames, rate, Origin.EDITED)
    low, high = sorted((start, stop))
    return known.marked(max(low, 0), min(high, frames), lost)


def painted(trace: LossTrace, first: int, last: int, lost: bool) -> LossTrace:
    """Return the trace with the packets `first` to `last` (inclusive, any order) set to `lost`.

    Raises
    ------
    OffGridError
        If there are no packets.
    """
    grid = trace.grid
    if grid is None:
        raise OffGridError(
            "the loss", "has no packets to paint", "give the clip a trace with a packet length"
        )
    low, high = sorted((first, last))
    return trace.marked(grid.start(max(low, 0)), grid.start(max(high + 1, 0)), lost)


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
    grid = original.grid
    if grid is None:
        return not original.has_loss
    return stretch_restorable(reference, original, grid.start(low), grid.start(high + 1))


def stretch_restorable(reference: Signal | None, original: LossTrace | None, start: int, stop: int) -> bool:
    """Return whether frames can be drawn received: there is a reference, or none was lost at first."""
    if reference is not None or original is None:
        return True
    low, high = sorted((start, stop))
    return not original.part(low, high).has_loss
