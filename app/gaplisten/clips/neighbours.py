"""What lies outside the opened folder: offered with its full path, used only when the user points there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gaplisten.audio.channels import Reading
from gaplisten.clips.clip import Clip, Offer
from gaplisten.clips.likeness import ALIKE, likeness_of_files
from gaplisten.clips.matching import patterns_sharing
from gaplisten.clips.names import Role, beginnings, role_in_name
from gaplisten.clips.patterns import Pattern
from gaplisten.clips.scanning import Folder, Tree, scan_quietly

MOST_NEIGHBOURS = 200
_SAMPLE = 400
_SHORT_NAME, _PEEKS = 1, 3


def matched(clips: Sequence[Clip], chosen: Tree) -> tuple[list[Clip], str]:
    """Give clips their references from the folder that the user chose, and say how many were found there.

    A reference has the clip's name, alone or with what tells the version: ``54``, ``54_clean``.
    """
    found = _references(clips, chosen)
    count = sum(clip.name in found for clip in clips)
    note = f"{count} of {len(clips)} references in {chosen.root}, as chosen"
    return [replace(clip, reference=found.get(clip.name)) for clip in clips], note


def _references(clips: Sequence[Clip], chosen: Tree) -> dict[str, Path]:
    keys = {clip.name for clip in clips}
    by_stem: dict[str, Path] = {}
    for _, folder in chosen.folders.items():
        by_stem.update(
            {stem: folder.path / name for stem, name in folder.sounds.items() if stem not in by_stem}
        )
    stems = {clip.sound.stem: clip.name for clip in clips if clip.sound}
    same = {stems[stem]: path for stem, path in by_stem.items() if stem in stems}
    same |= {stem: path for stem, path in by_stem.items() if stem in keys}
    for clip in clips:
        known = same.get(clip.name) or next((by_stem[b] for b in beginnings(clip.name) if b in by_stem), None)
        same |= {} if known is None else {clip.name: known}
    if same:
        return same
    paths = [rel + stem for rel, stem in chosen.sounds()][:_SAMPLE]
    taken = patterns_sharing(paths, frozenset(keys))
    best = max(taken, key=lambda pattern: (len(taken[pattern]), pattern), default=None)
    if best is None:
        return {}
    pattern = Pattern(best)
    found: dict[str, Path] = {}
    for rel, folder in chosen.folders.items():
        found |= {key: folder.path / folder.sounds[stem] for stem, key in pattern.keys(rel, folder.sounds)}
    return found


def offers_for(clips: Sequence[Clip], root: Path) -> tuple[Offer, ...]:
    """Return folders near the opened one that are named for references and hold the clips' names."""
    lacking = {clip.sound.stem for clip in clips if clip.reference is None and clip.sound}
    if not lacking:
        return ()
    offers = [
        Offer(folder.path, count, len(lacking))
        for folder in _near(root)
        if folder.role is Role.REFERENCE
        and (count := len(folder.sounds.keys() & lacking))
        and _meant(folder, clips, clips[0].reading)
    ]
    return tuple(sorted(offers, key=lambda offer: -offer.found)[:5])


def _meant(folder: Folder, clips: Sequence[Clip], reading: Reading) -> bool:
    """Whether names that agree mean something: short ones (``0.wav``) do not where the sound belies them."""
    named = [(clip.sound, folder.sound(clip.sound.stem)) for clip in clips if clip.sound]
    pairs = [(own, other) for own, other in named if other is not None]
    if any(len(own.stem) > _SHORT_NAME for own, _ in pairs):
        return True
    return not all(likeness_of_files(own, other, reading) < ALIKE for own, other in pairs[:_PEEKS])


def _near(root: Path) -> Iterator[Folder]:
    """Yield folders named for references beside the opened one and one level up, and those in them."""
    for place in (root, root.parent):
        around = scan_quietly(place.parent) if place.parent != place else None
        for name in around.folders[:MOST_NEIGHBOURS] if around else ():
            path = place.parent / name
            if (
                path == place
                or role_in_name(name) is not Role.REFERENCE
                or (found := scan_quietly(path)) is None
            ):
                continue
            yield found
            for below in found.folders[:MOST_NEIGHBOURS]:
                if not found.sounds and (inner := scan_quietly(path / below)) is not None:
                    yield inner
