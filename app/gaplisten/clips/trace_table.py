"""Traces of many clips in one CSV, as in the ICASSP 2024 challenge."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from gaplisten.audio.files import SOUNDING_SUFFIXES
from gaplisten.clips.scanning import Tree
from gaplisten.errors import GaplistenError
from gaplisten.loss.formats import MAX_BYTES, TraceFileError
from gaplisten.texts import decoded_anyhow, separator_of
from gaplisten.untrusted import read_regular

CELL_FORMAT = "digits"  # what stands in a cell
_USUAL_COLUMN = 3
_SHORTEST = 8
_BLANKS = str.maketrans("", "", " ,;[]\t")


@dataclass(frozen=True)
class TraceTable:
    """The traces of many clips.

    Parameters
    ----------
    traces
        True = lost, by the stem of the file named in the first column.
    notes
        Sentences about rows that are not used.
    """

    traces: Mapping[str, tuple[bool, ...]]
    notes: tuple[str, ...] = ()


def read_trace_table(path: Path, stems: Collection[str] = ()) -> TraceTable:
    """Return a table's traces.

    The trace stands in the fourth column, or in whichever holds only 0 and 1. Rows that name no sound file,
    such as a header, are passed over; a table that holds no trace at all gives an empty result. Where rows
    for one name differ, none of them is used: nobody can say which is right.

    Parameters
    ----------
    path
        A CSV whose first column names sound files, or sounds by their stems.
    stems
        Those by which it may name them.

    Raises
    ------
    TraceFileError
        If it cannot be read, or a row that names a sound file holds something else than 0 and 1.
    """
    try:
        text = decoded_anyhow(read_regular(path, MAX_BYTES))
        csv.field_size_limit(MAX_BYTES)
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text), strict=True)
        return _traces(path, list(lines), stems)
    except OSError as error:
        raise TraceFileError(
            str(path), f"cannot be read ({error.strerror})", "check the permissions"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise TraceFileError(
            str(path), f"is no CSV text ({_reason(error)})", "save it as UTF-8 CSV"
        ) from error


def tables_in(tree: Tree) -> tuple[dict[str, tuple[bool, ...]], list[str], tuple[str, ...]]:
    """Return the first table of traces in a folder, what is to be said of tables, and of which."""
    problems: list[str] = []
    failed: list[str] = []
    stems = frozenset().union(*(folder.sounds for folder in tree.folders.values()))
    for rel, folder in tree.folders.items():
        for name in folder.tables:
            if not name.lower().endswith(".csv"):
                continue
            try:
                found = read_trace_table(folder.path / name, stems)
            except GaplistenError as error:
                problems.append(str(error))
                failed.append(rel + name)
                continue
            if found.traces:
                notes = [f"{len(found.traces)} traces in {name}", *found.notes]
                return dict(found.traces), [*notes, *problems], (*failed, rel + name)
    return {}, problems, tuple(failed)


def _reason(error: Exception) -> str:
    # The reader says so of a quote that nobody closed: everything after it is one cell.
    return "a quote is never closed" if "unexpected end of data" in str(error) else str(error)


def _traces(path: Path, rows: list[list[str]], stems: Collection[str]) -> TraceTable:
    listed = [(number, row) for number, row in enumerate(rows, 1) if row]
    named = [(number, row) for number, row in listed if _names_sound(row[0]) or row[0].strip() in stems]
    columns = [_column(row) for _, row in named]
    known = [column for column in columns if column is not None]
    if not known:
        return TraceTable({})
    usual = max(set(known), key=known.count)
    traces: dict[str, tuple[bool, ...]] = {}
    lines: dict[str, list[int]] = {}
    differing: set[str] = set()
    for number, row in named:
        digits = row[usual].translate(_BLANKS) if usual < len(row) else ""
        if not digits or digits.strip("01"):
            if not _names_sound(row[0]):  # a number may be a clip's name by chance
                return TraceTable({})
            found = repr(digits.strip("01")[:1]) if digits else "nothing"
            fact = f"line {number} ({row[0]}) holds {found} where a trace of 0 and 1 belongs"
            raise TraceFileError(str(path), fact, "correct the line")
        name, flags = _stem(row[0]), tuple(digit == "1" for digit in digits)
        lines.setdefault(name, []).append(number)
        if traces.setdefault(name, flags) != flags:
            differing.add(name)
    notes = tuple(
        f"{path.name}: lines {', '.join(map(str, lines[name]))} differ on {name}: none of them is used"
        for name in sorted(differing)
    )
    return TraceTable({name: flags for name, flags in traces.items() if name not in differing}, notes)


def _names_sound(cell: str) -> bool:
    return Path(cell.strip()).suffix.lower() in SOUNDING_SUFFIXES


def _stem(cell: str) -> str:
    # As `stem_of`: Macs write accents apart, in names of files as well as in texts.
    return normalize("NFC", Path(cell.strip()).stem if _names_sound(cell) else cell.strip())


def _column(row: list[str]) -> int | None:
    order = sorted(range(1, len(row)), key=lambda index: index != _USUAL_COLUMN)
    for index in order:
        digits = row[index].translate(_BLANKS)
        if len(digits) >= _SHORTEST and not digits.strip("01"):
            return index
    return None
