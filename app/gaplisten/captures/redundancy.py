"""Packets that carry earlier ones once more (RED, RFC 2198), known by their structure."""

from __future__ import annotations

import numpy as np

from gaplisten.captures.streams import Stream, Whole, wrapped

_DYNAMIC_FROM = 35
_LOOKED_AT = 200
_MOST_BLOCKS = 8


def blocks_of(payload: bytes) -> tuple[tuple[int, int, int], ...] | None:
    """Return the redundant blocks: payload type, timestamps back, bytes; None where it is no such packet."""
    found, at = list[tuple[int, int, int]](), 0
    for _ in range(_MOST_BLOCKS):
        if at >= len(payload):
            return None
        if payload[at] < 128:  # the last head: that of the packet's own sound
            whole = at + 1 + sum(length for _, _, length in found) <= len(payload)
            return tuple(found) if whole else None
        if at + 4 > len(payload):
            return None
        word = int.from_bytes(payload[at : at + 4], "big")
        found.append((word >> 24 & 127, word >> 10 & 0x3FFF, word & 0x3FF))
        at += 4
    return None


def is_redundant(stream: Stream, main: int, units: int) -> bool:
    """Whether the main payload is RED: all packets have its heads, and some carry earlier ones."""
    if main < _DYNAMIC_FROM or stream.secured:
        return False
    mine = np.flatnonzero(stream.types == main)[:_LOOKED_AT]
    carried, inner = 0, set[int]()
    for index in mine.tolist():
        payload = stream.payload(index)
        blocks = blocks_of(payload)
        if blocks is None or any(back == 0 or back % units for _, back, _ in blocks):
            return False
        carried += bool(blocks)
        inner.add(payload[4 * len(blocks)] & 127)
        inner.update(kind for kind, _, _ in blocks)
    return carried >= mine.size // 4 and carried > 1 and len(inner) <= 2


def recovered(stream: Stream, numbers: Whole) -> int:
    """Return how many missing packets came again within later ones.

    Parameters
    ----------
    numbers
        Of the stream's packets, ascending, without turning over.
    """
    stamps = np.concatenate(([0], np.cumsum(wrapped(np.diff(stream.timestamps), 32))))
    missing: set[int] = set()
    gaps = np.flatnonzero(np.diff(numbers) > 1).tolist()
    for at in gaps:
        count = int(numbers[at + 1] - numbers[at]) - 1
        step = int(stamps[at + 1] - stamps[at]) // (count + 1)
        if step > 0 and count < 10_000:
            missing.update(int(stamps[at]) + step * (each + 1) for each in range(count))
    found: set[int] = set()
    for index in range(stream.packets):
        for _, back, length in blocks_of(stream.payload(index)) or ():
            if length and int(stamps[index]) - back in missing:
                found.add(int(stamps[index]) - back)
    return len(found)
