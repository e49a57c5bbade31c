"""Text logs of WebRTC's jitter buffer (``neteq_rtpplay --textlog``): what came, and what was concealed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from gaplisten.captures.formats.contract import CaptureFormat, Damaged, first_text, others_left_out, text_of
from gaplisten.captures.streams import Capture, Collector, Concealed, Head, Route
from gaplisten.jobs import Job
from gaplisten.texts import lines_of

_PACKET, _OUTPUT = "Packet", "GetAudio"
_ARRIVED = re.compile(
    r"Packet\s+- wallclock:\s*(\d{1,12}), delta wc:\s*-?\d+, seq_no:\s*(\d{1,5}), timestamp:\s*(\d{1,10}), "
    r"delta ts:\s*-?\d+, size:\s*(-?\d{1,6}), frame size:\s*(-?\d{1,5})(?:, buffer size:\s*-?\d{1,9})?\s*"
)
_PLAYED = re.compile(
    r"GetAudio\s+- wallclock:\s*(\d{1,12}), delta wc:\s*-?\d+, CNG:\s*([01]), PLC:\s*([01]), "
    r"voice concealed:\s*([01])(?:, buffer size:\s*-?\d{1,9})?\s*"
)
_SAID = re.compile(r"Discarded (\d{1,9}) primary packets|Flushed packet buffer (\d{1,9}) times?")
_EVENT = re.compile(
    r"ConcealmentEvent duration_ms:\s*(\d{1,9}) event_number:\s*(\d{1,9}) "
    r"time_from_previous_event_end_ms:\s*(-?\d{1,9})"
)
_PIECE_MS = 10.0
_MILLISECOND = 1_000_000
_EVERY = 20_000
_LONGEST_MS = 24 * 3600 * 1000
_TRUE_NUMBER, _TRUE_TIME = 0xFFFF, 0xFFFFFFFF


def _read(path: Path, data: bytes, job: Job) -> Capture:
    collector, concealed, lengths, notes = Collector(path), list[bool](), set[int](), list[str]()
    others = 0
    lines = lines_of(text_of(data))
    for count, line in enumerate(lines, 1):
        if line.startswith(_PACKET):
            collector.add(Route("", ""), None, _packet(line, count, lengths))
        elif line.startswith(_OUTPUT):
            played = _PLAYED.fullmatch(line)
            if played is None:
                raise _strange(line, count)
            concealed.append(played[3] == "1")
        elif said := _SAID.search(line):
            number = int(said[1] or said[2])
            if number:
                notes.append(line.strip().rstrip("."))
        elif line.strip():
            others += 1
        if count % _EVERY == 0:
            job.check(0.1 + 0.8 * count / len(lines))
    known = [length for length in lengths if length > 0]
    packet_ms = float(known[0]) if len(known) == 1 else None
    streams = collector.streams(packet_ms=packet_ms)
    output = Concealed(np.array(concealed, np.bool_), _PIECE_MS) if concealed else None
    if not streams and output is None:
        raise Damaged("holds no lines of packets and none of output")
    notes += others_left_out(others, "NetEQ's")
    return Capture(path, "NetEQ text log", streams, concealed=output, notes=tuple(notes))


def _packet(line: str, count: int, lengths: set[int]) -> Head:
    found = _ARRIVED.fullmatch(line)
    if found is None:
        raise _strange(line, count)
    wallclock, number, timestamp, size, length = map(int, found.groups())
    if number > _TRUE_NUMBER or timestamp > _TRUE_TIME:
        raise _strange(line, count)
    lengths.add(length)
    return Head(wallclock * _MILLISECOND, number, timestamp, -1, False, size)


def _strange(line: str, count: int) -> Damaged:
    return Damaged(f"line {count} is not as NetEQ writes it: {line[:60]!r}", "make the log again")


def _read_events(path: Path, data: bytes, job: Job) -> Capture:
    """Lay concealment events out on the output's clock; NetEQ leaves the first of a call out."""
    spans, at = list[tuple[int, int]](), 0
    for count, line in enumerate(lines_of(text_of(data)), 1):
        if not line.strip():
            continue
        found = _EVENT.search(line)
        if found is None:
            raise _strange(line, count)
        length, _, since = map(int, found.groups())
        at += max(since, 0)
        spans.append((at, at + length))
        at += length
        if at > _LONGEST_MS:
            raise Damaged(f"line {count} lies {at / 3.6e6:.0f} h into the call")
    if not spans:
        raise Damaged("holds no concealment events")
    job.check(0.9)
    lost = np.zeros(at, np.bool_)
    for start, stop in spans:
        lost[start:stop] = True
    note = "times count from the end of the first concealment, which NetEQ does not log"
    return Capture(path, "NetEQ concealment events", concealed=Concealed(lost, 1.0), notes=(note,))


def _is_log(head: bytes) -> bool:
    lines = lines_of(first_text(head))
    return any(line.startswith((_PACKET, _OUTPUT)) and "- wallclock:" in line for line in lines[:20])


FORMATS = (
    CaptureFormat(
        name="neteq",
        help="text log of WebRTC's NetEQ (neteq_rtpplay --textlog)",
        recognises=_is_log,
        read=_read,
        by_lines=True,
        place=70,
    ),
    CaptureFormat(
        name="neteq_events",
        help="concealment events of WebRTC's NetEQ",
        recognises=lambda head: "ConcealmentEvent duration_ms:" in first_text(head)[:1000],
        read=_read_events,
        by_lines=True,
        place=75,
    ),
)
