"""A saved file says how its versions were made, whatever becomes of the plugins and their defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from gaplisten.bench.state import Choice, Work
from gaplisten.concealers.entries import BrokenEntry, Entry, Parameter


class Known(Protocol):
    """What is needed of the catalogue."""

    @property
    def entries(self) -> Sequence[Entry | BrokenEntry]:
        """The concealers there are."""
        ...


def pinned(work: Work, catalogue: Known | None) -> Work:
    """Return the work as a file is to keep it: parameters with their values, plugins with their hashes.

    A concealer that is not known now stays as the file has it that named it.
    """
    entries = _entries(catalogue)
    return replace(work, choices=tuple(_pinned(each, entries.get(each.concealer)) for each in work.choices))


def _pinned(choice: Choice, entry: Entry | None) -> Choice:
    if entry is None or choice.plugin not in ("", entry.digest):
        return choice
    usual = {each.name: each.default for each in entry.parameters if _is_pinned(each)}
    values = {**usual, **choice.values}
    return replace(choice, parameters=tuple(sorted(values.items())), plugin=entry.digest)


def _is_pinned(parameter: Parameter) -> bool:
    """Return whether a default is written down: not texts and paths, which readers would have to allow.

    None is not either, of a choice that must be made, say: a file has no word for it.
    """
    written = bool | int | float | str if parameter.type == "choice" else bool | int | float
    return isinstance(parameter.default, written)


def settled(work: Work, catalogue: Known | None) -> tuple[Work, tuple[str, ...]]:
    """Compare what a file pinned with the plugins there are.

    Returns
    -------
    work
        With only those parameters that differ from the defaults, where the plugin is the one that the file
        was saved with; with all of them where it is another one, whose defaults may be others.
    changed
        Titles of plugins that are others than the file was saved with.
    """
    entries, changed, choices = _entries(catalogue), [], []
    for choice in work.choices:
        entry = entries.get(choice.concealer)
        if not choice.plugin or entry is None:
            choices.append(choice)
            continue
        if choice.plugin == entry.digest:
            usual = {each.name: each.default for each in entry.parameters}
            kept = tuple((name, value) for name, value in choice.parameters if value != usual.get(name))
            choices.append(Choice(choice.concealer, kept))
        else:
            choices.append(replace(choice, plugin=""))
            changed.append(entry.title)
    return replace(work, choices=tuple(choices)), tuple(dict.fromkeys(changed))


def _entries(catalogue: Known | None) -> dict[str, Entry]:
    known = () if catalogue is None else catalogue.entries
    return {each.name: each for each in known if isinstance(each, Entry)}
