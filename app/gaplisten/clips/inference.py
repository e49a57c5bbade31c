"""How a folder's files are meant, from their names; where these tell nothing, from how they sound."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from heapq import nsmallest
from pathlib import Path

from gaplisten.audio.channels import Reading
from gaplisten.clips.arrangement import Layout, Part
from gaplisten.clips.layout import Columns, columns_of
from gaplisten.clips.likeness import ALIKE, likeness_of_files
from gaplisten.clips.losses_apart import apart_by_loss
from gaplisten.clips.manifests import manifest_in, tables_outside
from gaplisten.clips.matching import CLIP, Grid, grids_of, patterns_sharing
from gaplisten.clips.names import Role, beginnings, role_in_name
from gaplisten.clips.patterns import literal
from gaplisten.clips.roles import zero_packets
from gaplisten.clips.scanning import Folder, NeedsRawError, NoClipsError, Tree, first_bare, natural
from gaplisten.clips.taking import names_of, sound_parts, trace_parts

_SAMPLE = 400
_FEW_FOLDERS = 60
_MOST_IN_ONE_CLIP = 16
_PEEKS = 3


def inferred(tree: Tree, *, losses_known: bool = False) -> Layout:
    """Return how the files of a folder are taken.

    Raises
    ------
    NoClipsError
        If there is no sound in it.
    """
    if table := manifest_in(tree):
        return Layout(manifest=table, reading=tree.reading)
    paths = _sample(tree)
    if not paths:
        raise _no_clips(tree)
    columns = _grid_columns(tree, grids_of(paths))
    if columns is None:
        parts = _plain_parts(tree)
    else:
        apart = any(folder.traces and not folder.sounds for folder in tree.folders.values())
        patterns = [part.files for part in columns.parts]
        parts = sound_parts(patterns, columns.files, tree, traces_elsewhere=losses_known or apart)
    found = columns_of(parts, tree)
    keys = frozenset().union(*found.files)
    return Layout((*sorted(parts, key=_order), *trace_parts(parts, keys, tree)), reading=tree.reading)


_ORDER = (Role.REFERENCE, Role.LOSSY, Role.CONDITION, Role.TRACE, Role.UNUSED)


def _order(part: Part) -> tuple[int, tuple[tuple[int, int, str], ...]]:
    return _ORDER.index(part.role), natural(part.files)


def _no_clips(tree: Tree) -> NoClipsError:
    bare = tree.headerless
    if bare and (example := first_bare([tree.root])) is not None:
        suffix, count = max(bare.items(), key=lambda each: each[1])
        fact = f"holds samples without headers ({count} files {suffix}), whose rate and format nothing tells"
        way_out = "say what they are: --raw RATE,ENCODING,CHANNELS, such as --raw 16000,s16le,1"
        return NeedsRawError(str(tree.root), fact, way_out, example)
    outside = next(iter(tables_outside(tree)), None)
    way_out = "open a folder with WAV or FLAC files, or files themselves"
    if outside is not None:
        fact = "holds no sound files, but a table that names some outside it"
        return NoClipsError(str(tree.root), fact, f"open the table to use them: {outside}")
    return NoClipsError(str(tree.root), "holds no sound files that make clips", way_out)


# -- which files to look at --------------------------------------------------------


def _sample(tree: Tree) -> list[str]:
    """Return paths of sounds; of many, those that begin or end alike."""
    total = sum(len(folder.sounds) for folder in tree.folders.values())
    if total <= _SAMPLE:
        return [rel + stem for rel, stem in tree.sounds()]
    chosen = _folders_of_sample(tree)
    each = max(6, _SAMPLE // max(1, len(chosen)) // 2)
    paths: dict[str, None] = {}
    for rel in chosen:
        stems = tree.folders[rel].sounds
        first = nsmallest(each, stems)
        last = nsmallest(each, stems, key=lambda stem: stem[::-1])
        paths.update(dict.fromkeys(rel + stem for stem in (*first, *last)))
    return list(paths)


def _folders_of_sample(tree: Tree) -> list[str]:
    """Return folders with sound: of many below each folder the first few, the same ones beside each other."""
    sounding = [rel for rel, folder in tree.folders.items() if folder.sounds]
    most = len(sounding)
    while len(sounding) > _FEW_FOLDERS and most > 1:
        most = max(1, most // 2)
        taken: dict[tuple[str, ...], set[str]] = {}
        kept = []
        for rel in sounding:
            parts = rel.rstrip("/").split("/")
            fits = True
            for depth in range(1, len(parts)):
                below = taken.setdefault(tuple(parts[:depth]), set())
                below |= {parts[depth]} if len(below) < most else set()
                fits = fits and parts[depth] in below
            if fits:
                kept.append(rel)
        sounding = kept
    return sounding[: 4 * _FEW_FOLDERS]


# -- grids --------------------------------------------------------


def _grid_columns(tree: Tree, grids: Sequence[Grid]) -> Columns | None:
    """Return the files of the likeliest grid that the sound does not belie."""
    for grid in grids:
        one = grid.keys == {""}
        if one and not (grid.told and len(grid.patterns) <= _MOST_IN_ONE_CLIP):
            continue
        patterns = apart_by_loss(grid.patterns)
        columns = _of(patterns, tree)
        if patterns == list(grid.patterns) and not grid.keys & frozenset().union(*columns.files):
            continue
        if grid.told and not one:
            return _extended(columns, tree)
        alike = _alike(columns, tree.reading)
        unknown = math.isnan(alike)
        apart = len({pattern.rpartition("/")[0] for pattern in grid.patterns}) == len(grid.patterns)
        if alike >= ALIKE or (unknown and (apart or grid.hinted)):
            return _extended(columns, tree)
    return None


def _of(patterns: Sequence[str], tree: Tree) -> Columns:
    names = names_of(patterns)
    parts = [Part(pattern, Role.CONDITION, name) for pattern, name in zip(patterns, names, strict=True)]
    return columns_of(parts, tree)


def _extended(columns: Columns, tree: Tree) -> Columns:
    """Add versions that the files looked at did not have, and references that several clips share."""
    if not columns.left:
        return columns
    keys = frozenset().union(*columns.files)
    shared = list(_shared_references(columns, tree, keys))
    if shared:
        columns = _of([*(part.files for part in columns.parts), *shared], tree)
    more = patterns_sharing(columns.left[:_SAMPLE], keys)
    added = [pattern for pattern, found in more.items() if len(found) > 1 and keys != {""}]
    return _of([*(part.files for part in columns.parts), *added], tree) if added else columns


def _shared_references(columns: Columns, tree: Tree, keys: frozenset[str]) -> Iterator[str]:
    """Give folders of references whose names are those with which clips' begin: ``s0`` of ``s0_plr10_1``."""
    folders = {path.rpartition("/")[0] for path in columns.left}
    for folder in sorted(folders - {""}, key=natural):
        stems = tree.folders[folder + "/"].sounds
        named = any(role_in_name(part) is Role.REFERENCE for part in folder.split("/"))
        if named and 2 * sum(any(each in stems for each in beginnings(key)) for key in keys) >= len(keys):
            yield literal(folder) + "/" + CLIP


def _alike(columns: Columns, reading: Reading) -> float:
    """Return how alike versions of some clips sound, the median of a few pairs; NaN if nothing tells."""
    counts: dict[str, list[str]] = {}
    for files in columns.files:
        for key, path in files.items():
            counts.setdefault(key, []).append(path)
    several = sorted((key for key, paths in counts.items() if len(paths) > 1), key=natural)[:_PEEKS]
    pairs = [(counts[key][0], other) for key in several for other in counts[key][1 : _PEEKS + 1]]
    values = (likeness_of_files(Path(one), Path(other), reading) for one, other in pairs)
    found = sorted(value for value in values if not math.isnan(value))
    return found[len(found) // 2] if found else math.nan


# -- no versions --------------------------------------------------------


def _plain_parts(tree: Tree) -> list[Part]:
    """Take sounds of which each is a clip: by their folder's name, traces beside them, or zeros."""
    sounding = [rel for rel, folder in tree.folders.items() if folder.sounds]
    tops = sorted({rel.partition("/")[0] + "/" for rel in sounding if rel}, key=natural)
    roles = {top: role_in_name(top[:-1]) for top in tops}
    telling = [top for top, role in roles.items() if role in (Role.LOSSY, Role.REFERENCE)]
    if len(telling) > 1 and len({roles[top] for top in telling}) == len(telling):
        return [_plain(tree, [rel for rel in sounding if rel.startswith(top)], top) for top in telling]
    common = _common(sounding)
    return [_plain(tree, sounding, common)]


def _common(folders: Sequence[str]) -> str:
    parts = [rel.split("/")[:-1] for rel in folders]
    shared = []
    for names in zip(*parts, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return "".join(name + "/" for name in shared)


def _plain(tree: Tree, sounding: Sequence[str], common: str) -> Part:
    deeper = any(rel != common for rel in sounding)
    pattern = literal(common) + ("**/" if deeper else "") + CLIP
    names = [*reversed(common.split("/")[:-1]), tree.root.name]
    role = next(
        (role for name in names if (role := role_in_name(name)) in (Role.LOSSY, Role.REFERENCE)), None
    )
    folders = [tree.folders[rel] for rel in sounding]
    if role is not None:
        return Part(pattern, role, why="its folder's name says so")
    if any(folder.traces.keys() & folder.sounds.keys() for folder in folders):
        return Part(pattern, Role.LOSSY, why="traces lie beside it")
    if _zeros(folders[0], tree.reading):
        return Part(pattern, Role.LOSSY, why="some of it are packets of exact zeros")
    return Part(pattern, Role.REFERENCE, why="nothing is missing in it")


def _zeros(folder: Folder, reading: Reading) -> int:
    first = nsmallest(_PEEKS, folder.sounds.values())
    return sum(zero_packets(folder.path / name, reading=reading)[0] for name in first)
