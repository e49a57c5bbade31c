"""Objects of JSON: a single one, one a line (JSON lines), or a list of them, which is a table."""

from __future__ import annotations

import json
from typing import Any

from gaplisten.loss.formats.contract import BadTrace, Content, Kind, limited
from gaplisten.loss.formats.text import lines_of, text_of

_PLAIN = (str, int, float, bool)

Rows = tuple[tuple[int, list[str]], ...]


def looks_like_objects(content: Content) -> bool:
    """Whether a text begins as an object of JSON does, or a list of such."""
    if content.kind is not Kind.TEXT:
        return False
    text = content.once(text_of).lstrip()
    return text[:1] == "{" or (text[:1] == "[" and text[1:].lstrip()[:1] == "{")


def json_of(content: Content) -> Any:
    """Return what a file of JSON holds.

    Raises
    ------
    BadTrace
        If it is none: damaged, or one value a line.
    """
    return parsed(content.once(text_of))


def parsed(text: str) -> Any:
    """Return what a text of JSON holds; names that stand twice in an object are refused.

    Raises
    ------
    BadTrace
        If it is none.
    """
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise BadTrace(f"is no JSON ({str(error)[:80]})", "save it again") from error


def _no_constant(word: str) -> None:
    raise ValueError(f"it holds {word}")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def rows_of_objects(content: Content) -> Rows | None:
    """Return objects as a table: their names as its first row, then the values of each.

    Returns
    -------
    None where the file holds anything else: text, a single object, or objects that hold others.

    Raises
    ------
    BadTrace
        If an object has other names than the first one, or a line is no object.
    """
    if not looks_like_objects(content):
        return None
    lines = content.once(lines_of)
    if len(lines) > 1 and all(line.startswith("{") and line.endswith("}") for _, line in lines[:2]):
        limited(len(lines))
        return table_of([(number, _object(line, number)) for number, line in lines])
    found = content.once(json_of)
    return table_of(list(enumerate(found, 1))) if isinstance(found, list) else None


def _object(line: str, number: int) -> Any:
    try:
        return parsed(line)
    except BadTrace as bad:
        raise BadTrace(f"line {number} {bad.fact}", "correct the line") from bad


def table_of(objects: list[tuple[int, Any]]) -> Rows | None:
    """Return numbered objects as a table's rows, the names first; None where they hold more than values.

    Raises
    ------
    BadTrace
        If an object has other names than the first one.
    """
    first = objects[0][1] if objects else None
    if not isinstance(first, dict) or not first:
        return None
    rows = [(0, list(first))]
    for number, each in objects:
        if not isinstance(each, dict) or each.keys() != first.keys():
            fact = f"object {number} has other names than the first"
            raise BadTrace(fact, "write the same for each packet")
        if None in each.values():
            raise BadTrace(f"line {number} holds null where a value belongs", "write 0 or 1 for each packet")
        if not all(isinstance(value, _PLAIN) for value in each.values()):
            return None
        rows.append((number, [str(each[name]) for name in first]))
    return tuple(rows)
