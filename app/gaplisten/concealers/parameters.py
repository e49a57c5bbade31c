"""Checking parameter values against a plugin's description."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gaplisten.concealers.entries import Entry, Parameter
from gaplisten.concealers.errors import ParameterRefused
from gaplisten.errors import in_line

if TYPE_CHECKING:
    from pydantic import BaseModel

_PYTHON: dict[str, Any] = {"float": float, "int": int, "bool": bool, "str": str, "path": Path}


def parse_assignments(words: Iterable[str]) -> dict[str, str]:
    """Split ``name=value`` words.

    Raises
    ------
    ParameterRefused
        If a word has no ``=``, or a name comes twice.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise ParameterRefused(
                f"--set {word}", "is not of the form name=value", "write for instance --set mute_after=60"
            )
        if name in found:
            raise ParameterRefused(f"--set {word}", f"'{name}' is given twice", "give it once")
        found[name] = value.strip()
    return found


def validate(entry: Entry, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters of the plugin with their types: those given, and defaults for the rest.

    Parameters
    ----------
    values
        Numbers may be text; a relative path is taken from the current folder.

    Raises
    ------
    ParameterRefused
        Naming the parameter, what was found and what is allowed.
    """
    from pydantic import ValidationError

    for name in values:
        if entry.parameter(name) is None:
            raise _unknown(entry, name)
    given = {name: _from_text(entry, name, value) for name, value in values.items()}
    try:
        checked = _model(entry.parameters).model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise _refused(entry, str(first["loc"][0]), first["msg"], given) from None
    return {parameter.name: _finished(parameter, checked) for parameter in entry.parameters}


def _from_text(entry: Entry, name: str, value: Any) -> Any:
    parameter = entry.parameter(name)
    if not isinstance(value, str) or parameter is None:
        return value
    if parameter.optional and value.lower() in ("", "none"):
        return None
    if parameter.type == "choice":
        # A choice of numbers given as text.
        return next((choice for choice in parameter.choices if str(choice) == value), value)
    return value


def _finished(parameter: Parameter, checked: BaseModel) -> Any:
    value = getattr(checked, f"p_{parameter.name}")
    if isinstance(value, Path) and str(value) not in ("", "."):
        return value.expanduser().absolute()
    return value


@lru_cache(maxsize=256)
def _model(parameters: tuple[Parameter, ...]) -> type[BaseModel]:
    from pydantic import ConfigDict, create_model

    fields: dict[str, Any] = {f"p_{parameter.name}": _field(parameter) for parameter in parameters}
    return create_model("Parameters", __config__=ConfigDict(extra="forbid", validate_default=True), **fields)


def _field(parameter: Parameter) -> tuple[Any, Any]:
    from pydantic import Field

    kind: Any = Literal[parameter.choices] if parameter.type == "choice" else _PYTHON[parameter.type]
    if parameter.optional:
        kind = kind | None
    default = ... if parameter.required else parameter.default
    if parameter.type == "path" and isinstance(default, str):
        default = Path(default)
    # The prefix keeps names such as `copy` or `model_config` from meeting pydantic's own.
    return kind, Field(default, alias=parameter.name, description=parameter.help, **_bounds(parameter))


def _bounds(parameter: Parameter) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    if parameter.minimum is not None:
        bounds["gt" if parameter.above else "ge"] = parameter.minimum
    if parameter.maximum is not None:
        bounds["lt" if parameter.below else "le"] = parameter.maximum
    if parameter.type == "float":
        bounds["allow_inf_nan"] = False
    return bounds


def _unknown(entry: Entry, name: str) -> ParameterRefused:
    known = [parameter.name for parameter in entry.parameters]
    near = difflib.get_close_matches(name, known, 1)
    way_out = f"did you mean '{near[0]}'?" if near else f"it has: {', '.join(known) or 'none'}"
    return ParameterRefused(entry.name, f"has no parameter '{in_line(name)}'", way_out)


def _refused(entry: Entry, name: str, message: str, given: Mapping[str, Any]) -> ParameterRefused:
    parameter = entry.parameter(name)
    if parameter is None or name not in given:
        return ParameterRefused(entry.name, f"needs parameter '{name}'", f"give it with --set {name}=...")
    reason = message[0].lower() + message[1:]
    allowed = parameter.range and f"; allowed: {parameter.range} {parameter.unit}".rstrip()
    fact = f"parameter '{name}' cannot be {str(given[name])!r}: {reason}"
    return ParameterRefused(entry.name, fact, f"it is a {parameter.type}{allowed}")
