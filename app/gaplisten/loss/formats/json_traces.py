"""JSON: an object with flags, numbers of packets or intervals, under a name that tells which."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from gaplisten.loss.formats.contract import (
    BadTrace,
    Content,
    Decoded,
    End,
    Kind,
    TraceFormat,
    Unusable,
    doubt_about_polarity,
    limited,
)
from gaplisten.loss.formats.text import text_of
from gaplisten.loss.trace import LossTrace

_LOST = (
    "lost",
    "is_lost",
    "isLost",
    "loss",
    "losses",
    "lost_packets",
    "bfi",
    "trace",
    "loss_trace",
    "mask",
    "flags",
)
_RECEIVED = ("received", "is_received", "received_packets")
_INTERVALS = ("intervals", "gaps", "lost_intervals")
_SETTLED = ("lost", "is_lost", "isLost", "lost_packets", "bfi")
_COUNTS = ("packets", "num_packets", "n_packets", "length")
_LONGEST_MS = 1000.0
_LATEST = 1e12


def _is_object(content: Content) -> bool:
    return content.kind is Kind.TEXT and content.once(text_of).lstrip()[:1] == "{"


def _object(content: Content) -> dict[str, Any]:
    try:
        found = json.loads(content.once(text_of), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadTrace(f"is no JSON ({str(error)[:80]})", "save it again") from error
    if not isinstance(found, dict):
        raise BadTrace("is no JSON object", 'write {"lost": [0, 1, ...]}')
    return found


def _no_constant(word: str) -> None:
    raise ValueError(f"it holds {word}")


def _named(content: Content) -> tuple[str, list[Any], bool]:
    """Return the name of what is read, its values, and whether they tell what was received."""
    found = content.once(_object)
    lists = {name: value for name, value in found.items() if isinstance(value, list)}
    for names, received in ((_LOST, False), (_RECEIVED, True), (_INTERVALS, False)):
        for name in names:
            if name in lists:
                return name, lists[name], received
    keys = ", ".join(sorted(found)[:6])
    raise BadTrace(f"names no losses (its keys are {keys})", "call them 'lost', 'received' or 'intervals'")


def _decode(content: Content) -> Decoded:
    name, values, received = _named(content)
    limited(len(values))
    length = _packet_ms(content.once(_object).get("packet_ms"))
    if values and all(isinstance(each, list | dict) for each in values):
        return _intervals(values)
    flags, listed = _flags(values, name)
    if listed:
        flags = _marked(flags, content, received)
        said = f"{name!r} lists packets that were {'received' if received else 'lost'}, counted from 0"
    else:
        said = f"{name!r}: 1 = {'received' if received else 'lost'}"
    row = flags.astype(np.bool_)
    return Decoded(~row if received else row, (said,), packet_ms=length)


def _packet_ms(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LONGEST_MS:
        raise BadTrace(f"has a packet_ms of {str(value)[:30]}", "write the packet length in ms")
    return float(value)


def _flags(values: list[Any], name: str) -> tuple[np.ndarray, bool]:
    """Return flags, or numbers of packets, and whether they are such."""
    if not all(
        isinstance(each, int | float) and math.isfinite(each) and each == int(each) for each in values
    ):
        raise BadTrace(f"{name!r} holds other things than 0 and 1 or numbers of packets", "correct it")
    numbers = [int(each) for each in values]
    if any(not 0 <= each < 2**53 for each in numbers):
        raise BadTrace(f"{name!r} holds a number that no packet has", "correct it")
    row = np.array(numbers, np.int64)
    if ((row == 0) | (row == 1)).all() and row.size != 1 and (np.diff(row) <= 0).any():
        return row, False
    if not (np.diff(row) > 0).all():
        raise BadTrace(f"{name!r} holds numbers in no order", "list packets in their order, or 0 and 1")
    return row, True


def _marked(numbers: np.ndarray, content: Content, received: bool) -> np.ndarray:
    found = content.once(_object)
    counts = [found[name] for name in _COUNTS if isinstance(found.get(name), int)]
    size = int(numbers.max(initial=-1)) + 1
    if counts and not isinstance(counts[0], bool) and counts[0] >= size:
        size = counts[0]
    marks = np.zeros(limited(size), np.int64)
    marks[numbers] = 1
    return marks


def _intervals(values: list[Any]) -> Decoded:
    rows = []
    for number, each in enumerate(values):
        pair = (
            [each.get("start"), each.get("end", each.get("stop"))] if isinstance(each, dict) else list(each)
        )
        edges = [float(edge) for edge in pair if isinstance(edge, int | float) and 0 <= edge < _LATEST]
        if len(edges) != 2 or len(pair) != 2 or edges[1] <= edges[0]:
            raise BadTrace(f"interval {number} is {str(each)[:40]}", "write [start, end] in seconds")
        rows.append((edges[0], edges[1]))
    return Decoded.of_intervals(sorted(rows), ("intervals in seconds",))


def _recognises(content: Content) -> str | None:
    if not _is_object(content):
        return None
    try:
        found, name = _decode(content), _named(content)[0]
    except BadTrace as bad:
        raise Unusable(bad.fact, bad.way_out) from bad
    if name in _SETTLED or name in _RECEIVED or found.intervals is not None:
        return ""
    return doubt_about_polarity(content, found.lost)


def _encode(trace: LossTrace) -> bytes:
    lost = np.flatnonzero(trace.lost).tolist()
    told = {"packet_ms": trace.packet_ms, "packets": trace.packets, "lost_packets": lost}
    return json.dumps(told).encode() + b"\n"


FORMATS = (
    TraceFormat(
        name="json",
        help="JSON object with 'lost' or 'received' (0 and 1, or numbers of packets) or 'intervals' in s",
        suffixes=(".json",),
        polarity="by its key",
        end=End.RECEIVED,
        recognises=_recognises,
        decode=_decode,
        encode=_encode,
        place=86,
    ),
)
