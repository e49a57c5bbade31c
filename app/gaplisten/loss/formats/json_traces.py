"""JSON: an object with flags, numbers of packets or intervals, under a name that tells which.

The object may stand within others, and a list may hold an object for each packet.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gaplisten.loss.formats.contract import (
    BadTrace,
    Content,
    Decoded,
    End,
    TraceFormat,
    Unusable,
    doubt_about_polarity,
    limited,
)
from gaplisten.loss.formats.json_objects import json_of, looks_like_objects, rows_of_objects, table_of
from gaplisten.loss.formats.packet_tables import decoded_rows, telling
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
_DEEPEST = 8


@dataclass(frozen=True)
class _Losses:
    """What is read: `name` and `values`, and `told`, all that is said in the object and those around it."""

    name: str
    values: list[Any]
    received: bool
    told: dict[str, Any]
    path: str


def _is_object(content: Content) -> bool:
    return looks_like_objects(content) and content.once(rows_of_objects) is None


def _named(content: Content) -> _Losses:
    """Return what is read: the only object that names losses, however deep it stands."""
    found = content.once(json_of)
    if not isinstance(found, dict):
        raise BadTrace("is no JSON object", 'write {"lost": [0, 1, ...]}')
    several = list(_losses_in(found, {}, ""))
    if len(several) > 1:
        paths = ", ".join(each.path for each in several[:4])
        raise BadTrace(f"names losses {len(several)} times ({paths})", "write a file for each")
    if several:
        return several[0]
    keys = ", ".join(sorted(found)[:6])
    raise BadTrace(f"names no losses (its keys are {keys})", "call them 'lost', 'received' or 'intervals'")


def _losses_in(found: dict[str, Any], around: dict[str, Any], path: str, depth: int = 0) -> Iterator[_Losses]:
    """Find the objects that name losses: of each the first name that is known."""
    told = {**around, **{name: value for name, value in found.items() if not isinstance(value, dict)}}
    lists = {name: value for name, value in found.items() if isinstance(value, list | str)}
    tables = [name for name, value in lists.items() if _is_table(value)]
    yield from (_Losses(name, list(lists.pop(name)), False, told, f"{path}{name}") for name in tables)
    for names, received in ((_LOST, False), (_RECEIVED, True), (_INTERVALS, False)):
        name = next((name for name in names if name in lists), None)
        if name is not None:
            yield _Losses(name, _values(lists[name], name), received, told, f"{path}{name}")
            break
    if depth < _DEEPEST:
        for name, value in found.items():
            if isinstance(value, dict):
                yield from _losses_in(value, told, f"{path}{name}.", depth + 1)


def _is_table(found: list[Any] | str) -> bool:
    """Whether a list holds an object for each packet."""
    if not isinstance(found, list) or not found or not all(isinstance(each, dict) for each in found):
        return False
    rows = table_of(list(enumerate(found, 1)))
    return rows is not None and telling(rows) is not None


def _values(found: list[Any] | str, name: str) -> list[Any]:
    """Return a list's values, or the digits of a text of 0 and 1."""
    if isinstance(found, list):
        return found
    if found.strip("01") or not found:
        raise BadTrace(f"{name!r} is a text of other things than 0 and 1", "write a list: [0, 1, ...]")
    return [int(digit) for digit in found]


def _decode(content: Content) -> Decoded:
    losses = content.once(_named)
    name, values, received = losses.name, losses.values, losses.received
    limited(len(values))
    length = _packet_ms(losses.told.get("packet_ms"))
    if _is_table(values):
        rows = table_of(list(enumerate(values, 1))) or ()
        return replace(decoded_rows(rows), packet_ms=length)
    if values and all(isinstance(each, list | dict) for each in values):
        return _intervals(values)
    flags, listed = _flags(values, name)
    if listed:
        flags = _marked(flags, losses.told)
        said = f"{losses.path!r} lists packets that were {'received' if received else 'lost'}, counted from 0"
    else:
        said = f"{losses.path!r}: 1 = {'received' if received else 'lost'}"
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


def _marked(numbers: np.ndarray, found: dict[str, Any]) -> np.ndarray:
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
        found, name = _decode(content), content.once(_named).name
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
