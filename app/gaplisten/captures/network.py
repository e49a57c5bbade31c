"""From a frame on the wire to the RTP packet in it: link layers, IP, UDP, RTP."""

from __future__ import annotations

import ipaddress
import struct
from collections import Counter
from pathlib import Path

from gaplisten.captures.fragments import Fragments, Piece
from gaplisten.captures.streams import Collector, Head, Route

_IPV4, _IPV6, _PPPOE = 0x0800, 0x86DD, 0x8864
_TAGS = frozenset((0x8100, 0x88A8, 0x9100))
_MOST_TAGS = 4
_MOST_OPTIONS = 8  # IPv6 headers one behind the other
_LOOPBACK_IPV6 = frozenset((10, 24, 28, 30))
_UDP, _FRAGMENT = 17, 44
_OPTIONS = frozenset((0, 43, 60))  # hop-by-hop, routing, destination options
_RTP_HEAD = struct.Struct(">BBHII")
_RTCP = range(192, 224)  # RFC 5761: muxed on the same port
_DTLS = range(20, 64)  # RFC 7983
_CHANNELS = range(0x40, 0x50)  # TURN: ChannelData

# Link types by number: how many bytes stand before the protocol's number or the packet itself.
LINKS = {
    0: "loopback", 1: "Ethernet", 9: "PPP", 12: "raw IP", 14: "raw IP", 101: "raw IP", 108: "loopback",
    113: "Linux cooked", 228: "raw IPv4", 229: "raw IPv6", 276: "Linux cooked v2",
}  # fmt: skip

_INCOMPLETE = "fragments of IP packets whose other parts did not come"


class Wire:
    """Takes frames apart and hands their RTP packets to a collector; counts what it leaves out.

    Parameters
    ----------
    data
        The file's bytes; frames are named by their place in it.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self.collector = Collector(path)
        self._data = data
        self.left_out: Counter[str] = Counter()
        self.frames = 0
        self._pieces = Fragments()
        self._routes: dict[bytes, Route] = {}

    def frame(self, link: int, begin: int, kept: int, arrival: int, secured: bool = False) -> None:
        """Take a frame of `kept` bytes that begins at `begin`; `arrival` in nanoseconds, -1 if unknown."""
        self.frames += 1
        place = self._network(link, begin, begin + kept)
        if place is None:
            return
        version, at = place
        end = begin + kept
        if version == 4:
            self._ipv4(at, end, arrival)
        elif version == 6:
            self._ipv6(at, end, arrival)

    # -- link layers ----------------------------------------------------------------------------------

    def _network(self, link: int, at: int, end: int) -> tuple[int, int] | None:
        data = self._data
        if link in (12, 14, 101, 228, 229):
            return (data[at] >> 4, at) if at < end else None
        if link == 1:
            return self._protocol(at + 12, at + 14, end)
        if link == 113:
            return self._protocol(at + 14, at + 16, end)
        if link == 276:
            return self._protocol(at, at + 20, end)
        if link in (0, 108):
            family = data[at : at + 4]
            if len(family) < 4 or at + 4 > end:
                return None
            number = int.from_bytes(family, "little" if family[2:] == b"\0\0" else "big")
            return (4, at + 4) if number == 2 else (6, at + 4) if number in _LOOPBACK_IPV6 else None
        if link == 9:
            at += 2 if data[at : at + 2] == b"\xff\x03" else 0
            return self._ppp(at, end)
        self.left_out[f"frames of link type {link}, which is not known"] += 1
        return None

    def _protocol(self, at: int, after: int, end: int) -> tuple[int, int] | None:
        """Return what stands behind a protocol number (at `at`), and behind the tags of virtual networks."""
        data = self._data
        if after > end:
            return None
        number = data[at] << 8 | data[at + 1]
        for _ in range(_MOST_TAGS):
            if number not in _TAGS:
                break
            if after + 4 > end:
                return None
            number, after = data[after + 2] << 8 | data[after + 3], after + 4
        if number == _PPPOE:
            return self._ppp(after + 6, end)
        return (4, after) if number == _IPV4 else (6, after) if number == _IPV6 else None

    def _ppp(self, at: int, end: int) -> tuple[int, int] | None:
        number = self._data[at : at + 2]
        if at + 2 > end:
            return None
        return (4, at + 2) if number == b"\x00\x21" else (6, at + 2) if number == b"\x00\x57" else None

    # -- IP -------------------------------------------------------------------------------------------

    def _ipv4(self, at: int, end: int, arrival: int) -> None:
        data = self._data
        if at + 20 > end or data[at] >> 4 != 4:
            return
        length = (data[at] & 15) * 4
        total = data[at + 2] << 8 | data[at + 3]
        fragment = data[at + 6] << 8 | data[at + 7]
        if length < 20 or data[at + 9] != _UDP:
            return
        # Cards that cut packets up themselves are captured with a total length of 0.
        true_end = at + total if total >= length else end
        addresses = data[at + 12 : at + 20]
        if fragment & 0x3FFF:
            key = addresses + data[at + 4 : at + 6]
            piece = Piece((fragment & 0x1FFF) * 8, true_end - at - length, at + length, min(end, true_end))
            self._fragment(key, piece, addresses, arrival, more=bool(fragment & 0x2000))
        else:
            self._udp(at + length, min(end, true_end), addresses, arrival)

    def _ipv6(self, at: int, end: int, arrival: int) -> None:
        data = self._data
        if at + 40 > end or data[at] >> 4 != 6:
            return
        following, addresses = data[at + 6], data[at + 8 : at + 40]
        true_end = at + 40 + (data[at + 4] << 8 | data[at + 5])
        at += 40
        for _ in range(_MOST_OPTIONS):
            if following not in _OPTIONS or at + 8 > end:
                break
            following, at = data[at], at + 8 + data[at + 1] * 8
        if following == _FRAGMENT and at + 8 <= end and data[at] == _UDP:
            place = data[at + 2] << 8 | data[at + 3]
            piece = Piece(place & 0xFFF8, true_end - at - 8, at + 8, min(end, true_end))
            self._fragment(addresses + data[at + 4 : at + 8], piece, addresses, arrival, more=bool(place & 1))
        elif following == _UDP:
            self._udp(at, min(end, true_end), addresses, arrival)

    def _fragment(self, key: bytes, piece: Piece, addresses: bytes, arrival: int, *, more: bool) -> None:
        """Take a part of a packet; the packet has come when all of its parts have."""
        first = self._pieces.add(key, piece, more=more)
        if first is not None:
            self._udp(first.begin, first.end, addresses, arrival)

    def _udp(self, at: int, end: int, addresses: bytes, arrival: int) -> None:
        data = self._data
        if at + 8 > end:
            return
        size = max((data[at + 4] << 8 | data[at + 5]) - 8, 0)
        kept = min(end - at - 8, size)
        key = addresses + data[at : at + 4]
        route = self._routes.get(key)
        if route is None:
            route = self._routes[key] = _route(key)
        self.datagram(route, at + 8, kept, size, arrival)

    # -- RTP ------------------------------------------------------------------------------------------

    def datagram(self, route: Route, at: int, kept: int, size: int, arrival: int) -> None:
        """Take what one UDP packet carries: `kept` of `size` bytes from `at` on."""
        data = self._data
        if kept >= 16 and data[at] in _CHANNELS and (data[at + 2] << 8 | data[at + 3]) <= size - 4:
            at, kept, size = at + 4, kept - 4, data[at + 2] << 8 | data[at + 3]
            kept = min(kept, size)
        if kept and data[at] in _DTLS:
            self.collector.secured.add(frozenset(route))
            return
        if kept < 12 or data[at] >> 6 != 2 or data[at + 1] in _RTCP:
            return
        first, second, number, timestamp, ssrc = _RTP_HEAD.unpack_from(data, at)
        begin, payload = self._payload(first, at, kept, size)
        if payload < 0:
            return
        whole = begin >= 0
        self.collector.add(
            route,
            ssrc,
            Head(
                arrival,
                number,
                timestamp,
                second & 127,
                second > 127,
                payload,
                begin if whole else -1,
                max(min(at + kept - begin, payload), 0) if whole else 0,
            ),
        )

    def _payload(self, first: int, at: int, kept: int, size: int) -> tuple[int, int]:
        """Return where the payload begins (-1 where that was not kept) and its length (-1: no RTP)."""
        data = self._data
        head = 12 + 4 * (first & 15)
        if first & 16:
            if head + 4 > size:
                return -1, -1
            if head + 4 > kept:
                return -1, size - head
            head += 4 + 4 * (data[at + head + 2] << 8 | data[at + head + 3])
        if head > size:
            return -1, -1
        padding = data[at + size - 1] if first & 32 and kept == size and size > head else 0
        payload = size - head - padding
        if payload < 0:
            payload = size - head  # encrypted: what looks like the length of the padding is none
        return (at + head if head <= kept else -1), payload

    def notes(self) -> tuple[str, ...]:
        """Return sentences about what was left out."""
        left_out = self.left_out + Counter({_INCOMPLETE: self._pieces.incomplete})
        return tuple(f"{count} {what} are left out" for what, count in left_out.items())


def _route(key: bytes) -> Route:
    half = (len(key) - 4) // 2
    ends = []
    for address, port in ((key[:half], key[-4:-2]), (key[half : 2 * half], key[-2:])):
        number = int.from_bytes(port, "big")
        if half == 4:
            ends.append(f"{ipaddress.IPv4Address(address)}:{number}")
        else:
            ends.append(f"[{ipaddress.IPv6Address(address)}]:{number}")
    return Route(*ends)
