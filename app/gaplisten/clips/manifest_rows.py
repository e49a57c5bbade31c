"""Tables that name sound files, read as rows of named cells: CSV, TSV, JSON, JSON lines, Kaldi's scp."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gaplisten.audio.files import SOUNDING_SUFFIXES
from gaplisten.clips.names import Role, role_in_name
from gaplisten.clips.scanning import LIST_SUFFIXES
from gaplisten.errors import GaplistenError
from gaplisten.loss.formats import MAX_BYTES
from gaplisten.texts import decoded_anyhow, separator_of
from gaplisten.untrusted import read_regular

ID = "id"
_MOST_ROWS = 1_000_000
_MOST_CELL = 100_000
_DEEPEST = 4
_NAMES = ("name", "id", "condition", "system", "version", "label", "role", "type")
_PATHS = ("path", "file", "filename", "file_name", "audio", "wav", "src", "url", "stimulus")
_GROUPS = ("conditions", "systems", "versions", "stimuli", "files", "methods", "outputs", "models", "sounds")
_SUFFIXES = "|".join(re.escape(suffix) for suffix in sorted(SOUNDING_SUFFIXES))
_SOUND = re.compile(rf"(?:{_SUFFIXES})$", re.IGNORECASE)

Row = dict[str, str]


class ManifestError(GaplistenError):
    """A table of sound files that cannot be used."""


def read_rows(path: Path) -> list[Row]:
    """Return a table's rows by the names of their columns; empty where it is a table of something else.

    Raises
    ------
    ManifestError
        If it cannot be read, or is no table at all.
    """
    try:
        text = decoded_anyhow(read_regular(path, MAX_BYTES))
    except UnicodeDecodeError as error:
        raise ManifestError(str(path), f"is no text ({error.reason})", "save it as UTF-8") from error
    except OSError as error:
        raise ManifestError(str(path), f"cannot be read ({error.strerror})", "check the path") from error
    suffix = path.suffix.lower()
    if suffix in (".json", ".jsonl", ".ndjson"):
        rows = _json(path, text)
    elif suffix == ".scp":
        rows = _scp(text, path)
    else:
        rows = _separated(path, text)
    if len(rows) > _MOST_ROWS:
        raise ManifestError(str(path), f"has {len(rows)} rows", f"split it: at most {_MOST_ROWS} are read")
    return rows


def _json(path: Path, text: str) -> list[Row]:
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    except RecursionError as error:
        raise ManifestError(str(path), "is nested too deep", "write one object a clip") from error
    if isinstance(whole, list | dict):
        return _nested(whole)
    rows = []
    for number, line in enumerate(io.StringIO(text, newline=None), 1):  # strings may hold U+2028
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ManifestError(str(path), f"line {number} is no JSON", "write one object a line") from error
        if not isinstance(value, dict):
            return []
        rows.append(_cells(value))
    return rows


def _nested(whole: list[Any] | dict[Any, Any], depth: int = 0) -> list[Row]:
    """Return rows of what stands in JSON as a list of objects, an object of objects, or one of lists."""
    if isinstance(whole, list):
        return [_cells(value) for value in whole if isinstance(value, dict)]
    values = list(whole.values())
    if values and all(isinstance(value, dict) for value in values):
        if _told_by(whole) and not any(map(_told_by, values)):  # {"clean": {"54": path}}: a column each
            whole = {
                key: {name: row[key] for name, row in whole.items() if key in row} for key in _keys(values)
            }
        return [{ID: str(key), **_cells(value)} for key, value in whole.items()]
    inner = [value for value in values if isinstance(value, list) and any(isinstance(e, dict) for e in value)]
    if len(inner) == 1:  # {"sampling_rate": 16000, "clips": [...]}
        return _nested(inner[0])
    listed = {str(key): value for key, value in whole.items() if isinstance(value, list) and _texts(value)}
    if len(listed) > 1 and len({len(value) for value in listed.values()}) == 1:
        return [dict(zip(listed, row, strict=True)) for row in zip(*listed.values(), strict=True)]
    below = [value for value in values if isinstance(value, dict) and value]
    if len(below) == 1 and depth < _DEEPEST:
        return _nested(below[0], depth + 1)
    return [_cells(whole)]


def _keys(values: list[dict[Any, Any]]) -> list[Any]:
    return list(dict.fromkeys(key for value in values for key in value))


def _told_by(names: Iterable[Any]) -> bool:
    return any(role_in_name(str(name)) in (Role.REFERENCE, Role.LOSSY) for name in names)


def _texts(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(each, str) for each in value)


def _cells(value: dict[Any, Any]) -> Row:
    flat: Row = {}
    for key, cell in value.items():
        if isinstance(cell, list) and (named := _named(cell)):  # {"versions": [{"name": ..., "path": ...}]}
            flat |= named
        elif isinstance(cell, dict):  # Hugging Face: {"audio": {"path": ...}}
            flat |= {
                (name if str(key).lower() in _GROUPS else f"{key}.{name}"): str(each)
                for name, each in cell.items()
                if isinstance(each, str | int | float)
            }
        elif isinstance(cell, list):
            flat[str(key)] = "".join(str(int(each)) for each in cell) if _flags(cell) else ""
        elif isinstance(cell, str | int | float):
            flat[str(key)] = str(cell)
    return flat


def _named(cell: list[Any]) -> Row:
    """Return paths by the names that stand beside them, of a list of objects with both."""
    found: Row = {}
    for each in cell:
        if not isinstance(each, dict):
            return {}
        texts = {str(key).lower(): text for key, text in each.items() if isinstance(text, str)}
        name = next((texts[key] for key in _NAMES if key in texts), "")
        path = next((texts[key] for key in _PATHS if key in texts), "")
        if not name or not path or name in found:
            return {}
        found[name] = path
    return found


def _flags(cell: list[Any]) -> bool:
    return bool(cell) and all(each in (0, 1) for each in cell)


def _scp(text: str, path: Path) -> list[Row]:
    """Read ``id path`` lines; the column is called as the file, or its folder where that says nothing."""
    name = path.parent.name if path.stem.lower() in ("wav", "feats", "audio") else path.stem
    rows = []
    for line in io.StringIO(text, newline=None):
        ident, _, rest = line.strip().partition(" ")
        ident, rest = (
            (ident, rest) if rest else (line.strip().partition("\t")[0], line.strip().partition("\t")[2])
        )
        if ident and rest.strip() and not rest.rstrip().endswith("|"):  # a command is never run
            rows.append({ID: ident, name: rest.strip()})
    return rows


def _separated(path: Path, text: str) -> list[Row]:
    csv.field_size_limit(MAX_BYTES)
    first = text.partition("\n")[0].strip()
    sign = separator_of(first, "\t,;|")
    if not first.count(sign) and len(first.split(" ")) > 1 and all(map(_SOUND.search, first.split(" "))):
        sign = " "
    if not first.count(sign):
        return []
    if path.suffix.lower() in LIST_SUFFIXES and not any(
        map(_SOUND.search, map(str.strip, first.split(sign)))
    ):
        return []  # a text with commas
    try:
        listed = list(csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True))
    except csv.Error as error:
        raise ManifestError(str(path), f"is no CSV text ({error})", "save it as CSV") from error
    header, *rest = [row for row in listed if row]
    names = [_distinct(index, name, header) for index, name in enumerate(header)]
    if any(_SOUND.search(cell.strip()) for cell in header):
        names, rest = [f"column {index + 1}" for index in range(len(header))], [header, *rest]
    return [
        {name: cell.strip() for name, cell in zip(names, row, strict=False) if len(cell) <= _MOST_CELL}
        for row in rest
    ]


def _distinct(index: int, name: str, header: list[str]) -> str:
    name = name.strip()
    return name if name and header.count(name) == 1 else f"{name or 'column'} {index + 1}"
