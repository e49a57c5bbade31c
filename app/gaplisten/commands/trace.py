"""`gaplisten trace`: what a trace file is and says; convert it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gaplisten.audio.channels import Reading
from gaplisten.audio.files import SOUNDING_SUFFIXES, probe, read_signal
from gaplisten.captures.formats import FORMATS as CAPTURES
from gaplisten.captures.formats import is_capture
from gaplisten.clips.clip import PacketLength
from gaplisten.clips.trace_table import CELL_FORMAT, read_trace_table
from gaplisten.clips.traces import packet_frames_at
from gaplisten.commands.calls import Choices, look_at, write_packets, write_sound
from gaplisten.commands.folder_options import (
    ChannelsOption,
    PacketFrames,
    PacketMs,
    Raw,
    packet_length,
    reading_from,
)
from gaplisten.commands.output import failures, say, show
from gaplisten.durable.folders import filled_alone
from gaplisten.errors import GaplistenError
from gaplisten.loss.detect import detect_losses
from gaplisten.loss.formats import FORMATS, TraceFile, format_named, read_trace, write_trace
from gaplisten.loss.strata import figures
from gaplisten.loss.trace import LossTrace
from gaplisten.tables import Cell, Table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)

_COLUMNS = (
    "file", "format", "polarity", "packets", "packet_ms", "seconds", "lost", "loss_rate", "gaps",
    "longest_ms", "mean_burst", "burst_ratio", "stratum",
)  # fmt: skip
_USUAL_RATE = 16000
_ZEROS = "exact zeros = lost"
_NEAR_SECONDS = 1e-4
_MICROSECONDS = 1_000_000  # a clock on which every packet length is whole


class TraceUsageError(GaplistenError):
    """Options that do not fit together."""


def _formats(wanted: bool) -> None:
    if wanted:
        rows = tuple((f.name, f.polarity, f.unit, f.end.value, f.help) for f in FORMATS)
        show(Table(("format", "polarity", "unit", "end of file", "what it is"), rows))
        print()
        show(Table(("capture or log", "what it is"), tuple((f.name, f.help) for f in CAPTURES)))
        raise typer.Exit


@app.command()
def trace(
    file: Annotated[
        Path,
        typer.Argument(help="Trace file; a capture or log of a call; a lossy sound file, whose zeros count."),
    ],
    to: Annotated[
        tuple[str, Path] | None,
        typer.Option("--to", metavar="FORMAT OUT", help="Write it in another format."),
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", help="The file's format, when it does not tell.")
    ] = None,
    inverted: Annotated[bool, typer.Option("--inverted", help="Turn every flag round.")] = False,
    packet_ms: PacketMs = None,
    packet: PacketFrames = None,
    raw: Raw = None,
    channels: ChannelsOption = None,
    stream: Annotated[
        str | None,
        typer.Option("--stream", metavar="N[+N]", help="Stream of a capture, by its number; + joins two."),
    ] = None,
    buffer_ms: Annotated[
        float | None,
        typer.Option(
            "--buffer-ms", min=0, help="Lose packets that come later than this jitter buffer allows."
        ),
    ] = None,
    absolute: Annotated[
        bool, typer.Option("--absolute", help="Delays of a profile as they stand, not over the smallest.")
    ] = False,
    late_percent: Annotated[
        float | None,
        typer.Option("--late-percent", min=0, max=100, help="Buffer of a delay profile by its late packets."),
    ] = None,
    skip: Annotated[int, typer.Option("--skip", min=0, help="Packets of a delay profile to leave out.")] = 0,
    frames: Annotated[
        int, typer.Option("--frames", min=1, max=12, help="Frames in each packet of a delay profile.")
    ] = 1,
    clock: Annotated[
        int | None,
        typer.Option(
            "--clock", min=1000, max=192_000, help="Units of RTP timestamps a second (Opus: 48000)."
        ),
    ] = None,
    output: Annotated[
        bool, typer.Option("--output", help="What NetEQ's log says was concealed of its own output.")
    ] = False,
    sound: Annotated[
        Path | None, typer.Option("--sound", help="Write what was received here (G.711, L16, Opus).")
    ] = None,
    packets: Annotated[
        Path | None, typer.Option("--packets", help="Write a row for each packet of a capture here, as CSV.")
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option("--rate", min=1000, help="Hz, for lists of lost samples; a sound's own, else 16000."),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this file.")] = None,
    formats: Annotated[
        bool, typer.Option("--formats", callback=_formats, is_eager=True, help="List the formats and stop.")
    ] = False,
) -> None:
    """Tell what a trace file is and says, and convert it.

    True always means lost; the column "polarity" says how the file writes that. A CSV with the traces of many
    clips (2024 challenge) gives a row for each; OUT is then a folder. Of a capture (pcap, pcapng, rtpdump,
    tables of tshark and Wireshark, NetEQ logs, delay profiles) the streams are listed; --stream chooses one.
    """
    if to:
        format_named(to[0])
    reading = reading_from(raw, channels)
    packet_ms = _in_ms(packet_length(packet_ms, packet), packet_ms, file, rate, reading)
    planned = "delays" if format == "delays" else None
    choices = Choices(
        stream, buffer_ms, late_percent, absolute, skip, frames, clock, packet_ms, output, planned
    )
    if planned or (format is None and is_capture(file)):
        if inverted:
            raise TraceUsageError("--inverted", "has no meaning for a capture", "leave it out")
        _tell_call(file, choices, to, sound, packets, rate, csv)
        return
    if choices != Choices(packet_ms=packet_ms) or sound or packets:
        fact = "is no capture of a call, for which options were given that only those have"
        way_out = "leave --stream, --buffer-ms and the like out; a delay profile without -1: --format delays"
        raise TraceUsageError(str(file), fact, way_out)
    packet_ms = packet_ms or 20.0
    if (
        file.suffix.lower() == ".csv"
        and format is None
        and _tell_table(file, to, inverted, packet_ms, rate, csv)
    ):
        return
    if _is_sound(file, reading) and format is None:
        on_clock, notes = _of_sound(file, inverted, packet_ms, reading)
        row = _row(str(file), "sound", _ZEROS, on_clock)
    else:
        found = read_trace(file, format=format, inverted=inverted)
        on_clock, notes = _on_clock(found, packet_ms, rate, to), found.notes
        row = _row(str(found.path), found.format, _polarity(found), on_clock)
    show(Table(_COLUMNS, (row,)), csv)
    for note in notes:
        say(f"note: {note}")
    if to:
        _convert(on_clock, to)


def _is_sound(file: Path, reading: Reading) -> bool:
    return file.suffix.lower() in SOUNDING_SUFFIXES or reading.raw is not None


def _in_ms(
    length: PacketLength, told: float | None, file: Path, rate: int | None, reading: Reading
) -> float | None:
    """Return the packet length in ms: frames count at the sound's own rate, at --rate or at 16000 Hz."""
    if length.frames is None:
        return told
    if _is_sound(file, reading):
        return 1000.0 * length.frames / probe(file, reading).rate
    return 1000.0 * length.frames / (rate or _USUAL_RATE)


def _convert(trace: LossTrace, to: tuple[str, Path]) -> None:
    name, out = to
    write_trace(out, trace, name)
    count = f"{trace.packets} packets" if trace.on_grid else f"{len(trace.spans)} gaps"
    say(f"{count} written to {out} ({name}, {format_named(name).polarity})")


def _tell_call(
    file: Path,
    choices: Choices,
    to: tuple[str, Path] | None,
    sound: Path | None,
    packets: Path | None,
    rate: int | None,
    csv: Path | None,
) -> None:
    """Tell what was lost of a call, and write what is wanted of it."""
    call = look_at(file, choices, bool(to or sound or packets), csv)
    if call is None:
        return
    show(Table(_COLUMNS, (_row(str(file), call.format, call.polarity, call.trace),)), csv)
    for note in call.notes:
        say(f"note: {note}")
    if to:
        trace = call.trace
        if format_named(to[0]).unit == "sample":
            trace = trace.at_rate(rate or _USUAL_RATE)
        _convert(trace, to)
    if sound:
        say(write_sound(call, sound))
    if packets:
        say(write_packets(call, packets))


def _on_clock(found: TraceFile, packet_ms: float, rate: int | None, to: tuple[str, Path] | None) -> LossTrace:
    """Give packets a length in frames; where nothing counts samples, any packet length will do."""
    if found.intervals is not None:
        clock = rate or (_USUAL_RATE if found.intervals.in_frames else _MICROSECONDS)
        trace = found.on_clock(clock)
        if to and format_named(to[0]).unit == "packet":
            return _in_packets(trace, packet_ms, found)
        return trace.at_rate(rate or _USUAL_RATE) if to and clock == _MICROSECONDS and rate is None else trace
    if found.packet_frames:
        return LossTrace.of_packets(found.lost, found.packet_frames, rate or _USUAL_RATE)
    if rate is None and not (to and format_named(to[0]).unit == "sample"):
        return LossTrace.of_packets(found.lost, round(packet_ms * _MICROSECONDS / 1000), _MICROSECONDS)
    rate = rate or _USUAL_RATE
    return LossTrace.of_packets(found.lost, packet_frames_at(packet_ms, rate, str(found.path)), rate)


def _tell_table(
    file: Path,
    to: tuple[str, Path] | None,
    inverted: bool,
    packet_ms: float,
    rate: int | None,
    csv: Path | None,
) -> bool:
    """Tell of every trace in a table for many clips, and convert them; return whether it is such a table."""
    rows, traces = [], {}
    table = read_trace_table(file)
    for name, flags in table.traces.items():
        lost = np.array(flags, np.bool_) ^ inverted
        found = TraceFile(Path(name), CELL_FORMAT, lost, None, (), inverted)
        traces[name] = _on_clock(found, packet_ms, rate, to)
        rows.append(_row(name, found.format, _polarity(found), traces[name]))
    if not rows:
        return False
    show(Table(_COLUMNS, tuple(rows)), csv)
    for note in table.notes:
        say(f"note: {note}")
    if to:
        _write_traces(traces, *to)
    return True


def _write_traces(traces: Mapping[str, LossTrace], name: str, out: Path) -> None:
    form, failed = format_named(name), list[str]()
    # A name that says "lost" settles the polarity on reading: a mask of what was received needs another.
    ending = ("_mask" if form.ones_are_received else "_is_lost") + form.suffixes[0]
    with filled_alone(out, TraceUsageError):
        for clip, trace in traces.items():
            try:
                write_trace(out / f"{clip}{ending}", trace, name)
            except GaplistenError as error:
                failed.append(str(error))
    say(f"{len(traces) - len(failed)} traces written to {out} ({name}, {form.polarity})")
    if failures(failed):
        raise typer.Exit(1)


def _in_packets(trace: LossTrace, packet_ms: float, found: TraceFile) -> LossTrace:
    """Return intervals as packets, where all of them lie on such.

    Raises
    ------
    TraceUsageError
        If one does not.
    """
    size = packet_ms * trace.rate / 1000
    edges = trace.spans / size
    off = np.abs(edges - np.rint(edges)) * size / trace.rate > _NEAR_SECONDS
    if off.any():
        place = trace.spans[off][0] / trace.rate
        fact = f"has a gap edge at {place:.6f} s, which lies on no packets of {packet_ms:g} ms"
        raise TraceUsageError(str(found.path), fact, "say another --packet-ms, or convert to intervals")
    lost = np.zeros(int(np.rint(edges).max(initial=0)), np.bool_)
    for start, stop in np.rint(edges).astype(np.int64).tolist():
        lost[start:stop] = True
    return LossTrace.of_packets(lost, round(size), trace.rate)


def _of_sound(
    file: Path, inverted: bool, packet_ms: float, reading: Reading
) -> tuple[LossTrace, tuple[str, ...]]:
    """Return what was lost of a sound, and what is to be said about it."""
    if inverted:
        raise TraceUsageError("--inverted", "has no meaning for a sound file", "leave it out")
    signal = read_signal(file, reading)
    found = detect_losses(signal, packet_frames_at(packet_ms, signal.rate, str(file)))
    said = ("detected: packets of exact zeros in a sound file", *found.notes)
    return found.trace, (*probe(file, reading).notes, *said)


def _polarity(found: TraceFile) -> str:
    return format_named(found.format).polarity + (", turned round" if found.inverted else "")


def _row(file: str, format: str, polarity: str, trace: LossTrace) -> tuple[Cell, ...]:
    said = figures(trace)
    packet_ms = trace.packet_ms if trace.on_grid else None
    seconds = trace.frames / trace.rate if packet_ms is None else trace.packets * packet_ms / 1000
    losses = (seconds, said.lost, said.loss_rate, said.gaps, said.longest_ms)
    return (
        file,
        format,
        polarity,
        said.packets,
        packet_ms,
        *losses,
        said.mean_burst,
        said.burst_ratio,
        said.stratum.value,
    )
