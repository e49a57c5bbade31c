"""Finding clips: in folders by what the names in them share, and among loose files.

Only names are read, and tables. Sound is opened where names tell nothing, a few files of a folder at most.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.audio.files import SOUNDING_SUFFIXES
from gaplisten.clips.arrangement import Layout
from gaplisten.clips.clip import Clip, ClipSet, PacketLength
from gaplisten.clips.inference import inferred
from gaplisten.clips.layout import Columns, clips_of, columns_of, counts_of
from gaplisten.clips.manifests import Manifest, manifest_columns
from gaplisten.clips.names import Role, trace_beside
from gaplisten.clips.neighbours import matched, offers_for
from gaplisten.clips.roles import clip_from_roles, group_by_clip, guess_roles
from gaplisten.clips.scanning import FolderError, NoClipsError, Tree, scan_tree
from gaplisten.clips.trace_table import tables_in
from gaplisten.clips.transcripts import counted, transcripts_in, with_transcripts
from gaplisten.clips.unused import unused
from gaplisten.folders import resources

__all__ = ["NoClipsError", "demo_clips", "find_clips"]

_MANY = 5


def find_clips(
    paths: Sequence[Path],
    *,
    reference_folder: Path | None = None,
    packet: PacketLength = PacketLength(),  # noqa: B008 - a frozen value
    layout: Layout | None = None,
    losses_known: bool = False,
    reading: Reading = AS_TOLD,
) -> ClipSet:
    """Find the clips in folders and among loose files.

    Parameters
    ----------
    paths
        Folders, a manifest (a table that names files), or sound files.
    reference_folder
        Where the references lie, when they are not in the folder or its names do not tell.
    packet
        Packet length of formats that do not tell it.
    layout
        How the files of a folder are to be taken; inferred from names when not given.
    losses_known
        Whether the user named a trace: then no file is taken for the lossy one by its zeros.
    reading
        How files are read that do not tell, or have more channels than are wanted.

    Raises
    ------
    GaplistenError
        If a path is missing or unreadable, or holds no sound.
    """
    if not paths:
        raise NoClipsError(
            "nothing", "no file or folder was given", "name a folder of clips or some sound files"
        )
    reading = reading if layout is None else reading.over(layout.reading)
    chosen = scan_tree(reference_folder, reading) if reference_folder else None
    folders = [path for path in paths if path.is_dir()]
    sets = [_in_folder(path.absolute(), chosen, packet, layout, losses_known, reading) for path in folders]
    files = [path.absolute() for path in paths if not path.is_dir()]
    if len(files) == 1 and files[0].is_file() and (found := manifest_columns(files, layout, reading=reading)):
        sets.append(_listed(files[0].parent, found, chosen, packet, reading))
    elif files:
        sets.append(_loose(files, chosen, packet, reading))
    return sets[0] if len(sets) == 1 else _joined(sets)


def demo_clips() -> ClipSet:
    """Return the bundled demo's clips: our own synthesised speech with short, medium and long bursts."""
    return replace(find_clips([resources() / "demo"]), title="Demo speech")


def _in_folder(
    root: Path,
    chosen: Tree | None,
    packet: PacketLength,
    layout: Layout | None,
    losses_known: bool,
    reading: Reading,
) -> ClipSet:
    tree = scan_tree(root, reading)
    table, notes, used = tables_in(tree)
    if layout is None:
        layout = inferred(tree, losses_known=losses_known or bool(table))
    if layout.manifest:
        found = manifest_columns([root / name for name in layout.manifest], layout, root, reading)
        if found is None or found.outside:
            fact = "names no sound files" if found is None else "names files outside the folder"
            raise NoClipsError(str(root / layout.manifest[0]), fact, "open the table itself")
        listed = _listed(root, found, chosen, packet, reading)
        return _with_unused(listed, (), tree, found.columns, layout.manifest)
    columns = columns_of(layout.parts, tree)
    doubles = _doubles(tree)
    notes += [*doubles, *_headerless(tree)]
    taken = _taken(root, layout, columns, chosen, packet, notes, table, reading=reading)
    taken = replace(taken, unused=(*doubles, *taken.unused))
    traces = {path for _, files in columns.of(Role.TRACE) for path in files.values()}
    spoken = transcripts_in(tree, taken.clips, traces | {os.path.join(root, name) for name in used})
    if spoken is None:
        return _with_unused(taken, (), tree, columns, used)
    taken = replace(taken, clips=with_transcripts(taken.clips, spoken))
    said = (*counted(taken.clips, spoken), *spoken.notes)
    return _with_unused(taken, said, tree, columns, {*used, *spoken.files})


def _with_unused(
    found: ClipSet, said: Sequence[str], tree: Tree, columns: Columns, used: Collection[str]
) -> ClipSet:
    """Say something, and what lies in the folder and is not used."""
    texts, left = unused(tree, columns, used)
    notes = (*found.notes, *said, *texts, *left)
    return replace(found, notes=notes, unused=(*found.unused, *left))


def _listed(
    root: Path, found: Manifest, chosen: Tree | None, packet: PacketLength, reading: Reading
) -> ClipSet:
    """Take what a manifest says; a packet length that was said beats that in the table."""
    listed = _taken(
        root, found.layout, found.columns, chosen, packet, list(found.notes), found.flags, reading=reading
    )
    if packet.said or not found.packets:
        return listed
    clips = [replace(clip, packet_ms=found.packets.get(clip.name, clip.packet_ms)) for clip in listed.clips]
    return replace(listed, clips=tuple(clips))


def _taken(
    root: Path,
    layout: Layout,
    columns: Columns,
    chosen: Tree | None,
    packet: PacketLength,
    notes: list[str],
    flags: Mapping[str, tuple[bool, ...]] | None = None,
    *,
    reading: Reading = AS_TOLD,
) -> ClipSet:
    clips = clips_of(columns, layout.packet or packet, root, flags or {}, reading)
    layout = replace(layout, reading=reading)
    if not clips:
        raise NoClipsError(
            str(root),
            "holds no sound files that make clips",
            "open a folder with WAV or FLAC files, or files themselves",
        )
    if chosen is not None:
        clips, note = matched(clips, chosen)
        notes.insert(0, note)
    counts = counts_of(columns, clips)
    offers = () if chosen is not None else offers_for(clips, root)
    if not layout.manifest:
        lacking = all(clip.reference is None for clip in clips)
        notes += ["no references were found"] * (
            lacking and any(clip.lossy or clip.conditions for clip in clips)
        )
    left = []
    if columns.left:
        shown = ", ".join(columns.left[:_MANY]) + (", ..." if len(columns.left) > _MANY else "")
        left.append(f"not used: {len(columns.left)} sounds that share no name with a clip ({shown})")
    said = [*_told(layout, counts), *notes, *left, *map(str, offers)]
    found = _set(root.name, root, _renamed(clips), said)
    return replace(found, layout=layout, counts=counts, offers=offers, unused=tuple(left))


def _told(layout: Layout, counts: Mapping[str, tuple[int, int]]) -> list[str]:
    """Say for each part what it is taken as."""
    lines = []
    for part in layout.parts:
        found, of = counts.get(part.counted_as, (0, 0))
        what = str(part.role) + (f" {part.name}" if part.name else "") + (f" of {part.of}" if part.of else "")
        lines.append(f"{part.files} is taken as {what} ({found} of {of}): {part.why}".removesuffix(": "))
    return [*lines, *layout.doubts]


def _headerless(tree: Tree) -> list[str]:
    """Return a sentence for each kind of file without a header, where nobody said what these hold."""
    return [
        f"not read: {count} files {suffix} without a header (say what they hold: --raw 16000,s16le,1)"
        for suffix, count in tree.headerless.items()
    ]


def _doubles(tree: Tree) -> list[str]:
    """Return a sentence for each folder in which sounds are left out, as others have their names."""
    return [
        f"{len(folder.doubles)} left out in {folder.path.name}, as others have their names"
        f" ({folder.doubles[0][0]}: {folder.doubles[0][1]} is used)"
        for folder in tree.folders.values()
        if folder.doubles
    ]


def _loose(files: list[Path], chosen: Tree | None, packet: PacketLength, reading: Reading) -> ClipSet:
    clips: list[Clip] = []
    notes: list[str] = []
    for group in group_by_clip(files, reading):
        guesses = guess_roles([*group, *_trace_beside(group)], packet, reading)
        clip = clip_from_roles(guesses, packet=packet, reading=reading)
        if clip.sound is None:
            notes.extend(f"{guess.path.name}: {guess.why}" for guess in guesses)
            continue
        clips.append(clip)
        notes.extend(f"{guess.path.name}: {guess.role}, {guess.why}" for guess in guesses)
    if not clips:
        missing = next((path for path in files if not path.exists()), None)
        if missing:
            raise FolderError(str(missing), "there is no such file or folder", "check the path")
        raise NoClipsError(str(files[0]), "is not a sound file", "open WAV or FLAC files")
    if chosen:
        clips, note = matched(clips, chosen)
        notes.append(note)
    where = files[0].parent
    return _set(where.name if len(clips) > 1 else clips[0].name, where, _renamed(clips), notes)


def _trace_beside(group: list[Path]) -> list[Path]:
    """Return the trace that lies beside a lone lossy file under the challenge's name."""
    sounds = [path for path in group if path.suffix.lower() in SOUNDING_SUFFIXES]
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
    joined = _set(title, sets[0].root, clips, [note for found in sets for note in found.notes])
    return replace(joined, unused=tuple(note for found in sets for note in found.unused))
