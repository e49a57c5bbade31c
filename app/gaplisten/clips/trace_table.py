"""Traces of many clips in one CSV, as in the ICASSP 2024 challenge."""

from __future__ import annotations

import csv
from pathlib import Path

from gaplisten.audio.files import SOUND_SUFFIXES
from gaplisten.loss.formats import MAX_BYTES, TraceFileError

_USUAL_COLUMN = 3
_SHORTEST = 8
_BLANKS = str.maketrans("", "", " ,;[]\t")


def read_trace_table(path: Path) -> dict[str, tuple[bool, ...]]:
    """Return a table's traces (True = lost) by the stem of the file named in its first column.

    The trace stands in the fourth column, or in whichever holds only 0 and 1. Rows that name no sound file,
    such as a header, are passed over; a table that holds no trace at all gives an empty result.

    Raises
    ------
    TraceFileError
        If it cannot be read, or a row that names a sound file holds something else than 0 and 1.
    """
    try:
        if not path.is_file() and path.exists():  # reading a pipe could wait for ever
            raise TraceFileError(str(path), "is no file", "name a CSV file")
        if path.stat().st_size > MAX_BYTES:
            raise TraceFileError(str(path), f"is larger than {MAX_BYTES // 2**20} MiB", "split the table")
        csv.field_size_limit(MAX_BYTES)
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _traces(path, list(csv.reader(file)))
    except OSError as error:
        raise TraceFileError(
            str(path), f"cannot be read ({error.strerror})", "check the permissions"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise TraceFileError(str(path), f"is no CSV text ({error})", "save it as UTF-8 CSV") from error


def _traces(path: Path, rows: list[list[str]]) -> dict[str, tuple[bool, ...]]:
    named = [(number, row) for number, row in enumerate(rows, 1) if row and _names_sound(row[0])]
    columns = [_column(row) for _, row in named]
    known = [column for column in columns if column is not None]
    if not known:
        return {}
    usual = max(set(known), key=known.count)
    traces = {}
    for number, row in named:
        digits = row[usual].translate(_BLANKS) if usual < len(row) else ""
        if not digits or digits.strip("01"):
            found = repr(digits.strip("01")[:1]) if digits else "nothing"
            fact = f"line {number} ({row[0]}) holds {found} where a trace of 0 and 1 belongs"
            raise TraceFileError(str(path), fact, "correct the line")
        traces[Path(row[0]).stem] = tuple(digit == "1" for digit in digits)
    return traces


def _names_sound(cell: str) -> bool:
    return Path(cell.strip()).suffix.lower() in SOUND_SUFFIXES


def _column(row: list[str]) -> int | None:
    order = sorted(range(1, len(row)), key=lambda index: index != _USUAL_COLUMN)
    for index in order:
        digits = row[index].translate(_BLANKS)
        if len(digits) >= _SHORTEST and not digits.strip("01"):
            return index
    return None
