"""A clip's loss trace on the clip's clock, checked against its length."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gaplisten.audio.files import probe, read_signal
from gaplisten.clips.clip import Clip, ConditionFile, PacketLength
from gaplisten.clips.trace_table import CELL_FORMAT
from gaplisten.errors import GaplistenError
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
    size = round(exact) if math.isfinite(exact) else 0
    if size < 1 or abs(exact - size) > 0.011:
        raise PacketLengthError(
            thing,
            f"a packet of {packet_ms:g} ms is {exact:.2f} frames at {rate} Hz, not a whole number",
            f"set the packet length in use (at this rate for instance {_whole_lengths(rate)})",
        )
    return size


def packet_at(clip: Clip, rate: int) -> int:
    """Return a clip's packet length in frames of its clock.

    Raises
    ------
    PacketLengthError
        As `packet_frames_at`.
    """
    return _frames_of(clip.packet, rate, clip.name)


def _frames_of(packet: PacketLength, rate: int, thing: str) -> int:
    return packet.frames or packet_frames_at(packet.ms, rate, thing)


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
        flags, thing = np.array(clip.inline_trace, np.bool_), f"{clip.name} (trace in the table)"
        size, notes = _length(clip.packet, flags, rate, frames, clip.name)
        trace = _fitting(flags, size, rate, frames, thing, Reading(CELL_FORMAT))
        return WrittenTrace(shifted(trace, clip.trace_shift), tuple(f"{thing}: {note}" for note in notes))
    return None if clip.trace is None else _of_file(clip, clip.trace, rate, frames)


def _of_file(clip: Clip, path: Path, rate: int, frames: int) -> WrittenTrace:
    written = on_clock(trace_file_of(clip, path), clip.packet, rate, frames, clip.name)
    return replace(written, trace=shifted(written.trace, clip.trace_shift))


def on_clock(found: TraceFile, packet: PacketLength, rate: int, frames: int, thing: str) -> WrittenTrace:
    """Return what a file says on a sound's clock, by its format's rule for the end.

    Parameters
    ----------
    packet
        Packet length where the file tells none; the usual one gives way to one that plainly fits.
    thing
        What is named where a packet is no whole number of frames.

    Raises
    ------
    GaplistenError
        If it speaks of another number of packets than the sound has, or of what lies beyond it.
    """
    path = found.path
    if found.intervals is not None:
        return _of_intervals(found, 1000 * packet.frames / rate if packet.frames else packet.ms, rate, frames)
    form, flags = format_named(found.format), found.lost
    notes: tuple[str, ...] = ()
    if found.packet_frames or found.packet_ms:
        size = found.packet_frames or packet_frames_at(found.packet_ms or 0.0, rate, thing)
    elif form.end is End.EXACT:
        size, notes = _length(packet, flags, rate, frames, thing)
    else:
        size = _frames_of(packet, rate, thing)
    packets = -(-frames // size)
    reading = Reading(found.format, found.inverted, path)
    trace = _fitting(fit(flags, packets, form.end), size, rate, frames, str(path), reading)
    said = (*found.notes, *notes, *_other_length(flags.size, packets, form))
    return WrittenTrace(trace, tuple(f"{path.name}: {note}" for note in said))


def _length(
    packet: PacketLength, flags: Flags, rate: int, frames: int, thing: str
) -> tuple[int, tuple[str, ...]]:
    """Return the packet length for so many flags: that which was said, or what plainly fits."""
    sizes = _usual_sizes(flags.size, rate, frames)
    if packet.said:
        return _frames_of(packet, rate, thing), ()
    try:
        usual = _frames_of(packet, rate, thing)
    except PacketLengthError:
        if len(sizes) != 1:
            raise
        usual = 0
    if usual and flags.size in (frames // usual, -(-frames // usual)):
        return usual, ()
    if len(sizes) != 1:
        return usual, ()  # fitting it tells what is wrong
    return sizes[0], (f"packets of {_in_words(sizes[0], rate)} fit the sound",)


def _in_words(size: int, rate: int) -> str:
    return f"{1000 * size / rate:.4g} ms ({size} frames)"


def shifted(trace: LossTrace, frames: int) -> LossTrace:
    """Return a trace whose losses lie later by some frames (earlier, where negative)."""
    if not frames or trace.grid is None:
        return trace
    size = trace.grid.length
    start = trace.grid.offset + frames
    ahead = max(-(-start // size), 0)  # received packets before the first that the trace speaks of
    gone = max(-start // size, 0)
    flags = np.concatenate([np.zeros(ahead, np.bool_), trace.lost[gone:]])
    offset = start + gone * size - ahead * size
    moved = LossTrace.of_packets(flags, size, trace.rate, trace.origin, offset=offset, reading=trace.reading)
    return moved.fitted(trace.frames)


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

    Where nobody told its packet length, that which plainly fits is taken.

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
        written = _of_file(replace(own, packet_frames=other.sizes[0]), condition.trace, rate, frames)
        note = f"{condition.trace.name}: packets of {_in_words(other.sizes[0], rate)} fit the sound"
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
        zeros = _zeros(clip)
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
        info = probe(clip.sound, clip.reading)
        own = PacketLength(found.packet_ms) if found.packet_ms else clip.packet
        size = found.packet_frames or _frames_of(own, info.rate, clip.name)
    except GaplistenError:
        return True
    if found.intervals is not None:
        return int(found.intervals.spans(info.rate).max(initial=0)) <= info.frames + size
    exact = format_named(found.format).end is End.EXACT
    packets = -(-info.frames // size)
    return packets - 1 <= found.lost.size <= packets if exact else found.lost.size <= packets


def _zeros(clip: Clip) -> tuple[Flags, int]:
    """Return where the lossy file is exactly zero, frame by frame, and the packet length in frames."""
    try:
        if clip.lossy is None:
            return np.zeros(0, np.bool_), 1
        lossy = read_signal(clip.lossy, clip.reading)
        return np.asarray(~lossy.samples.any(axis=1)), packet_at(clip, lossy.rate)
    except GaplistenError:
        return np.zeros(0, np.bool_), 1


def _calls_zeros_lost(found: TraceFile, where: tuple[Flags, int]) -> bool:
    """Whether a reading loses packets, and only such as are exact zeros."""
    zeros, size = where
    if found.packet_frames is not None or not found.lost.any():
        return False
    if found.lost.size == zeros.size:
        return bool(zeros[found.lost].all())
    if found.lost.size not in (zeros.size // size, -(-zeros.size // size)):
        size = -(-zeros.size // found.lost.size)
    whole = np.repeat(found.lost, size)[: zeros.size]
    return bool(whole.any() and zeros[: whole.size][whole].all())


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
