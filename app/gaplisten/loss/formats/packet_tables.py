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
from gaplisten.loss.formats.json_objects import rows_of_objects
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
_LOST_WORDS = frozenset(("lost", "loss", "missing", "dropped", "drop", "erased", "bad"))
_RECEIVED_WORDS = frozenset(("ok", "received", "recv", "rcvd", "arrived", "good"))
_WORDS = _LOST_WORDS | _RECEIVED_WORDS
_TRUE = frozenset(("1", "true", "yes", "y", "1.0"))
_FALSE = frozenset(("0", "false", "no", "n", "0.0"))
_WHOLE = re.compile(r"\d{1,15}")
_ANY_NUMBER = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?")
_CUT = re.compile(r"[,;\t|]")
_CUT_BUT_COMMAS = re.compile(r"[;\t|]")

Cells = tuple[tuple[int, list[str]], ...]


def cells_of(content: Content) -> Cells:
    """Return the cells of a table's lines, with the lines' numbers; objects of JSON are such lines, too.

    Cells stand between semicolons, tabs or bars where the first line has any, so that commas are decimal
    ones; else between commas, or blanks.
    """
    objects = content.once(rows_of_objects)
    if objects is not None:
        return objects
    lines = content.once(lines_of)
    cut = _CUT_BUT_COMMAS if lines and _CUT_BUT_COMMAS.search(lines[0][1]) else _CUT
    return tuple(
        (number, [_bare(cell) for cell in (cut.split(line) if cut.search(line) else line.split())])
        for number, line in lines
    )


def _bare(cell: str) -> str:
    return cell.strip().strip("\"'").strip()


def names_in(cells: list[str]) -> list[str]:
    """Return the names in a header, without case and signs: ``is_lost`` is ``islost``."""
    return [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in cells]


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
    rows = content.once(cells_of)
    header = rows[0][1] if len(rows) > 1 else []
    alike = sum(len(cells) == len(header) for _, cells in rows[1:])
    if not header or any(map(_ANY_NUMBER.fullmatch, header)) or alike * 2 < len(rows) - 1:
        return None
    if telling(rows) is None:
        if len(header) > 1 and _is_table(content):
            raise _no_column(header)
        return None
    try:
        found = content.once(_table)
    except BadTrace as bad:
        raise Unusable(bad.fact, bad.way_out) from bad
    doubt = _doubt_about_column(content, found.lost)
    return (doubt or None) if received else doubt


def _is_table(content: Content) -> bool:
    """Whether signs stand between the names of a header: words of a sentence have blanks between."""
    return content.once(rows_of_objects) is not None or bool(_CUT.search(content.once(lines_of)[0][1]))


def _has_numbers(rows: Cells) -> bool:
    """Whether a column is all numbers, so that what stands above it is no packet's row."""
    return any(
        all(len(cells) > place and _ANY_NUMBER.fullmatch(cells[place]) for _, cells in rows)
        for place in range(len(rows[0][1]))
    )


def telling(rows: Cells) -> tuple[int, bool] | None:
    """Return the column that tells of losses: by its name, else the only one that says so in each row."""
    named = _column(names_in(rows[0][1]))
    if named is not None:
        return named
    width = len(rows[0][1])
    worded = [place for place in range(width) if _in_words(rows[1:], place)]
    return (worded[0], False) if len(worded) == 1 else None


def _in_words(rows: Cells, place: int) -> bool:
    """Whether a column says "lost" and "ok" or the like: that needs no name that tells what 1 means."""
    return bool(rows) and all(len(cells) > place and cells[place].lower() in _WORDS for _, cells in rows)


def _doubt_about_column(content: Content, flags: Flags) -> str:
    """Return what is doubtful about a column that speaks of loss, but not of lost packets."""
    rows = content.once(cells_of)
    place, received = telling(rows) or (0, True)
    told = received or names_in(rows[0][1])[place] not in _EITHER or _in_words(rows[1:], place)
    return "" if told else doubt_about_polarity(content, flags)


def _table_received(content: Content) -> Decoded:
    rows = content.once(cells_of)
    found = content.once(_table)
    if _in_words(rows[1:], (telling(rows) or (0, False))[0]):
        raise BadTrace("says in words which packets were lost", "name the format table")
    return Decoded(~found.lost, tuple(note.replace("1 = lost", "1 = received") for note in found.notes))


def _table(content: Content) -> Decoded:
    return decoded_rows(content.once(cells_of))


def decoded_rows(rows: Cells) -> Decoded:
    """Return what a table says: its first row names the columns, each other one is a packet.

    Raises
    ------
    BadTrace
        If no column tells of losses, or a row does not belong.
    """
    if not rows:
        raise BadTrace("holds no rows", "write a row for each packet")
    header = names_in(rows[0][1])
    found = telling(rows)
    if found is None:
        raise _no_column(rows[0][1])
    place, received = found
    worded = _in_words(rows[1:], place)
    if worded and header[place] in _WORDS and not _has_numbers(rows[1:]):
        fact = f"begins with {rows[0][1][place]!r}, which may be the column's name or the first packet"
        raise BadTrace(fact, "call the column 'status', or write 0 and 1")
    counting = next(
        (header.index(name) for name in _NUMBERS if name in header and header.index(name) != place), None
    )
    flags, last = [], None
    limited(len(rows))
    for number, cells in rows[1:]:
        if len(cells) != len(header):
            raise BadTrace(
                f"line {number} has {len(cells)} columns, the first {len(header)}", "correct the line"
            )
        flags.append(_flag(cells[place], number, worded=worded))
        last = _counted(cells[counting], last, number) if counting is not None else None
    row = np.array(flags, np.bool_)
    if not row.size:
        raise BadTrace("holds no rows", "write a row for each packet")
    name = rows[0][1][place]
    if worded:
        return Decoded(row, (f"column {name!r} says it in words: {_words_in(rows[1:], place)}",))
    return Decoded(~row if received else row, (f"column {name!r}: 1 = {'received' if received else 'lost'}",))


def _words_in(rows: Cells, place: int) -> str:
    """Name the words that were taken for lost, and those for received."""
    used = dict.fromkeys(cells[place] for _, cells in rows)
    lost = [repr(word) for word in used if word.lower() in _LOST_WORDS]
    received = [repr(word) for word in used if word.lower() in _RECEIVED_WORDS]
    return "; ".join(
        f"{', '.join(words)} = {what}" for words, what in ((lost, "lost"), (received, "received")) if words
    )


def _no_column(header: list[str]) -> BadTrace:
    fact = f"has no column of losses (its columns are {', '.join(header)[:80]})"
    return BadTrace(fact, "call one 'lost' or 'received' (a row a packet), or two 'start_s' and 'end_s'")


def _flag(cell: str, number: int, *, worded: bool) -> bool:
    word = cell.lower()
    if worded:
        return word in _LOST_WORDS
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
    rows = content.once(cells_of)
    limited(len(rows))
    flags, last = [], None
    worded = _in_words(rows, 1)
    for number, cells in rows:
        if len(cells) != 2:
            fact = f"line {number} holds {len(cells)} values where a packet's number and its flag belong"
            raise BadTrace(fact, "correct the line, or name the format")
        last = _counted(cells[0], last, number)
        flags.append(_flag(cells[1], number, worded=worded))
    if not flags:
        raise BadTrace("holds no packets", "write a pair for each packet")
    return Decoded(np.array(flags, np.bool_), (_words_in(rows, 1),) if worded else ())


def _recognises_pairs(content: Content, *, received: bool) -> str | None:
    if content.kind is not Kind.TEXT:
        return None
    rows = content.once(cells_of)
    begin = [cells for _, cells in rows[:3]]
    if len(rows) < 3 or any(len(cells) != 2 or not _WHOLE.fullmatch(cells[0]) for cells in begin):
        return None
    numbers = [int(cells[0]) for cells in begin]
    if [number - numbers[0] for number in numbers] != [0, 1, 2]:
        return None
    try:
        found = content.once(_pairs)
    except BadTrace as bad:
        raise Unusable(bad.fact, bad.way_out) from bad
    doubt = "" if _in_words(rows, 1) else doubt_about_polarity(content, found.lost)
    return (doubt or None) if received else doubt


def _pairs_received(content: Content) -> Decoded:
    if _in_words(content.once(cells_of), 1):
        raise BadTrace("says in words which packets were lost", "name the format indexed")
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
        suffixes=(".csv", ".tsv", ".txt", ".jsonl"),
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
