"""Describing a loaded plugin in plain values; runs inside a worker process."""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from gaplisten.concealers.errors import NotAPlugin
from gaplisten.concealers.form import Plugin
from gaplisten.concealers.loading import readable, sentence

_TYPES: dict[Any, str] = {float: "float", int: "int", bool: "bool", str: "str", Path: "path"}
_PROBE_RATE, _PROBE_PACKET = 16_000, 320


def describe(plugin: Plugin) -> dict[str, Any]:
    """Return everything `Entry` holds apart from name, path and origin.

    Raises
    ------
    NotAPlugin
        If a signature or an attribute does not keep the contract; the text says which.
    """
    parameters = _parameters(plugin)
    delay_ms, lacks = _delay_ms(plugin)
    return {
        "title": _text(plugin, "name") or plugin.path.stem,
        "form": plugin.form.name,
        "parameters": parameters,
        "rates": _rates(plugin),
        "channels": _channels(plugin),
        "causal": _flag(plugin, "causal"),
        "delay_ms": delay_ms,
        "lacks": lacks,
        "source": _text(plugin, "source"),
        "help": _text(plugin, "help") or readable(_docstring(plugin)),
        "digest": plugin.digest,
        "deterministic": _flag(plugin, "deterministic") is not False,
    }


def _docstring(plugin: Plugin) -> str:
    return inspect.getdoc(plugin.module) or inspect.getdoc(plugin.target) or ""


def _text(plugin: Plugin, name: str) -> str:
    value = plugin.attribute(name, "")
    if not isinstance(value, str):
        raise NotAPlugin(f"'{name}' is {value!r}; it is text")
    return readable(value)


def _flag(plugin: Plugin, name: str) -> bool | None:
    value = plugin.attribute(name)
    if value is not None and not isinstance(value, bool):
        raise NotAPlugin(f"'{name}' is {value!r}; it is True or False")
    return value


def _rates(plugin: Plugin) -> list[int]:
    from gaplisten.concealers.rendering import declared_rates

    if not callable(plugin.attribute("rates")):
        return list(declared_rates(plugin, {}))
    try:
        return list(declared_rates(plugin, {}))
    except Exception:  # noqa: BLE001 - a function of parameters that have no useful defaults
        return []


def _channels(plugin: Plugin) -> int | None:
    value: int | None = plugin.attribute("channels")
    if value not in (None, 1) or isinstance(value, bool):
        raise NotAPlugin(f"'channels' is {value!r}; it is 1 (called once per channel) or left out")
    return value


def _delay_ms(plugin: Plugin) -> tuple[float | None, str]:
    """Return the declared delay with default parameters, or None and what is missing for it."""
    try:
        frames = plugin.form.declared_delay(plugin, {}, _PROBE_RATE, _PROBE_PACKET)
    except BaseException as error:  # noqa: BLE001 - told again when the plugin is used
        return None, sentence(error) if getattr(error, "for_user", False) is True else ""
    return 1000.0 * frames / _PROBE_RATE, ""


def _parameters(plugin: Plugin) -> list[dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    for target in plugin.form.calls(plugin):
        for found in _parameters_of(plugin, target):
            if known.setdefault(found["name"], found) != found:
                raise NotAPlugin(f"parameter '{found['name']}' is not the same where it stands twice")
    for own in plugin.form.host_parameters:
        if own["name"] in known:
            raise NotAPlugin(f"a parameter cannot be called '{own['name']}': the host has one of that name")
        known[own["name"]] = own
    return list(known.values())


def _parameters_of(plugin: Plugin, target: Callable[..., Any]) -> list[dict[str, Any]]:
    fixed = plugin.form.fixed
    listed = list(inspect.signature(target).parameters.values())
    if len(listed) < len(fixed) or any(item.kind is item.KEYWORD_ONLY for item in listed[: len(fixed)]):
        name = getattr(target, "__name__", "conceal")
        raise NotAPlugin(
            f"{name} is called with ({', '.join(fixed)}, ...); its signature is ({_names(listed)})"
        )
    hints = _hints(plugin.form.annotated(target))
    named = (
        item for item in listed[len(fixed) :] if item.kind not in (item.VAR_POSITIONAL, item.VAR_KEYWORD)
    )
    return [_parameter(item, hints.get(item.name)) for item in named]


def _names(listed: list[inspect.Parameter]) -> str:
    return ", ".join(item.name for item in listed)


def _hints(call: Any) -> dict[str, Any]:
    try:
        return get_type_hints(call, include_extras=True)
    except Exception as error:
        raise NotAPlugin(f"annotations cannot be read: {error}") from error


def _parameter(item: inspect.Parameter, hint: Any) -> dict[str, Any]:
    kind, metadata = _annotated(hint)
    required = item.default is item.empty
    default = None if required else item.default
    kind, optional = _without_none(kind, default, required)
    found, choices = _kind(item.name, kind, default)
    description = {
        "name": item.name,
        "type": found,
        "default": str(default) if isinstance(default, Path) else default,
        "minimum": _number(item.name, metadata, "ge", "gt"),
        "maximum": _number(item.name, metadata, "le", "lt"),
        "above": "gt" in metadata,
        "below": "lt" in metadata,
        "unit": readable(str(metadata.get("unit", ""))),
        "help": readable(str(metadata.get("help", ""))),
        "choices": choices,
        "required": required,
        "optional": optional,
    }
    if not required:
        _check_default(description)
    return description


def _annotated(hint: Any) -> tuple[Any, Mapping[str, Any]]:
    if get_origin(hint) is not Annotated:
        return hint, {}
    kind, *notes = get_args(hint)
    metadata: dict[str, Any] = {}
    for note in notes:
        if isinstance(note, Mapping):
            metadata.update(note)
        elif isinstance(note, str):
            metadata["help"] = note
    return kind, metadata


def _without_none(kind: Any, default: Any, required: bool) -> tuple[Any, bool]:
    """Split ``X | None`` into X and whether None is allowed."""
    if get_origin(kind) not in (Union, types.UnionType):
        return kind, default is None and not required
    rest = [part for part in get_args(kind) if part is not type(None)]
    return (rest[0] if len(rest) == 1 else kind), len(rest) < len(get_args(kind))


def _kind(name: str, kind: Any, default: Any) -> tuple[str, list[Any]]:
    if get_origin(kind) is Literal:
        return "choice", list(get_args(kind))
    if kind is None:  # no annotation: the default tells
        kind = Path if isinstance(default, Path) else type(default)
    if kind not in _TYPES:
        raise NotAPlugin(
            f"parameter '{name}' is annotated {kind!r}; use float, int, bool, str, Path or Literal[...]"
        )
    return _TYPES[kind], []


def _number(name: str, metadata: Mapping[str, Any], *keys: str) -> float | None:
    value = next((metadata[key] for key in keys if key in metadata), None)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise NotAPlugin(f"the range of parameter '{name}' is {value!r}; it is a number")
    return value


def _check_default(description: dict[str, Any]) -> None:
    name, default = description["name"], description["default"]
    if default is None and description["optional"]:
        return
    kind = description["type"]
    if kind != "choice" and not _is(default, kind):
        raise NotAPlugin(f"the default of parameter '{name}' is {default!r}; it is not {kind}")
    if kind == "choice" and default not in description["choices"]:
        raise NotAPlugin(f"the default of parameter '{name}' is {default!r}, not one of its choices")
    if kind in ("float", "int") and not _within(default, description):
        raise NotAPlugin(f"the default of parameter '{name}' is {default!r}, outside its range")


def _is(value: Any, kind: str) -> bool:
    if kind in ("float", "int"):
        return isinstance(value, float | int if kind == "float" else int) and not isinstance(value, bool)
    return isinstance(value, bool if kind == "bool" else str)


def _within(value: float, description: dict[str, Any]) -> bool:
    low, high = description["minimum"], description["maximum"]
    enough = low is None or (value > low if description["above"] else value >= low)
    not_too_much = high is None or (value < high if description["below"] else value <= high)
    return math.isfinite(value) and enough and not_too_much
