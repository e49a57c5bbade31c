"""The files of each part of a layout, and the clips that they make."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.clips.arrangement import PacketLength, Part
from gaplisten.clips.clip import Clip, ConditionFile
from gaplisten.clips.names import Role, beginnings
from gaplisten.clips.patterns import Pattern
from gaplisten.clips.scanning import Folder, Tree, natural, stem_of


@dataclass(frozen=True, eq=False)
class Columns:
    """The files of each part, by the clip's key.

    Parameters
    ----------
    files
        Paths as text (there may be a great many), in the order of the layout's parts.
    left
        Sounds that no part has.
    """

    parts: tuple[Part, ...]
    files: tuple[dict[str, str], ...]
    left: tuple[str, ...] = ()

    def of(self, role: Role) -> list[tuple[Part, dict[str, str]]]:
        """Return parts of a role with their files."""
        return [
            (part, files) for part, files in zip(self.parts, self.files, strict=True) if part.role is role
        ]


def is_trace(part: Part) -> bool:
    """Whether a part's files are traces."""
    return part.role is Role.TRACE


def columns_of(parts: Sequence[Part], tree: Tree) -> Columns:
    """Look up the files of each part; a file that fits several has the one whose pattern says most."""
    patterns = [Pattern(part.files) for part in parts]
    order = sorted(range(len(parts)), key=lambda index: patterns[index].weight, reverse=True)
    files: list[dict[str, str]] = [{} for _ in parts]
    left: list[str] = []
    for rel, folder in tree.folders.items():
        fitting = [index for index in order if patterns[index].may_hold(rel)]
        sounds = [index for index in fitting if not is_trace(parts[index])]
        free = _claim(rel, folder.sounds, folder, [(patterns[i], files[i]) for i in sounds])
        left += [rel + stem for stem in free]
        traces = [index for index in fitting if is_trace(parts[index])]
        if traces:
            _claim(rel, trace_stems(folder), folder, [(patterns[i], files[i]) for i in traces])
    return Columns(tuple(parts), tuple(files), tuple(left))


def _claim(
    rel: str, names: Mapping[str, str], folder: Folder, parts: Sequence[tuple[Pattern, dict[str, str]]]
) -> Iterable[str]:
    """Give the files of a folder to parts, in order; return the stems that none has."""
    free: Iterable[str] = names
    above = os.path.join(folder.path, "")
    for pattern, files in parts:
        took = dict(pattern.keys(rel, free))
        for stem, key in took.items():
            files.setdefault(key, above + names[stem])
        free = [] if len(took) == len(names) else [stem for stem in free if stem not in took]
    return free


def trace_stems(folder: Folder) -> dict[str, str]:
    """Return the names of files that may be traces, by stem."""
    telling = {stem_of(name): name for name in folder.traces.values()}
    return {**folder.plain, **telling}


def clips_of(
    columns: Columns,
    packet: PacketLength,
    root: Path,
    flags: Mapping[str, tuple[bool, ...]],
    reading: Reading = AS_TOLD,
) -> list[Clip]:
    """Make the clips.

    Parameters
    ----------
    flags
        Traces from a table, by the clip's key or the stem of its sound.
    reading
        How files are read that do not tell, or have more channels than are wanted.
    """
    reference = next((files for _, files in columns.of(Role.REFERENCE)), {})
    lossy_part, lossy = next(iter(columns.of(Role.LOSSY)), (None, {}))
    conditions = columns.of(Role.CONDITION)
    if lossy_part is not None and lossy_part.name:
        conditions = [
            (p, f)
            for p, f in zip(columns.parts, columns.files, strict=True)
            if (p, f) in conditions or p is lossy_part
        ]
    traces = {part.of: (part, files) for part, files in reversed(columns.of(Role.TRACE))}
    keys = set(lossy).union(*(files for _, files in conditions)) or set(reference)
    own, own_files = traces.get("", (None, {}))
    clips, paths = [], _Paths()
    for key in sorted(keys, key=natural):
        trace, damaged = paths.of(own_files.get(key)), paths.of(lossy.get(key))
        clean = paths.of(_undamaged(reference, key))
        sound = damaged or clean
        clips.append(
            Clip(
                name=key or (clean.stem if clean else "clip"),
                reference=clean,
                lossy=damaged,
                trace=trace,
                conditions=tuple(
                    _condition(part, files[key], traces, key, paths)
                    for part, files in conditions
                    if key in files
                ),
                packet_ms=packet.ms,
                packet_frames=packet.frames,
                inline_trace=(flags.get(key) or flags.get(sound.stem)) if trace is None and sound else None,
                folder=root,
                trace_format=own.trace_format if own is not None and trace else None,
                trace_inverted=own.trace_inverted if own is not None and trace is not None else False,
                trace_shift=own.trace_shift if own is not None and trace is not None else 0,
                reading=reading,
            )
        )
    return clips


def _undamaged(reference: Mapping[str, str], key: str) -> str | None:
    """Return a clip's reference; several losses may share it: ``54`` for ``10/54``, ``54_plr10``."""
    if key in reference:
        return reference[key]
    parts = key.split("/")
    others = ["/".join(parts[:at] + parts[at + 1 :]) for at in range(len(parts))] if len(parts) > 1 else []
    return next((reference[other] for other in (*others, *beginnings(key)) if other in reference), None)


class _Paths:
    """Paths of files by their whole names: listed folder by folder, which is quicker than joining each."""

    def __init__(self) -> None:
        self._listed: dict[str, dict[str, Path]] = {}

    @overload
    def of(self, text: str) -> Path: ...

    @overload
    def of(self, text: None) -> None: ...

    def of(self, text: str | None) -> Path | None:
        """Return the path of a file; None for none."""
        if text is None:
            return None
        at = text.rfind(os.sep) + 1
        above, name = text[:at], text[at:]
        if above not in self._listed:
            self._listed[above] = _children(Path(above))
        return self._listed[above].get(name) or Path(text)


def _children(folder: Path) -> dict[str, Path]:
    try:
        return {child.name: child for child in folder.iterdir()}
    except OSError:  # gone meanwhile: opening its files will tell
        return {}


def _condition(
    part: Part, path: str, traces: Mapping[str, tuple[Part, dict[str, str]]], key: str, paths: _Paths
) -> ConditionFile:
    met, files = traces.get(part.name, (None, {})) if part.role is Role.CONDITION else (None, {})
    if met is None or key not in files:
        return ConditionFile(part.name, paths.of(path))
    return ConditionFile(
        part.name, paths.of(path), paths.of(files[key]), met.trace_format, met.trace_inverted
    )


def counts_of(columns: Columns, clips: Sequence[Clip]) -> dict[str, tuple[int, int]]:
    """Return by `Part.counted_as` how many of the clips have the part's file, and of how many."""
    keys = {clip.name for clip in clips}
    single = len(clips) == 1
    references = sum(clip.reference is not None for clip in clips)
    return {
        part.counted_as: (
            references
            if part.role is Role.REFERENCE
            else len(files.keys() & keys)
            if not single
            else min(len(files), 1),
            len(clips),
        )
        for part, files in zip(columns.parts, columns.files, strict=True)
    }
