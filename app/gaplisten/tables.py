"""Tables as values, and CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaplisten.durable.files import not_written, write_whole
from gaplisten.errors import GaplistenError

Cell = str | int | float | bool | None

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Table:
    """Column names and rows of plain values; `None` means "not available"."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def neutral(text: str) -> str:
    """Return `text` so that a spreadsheet takes it for text and not for a formula (CWE-1236)."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def plain(text: str) -> str:
    """Return a cell as it was before `neutral` kept a spreadsheet from running it."""
    return text[1:] if text.startswith("'") and neutral(text[1:]) == text else text


def csv_cell(value: Cell) -> str:
    """Return one value as CSV text: decimal point, empty for missing, text neutralised."""
    if isinstance(value, str):  # first, as most are
        return neutral(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(float(value)) if isinstance(value, float) else str(int(value))


def csv_row(cells: Iterable[Cell]) -> str:
    """Return one RFC 4180 record, CRLF included."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([csv_cell(cell) for cell in cells])
    return line.getvalue()


def to_csv(table: Table) -> str:
    """Return the whole table as RFC 4180 text."""
    return csv_row(table.columns) + "".join(csv_row(row) for row in table.rows)


class TableError(GaplistenError):
    """A table that cannot be written."""


def write_csv(path: Path, table: Table) -> None:
    """Write the table as UTF-8 CSV, replacing the file only when all of it is written.

    Raises
    ------
    TableError
        If the folder is missing or the disk refuses.
    """
    try:
        write_whole(path, to_csv(table))
    except OSError as error:
        raise TableError(*not_written(path, error)) from error


def column(table: Table, name: str) -> Sequence[Cell]:
    """Return one column's values by its name."""
    index = table.columns.index(name)
    return [row[index] for row in table.rows]
