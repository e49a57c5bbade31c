"""Which folders together make clips, by their names and the names in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from pathlib import Path

from gaplisten.clips.names import Role, role_in_name
from gaplisten.clips.roles import zero_packets
from gaplisten.clips.scanning import Folder, natural, scan_quietly
from gaplisten.clips.trace_table import read_trace_table
from gaplisten.errors import GaplistenError

DEPTH = 3
MOST_NEIGHBOURS = 200
_PEEKS = 3
_MOST_LOOKED_INTO = 16


@dataclass(frozen=True, eq=False)
class Parts:
    """Folders that together make clips."""

    reference: Folder | None
    lossy: Folder | None
    conditions: tuple[Folder, ...] = ()
    traces: Folder | None = None
    table: dict[str, tuple[bool, ...]] | None = None
    notes: tuple[str, ...] = ()

    @property
    def doubles(self) -> tuple[str, ...]:
        """A sentence for each folder in which sounds are left out, as others have their names."""
        folders = [folder for folder in (self.reference, self.lossy, *self.conditions) if folder]
        return tuple(
            f"{len(folder.doubles)} left out in {folder.path.name}, as others have their names"
            f" ({folder.doubles[0][0]}: {folder.doubles[0][1]} is used)"
            for folder in dict.fromkeys(folders)
            if folder.doubles
        )


def groups_in(here: Folder, chosen: Folder | None, depth: int = DEPTH) -> list[tuple[str, Parts]]:
    """Return the groups of folders that make clips, each with what comes before its clips' names.

    Parameters
    ----------
    here
        The folder that was opened.
    chosen
        The references' folder, when the user picked one.
    """
    if here.sounds and (here.role is Role.LOSSY or _has_traces(here)):
        return [("", _challenge(here, here, chosen))]
    lossy = _one_for_each_parent(_lossy_below(here))
    if lossy and not _belong_together(here, lossy):
        several = len(lossy) > 1
        return [(_prefix(here, f) if several else "", _challenge(f, here, chosen)) for f in lossy]
    if here.sounds:
        return [("", _plain(here, chosen))]
    below = _sounding(here.path / name for name in here.folders)
    if any(folder.sounds for folder in below):
        return [("", _per_condition(here, below, chosen))]
    return _deeper(here, chosen, depth) if depth > 0 else []


def _has_traces(folder: Folder) -> bool:
    return bool(folder.traces.keys() & folder.sounds.keys())


def _belong_together(here: Folder, lossy: list[Folder]) -> bool:
    """Tell whether the opened folder's own sounds are the ones that the lossy folders below hold."""
    return any(here.sounds.keys() & folder.sounds.keys() for folder in lossy)


def _one_for_each_parent(lossy: list[Folder]) -> list[Folder]:
    """Keep one of several lossy folders side by side, best so called and with traces; others are versions."""
    kept: dict[Path, Folder] = {}
    for folder in sorted(lossy, key=lambda found: (not _has_traces(found), found.role is not Role.LOSSY)):
        kept.setdefault(folder.path.parent, folder)
    return sorted(kept.values(), key=lambda found: natural(str(found.path)))


def _deeper(here: Folder, chosen: Folder | None, depth: int) -> list[tuple[str, Parts]]:
    """Go down where a folder holds nothing but folders."""
    names = here.folders[:MOST_NEIGHBOURS]
    folders = [found for name in names if (found := scan_quietly(here.path / name))]
    inner = [folder for folder in folders if folder.folders]
    groups = []
    for folder in inner:
        before = f"{folder.path.name}/" if len(inner) > 1 else ""
        groups += [(before + prefix, parts) for prefix, parts in groups_in(folder, chosen, depth - 1)]
    return groups


def _prefix(here: Folder, folder: Folder) -> str:
    parent = folder.path.parent
    return "" if parent == here.path else parent.relative_to(here.path).as_posix() + "/"


def _lossy_below(here: Folder, depth: int = DEPTH) -> list[Folder]:
    found = []
    for name in here.folders:
        folder = scan_quietly(here.path / name)
        if folder is None:
            continue
        if folder.sounds and (folder.role is Role.LOSSY or _has_traces(folder)):
            found.append(folder)
        elif depth > 1 and not folder.sounds:
            found.extend(_lossy_below(folder, depth - 1))
    return found


def _sounding(paths: Iterable[Path]) -> list[Folder]:
    listed = list(paths)[:MOST_NEIGHBOURS]
    return [found for path in listed if (found := scan_quietly(path)) and (found.sounds or found.traces)]


def _neighbours(lossy: Folder, root: Folder) -> list[Folder]:
    """Return the folders beside the lossy one, then those one level up."""
    near = _beside_folder(lossy.path)
    up = lossy.path.parent
    inside = root.path == up.parent or root.path in up.parent.parents
    if inside or not any(folder.role is Role.REFERENCE for folder in near):
        near += [folder for folder in _beside_folder(up) if folder.path != lossy.path]
    return near


def _beside_folder(path: Path) -> list[Folder]:
    around = scan_quietly(path.parent)
    names = [name for name in around.folders if name != path.name] if around else []
    return _sounding(path.parent / name for name in names) + _unpacked_references(path.parent, names)


def _unpacked_references(parent: Path, names: Sequence[str]) -> list[Folder]:
    """Return what lies one level down in folders named for references: archives unpack into such."""
    telling = [name for name in names[:MOST_NEIGHBOURS] if role_in_name(name) is Role.REFERENCE]
    outer = [found for name in telling if (found := scan_quietly(parent / name)) and not found.sounds]
    inner = [found for folder in outer for found in _sounding(folder.path / name for name in folder.folders)]
    return [folder for folder in inner if folder.role is Role.REFERENCE]


def _challenge(lossy: Folder, root: Folder, chosen: Folder | None) -> Parts:
    near = _neighbours(lossy, root)
    reference, notes = _pick_reference(near, lossy, chosen)
    conditions = [
        folder
        for folder in near
        if folder.role in (None, Role.LOSSY)
        and folder.path != lossy.path
        and folder.sounds.keys() & lossy.sounds.keys()
    ]
    traces = next((f for f in near if f.role is Role.TRACE and f.traces.keys() & lossy.sounds.keys()), None)
    table, more = (None, ()) if lossy.traces or traces else _table([lossy.path, lossy.path.parent, root.path])
    layout = f"{len(lossy.sounds)} lossy files in {lossy.path.name}"
    return Parts(reference, lossy, tuple(conditions), traces, table, (layout, *notes, *more))


def _pick_reference(
    near: list[Folder], lossy: Folder, chosen: Folder | None
) -> tuple[Folder | None, tuple[str, ...]]:
    if chosen:
        found = len(chosen.sounds.keys() & lossy.sounds.keys())
        return chosen, (f"{found} of {len(lossy.sounds)} references in {chosen.path.name}, as chosen",)
    fitting = [f for f in near if f.role is Role.REFERENCE and f.sounds.keys() & lossy.sounds.keys()]
    if not fitting:
        return None, ("no references were found (no folder of clean speech with the same file names)",)
    best, others = fitting[0], fitting[1:]
    found = len(best.sounds.keys() & lossy.sounds.keys())
    said = [f"{found} of {len(lossy.sounds)} references in {best.path.name}"]
    said += [
        f"{other.path.name} could be references too: choose it if it is the right one" for other in others
    ]
    return best, tuple(said)


def _per_condition(here: Folder, below: list[Folder], chosen: Folder | None) -> Parts:
    traces = next((folder for folder in below if folder.traces and not folder.sounds), None)
    sounding = [folder for folder in below if folder.sounds]
    reference = chosen or next((folder for folder in sounding if folder.role is Role.REFERENCE), None)
    conditions = [f for f in sounding if reference is None or f.path != reference.path]
    table, more = _table([here.path])
    names = ", ".join(folder.path.name for folder in conditions) or "none"
    told = [f"references in {reference.path.name}" if reference else "no references were found"]
    lossy = None if traces or table else _lossy_by_content(conditions, reference)
    if lossy:
        told.append(f"{lossy.path.name} is taken for the lossy files too: some have packets of exact zeros")
    notes = (f"conditions: {names}", *told, *more)
    return Parts(reference, lossy, tuple(conditions), traces, table, notes)


def _lossy_by_content(conditions: Sequence[Folder], reference: Folder | None) -> Folder | None:
    """Return the condition with the most packets of exact zeros, beyond those that the references have."""
    found = {folder: _zeros(folder) for folder in conditions[:_MOST_LOOKED_INTO]}
    most = max(found, key=lambda folder: found[folder], default=None)
    usual = _zeros(reference) if reference else 0
    return most if most and found[most] > usual else None


def _zeros(folder: Folder) -> int:
    """Count packets of exact zeros in the first files of a folder."""
    first = nsmallest(_PEEKS, folder.sounds.values())
    return sum(zero_packets(folder.path / name)[0] for name in first)


def _plain(here: Folder, chosen: Folder | None) -> Parts:
    """Take a folder of sounds with nothing around it: lossy if some of its first files have zero packets."""
    if here.role is Role.REFERENCE:
        table, more = _table([here.path, here.path.parent])
        return Parts(here, None, table=table, notes=("references only", *more))
    below = [
        f for f in _sounding(here.path / n for n in here.folders) if f.sounds.keys() & here.sounds.keys()
    ]
    if _zeros(here):
        reference = chosen or next((f for f in below if f.role is Role.REFERENCE), None)
        others = tuple(f for f in below if f is not reference and f.role is not Role.LOSSY)
        return Parts(
            reference, here, others, notes=("taken for lossy files: some have packets of exact zeros",)
        )
    table, more = _table([here.path])
    others = tuple(f for f in below if f.role is not Role.LOSSY)
    damaged = next((f for f in below if f.role is Role.LOSSY), None)
    return Parts(
        here, damaged, others, table=table, notes=("taken for references: no packet is missing", *more)
    )


def _table(folders: Sequence[Path]) -> tuple[dict[str, tuple[bool, ...]] | None, tuple[str, ...]]:
    """Return the first table of traces in some folders."""
    problems: list[str] = []
    for path in dict.fromkeys(folders):
        here = scan_quietly(path)
        for name in here.tables if here else ():
            try:
                found = read_trace_table(path / name)
            except GaplistenError as error:
                problems.append(str(error))
                continue
            if found.traces:
                return dict(found.traces), (f"{len(found.traces)} traces in {name}", *found.notes)
    return None, tuple(problems)
