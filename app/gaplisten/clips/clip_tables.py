"""Tables that say something of each clip: transcripts, file-level metadata."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaplisten.audio.files import SOUND_SUFFIXES
from gaplisten.clips.scanning import stem_of
from gaplisten.errors import GaplistenError
from gaplisten.texts import decoded, separator_of
from gaplisten.untrusted import read_regular

MOST_BYTES = 64 << 20
NOT_TOLD = "not told"


class ClipTableError(GaplistenError):
    """A table that cannot be used."""


@dataclass(frozen=True)
class ClipTable:
    """Rows by the clip that they speak of.

    Parameters
    ----------
    columns
        Heads, without that of the column that names the clips.
    rows
        Cells by head, by the clip's key: `key_of` of the name that stands in the row.
    doubles
        Keys for which there are several rows that differ: none of them is used.
    """

    path: Path
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, str]]
    doubles: tuple[str, ...] = ()

    def says(self, keys: Collection[str]) -> Mapping[str, str]:
        """Return the cells of the clip that has these keys; nothing where it is not named."""
        return next((self.rows[key] for key in keys if key in self.rows), {})


def key_of(name: str) -> str:
    """Return a clip's name as tables and files agree on it: no folder, suffix of sounds or leading zeros.

    >>> key_of("blind/000054.wav"), key_of("54.0"), key_of("s1.2")
    ('54', '54', 's1.2')
    """
    last = name.strip().replace("\\", "/").rpartition("/")[2]
    before, dot, ending = last.rpartition(".")
    stem = stem_of(last if before and dot + ending.lower() in SOUND_SUFFIXES else f"{last}.x")
    whole = stem.removesuffix(".0") if stem.removesuffix(".0").isdecimal() else stem
    return str(int(whole)) if whole.isascii() and whole.isdecimal() else whole


def read_text(path: Path) -> str:
    """Return a text file's content; words are not guessed at, so that it has to be UTF-8 or bear a mark.

    Raises
    ------
    ClipTableError
        If it cannot be read, is larger than 64 MiB or no text.
    """
    try:
        text = decoded(read_regular(path, MOST_BYTES))
    except OSError as error:
        raise ClipTableError(str(path), f"cannot be read ({error.strerror})", "check the path") from error
    except UnicodeDecodeError as error:
        raise ClipTableError(str(path), "is no UTF-8 text", "save it as UTF-8") from error
    if "\0" in text:
        raise ClipTableError(str(path), "is no text (it holds zero bytes)", "save it as UTF-8 text")
    return text


def rows_of(path: Path) -> list[list[str]]:
    """Return the rows of a table with commas, tabs, semicolons or bars, the heads first.

    Raises
    ------
    ClipTableError
        If it cannot be read, or has no second row.
    """
    text = read_text(path)
    csv.field_size_limit(MOST_BYTES)
    try:
        lines = io.StringIO(text, newline="")  # splitlines would break cells at U+2028, and join their lines
        rows = [row for row in csv.reader(lines, delimiter=separator_of(text), strict=True) if any(row)]
    except csv.Error as error:
        raise ClipTableError(str(path), f"is no table ({error})", "save it as CSV") from error
    if len(rows) < 2:
        raise ClipTableError(
            str(path), "has no rows below its heads", "give a table with a row for each clip"
        )
    return rows


def read_clip_table(path: Path, keys: Collection[str] = (), naming: Collection[str] = ()) -> ClipTable:
    """Return a table that has heads and a row for each clip.

    Parameters
    ----------
    keys
        Keys of the clips: the column that holds most of them names the clips.
    naming
        Heads that name clips where that does not tell, in small letters.

    Raises
    ------
    ClipTableError
        If it cannot be read, or no column names clips.
    """
    heads, *rows = rows_of(path)
    heads = [head.strip() for head in heads]
    twice = [head for head, count in Counter(heads).items() if head and count > 1]
    if twice:
        raise ClipTableError(str(path), f"has two columns {twice[0]!r}", "rename one of them")
    at = _naming_column(heads, rows, frozenset(keys), naming)
    if at is None:
        names = ", ".join(map(repr, heads[:8]))
        if keys:  # what such a column is called does not help where what it holds does not
            fact = f"has no column that names these clips (columns: {names})"
            raise ClipTableError(str(path), fact, f"name them as their files, like {min(keys)!r}")
        raise ClipTableError(
            str(path), f"has no column that names clips (columns: {names})", "call one of them id"
        )
    found: dict[str, dict[str, str]] = {}
    doubles: dict[str, None] = {}
    for row in rows:
        key = key_of(row[at]) if at < len(row) else ""
        if not key:
            continue
        cells = {
            head: cell.strip()
            for i, (head, cell) in enumerate(zip(heads, row, strict=False))
            if i != at and head
        }
        if found.setdefault(key, cells) != cells:
            doubles[key] = None
    kept = {key: cells for key, cells in found.items() if key not in doubles}
    columns = tuple(head for index, head in enumerate(heads) if index != at and head)
    return ClipTable(path, columns, kept, tuple(doubles))


def table_of_clips(path: Path, keys: Sequence[Collection[str]]) -> ClipTable:
    """Return a table of these clips.

    Parameters
    ----------
    keys
        Of each clip those by which the table may name it.

    Raises
    ------
    ClipTableError
        If the table cannot be used, or rows for a clip differ.
    """
    table = read_clip_table(path, frozenset(itertools.chain.from_iterable(keys)))
    if table.doubles:
        fact = f"has rows for {table.doubles[0]} that differ"
        raise ClipTableError(str(path), fact, "keep one of them")
    return table


def stratum_of(column: str, cells: Mapping[str, str]) -> str:
    """Return the stratum of a clip by what a table of clips says of it in a column.

    >>> stratum_of("room", {"room": "hall"}), stratum_of("room", {})
    ('room hall', 'not told')
    """
    return f"{column} {cells[column]}" if cells.get(column) else NOT_TOLD


def _naming_column(
    heads: list[str], rows: list[list[str]], keys: frozenset[str], naming: Collection[str]
) -> int | None:
    counts = [sum(len(row) > at and key_of(row[at]) in keys for row in rows) for at in range(len(heads))]
    if max(counts) > 0:
        return counts.index(max(counts))
    called = [at for at, head in enumerate(heads) if head.lower() in naming]
    return called[0] if called and not keys else None


def keys_of_paths(name: str, paths: Collection[Path]) -> Iterator[str]:
    """Yield the keys by which a table may name a clip: its own name, then the stems of its files."""
    yield key_of(name)
    for path in paths:
        yield key_of(path.name)
