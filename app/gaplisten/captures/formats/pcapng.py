"""Captures of Wireshark and dumpcap (``.pcapng``): sections of either byte order, many interfaces."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from gaplisten.captures.formats.contract import CaptureFormat, Damaged
from gaplisten.captures.formats.pcap import captured
from gaplisten.captures.network import LINKS, Wire
from gaplisten.captures.streams import NO_TIME, Capture
from gaplisten.jobs import Job

_SECTION, _INTERFACE, _PACKET, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
# Names, statistics, keys, systemd's journal, custom ones, and the section itself; private ones have a bit.
_OTHERS = (_SECTION, 4, 5, 7, 8, 9, 10, 0x101, 0x102, 0x201, 0x202, 0x203, 0x204, 0x205, 0x206, 0x207, 0x208,
           0x210, 0x211, 0x212, 0x213, 0xBAD, 0x40000BAD)  # fmt: skip
_LOCAL = 0x80000000
_MAGIC = b"\x0a\x0d\x0d\x0a"
_RESOLUTION, _OFFSET = 9, 14
_SECOND = 1_000_000_000
_MOST_INTERFACES = 10_000
_LATEST = 1 << 62
_EVERY = 20_000


@dataclass(frozen=True)
class _Interface:
    """Where packets were captured: its link type, and how its times are written."""

    link: int
    numerator: int  # nanoseconds in so many units of time, as a fraction
    denominator: int
    offset: int  # seconds

    def nanoseconds(self, units: int) -> int:
        return units * self.numerator // self.denominator + self.offset * _SECOND


def _read(path: Path, data: bytes, job: Job) -> Capture:
    order, interfaces = "<", list[_Interface]()
    wire, at, timeless, unknown, notes = Wire(path, data), 0, 0, 0, tuple[str, ...]()
    while at < len(data):
        if at + 12 > len(data):
            notes = (_cut(wire.frames, len(data) - at),)
            break
        if data[at : at + 4] == _MAGIC:
            order, interfaces = _order(data, at), []
        kind, size = struct.unpack_from(order + "II", data, at)
        if size < 12 or size % 4:
            raise Damaged(f"is damaged: the block at byte {at} has a length of {size}")
        if at + size > len(data):
            if not wire.frames and size > len(data) * 64:
                raise Damaged(f"is damaged: the block at byte {at} has a length of {size}")
            notes = (_cut(wire.frames, len(data) - at),)
            break
        (again,) = struct.unpack_from(order + "I", data, at + size - 4)
        if again != size:
            raise Damaged(f"is damaged: the block at byte {at} has two lengths, {size} and {again}")
        if kind == _INTERFACE:
            interfaces.append(_interface(data, at, size, order))
            if len(interfaces) > _MOST_INTERFACES:
                raise Damaged(f"names more than {_MOST_INTERFACES} interfaces")
        elif kind in (_ENHANCED, _PACKET, _SIMPLE):
            timeless += _frame(wire, data, at, size, kind, order, interfaces)
            if wire.frames % _EVERY == 0:
                job.check(0.1 + 0.8 * at / len(data))
        elif kind not in _OTHERS and not kind & _LOCAL:
            unknown += 1
        at += size
    if unknown:
        notes = (*notes, f"{unknown} blocks of an unknown kind are passed over")
    if timeless:
        notes = (*notes, f"{timeless} packets were saved without times")
    return captured(path, "pcapng", wire, data, notes)


def _cut(frames: int, rest: int) -> str:
    place = f"{rest} bytes into the block behind packet {frames}"
    return f"the file is cut short: it ends {place}; all before is read"


def _order(data: bytes, at: int) -> str:
    magic = data[at + 8 : at + 12]
    if magic == b"\x4d\x3c\x2b\x1a":
        return "<"
    if magic == b"\x1a\x2b\x3c\x4d":
        return ">"
    raise Damaged(f"is damaged: the section at byte {at} does not tell its byte order")


def _interface(data: bytes, at: int, size: int, order: str) -> _Interface:
    if size < 20:
        raise Damaged(f"is damaged: the interface at byte {at} has {size} bytes")
    (link,) = struct.unpack_from(order + "H", data, at + 8)
    numerator, denominator, offset = 1000, 1, 0
    place, end = at + 16, at + size - 4
    while place + 4 <= end:
        code, length = struct.unpack_from(order + "HH", data, place)
        value = data[place + 4 : place + 4 + length]
        if code == 0 or place + 4 + length > end:
            break
        if code == _RESOLUTION and length == 1:
            power = value[0] & 127
            if power > 64:
                raise Damaged(f"is damaged: the interface at byte {at} counts time in units of nothing")
            units = (1 << power) if value[0] & 128 else 10**power
            numerator, denominator = _SECOND, units
        elif code == _OFFSET and length == 8:
            (offset,) = struct.unpack(order + "q", value)
        place += 4 + (length + 3) // 4 * 4
    return _Interface(link, numerator, denominator, offset)


def _frame(
    wire: Wire, data: bytes, at: int, size: int, kind: int, order: str, interfaces: list[_Interface]
) -> int:
    """Take the frame of a block; return 1 where it has no time."""
    head = 12 if kind == _SIMPLE else 28
    if size < head + 4:
        raise Damaged(f"is damaged: the packet at byte {at} has {size} bytes")
    number, kept, arrival = 0, 0, NO_TIME
    if kind == _SIMPLE:
        (true,) = struct.unpack_from(order + "I", data, at + 8)
        kept = min(true, size - 16)
    else:
        form = order + ("IIIII" if kind == _ENHANCED else "HHIIII")
        values = struct.unpack_from(form, data, at + 8)
        number, (high, low, kept) = values[0], values[-4:-1]
        if kept > size - 32:
            raise Damaged(f"is damaged: the packet at byte {at} holds {kept} bytes in a block of {size}")
    if number >= len(interfaces):
        raise Damaged(f"is damaged: the packet at byte {at} is of interface {number}, which is not named")
    interface = interfaces[number]
    if kind != _SIMPLE:
        arrival = interface.nanoseconds(high << 32 | low)
        if not 0 <= arrival < _LATEST:
            raise Damaged(f"is damaged: the packet at byte {at} was captured at no possible time")
    if interface.link not in LINKS:
        wire.left_out[f"packets of link type {interface.link}, which is not known,"] += 1
        return 0
    wire.frame(interface.link, at + head, kept, arrival)
    return int(arrival < 0)


FORMATS = (
    CaptureFormat(
        name="pcapng",
        help="pcapng (Wireshark, dumpcap), also packed with gzip",
        recognises=lambda head: head.startswith(_MAGIC),
        read=_read,
        place=20,
    ),
)
