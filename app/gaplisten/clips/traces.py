"""A clip's loss trace on the clip's clock, checked against its length."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gaplisten.audio.files import probe, read_signal
from gaplisten.clips.clip import Clip, ConditionFile
from gaplisten.clips.trace_table import CELL_FORMAT
from gaplisten.errors import GaplistenError
from gaplisten.loss.detect import detect_lost_packets
from gaplisten.loss.formats import (
    AmbiguousTrace,
    End,
    TraceFile,
    TraceFileError,
    TraceFormat,
    fit,
    format_named,
    read_trace,
)
from gaplisten.loss.trace import Flags, LossTrace, Reading

_USUAL_MS = (20, 10, 5, 2.5, 30, 40, 60, 80, 100, 120)
_USUAL_FRAMES = (512, 256, 1024, 128)


class PacketLengthError(GaplistenError):
    """A packet length that does not fit a rate."""


class OtherLength(TraceFileError):  # noqa: N818 - said of a file
    """A trace of another number of packets than the sound has; `sizes` are the lengths in frames that fit."""

    def __init__(self, thing: str, fact: str, sizes: tuple[int, ...], rate: int) -> None:
        way_out = "set the packet length, or give the trace that belongs to this clip"
        if sizes:
            length = f"{1000 * sizes[0] / rate:.4g} ms ({sizes[0]} frames)"
            way_out = f"set the packet length to {length}, with which it fits"
        super().__init__(thing, fact, way_out)
        self.sizes = sizes


@dataclass(frozen=True, eq=False)
class WrittenTrace:
    """A trace that somebody wrote down, and what is to be said about it."""

    trace: LossTrace
    notes: tuple[str, ...] = ()


def packet_frames_at(packet_ms: float, rate: int, thing: str) -> int:
    """Return the packet length in whole frames.

    Raises
    ------
    PacketLengthError
        If the packet is not within a hundredth of a frame per packet of a whole number of frames, so that the
        grid would drift.
    """
    exact = packet_ms * rate / 1000.0
    size = round(exact)
    if size < 1 or abs(exact - size) > 0.011:
        raise PacketLengthError(
            thing,
            f"a packet of {packet_ms:g} ms is {exact:.2f} frames at {rate} Hz, not a whole number",
            f"set the packet length in use (at this rate for instance {_whole_lengths(rate)})",
        )
    return size


def _whole_lengths(rate: int) -> str:
    """Name the usual packet lengths that are whole frames, or a usual number of frames."""
    whole = [f"{ms:g}" for ms in _USUAL_MS if ms * rate % 1000 == 0]
    frames = _USUAL_FRAMES[0]
    return f"{' or '.join(whole[:2])} ms" if whole else f"{1000 * frames / rate:.6g} ms: {frames} frames"


def trace_of(clip: Clip, rate: int, frames: int) -> WrittenTrace | None:
    """Return the written trace of a clip, or None where there is none.

    Raises
    ------
    GaplistenError
        If the file cannot be used, or speaks of another number of packets than the sound has.
    """
    if clip.inline_trace is not None:
        flags = np.array(clip.inline_trace, np.bool_)
        size = packet_frames_at(clip.packet_ms, rate, clip.name)
        thing = f"{clip.name} (trace in the table)"
        return WrittenTrace(_fitting(flags, size, rate, frames, thing, Reading(CELL_FORMAT)))
    return None if clip.trace is None else _of_file(clip, clip.trace, rate, frames)


def _of_file(clip: Clip, path: Path, rate: int, frames: int) -> WrittenTrace:
    return on_clock(trace_file_of(clip, path), clip.packet_ms, rate, frames, clip.name)


def on_clock(found: TraceFile, packet_ms: float, rate: int, frames: int, thing: str) -> WrittenTrace:
    """Return what a file says on a sound's clock, by its format's rule for the end.

    Parameters
    ----------
    packet_ms
        Packet length where the file tells none.
    thing
        What is named where a packet is no whole number of frames.

    Raises
    ------
    GaplistenError
        If it speaks of another number of packets than the sound has, or of what lies beyond it.
    """
    path = found.path
    if found.intervals is not None:
        return _of_intervals(found, packet_ms, rate, frames)
    size = found.packet_frames or packet_frames_at(found.packet_ms or packet_ms, rate, thing)
    packets, form = -(-frames // size), format_named(found.format)
    reading = Reading(found.format, found.inverted, path)
    trace = _fitting(fit(found.lost, packets, form.end), size, rate, frames, str(path), reading)
    notes = (*found.notes, *_other_length(found.lost.size, packets, form))
    return WrittenTrace(trace, tuple(f"{path.name}: {note}" for note in notes))


def _of_intervals(found: TraceFile, packet_ms: float, rate: int, frames: int) -> WrittenTrace:
    """Return gaps that were written as intervals; on packets where all of them lie on such."""
    assert found.intervals is not None
    spans = found.intervals.spans(rate)
    beyond = spans[spans[:, 0] >= frames]
    if len(beyond):
        fact = f"has a gap at {beyond[0, 0] / rate:.3f} s, the sound ends at {frames / rate:.3f} s"
        raise TraceFileError(str(found.path), fact, "give the file that belongs to this clip")
    notes = list(found.notes)
    if len(spans) and spans[:, 1].max() > frames + 1:
        notes.append(f"the last gap reaches beyond the sound's end: cut at {frames / rate:.3f} s")
    trace = found.on_clock(rate, frames)
    exact = packet_ms * rate / 1000
    edges = trace.spans.reshape(-1)
    near = np.rint(edges / exact) * exact
    if edges.size and abs(exact - round(exact)) < 0.011 and (np.abs(near - edges) <= 1).all():
        size = round(exact)
        lost = np.zeros(-(-frames // size), np.bool_)
        for start, stop in np.rint(trace.spans / size).astype(np.int64).tolist():
            lost[start:stop] = True
        trace = LossTrace.of_packets(lost, size, rate, reading=trace.reading).fitted(frames)
        notes.append(f"all gaps lie on packets of {packet_ms:g} ms")
    else:
        notes.append(f"its gaps lie on no packets of {packet_ms:g} ms: gaps of lengths of their own")
    return WrittenTrace(trace, tuple(f"{found.path.name}: {note}" for note in notes))


def own_trace_of(clip: Clip, condition: ConditionFile, rate: int, frames: int) -> WrittenTrace:
    """Return the losses that a condition met, where they are its own.

    Where nobody told its packet length, and the clip's does not fit, the usual one that does is taken.

    Raises
    ------
    GaplistenError
        If the file cannot be used, or speaks of another number of packets than the sound has.
    """
    assert condition.trace is not None
    # The clip's lossy file tells nothing of what this condition lost.
    own = replace(clip.as_met_by(condition), lossy=None)
    try:
        return _of_file(own, condition.trace, rate, frames)
    except OtherLength as other:
        if condition.packet_ms or len(other.sizes) != 1:
            raise
        packet_ms = 1000.0 * other.sizes[0] / rate
        written = _of_file(replace(own, packet_ms=packet_ms), condition.trace, rate, frames)
        note = (
            f"{condition.trace.name}: packets of {packet_ms:.4g} ms ({other.sizes[0]} frames) fit the sound"
        )
        return replace(written, notes=(*written.notes, note))


def trace_file_of(clip: Clip, path: Path) -> TraceFile:
    """Read a clip's trace file; where it can mean two things, the lossy file's exact zeros tell which.

    Raises
    ------
    AmbiguousTrace
        If they do not tell either.
    TraceFileError
        If it cannot be used.
    """
    try:
        return read_trace(path, format=clip.trace_format, inverted=clip.trace_inverted)
    except AmbiguousTrace as question:
        zeros = _zero_packets(clip)
        readings = [
            read_trace(path, format=name, inverted=clip.trace_inverted) for name in question.candidates
        ]
        fitting = [found for found in readings if _calls_zeros_lost(found, zeros)]
        note = "what that calls lost is exact zeros in the lossy file"
        if len(fitting) != 1:
            fitting = [found for found in readings if _fits_length(found, clip)]
            note = "no other reading fits the length of the sound"
        if len(fitting) != 1:
            raise
        found = fitting[0]
        note = f"read as {found.format}: {note}"
        return replace(found, notes=(*found.notes, note))


def _fits_length(found: TraceFile, clip: Clip) -> bool:
    """Whether a reading speaks of as much sound as there is, or where its format allows it, of less."""
    if clip.sound is None:
        return True
    try:
        info = probe(clip.sound)
        size = found.packet_frames or packet_frames_at(
            found.packet_ms or clip.packet_ms, info.rate, clip.name
        )
    except GaplistenError:
        return True
    if found.intervals is not None:
        return int(found.intervals.spans(info.rate).max(initial=0)) <= info.frames + size
    exact = format_named(found.format).end is End.EXACT
    packets = -(-info.frames // size)
    return packets - 1 <= found.lost.size <= packets if exact else found.lost.size <= packets


def _zero_packets(clip: Clip) -> Flags:
    try:
        if clip.lossy is None:
            return np.zeros(0, np.bool_)
        lossy = read_signal(clip.lossy)
        return detect_lost_packets(lossy, packet_frames_at(clip.packet_ms, lossy.rate, clip.name)).lost
    except GaplistenError:
        return np.zeros(0, np.bool_)


def _calls_zeros_lost(found: TraceFile, zeros: Flags) -> bool:
    """Whether a reading loses packets, and only such as are exact zeros."""
    lost = found.lost[: zeros.size]
    return bool(found.packet_frames is None and lost.any() and zeros[: lost.size][lost].all())


def _other_length(there: int, wanted: int, form: TraceFormat) -> tuple[str, ...]:
    """Say what a format's own rule made of a file that is shorter or longer than the sound."""
    if there == wanted or form.end is End.EXACT or (there < wanted and form.lists):
        return ()
    rule = form.end.value if there < wanted else "the rest of it is not used"
    return (f"has {there} packets, the sound has {wanted}: {rule}",)


def _usual_sizes(packets: int, rate: int, frames: int) -> tuple[int, ...]:
    """Return the usual packet lengths, in frames, of which so many make the sound."""
    sizes = [round(ms * rate / 1000) for ms in _USUAL_MS] + list(_USUAL_FRAMES)
    fitting = [size for size in sizes if size and packets in (frames // size, -(-frames // size))]
    return tuple(dict.fromkeys(fitting))


def _fitting(flags: Flags, size: int, rate: int, frames: int, thing: str, reading: Reading) -> LossTrace:
    whole, partial = frames // size, -(-frames // size)
    if flags.size not in (whole, partial):
        packet = f"{1000 * size / rate:g} ms"
        fact = f"has {flags.size} packets, the sound has {partial} of {packet} ({frames} frames)"
        raise OtherLength(thing, fact, _usual_sizes(flags.size, rate, frames), rate)
    return LossTrace.of_packets(flags, size, rate, reading=reading).fitted(frames)
