"""Tools that take a panel or its votes: one file of this folder for each, found by its name."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from gaplisten.errors import GaplistenError
from gaplisten.exchange.tools.contract import Tool


class ToolError(GaplistenError):
    """Words about a tool that mean nothing."""


def names() -> tuple[str, ...]:
    """Return what commands call the tools; none of them is imported for it."""
    return tuple(one.name for one in pkgutil.iter_modules(__path__) if one.name != "contract")


def tool(name: str) -> Tool:
    """Return a tool by its name, which is its file's.

    Raises
    ------
    ToolError
        If there is none of that name.
    """
    if name not in names():
        fact, way = "no export to such a tool is known", f"choose {' or '.join(names())}"
        raise ToolError(f"--to {name}", fact, way)
    found: Tool = importlib.import_module(f"{__name__}.{name}").TOOL
    return found


@cache
def tools() -> dict[str, Tool]:
    """Return every tool by its name, in the order in which dialogs offer them."""
    found = {name: tool(name) for name in names()}
    return dict(sorted(found.items(), key=lambda one: one[1].place))
