"""Tables with a row for each packet: CSV with a header, or pairs of a packet's number and its flag."""

from __future__ import annotations

import re

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
from gaplisten.loss.formats.text import lines_of
from gaplisten.loss.trace import Flags, LossTrace

_LOST = (
    "lost", "islost", "loss", "isloss", "lostflag", "lossflag", "bfi", "badframe", "badframeindicator",
    "erased", "erasure", "iserased", "missing", "dropped", "isdropped", "drop", "plc", "concealed",
)  # fmt: skip
_EITHER = ("loss", "drop", "plc")  # in many a table 1 means received below these
_RECEIVED = ("received", "isreceived", "rx", "arrived", "isarrived", "ok", "good", "valid", "present")
_NUMBERS = (
    "packet", "index", "idx", "frame", "seq", "sequence", "number", "no", "n", "i", "id", "packetno",
    "packetnumber", "packetindex", "packetid", "frameindex", "frameno", "framenumber", "seqno", "",
)  # fmt: skip
_TRUE = frozenset(("1", "true", "yes", "y", "1.0"))
_FALSE = frozenset(("0", "false", "no", "n", "0.0"))
_WHOLE = re.compile(r"\d{1,15}")
_ANY_NUMBER = re.compile(r"[+-]?[\d.]+(e[+-]?\d+)?")
_CUT = re.compile(r"[,;\t|]")


def cells_of(line: str) -> list[str]:
    """Return a line's cells: between commas, semicolons, tabs or bars, else between blanks."""
    cells = _CUT.split(line) if _CUT.search(line) else line.split()
    return [cell.strip().strip("\"'").strip() for cell in cells]


def names_of(line: str) -> list[str]:
    """Return the names in a header, without case and signs: ``is_lost`` is ``islost``."""
    return [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in cells_of(line)]


# --- with a header ------------------------------------------------------------------------------------------


def _column(names: list[str]) -> tuple[int, bool] | None:
    """Return the column that tells of losses, and whether it tells what was received."""
    for known, received in ((_LOST, False), (_RECEIVED, True)):
        for name in known:
            if name in names:
                return names.index(name), received
    return None


def _recognises_table(content: Content, *, received: bool = False) -> str | None:
    if content.kind is not Kind.TEXT:
        return None
    lines = content.once(lines_of)
    header = cells_of(lines[0][1]) if len(lines) > 1 else []
    alike = sum(len(cells_of(line)) == len(header) for _, line in lines[1:])
    if not header or any(map(_ANY_NUMBER.fullmatch, header)) or alike * 2 < len(lines) - 1:
        return None
    if _column(names_of(lines[0][1])) is None:
        if len(header) > 1 and _CUT.search(lines[0][1]):
            raise _no_column(header)
        return None
    try:
        found = content.once(_table)
    except BadTrace as bad:
        raise Unusable(bad.fact, bad.way_out) from bad
    doubt = _doubt_about_column(content, names_of(lines[0][1]), found.lost)
    return (doubt or None) if received else doubt


def _doubt_about_column(content: Content, names: list[str], flags: Flags) -> str:
    """Return what is doubtful about a column that speaks of loss, but not of lost packets."""
    column = _column(names)
    told = column is None or column[1] or names[column[0]] not in _EITHER
    return "" if told else doubt_about_polarity(content, flags)


def _table_received(content: Content) -> Decoded:
    found = content.once(_table)
    return Decoded(~found.lost, tuple(note.replace("1 = lost", "1 = received") for note in found.notes))


def _table(content: Content) -> Decoded:
    lines = content.once(lines_of)
    if not lines:
        raise BadTrace("holds no rows", "write a row for each packet")
    header = names_of(lines[0][1])
    found = _column(header)
    if found is None:
        raise _no_column(cells_of(lines[0][1]))
    place, received = found
    counting = next(
        (header.index(name) for name in _NUMBERS if name in header and header.index(name) != place), None
    )
    flags, last = [], None
    limited(len(lines))
    for number, line in lines[1:]:
        cells = cells_of(line)
        if len(cells) != len(header):
            raise BadTrace(
                f"line {number} has {len(cells)} columns, the first {len(header)}", "correct the line"
            )
        flags.append(_flag(cells[place], number))
        last = _counted(cells[counting], last, number) if counting is not None else None
    row = np.array(flags, np.bool_)
    if not row.size:
        raise BadTrace("holds no rows", "write a row for each packet")
    name = cells_of(lines[0][1])[place]
    return Decoded(~row if received else row, (f"column {name!r}: 1 = {'received' if received else 'lost'}",))


def _no_column(header: list[str]) -> BadTrace:
    fact = f"has no column of losses (its columns are {', '.join(header)[:80]})"
    return BadTrace(fact, "call one 'lost' or 'received' (a row a packet), or two 'start_s' and 'end_s'")


def _flag(cell: str, number: int) -> bool:
    word = cell.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise BadTrace(f"line {number} holds {cell[:30]!r} where 0 or 1 belongs", "correct the line")


def _counted(cell: str, last: int | None, number: int) -> int:
    if not _WHOLE.fullmatch(cell):
        raise BadTrace(
            f"line {number} holds {cell[:30]!r} where the packet's number belongs", "correct the line"
        )
    if last is not None and int(cell) != last + 1:
        fact = f"line {number}: packet {int(cell)} stands behind packet {last}"
        raise BadTrace(fact, "write a row for each packet, in their order")
    return int(cell)


# --- pairs --------------------------------------------------------------------------------------------------


def _pairs(content: Content) -> Decoded:
    lines = content.once(lines_of)
    limited(len(lines))
    flags, last = [], None
    for number, line in lines:
        cells = cells_of(line)
        if len(cells) != 2:
            fact = f"line {number} holds {len(cells)} values where a packet's number and its flag belong"
            raise BadTrace(fact, "correct the line, or name the format")
        last = _counted(cells[0], last, number)
        flags.append(_flag(cells[1], number))
    if not flags:
        raise BadTrace("holds no packets", "write a pair for each packet")
    return Decoded(np.array(flags, np.bool_))


def _recognises_pairs(content: Content, *, received: bool) -> str | None:
    if content.kind is not Kind.TEXT:
        return None
    lines = content.once(lines_of)
    begin = [cells_of(line) for _, line in lines[:3]]
    if len(lines) < 3 or any(len(cells) != 2 or not _WHOLE.fullmatch(cells[0]) for cells in begin):
        return None
    numbers = [int(cells[0]) for cells in begin]
    if [number - numbers[0] for number in numbers] != [0, 1, 2]:
        return None
    try:
        found = content.once(_pairs)
    except BadTrace as bad:
        raise Unusable(bad.fact, bad.way_out) from bad
    doubt = doubt_about_polarity(content, found.lost)
    return (doubt or None) if received else doubt


def _pairs_received(content: Content) -> Decoded:
    return Decoded(~content.once(_pairs).lost)


def _lines(flags: Flags, begin: str, between: str) -> bytes:
    rows = "".join(f"{at}{between}{int(flag)}\n" for at, flag in enumerate(flags.tolist()))
    return (begin + rows).encode()


def _encode_pairs(trace: LossTrace) -> bytes:
    return _lines(trace.lost, "", " ")


def _encode_received(trace: LossTrace) -> bytes:
    return _lines(~trace.lost, "", " ")


FORMATS = (
    TraceFormat(
        name="table",
        help="table with a row for each packet and a header that names 'lost' or 'received'",
        suffixes=(".csv", ".tsv", ".txt"),
        polarity="by its header",
        end=End.EXACT,
        recognises=_recognises_table,
        decode=lambda content: content.once(_table),
        encode=lambda trace: _lines(trace.lost, "packet,lost\n", ","),
        place=84,
    ),
    TraceFormat(
        name="table_received",
        help="table with a row for each packet and a header 'loss' below which 1 means received",
        suffixes=(".csv", ".tsv", ".txt"),
        polarity="1 = received",
        end=End.EXACT,
        recognises=lambda content: _recognises_table(content, received=True),
        decode=_table_received,
        encode=lambda trace: _lines(~trace.lost, "packet,loss\n", ","),
        ones_are_received=True,
        place=85,
    ),
    TraceFormat(
        name="indexed",
        help="a packet's number and 0 or 1 per line",
        suffixes=(".txt",),
        polarity="1 = lost",
        end=End.EXACT,
        recognises=lambda content: _recognises_pairs(content, received=False),
        decode=lambda content: content.once(_pairs),
        encode=_encode_pairs,
        place=22,
    ),
    TraceFormat(
        name="indexed_received",
        help="a packet's number and 0 or 1 per line",
        suffixes=(".txt",),
        polarity="1 = received",
        end=End.EXACT,
        recognises=lambda content: _recognises_pairs(content, received=True),
        decode=_pairs_received,
        encode=_encode_received,
        ones_are_received=True,
        place=23,
    ),
)
