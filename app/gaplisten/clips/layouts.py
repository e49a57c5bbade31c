"""Finding clips: challenge folders, a folder per condition, loose files.

Only names are read, and tables of traces. Sound is opened where names tell nothing, three files of a folder
at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gaplisten.audio.files import SOUND_SUFFIXES
from gaplisten.clips.clip import DEFAULT_PACKET_MS, Clip, ClipSet, ConditionFile
from gaplisten.clips.folder_groups import Parts, groups_in
from gaplisten.clips.names import Role, role_in_name, trace_beside
from gaplisten.clips.roles import clip_from_roles, group_by_clip, guess_roles
from gaplisten.clips.scanning import Folder, FolderError, natural, scan
from gaplisten.errors import GaplistenError
from gaplisten.folders import resources

_MOST_LOOSE = 64


class NoClipsError(GaplistenError):
    """Nothing to listen to was found."""


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


def demo_clips() -> ClipSet:
    """Return the bundled demo's clips: our own synthesised speech with short, medium and long bursts."""
    return replace(find_clips([resources() / "demo"]), title="Demo speech")


def _in_folder(root: Path, chosen: Folder | None, packet_ms: float) -> ClipSet:
    here = scan(root)
    if here.sounds and _worth_guessing(here):
        return _loose([here.path / name for name in _beside(here)], chosen, packet_ms, here.path)
    clips: list[Clip] = []
    notes: list[str] = []
    for prefix, parts in groups_in(here, chosen):
        clips.extend(_clips(parts, prefix, packet_ms, root))
        notes.extend(
            f"{prefix.rstrip('/')}: {note}".removeprefix(": ") for note in (*parts.notes, *parts.doubles)
        )
    if not clips:
        way_out = "open a folder with WAV or FLAC files, or files themselves"
        raise NoClipsError(str(root), "holds no sound files that make clips", way_out)
    return _set(root.name, root, _renamed(clips), notes)


def _clips(parts: Parts, prefix: str, packet_ms: float, root: Path) -> list[Clip]:
    if parts.lossy is not None and parts.lossy not in parts.conditions:
        stems = set(parts.lossy.sounds)
    elif parts.reference is not None and not parts.conditions:
        stems = set(parts.reference.sounds)
    else:
        stems = set().union(*(folder.sounds for folder in parts.conditions))
    return [_clip(parts, stem, prefix, packet_ms, root) for stem in sorted(stems, key=natural)]


def _clip(parts: Parts, stem: str, prefix: str, packet_ms: float, root: Path) -> Clip:
    trace = parts.lossy.trace(stem) if parts.lossy else None
    if trace is None and parts.traces:
        trace = parts.traces.trace(stem)
    conditions = tuple(
        ConditionFile(folder.path.name, path, None if folder is parts.lossy else folder.trace(stem))
        for folder in parts.conditions
        if (path := folder.sound(stem))
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
    return [path for path in map(trace_beside, sounds) if path.is_file()][:1]


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
