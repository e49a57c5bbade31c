"""A clip's losses in four figures, without reading its sound where a trace is written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaplisten.audio.files import probe, read_signal
from gaplisten.clips.clip import Clip
from gaplisten.clips.traces import packet_frames_at, trace_file_of
from gaplisten.loss.detect import detect_losses
from gaplisten.loss.formats import End, fit, format_named
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
    trace, packet_ms = _written(clip)
    if trace is not None:
        return _summary(trace, packet_ms, detected=False)
    if clip.lossy is None:
        return None
    signal = read_signal(clip.lossy)
    size = packet_frames_at(clip.packet_ms, signal.rate, clip.name)
    found = detect_losses(signal, size).trace
    if found.grid == Grid(size):
        return _summary(found.lost, clip.packet_ms, detected=True)
    longest = found.longest_ms
    return ClipSummary(found.loss_rate, len(found.gaps()), longest, stratum_of(longest), detected=True)


def _written(clip: Clip) -> tuple[Flags | None, float]:
    if clip.inline_trace is not None:
        return np.array(clip.inline_trace, np.bool_), clip.packet_ms
    if clip.trace is None:
        return None, clip.packet_ms
    found = trace_file_of(clip, clip.trace)
    if found.intervals is not None:
        info = probe(clip.sound) if clip.sound is not None else None
        trace = found.on_clock(info.rate, info.frames) if info is not None else found.on_clock(_NOMINAL_RATE)
        return trace.mask(trace.frames), 1000.0 / trace.rate
    end = format_named(found.format).end
    if clip.sound is None or (end is End.EXACT and not found.packet_frames):
        return found.lost, found.packet_ms or clip.packet_ms
    # The format has a rule for what follows the file's end, or counts samples: the sound's header is needed.
    info = probe(clip.sound)
    size = found.packet_frames or packet_frames_at(clip.packet_ms, info.rate, clip.name)
    return fit(found.lost, -(-info.frames // size), end), 1000.0 * size / info.rate


def _summary(lost: Flags, packet_ms: float, detected: bool) -> ClipSummary:
    trace = LossTrace.of_packets(lost, 1, _NOMINAL_RATE)
    gaps = trace.gaps()
    longest = max((gap.frames for gap in gaps), default=0) * packet_ms
    return ClipSummary(trace.loss_rate, len(gaps), longest, stratum_of(longest), detected)
