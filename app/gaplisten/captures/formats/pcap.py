"""Captures of tcpdump and Wireshark (``.pcap``): either byte order, micro- or nanoseconds."""

from __future__ import annotations

import struct
from pathlib import Path

from gaplisten.captures.formats.contract import CaptureFormat, Damaged
from gaplisten.captures.network import LINKS, Wire
from gaplisten.captures.streams import Capture, CaptureError
from gaplisten.jobs import Job

# First bytes: byte order, nanoseconds in a unit of the fraction.
_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
_MODIFIED = (b"\x34\xcd\xb2\xa1", b"\xa1\xb2\xcd\x34")
_SECOND = 1_000_000_000
_LONGEST_FRAME = 1 << 18  # what Wireshark itself takes for damage
_EVERY = 20_000


def _recognises(head: bytes) -> bool:
    return head[:4] in _MAGICS or head[:4] in _MODIFIED


def _read(path: Path, data: bytes, job: Job) -> Capture:
    if data[:4] in _MODIFIED:
        raise Damaged("is a pcap of a patched libpcap", "save it anew with 'editcap IN OUT'")
    if len(data) < 24:
        raise Damaged(f"is cut short: its header has 24 bytes, {len(data)} are there")
    order, unit = _MAGICS[data[:4]]
    major, link = struct.unpack(order + "H", data[4:6])[0], struct.unpack(order + "I", data[20:24])[0]
    if major != 2:
        raise Damaged(f"is a pcap of version {major}, which does not exist")
    link &= 0xFFFF
    if link not in LINKS:
        known = ", ".join(f"{number} {name}" for number, name in LINKS.items())
        raise Damaged(f"has the link type {link}", f"known are {known}")
    record, wire, at = struct.Struct(order + "IIII"), Wire(path, data), 24
    notes: tuple[str, ...] = ()
    per_second = _SECOND // unit
    while at < len(data):
        if at + 16 > len(data):
            notes = (_cut(wire.frames, len(data) - at),)
            break
        seconds, fraction, kept, true = record.unpack_from(data, at)
        if kept > _LONGEST_FRAME or fraction >= per_second or kept > max(true, 0) + 64:
            raise Damaged(f"is damaged: packet {wire.frames + 1} (byte {at}) has no sensible length or time")
        if at + 16 + kept > len(data):
            notes = (_cut(wire.frames, len(data) - at),)
            break
        wire.frame(link, at + 16, kept, seconds * _SECOND + fraction * unit)
        at += 16 + kept
        if wire.frames % _EVERY == 0:
            job.check(0.1 + 0.8 * at / len(data))
    return captured(path, "pcap", wire, data, notes)


def _cut(frames: int, rest: int) -> str:
    return f"the file is cut short: it ends {rest} bytes into packet {frames + 1}; all before is read"


def captured(path: Path, format: str, wire: Wire, data: bytes, notes: tuple[str, ...]) -> Capture:
    """Return what was found on the wire.

    Raises
    ------
    CaptureError
        If there was no RTP.
    """
    streams = wire.collector.streams(data)
    notes = (*notes, *wire.notes())
    if not streams:
        told = "; ".join((f"holds no RTP stream among its {wire.frames:,} packets", *notes))
        way_out = "RTP over TCP or inside a tunnel is not found: save it as 'rtpdump' with Wireshark"
        raise CaptureError(str(path), told, way_out)
    stray = wire.collector.stray
    if stray:
        notes = (*notes, f"{stray} packets look like RTP and belong to no stream")
    return Capture(path, format, streams, notes=notes)


FORMATS = (
    CaptureFormat(
        name="pcap",
        help="pcap (tcpdump, Wireshark), also packed with gzip",
        recognises=_recognises,
        read=_read,
        place=10,
    ),
)
