"""Calls made up for tests: packets of RTP, and the files in which captures of them lie."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

SSRC = 0x1234ABCD
BEGUN = 1_700_000_000_000_000_000  # nanoseconds
ADDRESSES = (bytes((192, 0, 2, 10)), bytes((198, 51, 100, 7)))
PORTS = (40000, 40002)
_ADDRESSES6 = (bytes.fromhex("20010db8" + "00" * 11 + "01"), bytes.fromhex("20010db8" + "00" * 11 + "02"))


@dataclass(frozen=True)
class Sent:
    """One packet: which slot of the sound it holds, when it came (ms), and what is in it."""

    slot: int
    number: int
    stamp: int
    at_ms: float
    kind: int = 0
    marker: bool = False
    payload: bytes = bytes(160)
    ssrc: int = SSRC

    @property
    def nanoseconds(self) -> int:
        return BEGUN + round(self.at_ms * 1e6)

    @property
    def rtp(self) -> bytes:
        word = self.kind | self.marker << 7
        head = struct.pack(">BBHII", 0x80, word, self.number & 0xFFFF, self.stamp & 0xFFFFFFFF, self.ssrc)
        return head + self.payload


def sent(
    slots: int,
    *,
    never: Iterable[int] = (),
    late: dict[int, float] | None = None,
    twice: Iterable[int] = (),
    silent: Iterable[int] = (),
    units: int = 160,
    ms: float = 20.0,
    kind: int = 0,
    number: int = 65400,
    stamp: int = 0xFFFFFF00,
    jitter: float = 4.0,
    size: int = 160,
    drift: float = 0.0,
    ssrc: int = SSRC,
    seed: int = 4,
) -> list[Sent]:
    """Return packets as they came: those of `never` did not, those of `silent` were not sent."""
    random = np.random.default_rng(seed)
    found, quiet, lost = [], set(silent), set(never)
    for slot in range(slots):
        wait = abs(float(random.normal(0, jitter)))
        if slot in quiet:
            continue
        begins = slot == 0 or slot - 1 in quiet
        body = bytes((slot * 7 + index) & 255 for index in range(size))
        at = slot * ms * (1 + drift) + 40 + wait + (late or {}).get(slot, 0.0)
        packet = Sent(slot, number, stamp + units * slot, at, kind, begins, body, ssrc)
        number += 1
        if slot in lost:
            continue
        found.append(packet)
        if slot in set(twice):
            found.append(replace(packet, at_ms=at + 3))
    return sorted(found, key=lambda each: each.at_ms)


# --- on the wire --------------------------------------------------------------------------------------------


def udp(payload: bytes, ports: Sequence[int] = PORTS) -> bytes:
    return struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload


def ipv4(datagram: bytes, *, options: bytes = b"", flags: int = 0) -> bytes:
    word = 0x40 | (20 + len(options)) // 4
    length = 20 + len(options) + len(datagram)
    head = struct.pack(">BBHHHBBH", word, 0, length, 0, flags, 64, 17, 0)
    return head + ADDRESSES[0] + ADDRESSES[1] + options + datagram


def ipv6(datagram: bytes, *, options: int = 0, following: int = 17) -> bytes:
    chain = b""
    for _ in range(options):
        chain, following = bytes((following, 0, 1, 4, 0, 0, 0, 0)) + chain, 0
    body = chain + datagram
    head = struct.pack(">IHBB", 6 << 28, len(body), following, 64)
    return head + _ADDRESSES6[0] + _ADDRESSES6[1] + body


def ethernet(packet: bytes, *, tags: Sequence[int] = ()) -> bytes:
    kind = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
    return bytes(12) + b"".join(struct.pack(">HH", tag, 7) for tag in tags) + kind + packet


def link(number: int, packet: bytes) -> bytes:
    """Return a packet as it is captured on a link of that type."""
    kind = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
    if number == 1:
        return ethernet(packet)
    if number == 113:
        return struct.pack(">HHH8s", 0, 1, 6, bytes(8)) + kind + packet
    if number == 276:
        return kind + struct.pack(">HIHBB8s", 0, 2, 1, 0, 6, bytes(8)) + packet
    if number == 0:
        return struct.pack("<I", 2 if packet[0] >> 4 == 4 else 24) + packet
    if number == 108:
        return struct.pack(">I", 2 if packet[0] >> 4 == 4 else 24) + packet
    return packet


# --- files --------------------------------------------------------------------------------------------------


def pcap(
    packets: Iterable[Sent],
    *,
    order: str = "<",
    nano: bool = False,
    number: int = 1,
    frame: object = None,
    snap: int = 65535,
) -> bytes:
    """Return a capture; `frame` makes frames of RTP packets, otherwise the link does."""
    magic, unit = (0xA1B23C4D, 1) if nano else (0xA1B2C3D4, 1000)
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, number)]
    for each in packets:
        whole = frame(each.rtp) if callable(frame) else link(number, ipv4(udp(each.rtp)))
        seconds, rest = divmod(each.nanoseconds, 10**9)
        kept = whole[:snap]
        parts.append(struct.pack(order + "IIII", seconds, rest // unit, len(kept), len(whole)) + kept)
    return b"".join(parts)


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def pcapng(
    packets: Iterable[Sent],
    *,
    order: str = "<",
    resolution: int | None = None,
    offset: int = 0,
    kind: int = 6,
    extra: bytes = b"",
) -> bytes:
    """Return a capture of one section; `resolution` is that of its times, as the file writes it."""
    options = b""
    if resolution is not None:
        options += struct.pack(order + "HHB3x", 9, 1, resolution)
    if offset:
        options += struct.pack(order + "HHq", 14, 8, offset)
    options += struct.pack(order + "HH", 0, 0) if options else b""
    power = 6 if resolution is None else resolution
    units = 1 << (power & 127) if power & 128 else 10**power
    parts = [block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)), extra]
    parts.append(block(order, 1, struct.pack(order + "HHI", 1, 0, 0) + options))
    for each in packets:
        frame = ethernet(ipv4(udp(each.rtp)))
        time = (each.nanoseconds - offset * 10**9) * units // 10**9
        words = (time >> 32, time & 0xFFFFFFFF, len(frame), len(frame))
        if kind == 6:
            body = struct.pack(order + "IIIII", 0, *words)
        elif kind == 2:
            body = struct.pack(order + "HHIIII", 0, 0, *words)
        else:
            body = struct.pack(order + "I", len(frame))
        parts.append(block(order, kind, body + frame))
    return b"".join(parts)


def rtpdump(packets: Iterable[Sent], *, kept: int = 1 << 16) -> bytes:
    """Return a dump; `kept` bytes of each packet are in it."""
    listed = list(packets)
    parts = [b"#!rtpplay1.0 198.51.100.7/40002\n", struct.pack(">IIIHH", 1_700_000_000, 0, 0, 40002, 0)]
    for each in listed:
        whole = each.rtp
        data = whole[:kept]
        offset = int(each.at_ms - listed[0].at_ms)
        parts.append(struct.pack(">HHI", 8 + len(data), len(whole), offset) + data)
    return b"".join(parts)


def tshark(packets: Iterable[Sent], *, separator: str = ",", columns: Sequence[str] = ()) -> bytes:
    """Return a table as tshark writes it, with its columns in any order."""
    names = columns or (
        "frame.time_epoch", "rtp.ssrc", "rtp.seq", "rtp.timestamp", "rtp.p_type", "rtp.marker", "udp.length",
    )  # fmt: skip
    lines = [separator.join(names)]
    for each in packets:
        seconds, rest = divmod(each.nanoseconds, 10**9)
        values = {
            "frame.time_epoch": f"{seconds}.{rest:09d}",
            "rtp.ssrc": f"0x{each.ssrc:08x}",
            "rtp.seq": str(each.number & 0xFFFF),
            "rtp.timestamp": str(each.stamp & 0xFFFFFFFF),
            "rtp.p_type": str(each.kind),
            "rtp.marker": str(int(each.marker)),
            "udp.length": str(len(each.rtp) + 8),
            "ip.src": "192.0.2.10",
            "ip.dst": "198.51.100.7",
            "udp.srcport": "40000",
            "udp.dstport": "40002",
        }
        lines.append(separator.join(values[name] for name in names))
    return ("\n".join(lines) + "\n").encode()


def analysis(packets: Iterable[Sent], *, ends: bool = False, quoted: bool = False) -> bytes:
    """Return what Wireshark's analysis of a stream saves."""
    lines = ["Packet,Sequence,Delta (ms),Jitter (ms),Skew,Bandwidth,Marker,Status"]
    if ends:
        lines[0] = "Packet,Source,Destination," + lines[0].removeprefix("Packet,")
    last = None
    for place, each in enumerate(packets, 1):
        delta = 0.0 if last is None else each.at_ms - last
        where = ",192.0.2.10,198.51.100.7" if ends else ""
        mark = "SET" if each.marker else ""
        lines.append(f"{place}{where},{each.number & 0xFFFF},{delta:.3f},0.0,0.0,80.0,{mark},OK")
        last = each.at_ms
    if quoted:
        lines = [",".join(f'"{cell}"' for cell in line.split(",")) for line in lines]
    return ("\r\n".join(lines) + "\r\n").encode()


def packet_list(packets: Iterable[Sent]) -> bytes:
    """Return Wireshark's packet list as it exports it."""
    lines = ['"No.","Time","Source","Destination","Protocol","Length","Info"']
    lines.append('"1","0.0","192.0.2.10","198.51.100.7","SIP","500","Request: INVITE"')
    for place, each in enumerate(packets, 2):
        kind = {0: "ITU-T G.711 PCMU", 8: "ITU-T G.711 PCMA", 13: "Comfort noise"}.get(
            each.kind, f"DynamicRTP-Type-{each.kind}"
        )
        info = f"PT={kind}, SSRC=0x{each.ssrc:X}, Seq={each.number & 0xFFFF}, Time={each.stamp & 0xFFFFFFFF}"
        info += ", Mark" if each.marker else ""
        lines.append(f'"{place}","{each.at_ms / 1000:.6f}","192.0.2.10","198.51.100.7","RTP","214","{info} "')
    return ("\n".join(lines) + "\n").encode()


def neteq(packets: Iterable[Sent], *, concealed: Iterable[int] = (), pieces: int = 0, ms: int = 20) -> bytes:
    """Return a log of NetEQ: packets as they came, and then pieces of 10 ms of output."""
    lines = []
    for each in packets:
        number, stamp = each.number & 0xFFFF, each.stamp & 0xFFFFFFFF
        lines.append(
            f"Packet   - wallclock: {round(each.at_ms):5d}, delta wc: {0:4d}, seq_no: {number}, "
            f"timestamp: {stamp:10d}, delta ts: {0:4d}, size: {len(each.payload):5d}, "
            f"frame size: {ms:3d}, buffer size: {60:4d}"
        )
    lost = set(concealed)
    for piece in range(pieces):
        plc = int(piece in lost)
        lines.append(
            f"GetAudio - wallclock: {piece * 10:5d}, delta wc: {10:4d}, CNG: 0, PLC: {plc}, "
            f"voice concealed: {plc}, buffer size: {60:4d}"
        )
    return ("\n".join(lines) + "\n").encode()
