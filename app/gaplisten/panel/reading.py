"""Reading a session's CSV in whatever form people left it: an editor's, a spreadsheet's, pandas'."""

from __future__ import annotations

import codecs
import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from gaplisten.errors import GaplistenError
from gaplisten.tables import csv_row
from gaplisten.texts import decoded, is_wide

Row = dict[str, str]

_MARK = codecs.BOM_UTF8  # what spreadsheets put before UTF-8
_SEPARATORS = {",": "", ";": "its cells are set apart by semicolons", "\t": "its cells are set apart by tabs"}
_MOST_DIGITS = 18  # of a count: 64 bits hold it
_MOST_LINES = 100  # that one cell may have: a broken quote must not swallow a file


class JournalDamaged(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A file that is no journal of this kind."""


@dataclass(frozen=True)
class TextTable:
    """Rows of text by column: who asks for some columns of fifty thousand rows makes no object of each row.

    Parameters
    ----------
    columns
        The cells of each column, all as many.
    count
        How many rows there are.
    """

    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    count: int = 0

    @classmethod
    def of(cls, rows: Sequence[Row]) -> TextTable:
        """Return rows that have the same columns as a table."""
        names = tuple(rows[0]) if rows else ()
        return cls({name: tuple([row[name] for row in rows]) for name in names}, len(rows))

    def __len__(self) -> int:
        return self.count

    def column(self, name: str) -> Sequence[str]:
        """Return a column; empty cells where there is none of that name."""
        return self.columns[name] if name in self.columns else ("",) * self.count

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The rows, each with the names of its cells."""
        names = tuple(self.columns)
        return tuple(
            [dict(zip(names, cells, strict=True)) for cells in zip(*self.columns.values(), strict=True)]
        )

    def at(self, places: Sequence[int]) -> TextTable:
        """Return the rows at these places, in this order; the table itself where those are all."""
        if len(places) == self.count and all(at == place for at, place in enumerate(places)):
            return self
        columns = {name: tuple([cells[at] for at in places]) for name, cells in self.columns.items()}
        return TextTable(columns, len(places))


@dataclass(frozen=True)
class Reading:
    """What is in a journal's file.

    Parameters
    ----------
    columns
        The file's own, in its order.
    table
        The complete rows, with every column of the file and every one that was asked for ("" where the file
        has none).
    torn
        What stands after the last line end: a row that an interrupted run did not finish.
    damaged
        Numbers of the lines, from 1, that are no rows although they are complete.
    notes
        What is unusual but does no harm, as sentences.
    padded
        Whether zeros of a power cut stand at its end.
    foreign
        Whether lines cannot be read and the file is not UTF-8: a spreadsheet has saved it as plain CSV.
    """

    columns: tuple[str, ...] = ()
    table: TextTable = TextTable()
    torn: bytes = b""
    damaged: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    padded: bool = False
    foreign: bool = False

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of `table`."""
        return self.table.rows

    @property
    def mending(self) -> str:
        """Say what to do about lines that cannot be read."""
        if self.foreign:
            return "it is not UTF-8: save it from the spreadsheet as 'CSV UTF-8'"
        return "fix or take out what somebody put there"


@dataclass
class _Text:
    """A file's bytes as UTF-8 lines, and what was unusual about them."""

    lines: list[bytes]
    tail: bytes
    notes: list[str] = field(default_factory=list)


def whole_number(cell: str) -> int | None:
    """Return the number that a cell of digits holds; None of others, and of one longer than counts are."""
    return int(cell) if cell.isdecimal() and len(cell) <= _MOST_DIGITS else None


def number(cell: str) -> float | None:
    """Return the finite number that a cell holds; None of any other."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def listed(names: Iterable[str]) -> str:
    """Return names as they stand in a sentence."""
    return ", ".join(names)


def _lines(data: bytes) -> _Text:
    notes = []
    if is_wide(data):
        data = decoded(data, "replace").encode("utf-8")
        notes.append("it is UTF-16")
    if data.startswith(_MARK):
        notes.append("it begins with a byte order mark")
        data = data.removeprefix(_MARK)
    if b"\n" not in data and b"\r" in data:
        notes.append("its lines end in CR")
        data = data.replace(b"\r", b"\n")
    elif data.count(b"\n") > data.count(b"\r\n"):
        notes.append("its lines end in LF")
    *lines, tail = data.split(b"\n")
    return _Text([line.removesuffix(b"\r") for line in lines], tail, notes)


_PLAIN = 1 << 16  # bytes; a longer cell may be more than the csv module takes


def _cells(line: bytes, separator: str) -> list[str] | None:
    try:
        text = line.decode("utf-8")
        if "\0" in text:
            return None
        if text and '"' not in text and "\r" not in text and "\n" not in text and len(line) < _PLAIN:
            return text.split(separator)  # what the csv module makes of it, in a fifth of the time
        found = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
        return found[0] if len(found) == 1 else None if found else []
    except (UnicodeDecodeError, csv.Error):
        return None


def _plain_cells(lines: Sequence[bytes], separator: str, width: int) -> list[list[str]] | None:
    """Return the cells of lines all at once where nothing is to be said of any of them, else None.

    As the program writes them: fifty thousand rows, taken line by line, are half a second.
    """
    data = b"\n".join(lines)
    if not lines or b"\0" in data or b"\r" in data or max(map(len, lines)) >= _PLAIN:
        return None
    try:
        text = data.decode("utf-8")
        if '"' in text:
            cells = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
        else:
            cells = [line.split(separator) for line in text.split("\n")]
    except (UnicodeDecodeError, csv.Error):
        return None
    # Fewer rows than lines: a quote that is never closed, or a cell of several lines.
    usual = len(cells) == len(lines)
    usual = usual and all(len(row) == width and row[0] and not row[0].isspace() for row in cells)
    return cells if usual else None


def _header(path: Path, line: bytes, needed: Sequence[str]) -> tuple[list[str], str]:
    """Return the names in a header, and what sets its cells apart.

    Raises
    ------
    JournalDamaged
        If this cannot be the header of such a journal.
    """
    tries = []
    for separator in _SEPARATORS:
        cells = [cell.strip() for cell in _cells(line, separator) or []]
        # What a spreadsheet or pandas added without a name gets one, so that it can be kept.
        found = [cell or f"unnamed {at}" for at, cell in enumerate(cells, start=1)]
        lacking = [name for name in needed if name not in found]
        if not lacking and len(set(found)) == len(found):
            return found, separator
        tries.append((len(lacking), f"there is no {listed(lacking)}" if lacking else "a name stands twice"))
    fact = f"its columns are not those of such a file ({min(tries)[1]})"
    raise JournalDamaged(str(path), fact, "move it away, or put the header back that it had")


def _unusual(found: Sequence[str], columns: Sequence[str], separator: str) -> Iterator[str]:
    """Tell how a header differs from the one that this version writes."""
    if said := _SEPARATORS[separator]:
        yield said
    if unknown := [name for name in found if name not in columns]:
        yield f"unknown columns: {listed(unknown)}"
    if missing := [name for name in columns if name not in found]:
        yield f"columns that it lacks: {listed(missing)}"
    both = [name for name in found if name in columns]
    if both != [name for name in columns if name in found]:
        yield "its columns are in another order"


@dataclass
class _Rows:
    """Rows out of lines; a cell may hold line ends when its quotes say so."""

    width: int
    separator: str
    cells: list[list[str]] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    blank: int = 0
    long: int = 0  # rows of several lines

    def read(self, lines: Sequence[bytes], first: int) -> None:
        """Take in lines, the first of which is the file's line number `first`."""
        plain = _plain_cells(lines, self.separator, self.width)
        if plain is not None:
            self.cells += plain
            return
        at = 0
        while at < len(lines):
            cells, used = self._row(lines, at)
            if cells is None:
                self.damaged.append(first + at)
            elif not any(cell.strip() for cell in cells):
                self.blank += 1
            else:
                self.cells.append(cells)
                self.long += used > 1
            at += used

    def _row(self, lines: Sequence[bytes], at: int) -> tuple[list[str] | None, int]:
        cells = _cells(lines[at], self.separator)
        if cells is not None and (len(cells) == self.width or not any(cell.strip() for cell in cells)):
            return cells, 1
        if lines[at].count(b'"') % 2:
            quotes, whole = 0, b""
            for used, line in enumerate(lines[at : at + _MOST_LINES], start=1):
                whole += line if used == 1 else b"\n" + line
                quotes += line.count(b'"')
                if used > 1 and quotes % 2 == 0:
                    cells = _cells(whole, self.separator)
                    if cells is not None and len(cells) == self.width:
                        return [" ".join(cell.split()) for cell in cells], used
                    break
        return None, 1

    def notes(self) -> Iterator[str]:
        """Tell what was unusual."""
        if self.blank:
            yield f"{self.blank} empty line{'s' if self.blank > 1 else ''}"
        if self.long:
            yield "cells with line ends"


def parse(
    data: bytes,
    path: Path,
    columns: Sequence[str],
    needed: Sequence[str] | None = None,
    tidy: Callable[[TextTable], TextTable] | None = None,
) -> Reading:
    """Return what is in a journal's bytes.

    UTF-8 with or without a byte order mark or UTF-16; lines that end in CRLF, LF or CR; cells set apart by
    commas, semicolons or tabs; columns in any order, unknown ones and fewer than today's; empty lines, cells
    of several lines, a last line without its end: all are read, and `Reading.notes` says what was found.

    Parameters
    ----------
    path
        For messages.
    columns
        Those that this version writes.
    needed
        Those without which the file is none of this kind; all of `columns` by default.
    tidy
        Puts cells of rows back into the form in which they were written (spreadsheets and pandas turn ``3``
        into ``3.0``); returns the table itself where nothing was to be done.

    Raises
    ------
    JournalDamaged
        If this is no such journal.
    """
    text = _lines(data)
    tail = text.tail
    torn = b"" if not tail.strip(b"\0") else tail
    padded = bool(tail) and not torn
    lines, first = text.lines, 1
    if lines and lines[0].strip(b'"')[:4] == b"sep=":  # what some spreadsheets put before the header
        lines, first = lines[1:], 2
        text.notes.append("its first line names the separator")
    if not lines:
        # Cut off in its header there is no rating in it; anything else is somebody's work.
        if not csv_row(columns).encode("utf-8").startswith(torn) or text.notes:
            fact = "it has no line ends, so its columns are not those of such a file"
            raise JournalDamaged(str(path), fact, "move it away, or save it as CSV again")
        return Reading(torn=torn, padded=padded)
    found, separator = _header(path, lines[0], columns if needed is None else needed)
    rows = _Rows(len(found), separator)
    rows.read(lines[1:], first + 1)
    if torn and _is_whole(tail, rows):
        rows.read([tail.removesuffix(b"\r")], 0)
        torn = b""
        text.notes.append("its last line has no end")
    count = len(rows.cells)
    own = zip(*rows.cells, strict=True) if rows.cells else ((),) * len(found)
    absent = {name: ("",) * count for name in columns if name not in found}
    made = TextTable({**absent, **dict(zip(found, own, strict=True))}, count)
    notes = [*text.notes, *_unusual(found, columns, separator), *rows.notes()]
    if tidy is not None:
        tidied = tidy(made)
        if tidied is not made:
            notes.append("numbers are written in another way")
        made = tidied
    foreign = bool(rows.damaged) and not _is_utf8(data)
    return Reading(tuple(found), made, torn, tuple(rows.damaged), tuple(notes), padded, foreign)


def _is_utf8(data: bytes) -> bool:
    if is_wide(data):
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_whole(tail: bytes, rows: _Rows) -> bool:
    """Tell whether a last line lacks nothing but its end, which editors take away.

    An interrupted run may have stopped in the middle of the last cell: so that one must be known from another
    row.
    """
    cells = _cells(tail.removesuffix(b"\r"), rows.separator)
    if cells is None or len(cells) != rows.width:
        return False
    return tail.endswith(b"\r") or any(other[-1] == cells[-1] for other in rows.cells)
