"""Delay and error profiles: one delay in ms for each packet, -1 for a packet that never arrived."""

from __future__ import annotations

import re

import numpy as np

from gaplisten.loss.formats.contract import (
    REMARKS,
    BadTrace,
    Content,
    Decoded,
    End,
    Kind,
    TraceFormat,
    Unusable,
    Whole,
    limited,
)
from gaplisten.loss.formats.text import lines_of, text_of
from gaplisten.loss.trace import LossTrace

_NUMBER = re.compile(r"-?\d{1,6}")
_REMARK = re.compile(rf"^[ \t]*+[{re.escape(REMARKS)}][^\r\n]*+", re.MULTILINE)
_PLAIN = re.compile(r"(?:[ \t]*+(?:-?[0-9]{1,6})?+[ \t]*+\r?\n)*+(?:[ \t]*+-?[0-9]{1,6})?+[ \t]*+")
_LONGEST_MS = 100_000
_DOUBT = "holds whole numbers in no order, which may be delays in ms"
_FEWEST_KINDS = 4  # delays differ


def delays_of(content: Content) -> Whole:
    """Return the delays in ms, -1 where a packet never arrived.

    Raises
    ------
    BadTrace
        If a line holds anything else.
    """
    plain = _REMARK.sub("", content.once(text_of))
    if plain.strip() and _PLAIN.fullmatch(plain):  # as lines, millions take a hundred bytes each
        found = np.fromstring(plain, np.int64, sep="\n")
        if limited(found.size) and found.min() >= -1 and found.max() <= _LONGEST_MS:
            return found
    lines = content.once(lines_of)
    limited(len(lines))
    values = []
    for number, word in lines:
        value = int(word) if _NUMBER.fullmatch(word) else -2
        if not -1 <= value <= _LONGEST_MS:
            fact = f"line {number} holds {word[:30]!r} where a delay in ms, or -1, belongs"
            raise BadTrace(fact, "correct the line, or name the format")
        values.append(value)
    if not values:
        raise BadTrace("holds no packets", "write one delay per packet")
    return np.array(values, np.int64)


def _recognises(content: Content) -> str | None:
    if content.kind is not Kind.TEXT:
        return None
    try:
        delays = content.once(delays_of)
    except BadTrace:
        return None
    arrived = delays[delays >= 0]
    ordered = bool((np.diff(arrived) > 0).all())
    if (delays < 0).any():
        if arrived.max(initial=0) == 1 or (ordered and arrived.size > 2):
            where = "0 and 1" if arrived.max(initial=0) == 1 else "rising numbers"
            raise Unusable(
                f"holds -1 among {where}, where it does not belong", "correct it, or name the format"
            )
        return ""
    return None if ordered or np.unique(arrived).size < _FEWEST_KINDS else _DOUBT


def _decode(content: Content) -> Decoded:
    delays = content.once(delays_of)
    note = (
        "a delay profile: only packets that never arrived are lost ('gaplisten trace --buffer-ms': late ones)"
    )
    return Decoded(delays < 0, (note,))


def _encode(trace: LossTrace) -> bytes:
    return "".join("-1\n" if lost else "0\n" for lost in trace.lost.tolist()).encode()


FORMATS = (
    TraceFormat(
        name="delays",
        help="delay profile of 3GPP and ITU-T: ms per packet",
        suffixes=(".dat", ".txt"),
        polarity="-1 = lost",
        end=End.REPEATS,
        recognises=_recognises,
        decode=_decode,
        encode=_encode,
        place=45,
    ),
)
