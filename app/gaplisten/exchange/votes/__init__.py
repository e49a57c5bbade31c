"""Votes of other tools: one file of this folder for each, found by its name.

A reader is told what the files hold and makes `Imported` of it; which reader a file is for, its columns say.
Nothing in a file is run, and no file leads to another.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from gaplisten.exchange.votes.contract import Options, Reader, VotesError
from gaplisten.exchange.votes.table import LARGEST, Foreign, read_foreign
from gaplisten.panel.imported import Imported
from gaplisten.untrusted import read_regular

_NO_READERS = ("contract", "table", "sends")
MOST_FILES = 5000


@cache
def readers() -> tuple[Reader, ...]:
    """Return every reader, those that know a file by more of its columns first."""
    names = [one.name for one in pkgutil.iter_modules(__path__) if one.name not in _NO_READERS]
    found: list[Reader] = [importlib.import_module(f"{__name__}.{name}").READER for name in names]
    return tuple(sorted(found, key=lambda one: one.place))


def reader(name: str) -> Reader:
    """Return a reader by its name.

    Raises
    ------
    VotesError
        If there is none of that name.
    """
    for one in readers():
        if one.name == name:
            return one
    raise VotesError(f"--from {name}", "no such form is known", f"choose {listed_names()}")


def listed_names() -> str:
    """Return the names of all readers, for a sentence."""
    return ", ".join(one.name for one in readers())


def load(paths: Sequence[Path]) -> dict[str, bytes]:
    """Return the bytes of the files, and of the tables in folders, by the names as given.

    Raises
    ------
    VotesError
        If one is no regular file, too large, cannot be read, or there are too many.
    """
    found: dict[str, bytes] = {}
    every = [each for path in paths for each in _tables(path)]
    if len(every) > MOST_FILES:
        fact = f"there are {len(every):,} files, at most {MOST_FILES:,} are read"
        raise VotesError(str(paths[0]), fact, "give fewer")
    room = LARGEST
    for path in every:
        try:
            data = read_regular(path, room)
        except OSError as error:
            fact = error.strerror or str(error)
            raise VotesError(str(path), f"it cannot be read: {fact}", "check the path") from error
        room -= len(data)
        found[str(path)] = data
    if not found:
        raise VotesError(", ".join(map(str, paths)), "no .csv or .json is in it", "give the files themselves")
    return found


def _tables(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(one for one in path.iterdir() if one.suffix.lower() in (".csv", ".json") and one.is_file())


def import_votes(files: Mapping[str, bytes], options: Options) -> Imported:
    """Return the votes in these files.

    Raises
    ------
    VotesError
        If the files are of no known form, or of several, or hold what cannot be votes.
    """
    tables = [read_foreign(name, data) for name, data in files.items()]
    chosen = reader(options.form) if options.form else _recognised(tables, options)
    return chosen.read(tables, options)


def _recognised(tables: Sequence[Foreign], options: Options) -> Reader:
    for one in readers():
        if all(one.recognises(table, options) for table in tables):
            return one
    first = tables[0]
    for one in readers():
        known = [table.name for table in tables if one.recognises(table, options)]
        if known and len(tables) > 1:
            strangers = [table.name for table in tables if table.name not in known]
            fact = f"it is not of one form with {known[0]} ({one.title})"
            raise VotesError(strangers[0], fact, "import what belongs together, one after another")
    heads = ", ".join(first.columns[:12]) or "none"
    fact = f"its columns ({heads}) are those of no form that is known"
    way = "say which columns mean what: --map listener=...,clip=...,condition=...,score=... --method NAME"
    raise VotesError(first.name, fact, way)
