"""Dumps of RTP tools, of Wireshark ("RTP Streams", "Export") and of WebRTC (``.rtp``, ``.rtpdump``)."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from gaplisten.captures.formats.contract import CaptureFormat, Damaged
from gaplisten.captures.formats.pcap import captured
from gaplisten.captures.network import Wire
from gaplisten.captures.streams import Capture, Route
from gaplisten.jobs import Job

_START = re.compile(rb"#!rtpplay1\.0 ([\x21-\x7e]{1,100})/(\d{1,5})\r?\n")
_HEAD, _RECORD = 16, struct.Struct(">HHI")
_MILLISECOND = 1_000_000
_EVERY = 20_000


def _read(path: Path, data: bytes, job: Job) -> Capture:
    start = _START.match(data[:160])
    if start is None:
        raise Damaged("is damaged: its first line names no address and port")
    at = start.end()
    if at + _HEAD > len(data):
        raise Damaged("is cut short within its header")
    seconds, micros = struct.unpack_from(">II", data, at)
    if micros >= 1_000_000:
        raise Damaged("is damaged: its header tells of no possible time")
    begun = seconds * 1_000_000_000 + micros * 1000
    at += _HEAD
    wire, control, notes = Wire(path, data), 0, tuple[str, ...]()
    # The address is that to which it was sent, or from where it came: programs differ.
    route = Route("", f"{start[1].decode()}:{int(start[2])}")
    while at < len(data):
        if at + 8 > len(data):
            notes = (_cut(wire.frames, len(data) - at),)
            break
        length, true, offset = _RECORD.unpack_from(data, at)
        if length < 8:
            raise Damaged(f"is damaged: the packet at byte {at} has a length of {length}")
        if at + length > len(data):
            notes = (_cut(wire.frames, len(data) - at),)
            break
        wire.frames += 1
        if true == 0:
            control += 1
        else:
            kept = length - 8
            wire.datagram(route, at + 8, min(kept, true), true, begun + offset * _MILLISECOND)
        at += length
        if wire.frames % _EVERY == 0:
            job.check(0.1 + 0.8 * at / len(data))
    return captured(path, "rtpdump", wire, data, notes)


def _cut(frames: int, rest: int) -> str:
    return f"the file is cut short: it ends {rest} bytes into packet {frames + 1}; all before is read"


FORMATS = (
    CaptureFormat(
        name="rtpdump",
        help="rtpdump (Wireshark, rtptools, WebRTC)",
        recognises=lambda head: head.startswith(b"#!rtpplay1.0 "),
        read=_read,
        place=30,
    ),
)
