"""A capture in words and figures: what its streams are, and what became of one of them."""

from __future__ import annotations

from dataclasses import dataclass

from gaplisten.captures.buffer import Buffered
from gaplisten.captures.laying_out import timeline_of
from gaplisten.captures.sound import why_silent
from gaplisten.captures.streams import Capture, CaptureError, Stream, type_name
from gaplisten.captures.timeline import Timeline
from gaplisten.tables import Cell

COLUMNS = (
    "stream", "from", "to", "ssrc", "payload", "packets", "lost", "duplicates", "reordered", "silent",
    "packet_ms", "seconds",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Row:
    """One stream of a capture.

    Parameters
    ----------
    number
        By which users call it, from 1 on.
    timeline
        None where it cannot be laid out.
    problem
        Why not, and what would help.
    """

    number: int
    stream: Stream
    timeline: Timeline | None
    problem: str = ""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its figures, one for each of `COLUMNS`."""
        stream, timeline = self.stream, self.timeline
        ssrc = None if stream.ssrc is None else f"0x{stream.ssrc:08X}"
        ends = (stream.route.source or None, stream.route.target or None)
        known = (self.number, *ends, ssrc, type_name(stream.main_type), stream.packets)
        if timeline is None:
            return (*known, *[None] * 6)
        counts = timeline.counts
        figures = (counts.lost, counts.duplicates, counts.reordered, counts.silent)
        return (*known, *figures, timeline.packet_ms, timeline.seconds)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of it."""
        if self.timeline is None:
            return (f"stream {self.number}: {self.problem}",)
        why = why_silent(self.timeline)
        said = (*self.timeline.notes, *((why,) if "encrypted" in why else ()))
        return tuple(f"stream {self.number}: {note}" for note in said)


def rows_of(capture: Capture, *, packet_ms: float | None = None, clock: int | None = None) -> tuple[Row, ...]:
    """Lay all streams of a capture out."""
    rows = []
    for number, stream in enumerate(capture.streams, 1):
        try:
            timeline = timeline_of(stream, packet_ms=packet_ms, clock=clock)
        except CaptureError as error:
            rows.append(Row(number, stream, None, f"{error.fact}; {error.way_out}"))
        else:
            rows.append(Row(number, stream, timeline))
    return tuple(rows)


def joinable(capture: Capture) -> tuple[tuple[int, int], ...]:
    """Return the numbers of streams that go the same way one after the other: a sender that began anew."""
    found = []
    for number, stream in enumerate(capture.streams, 1):
        for later, other in enumerate(capture.streams[number:], number + 1):
            after = (
                stream.has_times
                and other.has_times
                and stream.route == other.route
                and stream.ssrc != other.ssrc
                and stream.main_type == other.main_type
                and stream.arrivals.max() <= other.arrivals.min()
            )
            if after:
                found.append((number, later))
                break
    return tuple(found)


def told(timeline: Timeline, found: Buffered) -> str:
    """Return what became of a stream's packets, in a line."""
    counts = timeline.counts
    parts = [found.summary]
    for number, what in (
        (found.reordered, "out of order and in time"),
        (counts.duplicates, "came twice"),
        (counts.silent, "slots of silence"),
        (counts.comfort, "packets of comfort noise"),
        (counts.events, "packets of telephone events"),
        (counts.recovered, "of the lost came again with later packets (RED)"),
    ):
        parts += [f"{number} {what}"] if number else []
    return "; ".join(parts)
