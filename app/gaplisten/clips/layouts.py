"""Finding clips: challenge folders, a folder per condition, loose files.

Only names are read, and tables of traces. Sound is opened where names tell nothing, three files at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gaplisten.audio.files import SOUND_SUFFIXES
from gaplisten.clips.clip import DEFAULT_PACKET_MS, Clip, ClipSet, ConditionFile
from gaplisten.clips.names import Role, role_in_name
from gaplisten.clips.roles import clip_from_roles, group_by_clip, guess_roles, zero_packets
from gaplisten.clips.scanning import Folder, FolderError, natural, scan, scan_quietly
from gaplisten.clips.trace_table import read_trace_table
from gaplisten.errors import GaplistenError

_DEPTH = 3
_MOST_NEIGHBOURS = 200
_MOST_LOOSE = 64
_PEEKS = 3


class NoClipsError(GaplistenError):
    """Nothing to listen to was found."""


@dataclass(frozen=True, eq=False)
class _Parts:
    """Folders that together make clips."""

    reference: Folder | None
    lossy: Folder | None
    conditions: tuple[Folder, ...] = ()
    traces: Folder | None = None
    table: dict[str, tuple[bool, ...]] | None = None
    notes: tuple[str, ...] = ()


def find_clips(
    paths: Sequence[Path], *, reference_folder: Path | None = None, packet_ms: float = DEFAULT_PACKET_MS
) -> ClipSet:
    """Find the clips in folders and among loose files.

    Parameters
    ----------
    paths
        Folders at any level of a challenge's tree, folders with a folder per condition, or files.
    reference_folder
        Where the references lie, when names do not tell.
    packet_ms
        Packet length in milliseconds, for formats that do not tell it.

    Raises
    ------
    GaplistenError
        If a path is missing or unreadable, or holds no sound.
    """
    if not paths:
        raise NoClipsError(
            "nothing", "no file or folder was given", "name a folder of clips or some sound files"
        )
    chosen = scan(reference_folder) if reference_folder else None
    sets = [_in_folder(path.absolute(), chosen, packet_ms) for path in paths if path.is_dir()]
    files = [path.absolute() for path in paths if not path.is_dir()]
    if files:
        sets.append(_loose(files, chosen, packet_ms))
    return sets[0] if len(sets) == 1 else _joined(sets)


def _in_folder(root: Path, chosen: Folder | None, packet_ms: float) -> ClipSet:
    here = scan(root)
    if here.sounds and _worth_guessing(here):
        return _loose([here.path / name for name in _beside(here)], chosen, packet_ms, here.path)
    groups = _groups(here, chosen)
    clips: list[Clip] = []
    notes: list[str] = []
    for prefix, parts in groups:
        clips.extend(_clips(parts, prefix, packet_ms, root))
        notes.extend(parts.notes)
    if not clips:
        raise NoClipsError(
            str(root),
            "holds no sound files that make clips",
            "open a folder with WAV or FLAC files, or files themselves",
        )
    return _set(root.name, root, clips, notes)


def _groups(here: Folder, chosen: Folder | None) -> list[tuple[str, _Parts]]:
    if here.sounds and (here.role is Role.LOSSY or (here.traces.keys() & here.sounds.keys())):
        return [("", _challenge(here, here, chosen))]
    if here.sounds and here.role is not Role.REFERENCE:
        return [("", _plain(here, chosen))]
    lossy = _lossy_below(here)
    if lossy:
        several = len(lossy) > 1
        return [
            (_prefix(here, folder) if several else "", _challenge(folder, here, chosen)) for folder in lossy
        ]
    below = _sounding(here.path / name for name in here.folders)
    if below:
        return [("", _per_condition(here, below, chosen))]
    return [("", _plain(here, chosen))] if here.sounds else _deeper(here, chosen)


def _deeper(here: Folder, chosen: Folder | None) -> list[tuple[str, _Parts]]:
    """Go down through folders that hold nothing but one folder."""
    folders = [found for name in here.folders if (found := scan_quietly(here.path / name))]
    inner = [folder for folder in folders if folder.folders]
    return _groups(inner[0], chosen) if len(inner) == 1 and len(here.path.parts) < 64 else []


def _prefix(here: Folder, folder: Folder) -> str:
    parent = folder.path.parent
    return "" if parent == here.path else parent.relative_to(here.path).as_posix() + "/"


def _lossy_below(here: Folder, depth: int = _DEPTH) -> list[Folder]:
    found = []
    for name in here.folders:
        folder = scan_quietly(here.path / name)
        if folder is None:
            continue
        if folder.sounds and (folder.role is Role.LOSSY or folder.traces.keys() & folder.sounds.keys()):
            found.append(folder)
        elif depth > 1 and not folder.sounds:
            found.extend(_lossy_below(folder, depth - 1))
    return found


def _sounding(paths: Iterable[Path]) -> list[Folder]:
    listed = list(paths)[:_MOST_NEIGHBOURS]
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
    names = around.folders if around else ()
    return _sounding(path.parent / name for name in names if name != path.name)


def _challenge(lossy: Folder, root: Folder, chosen: Folder | None) -> _Parts:
    near = _neighbours(lossy, root)
    reference, notes = _pick_reference(near, lossy, chosen)
    conditions = [
        folder
        for folder in near
        if folder.role in (None, Role.CONDITION) and folder.sounds.keys() & lossy.sounds.keys()
    ]
    traces = next((f for f in near if f.role is Role.TRACE and f.traces.keys() & lossy.sounds.keys()), None)
    table, more = (None, ()) if lossy.traces or traces else _table([lossy.path, lossy.path.parent, root.path])
    layout = f"{len(lossy.sounds)} lossy files in {lossy.path.name}"
    return _Parts(reference, lossy, tuple(conditions), traces, table, (layout, *notes, *more))


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


def _per_condition(here: Folder, below: list[Folder], chosen: Folder | None) -> _Parts:
    traces = next((folder for folder in below if folder.traces and not folder.sounds), None)
    sounding = [folder for folder in below if folder.sounds]
    reference = chosen or next((folder for folder in sounding if folder.role is Role.REFERENCE), None)
    conditions = [f for f in sounding if reference is None or f.path != reference.path]
    table, more = _table([here.path])
    names = ", ".join(folder.path.name for folder in conditions) or "none"
    told = f"references in {reference.path.name}" if reference else "no references were found"
    return _Parts(reference, None, tuple(conditions), traces, table, (f"conditions: {names}", told, *more))


def _plain(here: Folder, chosen: Folder | None) -> _Parts:
    """Take a folder of sounds with nothing around it: lossy if some of its first files have zero packets."""
    if here.role is Role.REFERENCE:
        table, more = _table([here.path, here.path.parent])
        return _Parts(here, None, table=table, notes=("references only", *more))
    below = [
        f for f in _sounding(here.path / n for n in here.folders) if f.sounds.keys() & here.sounds.keys()
    ]
    first = sorted(here.sounds.values(), key=natural)[:_PEEKS]
    lossy = any(zero_packets(here.path / name) for name in first)
    if lossy:
        reference = chosen or next((f for f in below if f.role is Role.REFERENCE), None)
        others = tuple(f for f in below if f is not reference and f.role is not Role.LOSSY)
        return _Parts(
            reference, here, others, notes=("taken for lossy files: some have packets of exact zeros",)
        )
    table, more = _table([here.path])
    others = tuple(f for f in below if f.role is not Role.LOSSY)
    damaged = next((f for f in below if f.role is Role.LOSSY), None)
    return _Parts(
        here, damaged, others, table=table, notes=("taken for references: no packet is missing", *more)
    )


def _table(folders: Sequence[Path]) -> tuple[dict[str, tuple[bool, ...]] | None, tuple[str, ...]]:
    """Return the first table of traces in some folders."""
    problems: list[str] = []
    for path in dict.fromkeys(folders):
        here = scan_quietly(path)
        for name in here.tables if here else ():
            try:
                traces = read_trace_table(path / name)
            except GaplistenError as error:
                problems.append(str(error))
                continue
            if traces:
                return traces, (f"{len(traces)} traces in {name}",)
    return None, tuple(problems)


def _clips(parts: _Parts, prefix: str, packet_ms: float, root: Path) -> list[Clip]:
    if parts.lossy is not None:
        stems = set(parts.lossy.sounds)
    elif parts.reference is not None and not parts.conditions:
        stems = set(parts.reference.sounds)
    else:
        stems = set().union(*(folder.sounds for folder in parts.conditions))
    return [_clip(parts, stem, prefix, packet_ms, root) for stem in sorted(stems, key=natural)]


def _clip(parts: _Parts, stem: str, prefix: str, packet_ms: float, root: Path) -> Clip:
    trace = parts.lossy.trace(stem) if parts.lossy else None
    if trace is None and parts.traces:
        trace = parts.traces.trace(stem)
    conditions = tuple(
        ConditionFile(folder.path.name, path) for folder in parts.conditions if (path := folder.sound(stem))
    )
    return Clip(
        name=prefix + stem,
        reference=parts.reference.sound(stem) if parts.reference else None,
        lossy=parts.lossy.sound(stem) if parts.lossy else None,
        trace=trace,
        conditions=conditions,
        packet_ms=packet_ms,
        inline_trace=(parts.table or {}).get(stem) if trace is None else None,
        folder=root,
    )


def _worth_guessing(here: Folder) -> bool:
    """Tell whether a flat, small folder holds the parts of a clip rather than one file per clip."""
    if len(here.sounds) > _MOST_LOOSE or here.role in (Role.LOSSY, Role.REFERENCE):
        return False
    return any(role_in_name(stem) in (Role.REFERENCE, Role.LOSSY) for stem in here.sounds)


def _beside(here: Folder) -> list[str]:
    return sorted([*here.sounds.values(), *here.traces.values()], key=natural)


def _loose(files: list[Path], chosen: Folder | None, packet_ms: float, root: Path | None = None) -> ClipSet:
    clips: list[Clip] = []
    notes: list[str] = []
    for group in group_by_clip(files):
        guesses = guess_roles([*group, *_trace_beside(group)], packet_ms)
        clip = clip_from_roles(guesses, packet_ms=packet_ms)
        if clip.sound is None:
            notes.extend(f"{guess.path.name}: {guess.why}" for guess in guesses)
            continue
        if chosen and clip.reference is None:
            clip = replace(clip, reference=chosen.sound(clip.name))
        clips.append(clip)
        notes.extend(f"{guess.path.name}: {guess.role}, {guess.why}" for guess in guesses)
    if not clips:
        missing = next((path for path in files if not path.exists()), None)
        if missing:
            raise FolderError(str(missing), "there is no such file or folder", "check the path")
        raise NoClipsError(str(files[0]), "is not a sound file", "open WAV or FLAC files")
    where = root or files[0].parent
    return _set(where.name if root or len(clips) > 1 else clips[0].name, where, _renamed(clips), notes)


def _trace_beside(group: list[Path]) -> list[Path]:
    """Return the trace that lies beside a lone lossy file under the challenge's name."""
    sounds = [path for path in group if path.suffix.lower() in SOUND_SUFFIXES]
    if len(sounds) < len(group):
        return []
    beside = [path.with_name(path.stem + "_is_lost.txt") for path in sounds]
    return [path for path in beside if path.is_file()][:1]


def _renamed(clips: list[Clip]) -> list[Clip]:
    names: dict[str, int] = {}
    renamed = []
    for clip in clips:
        names[clip.name] = names.get(clip.name, 0) + 1
        count = names[clip.name]
        renamed.append(clip if count == 1 else replace(clip, name=f"{clip.name} ({count})"))
    return renamed


def _set(title: str, root: Path, clips: list[Clip], notes: Sequence[str]) -> ClipSet:
    conditions = dict.fromkeys(condition.name for clip in clips for condition in clip.conditions)
    return ClipSet(title, root, tuple(clips), tuple(conditions), tuple(notes))


def _joined(sets: list[ClipSet]) -> ClipSet:
    clips = _renamed([clip for found in sets for clip in found.clips])
    title = ", ".join(found.title for found in sets)
    return _set(title, sets[0].root, clips, [note for found in sets for note in found.notes])
