"""What is wrong with plugins now: files that cannot be used, and versions that could not be made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gaplisten.bench.concealing import idents
from gaplisten.bench.controller import Controller
from gaplisten.concealers.entries import BrokenEntry


@dataclass(frozen=True)
class PluginError:
    """One plugin that does not work.

    Parameters
    ----------
    concealer
        Its name.
    title
        What people read.
    path
        Its file; None where it cannot be told.
    message
        What is wrong, in a sentence.
    details
        Its traceback and what it printed; may be empty.
    used
        Whether a version of the clip that is shown should be made by it.
    """

    concealer: str
    title: str
    path: Path | None
    message: str
    details: str
    used: bool


def plugin_errors(controller: Controller) -> tuple[PluginError, ...]:
    """Return what is wrong now: first what is used, of each concealer one."""
    catalogue = controller.catalogue
    if catalogue is None:
        return ()
    choices = controller.document.work.choices
    used = [choice.concealer for choice in choices]
    entries = {entry.name: entry for entry in catalogue.entries}
    found: dict[str, PluginError] = {}
    lanes = {lane.ident: lane for lane in controller.lanes}
    for name, ident in zip(used, idents(choices), strict=True):
        lane, entry = lanes.get(ident), entries.get(name)
        if lane is not None and lane.failed and lane.details and not isinstance(entry, BrokenEntry):
            title, path = (name, None) if entry is None else (entry.title, entry.path)
            found.setdefault(name, PluginError(name, title, path, lane.state, lane.details, True))
    for entry in catalogue.entries:
        if isinstance(entry, BrokenEntry):
            found[entry.name] = PluginError(
                entry.name, entry.title, entry.path, entry.message, entry.details, entry.name in used
            )
    return tuple(sorted(found.values(), key=lambda each: not each.used))


def file_of_heard(controller: Controller) -> Path | None:
    """Return the plugin's file of the version that is heard; None where that is no concealer's."""
    heard = controller.lane(controller.hearing.heard)
    choices = controller.document.work.choices
    named = dict(zip(idents(choices), (choice.concealer for choice in choices), strict=True))
    name = named.get(heard.ident) if heard is not None else None
    entries = controller.catalogue.entries if controller.catalogue is not None else ()
    return next((entry.path for entry in entries if entry.name == name), None)
