"""What a capture holds: streams of RTP packets, or totals that somebody counted."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gaplisten.errors import GaplistenError

MAX_PACKETS = 5_000_000  # of all streams together: 28 hours of 20 ms packets
FEWEST_PACKETS = 3
NO_TIME = -1
_ORDERLY = 0.5
_MOVES = 0.2  # share of packets that must have another number than the one before
_NEAR = 100

Whole = npt.NDArray[np.int64]

# RFC 3551, table 4: name, clock in Hz. G.722 counts at 8000 Hz although its sound has 16,000.
STATIC_TYPES = {
    0: ("PCMU", 8000), 3: ("GSM", 8000), 4: ("G723", 8000), 5: ("DVI4", 8000), 6: ("DVI4", 16000),
    7: ("LPC", 8000), 8: ("PCMA", 8000), 9: ("G722", 8000), 10: ("L16 stereo", 44100), 11: ("L16", 44100),
    12: ("QCELP", 8000), 13: ("CN", 8000), 14: ("MPA", 90000), 15: ("G728", 8000), 16: ("DVI4", 11025),
    17: ("DVI4", 22050), 18: ("G729", 8000), 19: ("CN", 8000), 26: ("JPEG", 90000), 31: ("H261", 90000),
    32: ("MPV", 90000), 33: ("MP2T", 90000), 34: ("H263", 90000),
}  # fmt: skip


_COLUMNS = ("arrivals", "numbers", "timestamps", "types", "markers", "sizes", "begins", "kept")


class CaptureError(GaplistenError):
    """A capture, or a stream of one, that cannot be used as it is."""


class Head(NamedTuple):
    """One RTP packet as it was captured; -1 where that is not known.

    Parameters
    ----------
    arrival
        Nanoseconds on the capture's own clock.
    number, timestamp
        As they stand in the packet: 16 and 32 bits.
    size
        Bytes of payload that were sent.
    begin, kept
        Where the payload stands in the file's bytes, and how many bytes of it were kept.
    """

    arrival: int
    number: int
    timestamp: int
    payload_type: int
    marker: bool
    size: int
    begin: int = -1
    kept: int = 0


class Route(NamedTuple):
    """Who sends to whom; empty where the file does not tell."""

    source: str
    target: str

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}" if self.source or self.target else "-"


@dataclass(frozen=True, eq=False)
class Stream:
    """The packets of one sender, in the order in which they were captured.

    Parameters
    ----------
    ssrc
        The sender's identifier; None where the file does not tell.
    arrivals
        Shape ``(packets,)``, nanoseconds; `NO_TIME` where packets have no times.
    numbers, timestamps, types, sizes, begins, kept
        Shape ``(packets,)`` each, see `Head`.
    markers
        Shape ``(packets,)``: the first packet after silence.
    data
        The bytes in which payloads stand.
    packet_ms
        Packet length where the file tells it.
    secured
        Whether keys were agreed on the same way (DTLS): its payloads are encrypted.
    """

    route: Route
    ssrc: int | None
    arrivals: Whole
    numbers: Whole
    timestamps: Whole
    types: Whole
    markers: npt.NDArray[np.bool_]
    sizes: Whole
    begins: Whole
    kept: Whole
    data: bytes = b""
    packet_ms: float | None = None
    secured: bool = False

    @property
    def packets(self) -> int:
        """How many were captured."""
        return int(self.numbers.size)

    @property
    def has_times(self) -> bool:
        """Whether it is known when packets arrived."""
        return bool(self.packets and (self.arrivals >= 0).all())

    @property
    def has_timestamps(self) -> bool:
        """Whether packets say which part of the sound they hold."""
        return bool(self.packets and (self.timestamps >= 0).all())

    @property
    def main_type(self) -> int:
        """The payload type of most packets; -1 where it is not known."""
        types = self.types[(self.types != 13) & (self.types != 19)]
        values, counts = np.unique(types if types.size else self.types, return_counts=True)
        return int(values[counts.argmax()]) if values.size else -1

    def payload(self, index: int) -> bytes:
        """Return what was kept of a packet's payload."""
        begin = int(self.begins[index])
        return self.data[begin : begin + int(self.kept[index])] if begin >= 0 else b""

    def followed_by(self, other: Stream) -> Stream:
        """Return the stream with the packets of another behind its own."""
        pairs = (np.concatenate([getattr(self, name), getattr(other, name)]) for name in _COLUMNS)
        columns: dict[str, Any] = dict(zip(_COLUMNS, pairs, strict=True))
        return replace(self, **columns)

    def chosen(self, order: npt.NDArray[np.intp]) -> Stream:
        """Return the stream of these packets, in this order."""
        columns: dict[str, Any] = {name: getattr(self, name)[order] for name in _COLUMNS}
        return replace(self, **columns)


@dataclass(frozen=True)
class Totals:
    """What somebody counted over a call or a part of it: no positions, only sums.

    Parameters
    ----------
    name
        Of what was counted.
    figures
        Values by name, in the file's own words.
    loss
        Share of packets (or of sound) lost, 0..1; None where it is not told.
    burst_packets
        Mean length of a loss in packets; None likewise.
    events
        Number of losses in a row; None likewise.
    """

    name: str
    figures: dict[str, float]
    loss: float | None = None
    burst_packets: float | None = None
    events: int | None = None


@dataclass(frozen=True, eq=False)
class Delays:
    """One delay per packet, as planned for a simulation, or as somebody wrote it down.

    Parameters
    ----------
    delays_ms
        Shape ``(packets,)``; NaN for a packet that never arrived.
    """

    delays_ms: npt.NDArray[np.float64]
    packet_ms: float | None = None


@dataclass(frozen=True, eq=False)
class Concealed:
    """What a receiver concealed of its own output, piece by piece, on the clock of that output."""

    lost: npt.NDArray[np.bool_]
    piece_ms: float


@dataclass(frozen=True, eq=False)
class Capture:
    """What a file of a call holds.

    Parameters
    ----------
    format
        What it is.
    streams
        Its streams of packets, largest first among equals in time.
    totals
        What was counted.
    delays
        Of a delay profile.
    concealed
        What the log of a receiver says that it concealed.
    notes
        Sentences about what was left out or is unusual.
    """

    path: Path
    format: str
    streams: tuple[Stream, ...] = ()
    totals: tuple[Totals, ...] = ()
    delays: Delays | None = None
    concealed: Concealed | None = None
    notes: tuple[str, ...] = ()


@dataclass(eq=False)
class _Columns:
    """Packets of a stream while they are collected."""

    times: array[int] = field(default_factory=lambda: array("q"))
    words: array[int] = field(default_factory=lambda: array("q"))  # number, timestamp, type, marker
    sizes: array[int] = field(default_factory=lambda: array("q"))  # size, begin, kept

    def add(self, head: Head) -> None:
        self.times.append(head.arrival)
        self.words.extend((head.number, head.timestamp, head.payload_type, int(head.marker)))
        self.sizes.extend((head.size, head.begin, head.kept))


class Collector:
    """Sorts packets into streams by route and sender, and keeps no more than `MAX_PACKETS`.

    Attributes
    ----------
    secured
        Pairs of addresses between which keys were agreed on.
    stray
        How many packets look like RTP and belong to none of the streams that were returned.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[tuple[Route, int | None], _Columns] = {}
        self._count = 0
        self.secured: set[frozenset[str]] = set()
        self.stray = 0

    def add(self, route: Route, ssrc: int | None, head: Head) -> None:
        """Take a packet.

        Raises
        ------
        CaptureError
            If there are too many.
        """
        self._count += 1
        if self._count > MAX_PACKETS:
            way_out = "cut it with 'editcap', or filter it with 'tshark -r IN -Y rtp -w OUT'"
            raise CaptureError(str(self._path), f"holds more than {MAX_PACKETS:,} RTP packets", way_out)
        key = (route, ssrc)
        columns = self._found.get(key)
        if columns is None:
            columns = self._found[key] = _Columns()
        columns.add(head)

    def streams(self, data: bytes = b"", *, packet_ms: float | None = None) -> tuple[Stream, ...]:
        """Return what holds together as streams, in the order of their first packets; count the rest."""
        made = [
            _stream(route, ssrc, columns, data, packet_ms, frozenset(route) in self.secured)
            for (route, ssrc), columns in self._found.items()
        ]
        found = tuple(stream for stream in made if is_stream(stream))
        self.stray = self._count - sum(stream.packets for stream in found)
        return found


def _stream(
    route: Route, ssrc: int | None, columns: _Columns, data: bytes, packet_ms: float | None, secured: bool
) -> Stream:
    words = np.array(columns.words, np.int64).reshape(-1, 4)
    sizes = np.array(columns.sizes, np.int64).reshape(-1, 3)
    number, stamp, kind = np.ascontiguousarray(words[:, :3].T)
    size, begin, kept = np.ascontiguousarray(sizes.T)
    times, marks = np.array(columns.times, np.int64), words[:, 3].astype(np.bool_)
    return Stream(
        route, ssrc, times, number, stamp, kind, marks, size, begin, kept, data, packet_ms, secured
    )  # fmt: skip


def is_stream(stream: Stream) -> bool:
    """Whether packets number each other: other protocols may look like RTP, but do not count up."""
    if stream.packets < FEWEST_PACKETS:
        return False
    steps = wrapped(np.diff(stream.numbers), 16)
    # A mirrored port shows each packet twice or more: what repeats a number tells nothing about the order.
    moved = steps[steps != 0]
    near = np.count_nonzero(np.abs(moved) <= _NEAR)
    return bool(moved.size >= _MOVES * steps.size and near and near >= _ORDERLY * moved.size)


def wrapped(differences: Whole, bits: int) -> Whole:
    """Return differences of counters of so many bits, taken modulo, within half a turn."""
    half = 1 << (bits - 1)
    return (differences + half) % (1 << bits) - half


def type_name(payload_type: int) -> str:
    """Return what a payload type stands for."""
    if payload_type < 0:
        return "-"
    known = STATIC_TYPES.get(payload_type)
    return f"{payload_type} {known[0]}" if known else f"{payload_type} (dynamic)"


def stream_name(stream: Stream) -> str:
    """Return a stream in words: who sends to whom, and its sender's number."""
    ssrc = "" if stream.ssrc is None else f"SSRC 0x{stream.ssrc:08X}"
    route = "" if str(stream.route) == "-" else str(stream.route)
    return ", ".join(filter(None, (route, ssrc))) or "the stream"
