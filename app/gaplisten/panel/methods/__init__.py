"""The test methods: one file of this folder each, found by its name.

A new method is a new file with a `METHOD` (see `contract`), and its words in the language files.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from gaplisten.errors import GaplistenError

if TYPE_CHECKING:
    from gaplisten.panel.methods.contract import Method

PLAINEST = "acr"  # what a panel is made with when nothing is said


class NoSuchMethod(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A name that no method has."""


def names() -> tuple[str, ...]:
    """Return the names of all methods: those of their files."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if name != "contract"))


@cache
def _load(name: str) -> Method:
    from gaplisten.panel.methods.contract import Method  # names alone are told without it

    made = importlib.import_module(f"{__name__}.{name}").METHOD
    if not isinstance(made, Method) or made.name != name:
        raise TypeError(f"the file of the method {name!r} must hold a Method of that name, called METHOD")
    return made


def method(name: str) -> Method:
    """Return a method by its name.

    Raises
    ------
    NoSuchMethod
        If there is none.
    """
    if name not in names():
        raise NoSuchMethod(
            f"method {name!r}", "there is no such method", f"choose one of {', '.join(names())}"
        )
    return _load(name)


def methods() -> tuple[Method, ...]:
    """Return all methods in the order of lists."""
    return tuple(sorted((_load(name) for name in names()), key=lambda one: (one.place, one.name)))
