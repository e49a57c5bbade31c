"""Where in a TOML text a field stands, so that errors can name the line."""

from __future__ import annotations

import re
from collections.abc import Sequence

Location = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"^\s*((?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+))*)\s*="
)
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)")


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(a or b or c for a, b, c in _PART.findall(dotted))


def _enter(path: tuple[str, ...], array: bool, counts: dict[Location, int]) -> Location:
    where: Location = ()
    for index, part in enumerate(path):
        where = (*where, part)
        if array and index == len(path) - 1:
            counts[where] = counts.get(where, -1) + 1
        if where in counts:
            where = (*where, counts[where])
    return where


def locate(text: str) -> dict[Location, int]:
    """Return the line (from 1) of every table header and every key that begins a line.

    Keys inside inline tables and values over several lines are found at their outer key: see `line_of`.
    """
    lines: dict[Location, int] = {(): 1}
    counts: dict[Location, int] = {}
    table: Location = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _enter(_parts(header[2]), header[1] == "[[", counts)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_parts(key[1])), number)
    return lines


def line_of(lines: dict[Location, int], location: Sequence[str | int]) -> int:
    """Return the line of the innermost part of `location` that has one."""
    where = tuple(location)
    while where not in lines:
        where = where[:-1]
    return lines[where]
