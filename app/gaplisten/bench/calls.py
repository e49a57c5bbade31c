"""A call at hand: a capture whose stream and buffer are being chosen, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaplisten.audio.writing import write_signal
from gaplisten.bench.state import RoleChoice
from gaplisten.captures.buffer import Buffered, buffered, relative_delays
from gaplisten.captures.formats import read_capture
from gaplisten.captures.laying_out import timeline_of_delays
from gaplisten.captures.overview import Row, joinable, rows_of, told
from gaplisten.captures.sound import sound_of, why_silent
from gaplisten.captures.streams import Capture, CaptureError
from gaplisten.captures.timeline import Slot, Timeline, joined
from gaplisten.clips.traces import packet_frames_at
from gaplisten.jobs import Job
from gaplisten.loss.formats import write_trace
from gaplisten.loss.trace import LossTrace

_MICROSECONDS = 1_000_000
USUAL_PACKET_MS = 20.0
USUAL_BUFFER_MS = 60


@dataclass(frozen=True, eq=False)
class Call:
    """A capture as it was read, with its streams laid out.

    Parameters
    ----------
    rows
        Its streams; for a delay profile there are none.
    packet_ms, clock
        What the user said of packets, where the capture does not tell.
    """

    capture: Capture
    rows: tuple[Row, ...]
    packet_ms: float | None = None
    clock: int | None = None

    @classmethod
    def of(cls, path: Path, job: Job, packet_ms: float | None = None, clock: int | None = None) -> Call:
        """Read a capture and lay its streams out.

        Raises
        ------
        CaptureError
            If it cannot be read, or tells only how much was lost.
        """
        capture = read_capture(path, job)
        if not capture.streams and capture.delays is None:
            fact = f"is a {capture.format}: it tells how much was lost of a call, never where"
            way_out = (
                f"'gaplisten trace {path.name}' tells its figures, Generate Loss draws losses like these"
            )
            raise CaptureError(str(path), fact, way_out)
        return cls(capture, (), packet_ms, clock).told(packet_ms, clock)

    def told(self, packet_ms: float | None, clock: int | None) -> Call:
        """Return the call laid out as the user says that its packets are."""
        rows = rows_of(self.capture, packet_ms=packet_ms, clock=clock)
        return replace(self, rows=rows, packet_ms=packet_ms, clock=clock)

    @property
    def choices(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """What can be chosen: streams, and those that can be joined, with the numbers of their rows."""
        if self.capture.delays is not None:
            return (("Delay profile", ()),)
        single = [(f"Stream {row.number}", (row.number,)) for row in self.rows]
        pairs = [(f"Streams {one} and {two}, joined", (one, two)) for one, two in joinable(self.capture)]
        return (*single, *pairs)

    def timeline(self, numbers: tuple[int, ...]) -> Timeline:
        """Return what was chosen, laid out.

        Raises
        ------
        CaptureError
            If that cannot be done.
        """
        if self.capture.delays is not None:
            return timeline_of_delays(self.capture.delays, self.packet_ms or USUAL_PACKET_MS)
        parts = []
        for number in numbers:
            row = self.rows[number - 1]
            if row.timeline is None:
                raise CaptureError(f"stream {number}", row.problem)
            parts.append(row.timeline)
        return joined(parts)


@dataclass(frozen=True, eq=False)
class Heard:
    """A stream of a call under a jitter buffer: what the window shows, and what it makes.

    Parameters
    ----------
    name
        What was chosen, in words.
    delays_ms
        Over the smallest one, or as they stand; NaN where nothing came.
    """

    path: Path
    name: str
    timeline: Timeline
    found: Buffered
    delays_ms: npt.NDArray[np.float64]
    notes: tuple[str, ...]

    @property
    def trace(self) -> LossTrace:
        """What was lost, on a clock of microseconds."""
        return self._trace(round(self.timeline.packet_ms * _MICROSECONDS / 1000), _MICROSECONDS)

    def _trace(self, size: int, rate: int) -> LossTrace:
        return LossTrace.of_packets(self.found.lost, max(size, 1), rate)

    @property
    def outcome(self) -> str:
        """What was lost and why, in two lines."""
        trace = self.trace
        count = int(self.found.lost.sum())
        share = f"{count} of {self.found.lost.size} packets lost ({100 * trace.loss_rate:.1f} %)"
        first = f"{share} in {len(trace.gaps())} gaps, the longest {trace.longest_ms:.0f} ms"
        return f"{first}\n{told(self.timeline, self.found)}"

    @property
    def why_silent(self) -> str:
        """Why it cannot be listened to; nothing where it can."""
        return why_silent(self.timeline)

    def late(self) -> npt.NDArray[np.bool_]:
        """Return which slots were received too late."""
        return np.asarray(self.found.lost & (self.timeline.slots == Slot.RECEIVED), np.bool_)

    def on_clip(self, rate: int, frames: int) -> LossTrace:
        """Return the losses on a clip's clock, from its beginning on.

        Raises
        ------
        GaplistenError
            If a packet is no whole number of frames.
        """
        size = packet_frames_at(self.timeline.packet_ms, rate, self.path.name)
        return self._trace(size, rate).fitted(frames)

    @property
    def how(self) -> str:
        """How these losses were made, for the work."""
        waited = "no buffer" if self.found.buffer_ms is None else f"buffer {self.found.buffer_ms:g} ms"
        return f"{self.path.name}, {self.name.lower()}, {waited}"

    def save(self, sound: Path) -> tuple[RoleChoice, ...]:
        """Write what was received, and beside it the trace; return them as files of a clip.

        Raises
        ------
        GaplistenError
            If the sound cannot be decoded, or a file cannot be written.
        """
        written = sound.with_name(f"{sound.stem}_is_lost.txt")
        write_signal(sound, sound_of(self.timeline, self.found.lost))
        write_trace(written, self.trace, "challenge")
        return (RoleChoice(sound, "lossy"), RoleChoice(written, "trace", form="challenge"))


def heard(
    call: Call, numbers: tuple[int, ...], timeline: Timeline, buffer_ms: float | None, absolute: bool = False
) -> Heard:
    """Return a stream under a jitter buffer.

    Raises
    ------
    CaptureError
        If nothing tells when packets came, and a buffer is asked for.
    """
    found = buffered(timeline, buffer_ms, absolute=absolute)
    delays = timeline.delays_ms if absolute else relative_delays(timeline)[0]
    name = next(name for name, each in call.choices if each == numbers)
    notes = (*call.capture.notes, *timeline.notes, *found.notes)
    return Heard(call.capture.path, name, timeline, found, delays, tuple(dict.fromkeys(notes)))
