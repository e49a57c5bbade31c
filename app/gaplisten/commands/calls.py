"""What `gaplisten trace` does with captures of calls: lists streams, takes one, loses what came late."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaplisten.audio.writing import write_signal
from gaplisten.captures.buffer import Buffered, buffer_for, buffered, relative_delays, trace_of
from gaplisten.captures.formats import read_capture
from gaplisten.captures.laying_out import timeline_of, timeline_of_delays
from gaplisten.captures.overview import COLUMNS, joinable, rows_of, told
from gaplisten.captures.sound import sound_of
from gaplisten.captures.streams import Capture, CaptureError, Stream, Totals
from gaplisten.captures.timeline import Slot, Timeline, joined
from gaplisten.commands.output import progress, say, show
from gaplisten.durable.places import check_place
from gaplisten.loss.trace import LossTrace
from gaplisten.tables import Table, write_csv

_MICROSECONDS = 1_000_000  # a clock on which every packet length is whole
_USUAL_MS = 20.0
_STATES = {Slot.RECEIVED: "received", Slot.LOST: "never came", Slot.SILENCE: "silence"}


@dataclass(frozen=True)
class Choices:
    """What the options say of a call.

    Parameters
    ----------
    stream
        Number of a stream, or numbers with + between that are joined; None where nothing was chosen.
    """

    stream: str | None = None
    buffer_ms: float | None = None
    late_percent: float | None = None
    absolute: bool = False
    skip: int = 0
    frames: int = 1
    clock: int | None = None
    packet_ms: float | None = None
    output: bool = False
    form: str | None = None

    @property
    def asks_for_losses(self) -> bool:
        """Whether a stream is needed, and a list of all will not do."""
        return self.buffer_ms is not None or self.late_percent is not None or self.stream is not None


@dataclass(frozen=True, eq=False)
class Call:
    """What came of a capture.

    Parameters
    ----------
    trace
        On a clock of microseconds.
    format, polarity
        In words, for the table.
    """

    trace: LossTrace
    format: str
    polarity: str
    notes: tuple[str, ...]
    timeline: Timeline | None = None
    lost: Buffered | None = None


def look_at(file: Path, choices: Choices, wanted: bool, csv: Path | None) -> Call | None:
    """Read a capture; return what was lost, or list what it holds and return None.

    Parameters
    ----------
    wanted
        Whether a trace or a sound is to be written.

    Raises
    ------
    CaptureError
        If a stream has to be chosen, or it tells of no losses.
    """
    with progress("reading the capture") as job:
        capture = read_capture(file, job, form=choices.form)
    if choices.output:
        return _of_output(capture)
    if capture.delays is not None:
        return _of_delays(capture, choices)
    if capture.streams:
        chosen = _chosen(capture, choices, wanted)
        if chosen is None:
            _list(capture, choices, csv)
            return None
        return _of_stream(capture, chosen, choices)
    if capture.concealed is not None:
        fact = f"is a {capture.format}: it tells what was concealed of the output, not what was lost"
        raise CaptureError(str(file), fact, "take that with --output: it belongs to the output's sound")
    if wanted or choices.asks_for_losses:
        fact = f"is a {capture.format}: it tells how much was lost, never where"
        raise CaptureError(str(file), fact, "draw losses like these with 'gaplisten lose'")
    _tell_totals(capture, csv)
    return None


# --- streams ------------------------------------------------------------------------------------------------


def _chosen(capture: Capture, choices: Choices, wanted: bool) -> list[Stream] | None:
    streams = capture.streams
    if choices.stream is None:
        if len(streams) == 1:
            return [streams[0]]
        if wanted or choices.asks_for_losses:
            fact = f"holds {len(streams)} streams"
            raise CaptureError(
                str(capture.path), fact, "say which with --stream; without options they are listed"
            )
        return None
    words = choices.stream.split("+")
    numbers = [int(word) if word.isascii() and word.isdigit() and len(word) < 9 else 0 for word in words]
    if not all(1 <= number <= len(streams) for number in numbers):
        fact = "is no stream of this capture"
        raise CaptureError(
            f"--stream {choices.stream}", fact, f"write 1 to {len(streams)}, or 1+2 to join them"
        )
    return [streams[number - 1] for number in numbers]


def _laid_out(streams: list[Stream], choices: Choices) -> Timeline:
    options = {"packet_ms": choices.packet_ms, "clock": choices.clock}
    return joined([timeline_of(stream, **options) for stream in streams])  # type: ignore[arg-type]


def _of_stream(capture: Capture, streams: list[Stream], choices: Choices) -> Call:
    if choices.skip or choices.frames != 1 or choices.late_percent is not None:
        fact = "--skip, --frames and --late-percent are for delay profiles"
        raise CaptureError(str(capture.path), fact, "leave them out")
    timeline = _laid_out(streams, choices)
    found = buffered(timeline, choices.buffer_ms, absolute=choices.absolute)
    return _call(capture, timeline, found)


def _call(capture: Capture, timeline: Timeline, found: Buffered) -> Call:
    size = max(round(timeline.packet_ms * _MICROSECONDS / 1000), 1)
    late = "" if found.buffer_ms is None else f", or later than {found.buffer_ms:g} ms"
    polarity = f"never came{late}"
    notes = (told(timeline, found), *capture.notes, *timeline.notes, *found.notes)
    return Call(
        trace_of(timeline, found, size, _MICROSECONDS), capture.format, polarity, notes, timeline, found
    )


def _list(capture: Capture, choices: Choices, csv: Path | None) -> None:
    rows = rows_of(capture, packet_ms=choices.packet_ms, clock=choices.clock)
    notes = [*capture.notes, *(note for row in rows for note in row.notes)]
    for number, later in joinable(capture):
        join = f"--stream {number}+{later} joins them"
        notes.append(f"stream {later} goes the same way after stream {number}: {join}")
    show(Table(COLUMNS, tuple(row.cells for row in rows)), csv)
    for note in dict.fromkeys(notes):
        say(f"note: {note}")
    say(f"choose one: gaplisten trace {capture.path.name} --stream 1 --buffer-ms 60")


# --- other kinds --------------------------------------------------------------------------------------------


def _of_delays(capture: Capture, choices: Choices) -> Call:
    assert capture.delays is not None
    if choices.stream is not None:
        raise CaptureError("--stream", "has no meaning for a delay profile", "leave it out")
    length = choices.packet_ms or _USUAL_MS
    timeline = timeline_of_delays(capture.delays, length, skip=choices.skip, frames=choices.frames)
    if not timeline.slots.size:
        raise CaptureError(f"--skip {choices.skip}", "leaves nothing of the profile", "skip less")
    buffer_ms, absolute = choices.buffer_ms, choices.absolute
    if choices.late_percent is not None:
        if buffer_ms is not None:
            fact = "and --buffer-ms say the same in two ways"
            raise CaptureError("--late-percent", fact, "leave one of them out")
        buffer_ms, absolute = buffer_for(timeline, choices.late_percent), True
    found = buffered(timeline, buffer_ms, absolute=absolute)
    smallest = np.nanmin(timeline.delays_ms) if timeline.has_delays else 0.0
    note = (
        "delays count as they stand"
        if absolute
        else f"delays count from the smallest, {smallest:g} ms (--absolute: as they stand)"
    )
    call = _call(capture, timeline, found)
    notes = call.notes if buffer_ms is None else (*call.notes, note)
    return Call(call.trace, call.format, call.polarity, notes, timeline, found)


def _of_output(capture: Capture) -> Call:
    if capture.concealed is None:
        fact = f"is a {capture.format}, which does not tell what was concealed"
        raise CaptureError(str(capture.path), fact, "leave --output out")
    size = round(capture.concealed.piece_ms * _MICROSECONDS / 1000)
    trace = LossTrace.of_packets(capture.concealed.lost, size, _MICROSECONDS)
    note = "a trace of the receiver's own output, which is stretched and shortened: never of what was sent"
    return Call(trace, capture.format, "concealed = lost", (note, *capture.notes))


def _tell_totals(capture: Capture, csv: Path | None) -> None:
    rows = tuple(
        (total.name, name, int(value) if value.is_integer() else value)
        for total in capture.totals
        for name, value in total.figures.items()
    )
    show(Table(("of", "figure", "value"), rows), csv)
    for note in (f"a {capture.format} tells how much was lost, never where", *capture.notes):
        say(f"note: {note}")
    for total in capture.totals:
        if words := _model(total):
            say(f"note: {total.name}: losses like these: gaplisten lose IN --out DIR {words}")


def _model(total: Totals) -> str:
    if total.loss is None:
        return ""
    loss = f"--set loss={100 * total.loss:.3g}"
    if total.burst_packets is None or total.burst_packets < 1:
        return f"--model random {loss}"
    return f"--model gilbert_elliott {loss} --set burst={max(total.burst_packets, 1.0):.3g}"


# --- what is written ----------------------------------------------------------------------------------------


def write_sound(call: Call, path: Path) -> str:
    """Write what was received; return what to say of it."""
    if call.timeline is None or call.lost is None:
        raise CaptureError("--sound", "has no meaning here: there are no payloads", "leave it out")
    check_place(path)
    signal = sound_of(call.timeline, call.lost.lost)
    write_signal(path, signal)
    length = f"{signal.seconds:.2f} s of sound at {signal.rate} Hz"
    return f"{length} written to {path} (exact zeros where it was lost or silent)"


def write_packets(call: Call, path: Path) -> str:
    """Write a row for each packet; return what to say of it."""
    if call.timeline is None or call.lost is None:
        raise CaptureError("--packets", "has no meaning here: nothing is known of packets", "leave it out")
    timeline, rows = call.timeline, []
    delays = timeline.delays_ms if timeline.planned else relative_delays(timeline)[0]
    for slot in range(timeline.slots.size):
        delay = float(delays[slot])
        state = _STATES[Slot(int(timeline.slots[slot]))]
        late = bool(call.lost.lost[slot]) and state == "received"
        start = slot * timeline.packet_ms / 1000
        known = None if np.isnan(delay) else round(delay, 3)
        remarks = int(timeline.again[slot]), int(timeline.behind[slot])
        rows.append((slot, start, "too late" if late else state, int(call.lost.lost[slot]), known, *remarks))
    columns = ("packet", "start_s", "state", "lost", "delay_ms", "came_again", "out_of_order")
    write_csv(path, Table(columns, tuple(rows)))
    return f"{len(rows)} rows written to {path}"
