"""What is wrong with a panel's TOML file, as sentences: the line, the key, its value, and what would do."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

Location = tuple[str | int, ...]

# --- what would do ------------------------------------------------------------------------------------------

_KINDS = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number that is not infinite",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text in quotes",
    "list_type": "a list in brackets: [ ... ]",
    "tuple_type": 'two names in brackets: ["one", "other"]',
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
_NUMBERS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number")
_ENDLESS = 1e15  # limits above are no news to anybody
_UNION_PARTS = ("str", "int", "float", "bool")  # where a value may be of several types pydantic names each


def _unwrapped(annotation: Any) -> tuple[Any, list[Any]]:
    """Return a type without `Annotated` and None, and what was noted with it."""
    noted: list[Any] = []
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            noted += more
        elif origin in (Union, types.UnionType):
            others = [one for one in get_args(annotation) if one is not type(None)]
            if len(others) != 1:
                return annotation, noted
            annotation = others[0]
        else:
            return annotation, noted


def _at(model: type[BaseModel], place: Location) -> tuple[Any, list[Any]]:
    """Return the type of the key at a place of the file, and its limits."""
    kind: Any = model
    noted: list[Any] = []
    for part in place:
        if isinstance(part, int):
            kind, noted = _unwrapped(next(iter(get_args(kind)), Any))
        elif isinstance(kind, type) and issubclass(kind, BaseModel) and part in kind.model_fields:
            field = kind.model_fields[part]
            kind, more = _unwrapped(field.annotation)
            noted = [*field.metadata, *more]
        else:
            return Any, []
    return kind, [limit for one in noted for limit in getattr(one, "metadata", (one,))]


def _limit(noted: Sequence[Any], name: str) -> Any:
    return next((found for one in noted if (found := getattr(one, name, None)) is not None), None)


def _range(kind: Any, noted: Sequence[Any]) -> str:
    what = "a whole number" if kind is int else "a number"
    low, above = _limit(noted, "ge"), _limit(noted, "gt")
    high, below = _limit(noted, "le"), _limit(noted, "lt")
    if below is not None and below > _ENDLESS:
        below = None
    if low is not None and high is not None:
        return f"{what} from {low:g} to {high:g}"
    said = [f"from {low:g} on"] if low is not None else [f"above {above:g}"] if above is not None else []
    said += [f"up to {high:g}"] if high is not None else [f"below {below:g}"] if below is not None else []
    return " ".join([what, " and ".join(said)])


def _keys(model: type[BaseModel], place: Location) -> list[str]:
    kind, _ = _at(model, place)
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []


def _unknown(model: type[BaseModel], place: Location) -> str:
    keys, name = _keys(model, place[:-1]), str(place[-1])
    near = get_close_matches(name, keys, 1)
    if near:
        return f"there is no such key; did you mean {near[0]}?"
    shown = ", ".join(keys[:40])
    return f"there is no such key here; there are {shown}" if keys else "there is no such key here"


def _length(one: Mapping[str, Any]) -> str:
    low, high = one.get("min_length"), one.get("max_length")
    return f"at least {low}" if low is not None else f"at most {high}"


def shown(value: Any) -> str:
    """Return a value as TOML writes it, shortened; what it is where it is no plain value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + (value if len(value) <= 40 else f"{value[:39]}…") + '"'
    if isinstance(value, int | float):
        return f"{value}"[:40]
    kinds = ((list | tuple, "a list"), (dict, "a table"), (type(None), "nothing"))
    return next((name for kind, name in kinds if isinstance(value, kind)), f"{value}"[:40])


def _sentence(model: type[BaseModel], one: Mapping[str, Any], place: Location) -> str:
    """Return what is wrong at one place, and what would do."""
    kind, ctx, given = one["type"], one.get("ctx", {}), shown(one["input"])
    if kind == "missing":
        return "it is missing; write it"
    if kind == "extra_forbidden":
        return _unknown(model, place)
    if kind in _NUMBERS:
        return f"{given} cannot be used; write {_range(*_at(model, place))}"
    if kind in _KINDS:
        wanted, noted = _at(model, place)
        limited = any(_limit(noted, name) is not None for name in ("ge", "gt", "le", "lt"))
        return f"{given} cannot be used; write {_range(wanted, noted) if limited else _KINDS[kind]}"
    if kind in ("literal_error", "enum"):
        expected = re.sub(r"'([^']*)'", r'"\1"', str(ctx.get("expected", ""))).replace(" or ", ", ")
        choice = "write" if "," not in expected else "write one of"
        return f"{given} cannot be used; {choice} {expected}"
    if kind in ("string_too_short", "string_too_long"):
        if not one["input"]:
            return "it is empty; write something, or leave it out"
        return f"{given} cannot be used; write {_length(ctx)} characters"
    if kind in ("too_short", "too_long"):
        count = ctx.get("actual_length")
        has = f"there are {count}" if count else "there is none"
        return f"{has}; give {_length(ctx)}"
    said = str(one["msg"]).removeprefix("Value error, ")
    return f"{said} (found {given})" if isinstance(one["input"], str | int | float) else said


def explained(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Location, str]]:
    """Yield where each thing is wrong, and a sentence about it; one for each place."""
    seen: set[Location] = set()
    for one in error.errors(include_url=False):
        place: Location = (*one["loc"], *one.get("ctx", {}).get("field", ()))
        several = place[-1:] and place[-1] in _UNION_PARTS and one["type"].endswith("_type")
        if several:
            place = place[:-1]
        if place in seen:
            continue
        seen.add(place)
        if several:
            yield place, f"{shown(one['input'])} cannot be used; write a text, a number, true or false"
        else:
            yield place, _sentence(model, one, place)


def field_name(place: Iterable[str | int]) -> str:
    """Return a place as a person counts: ``condition.2.name``."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place)


# --- where in a TOML text a field stands, so that errors can name the line ---------------------------------

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
