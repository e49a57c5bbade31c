"""Tables and JSON of other tools as rows of text: any separator, ragged rows kept, sizes bounded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gaplisten.errors import GaplistenError
from gaplisten.texts import decoded, decoded_anyhow, is_wide, lines_of

LARGEST = 64 * 2**20  # bytes of all files of an import together
MOST_ROWS, MOST_COLUMNS = 1_000_000, 5_000
_SEPARATORS = (",", ";", "\t")


class TableUnreadable(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A file that is no table."""


@dataclass(frozen=True)
class Foreign:
    """A table of another tool.

    Parameters
    ----------
    columns
        The header, without spaces around names.
    rows
        The cells of each line as they stand there: shorter or longer than the header in damaged files.
    said
        What a JSON file says beside its rows, by name.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    separator: str = ","
    said: Mapping[str, str] | None = None

    def has(self, *names: str) -> bool:
        """Tell whether there are columns of these names."""
        return set(names) <= set(self.columns)

    def records(self) -> list[dict[str, str]]:
        """Return the rows that are as long as the header, by its names."""
        width = len(self.columns)
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows if len(row) == width]

    @property
    def ragged(self) -> int:
        """How many rows are shorter or longer than the header."""
        return sum(len(row) != len(self.columns) for row in self.rows)


def read_foreign(name: str, data: bytes) -> Foreign:
    """Return the table in a file's bytes.

    UTF-8, UTF-16 with a mark, or what is neither (read as Latin 1); commas, semicolons or tabs; or JSON of
    one session: an object with a list of objects in it.

    Raises
    ------
    TableUnreadable
        If there is no header, or it is too large.
    """
    text = _text(name, data)
    if text.lstrip()[:1] in ("{", "["):
        return _of_json(name, text)
    first = next((line for line in lines_of(text) if line.strip()), "")
    separator = max(_SEPARATORS, key=lambda one: len(max(_lines(name, first, one), key=len, default=[])))
    rows = [row for row in _lines(name, text, separator) if any(cell.strip() for cell in row)]
    if not rows:
        raise TableUnreadable(name, "it is empty", "give a file with votes")
    columns = tuple(cell.strip() for cell in rows[0])
    if len(columns) > MOST_COLUMNS:
        fact = f"it has {len(columns):,} columns, at most {MOST_COLUMNS:,} are read"
        raise TableUnreadable(name, fact, "this cannot be a table of votes")
    if len({one for one in columns if one}) != sum(bool(one) for one in columns):
        twice = next(one for one in columns if one and columns.count(one) > 1)
        raise TableUnreadable(name, f"the column {twice!r} stands there twice", "rename one of them")
    return Foreign(name, columns, tuple(map(tuple, rows[1:])), separator)


def _text(name: str, data: bytes) -> str:
    try:
        return decoded(data, "replace") if is_wide(data) else decoded_anyhow(data)
    except UnicodeDecodeError as error:
        raise TableUnreadable(name, f"it is no text ({error.reason})", "save it as CSV again") from error


def _lines(name: str, text: str, separator: str) -> list[list[str]]:
    made: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            made.append(row)
            if len(made) > MOST_ROWS:
                fact = f"it has more than {MOST_ROWS:,} rows"
                raise TableUnreadable(name, fact, "give less at once")
    except csv.Error as error:
        where = f"line {len(made) + 1}: {error}"
        raise TableUnreadable(name, f"it is no table ({where})", "save it as CSV again") from error
    return made


def _of_json(name: str, text: str) -> Foreign:
    try:
        said: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TableUnreadable(name, "it is no whole JSON", "copy it again") from error
    beside: dict[str, str] = {}
    rows: Any = said
    if isinstance(said, dict):
        rows = next((one for one in said.values() if _is_rows(one)), [])
        beside = {str(key): _cell(value) for key, value in said.items() if not isinstance(value, dict | list)}
        for part in said.values():
            if isinstance(part, dict):
                beside |= {str(key): _cell(value) for key, value in part.items()}
    if not _is_rows(rows):
        raise TableUnreadable(name, "no list of votes is in this JSON", "give a file with votes")
    if len(rows) > MOST_ROWS:
        raise TableUnreadable(name, f"it has more than {MOST_ROWS:,} rows", "give less at once")
    columns = tuple(dict.fromkeys(str(key) for row in rows for key in row))
    if len(columns) > MOST_COLUMNS:
        raise TableUnreadable(name, f"its rows have {len(columns):,} names", "this cannot be one of votes")
    texts = tuple(tuple(_cell(row.get(column)) for column in columns) for row in rows)
    more = tuple(one for one in beside if one not in columns)
    tail = tuple(beside[one] for one in more)
    return Foreign(name, (*columns, *more), tuple((*row, *tail) for row in texts), "json", beside)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
