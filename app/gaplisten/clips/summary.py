"""A clip's losses in four figures, without reading its sound where a trace is written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaplisten.audio.files import probe, read_signal
from gaplisten.clips.clip import Clip
from gaplisten.clips.traces import OtherLength, packet_at, trace_file_of, trace_of
from gaplisten.errors import GaplistenError
from gaplisten.loss.detect import detect_losses
from gaplisten.loss.strata import Stratum, stratum_of
from gaplisten.loss.trace import Flags, Grid, LossTrace

_NOMINAL_RATE = 48_000


@dataclass(frozen=True)
class ClipSummary:
    """Losses of one clip.

    Parameters
    ----------
    loss_rate
        Share of packets lost, 0..1.
    longest_ms
        Longest burst in milliseconds.
    detected
        Whether the losses were taken from exact zeros instead of a trace.
    """

    loss_rate: float
    gaps: int
    longest_ms: float
    stratum: Stratum
    detected: bool = False


def summarise(clip: Clip) -> ClipSummary | None:
    """Return a clip's losses; None where neither a trace nor a lossy file tells of any.

    Raises
    ------
    GaplistenError
        If the trace (or the lossy file, without a trace) cannot be used.
    """
    if clip.trace is not None or clip.inline_trace is not None:
        return _of_written(clip)
    if clip.lossy is None:
        return None
    signal = read_signal(clip.lossy, clip.reading)
    size = packet_at(clip, signal.rate)
    return _of_trace(detect_losses(signal, size).trace, size, 1000.0 * size / signal.rate, detected=True)


def _of_written(clip: Clip) -> ClipSummary:
    """Return what a written trace says; with the sound's header at hand, in packets that fit the sound."""
    try:
        info = probe(clip.sound, clip.reading) if clip.sound is not None else None
    except GaplistenError:
        info = None
    if info is None:
        flags, packet_ms = _flags(clip)
        return _summary(flags, packet_ms, detected=False)
    try:
        written = trace_of(clip, info.rate, info.frames)
    except OtherLength:
        return _summary(*_flags(clip), detected=False)
    assert written is not None
    trace = written.trace
    size = trace.grid.length if trace.grid is not None else 0
    return _of_trace(trace, size, 1000.0 * size / info.rate, detected=False)


def _flags(clip: Clip) -> tuple[Flags, float]:
    if clip.inline_trace is not None:
        return np.array(clip.inline_trace, np.bool_), clip.packet_ms
    assert clip.trace is not None
    found = trace_file_of(clip, clip.trace)
    if found.intervals is not None:
        trace = found.on_clock(_NOMINAL_RATE)
        return trace.mask(trace.frames), 1000.0 / trace.rate
    return found.lost, found.packet_ms or clip.packet_ms


def _of_trace(trace: LossTrace, size: int, packet_ms: float, *, detected: bool) -> ClipSummary:
    if trace.grid == Grid(size or 1):
        return _summary(trace.lost, packet_ms, detected=detected)
    longest = trace.longest_ms
    return ClipSummary(trace.loss_rate, len(trace.gaps()), longest, stratum_of(longest), detected)


def _summary(lost: Flags, packet_ms: float, detected: bool) -> ClipSummary:
    trace = LossTrace.of_packets(lost, 1, _NOMINAL_RATE)
    gaps = trace.gaps()
    longest = max((gap.frames for gap in gaps), default=0) * packet_ms
    return ClipSummary(trace.loss_rate, len(gaps), longest, stratum_of(longest), detected)
