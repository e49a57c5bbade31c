"""Code that a document names, as it was when its reader allowed it: no other code is run in its place.

Between the question and the import somebody could put another file there. So whoever allowed it tells here
what the files held, each request to a plugin's process takes that along, and the process compares the very
bytes that it compiles. Of compiled modules the system reads the file itself, a moment after it was compared.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from gaplisten.concealers.code_files import is_code
from gaplisten.untrusted import open_regular, read_at_most

_HELD: WeakKeyDictionary[Any, Mapping[str, Mapping[str, str]]] = WeakKeyDictionary()


class NotAsAllowed(ImportError):  # noqa: N818 - reads as the fact it is
    """Code that is not what its reader allowed; nothing of it has been run."""

    for_user = True

    def __init__(self, path: str) -> None:
        name = os.path.basename(path)
        super().__init__(f"{name} is not as it was allowed, and was not run; allow it anew, or put it back")


# --- where it was allowed -----------------------------------------------------------------------------------


def hold(owner: object, allowed: Iterable[tuple[str, Iterable[tuple[str, str]]]]) -> None:
    """Keep what was allowed, in place of what the same owner said before.

    Parameters
    ----------
    allowed
        Files of code that are plugins, each with paths and digests of all files that were looked at with it.
    """
    _HELD[owner] = {
        os.path.abspath(plugin): {path: digest for path, digest in contents if is_code(path)}
        for plugin, contents in allowed
    }


def held_for(plugin: Path) -> dict[str, str]:
    """Return what a file of code, and all that it may import, must hold; nothing where nobody was asked."""
    path = os.path.abspath(plugin)
    return {name: each for held in _HELD.values() for name, each in held.get(path, {}).items()}


# --- where it is run ----------------------------------------------------------------------------------------

_expected: dict[str, str] = {}


def expect(contents: Mapping[str, str]) -> None:
    """Let no code be imported from the folders of these files but what has these digests."""
    _expected.update(contents)


def verified(path: str | os.PathLike[str], data: bytes) -> bytes:
    """Return the bytes of a file of code.

    Raises
    ------
    NotAsAllowed
        If it was allowed with other bytes, or lies beside such code and was not there then.
    """
    name = os.path.abspath(path)
    if name in _expected:
        if hashlib.sha256(data).hexdigest() != _expected[name]:
            raise NotAsAllowed(name)
    elif any(_is_beside(name, os.path.dirname(each)) for each in _expected):
        raise NotAsAllowed(name)
    return data


def _is_beside(name: str, folder: str) -> bool:
    """Tell whether a file is one of those that are looked through with the code in a folder."""
    inside = name.startswith(folder + os.sep)
    # Hidden folders are none of them, such as one of installed libraries.
    return inside and not any(part.startswith(".") for part in name[len(folder) + 1 :].split(os.sep)[:-1])


class Source(importlib.machinery.SourceFileLoader):
    """Compiles the bytes that were compared."""

    def get_data(self, path: str) -> bytes:
        """Return the content of a module, or of what was compiled of it."""
        return verified(path, super().get_data(path))


class Compiled(importlib.machinery.SourcelessFileLoader):
    """Runs the bytes that were compared."""

    def get_data(self, path: str) -> bytes:
        """Return the content of a module that was compiled before."""
        return verified(path, super().get_data(path))


class Extension(importlib.machinery.ExtensionFileLoader):
    """Loads what was compared the moment before."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Return the module."""
        if _expected and spec.origin is not None:
            with open_regular(Path(spec.origin)) as file:
                size = os.fstat(file).st_size
                verified(spec.origin, read_at_most(file, size, Path(spec.origin)))
        return super().create_module(spec)
