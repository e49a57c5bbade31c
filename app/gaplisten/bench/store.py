"""A workbench file: one readable TOML file, versioned, paths relative to it, nothing in it trusted."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

import pydantic
import tomlkit
from pydantic import BaseModel, ConfigDict, Field

from gaplisten.bench.allowed import allow_outside, is_outside_allowed, withhold
from gaplisten.bench.notes import TAGS
from gaplisten.bench.state import (
    MEASURE_KEYS,
    SHOWN_AT_FIRST,
    WORST_AT_FIRST,
    Choice,
    ClipWork,
    GapChoices,
    Loop,
    LossEdit,
    Note,
    RoleChoice,
    Seen,
    Setting,
    Sources,
    Withheld,
    Work,
)
from gaplisten.clips.layout_file import (
    AnyName,
    LayoutModel,
    layout_of,
    plain_layout,
    plain_reading,
    reading_of,
)
from gaplisten.durable.digests import sha256_of
from gaplisten.durable.files import not_written, write_whole
from gaplisten.errors import GaplistenError
from gaplisten.loss.measures import measure_named
from gaplisten.texts import toml_bytes
from gaplisten.untrusted import read_regular

VERSION = 1
SUFFIX = ".gaplisten.toml"
MOST_BYTES = 50_000_000


class StoreError(GaplistenError):
    """A workbench file cannot be read or written."""


class OutsidePaths(StoreError):  # noqa: N818 - it is a question to the user
    """A workbench file speaks of files outside its own folder; `paths` says which.

    Opening sound files that the user did not name is asked about first, unless this very file was saved here
    or the question was answered before.
    """

    def __init__(self, file: Path, paths: Sequence[Path], digest: str) -> None:
        named = ", ".join(map(str, paths[:5])) + (" ..." if len(paths) > 5 else "")
        super().__init__(
            str(file), f"it opens files outside its own folder: {named}", "allow it if you trust the file"
        )
        self.paths = tuple(paths)
        self._digest = digest

    def remember(self) -> None:
        """Remember that the file, as it is, may open these: it is not asked about again.

        Raises
        ------
        OSError
            If that cannot be written.
        """
        allow_outside(self._digest, self.paths)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Text = Annotated[str, Field(max_length=100_000), AnyName]
Name = Annotated[str, Field(max_length=4096), AnyName]
Index = Annotated[int, Field(ge=0, le=2**53)]
Milliseconds = Annotated[float, Field(gt=0, le=10_000, strict=False)]


class _Role(_Model):
    path: Name
    role: Literal["reference", "lossy", "condition", "trace", "ignore"]
    condition: Name = ""
    format: Name = ""


class _Sources(_Model):
    paths: list[Name] = []
    reference_folder: Name | None = None
    packet_ms: Milliseconds = 20.0
    packet_frames: Annotated[int, Field(gt=0, le=10_000_000)] | None = None
    roles: list[_Role] = []
    layout: LayoutModel | None = None
    raw: Text | None = None
    channels: Text | None = None


class _Concealer(_Model):
    name: Name
    held: bool = False
    plugin: Annotated[str, Field(pattern="^[0-9a-f]{0,64}$")] = ""
    parameters: dict[Name, bool | int | float | Text] = {}


class _Note(_Model):
    frame: Index
    tag: Literal["click", "metallic", "robotic", "mute", "wrong word", "late fade", "own"]
    text: Text = ""
    lane: Name = ""
    gap: Annotated[list[Index], Field(min_length=2, max_length=2)] | Index | None = None
    length: Index = 0


class _Loss(_Model):
    packets: Annotated[int, Field(ge=0, le=100_000_000)]
    packet_ms: Milliseconds
    how: Text = "painted"
    offset: Annotated[int, Field(gt=-(2**31), le=0)] = 0
    lost: list[Annotated[list[Index], Field(min_length=2, max_length=2)]] = []
    frames: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    rate: Annotated[int, Field(ge=1, le=10_000_000)] | None = None


class _Clip(_Model):
    loop: Annotated[list[Index], Field(min_length=2, max_length=2)] | None = None
    loss: _Loss | None = None
    notes: list[_Note] = []
    match_levels: bool = False
    delays: dict[Name, Annotated[int, Field(ge=-(2**31), le=2**31)]] = {}
    accepted: bool = False
    reference: Name | None = None


class _Gaps(_Model):
    shown: list[Name] = list(SHOWN_AT_FIRST)
    thresholds: dict[Name, Annotated[float, Field(allow_inf_nan=False, strict=False)]] = {}
    worst: Name = WORST_AT_FIRST
    lossy: bool = False


class _Seen(_Model):
    version: Name
    position: Index
    start: Index
    stop: Index
    mode: Literal["lanes", "overlay", "residual"] = "lanes"
    display: Name = "waveform"
    heights: dict[Name, Annotated[float, Field(gt=0, le=100_000, strict=False)]] = {}
    collapsed: list[Name] = []
    hidden: list[Name] = []


class _File(_Model):
    gaplisten: Literal["workbench"]
    version: Literal[1]
    current: Name | None = None
    lane_order: list[Name] = []
    sources: _Sources = _Sources()
    concealers: list[_Concealer] = []
    clips: dict[Name, _Clip] = {}
    match_levels: bool = False
    gaps: _Gaps = _Gaps()
    clip_table: Name | None = None
    seen: _Seen | None = None


def write_work(path: Path, work: Work) -> str:
    """Write the work, replacing the file only when all of it is written; return the file's SHA-256.

    Raises
    ------
    StoreError
        If the file cannot be written, or a name that it would hold is no text.
    """
    content = toml_bytes(to_toml(work, path.parent), path, StoreError)
    try:
        write_whole(path, content)
    except OSError as error:
        raise StoreError(*not_written(path, error)) from error
    return sha256_of(content)


def to_toml(work: Work, folder: Path, *, held: bool = False) -> str:
    """Return the work as TOML; paths are written relative to `folder` where that is possible.

    Parameters
    ----------
    held
        Whether it says which concealers are withheld, for `from_toml`; else whoever opens it is asked anew.
    """
    document = tomlkit.document()
    document.add(tomlkit.comment("A Gaplisten workbench. Positions are frames of the clip's clock."))
    for key, value in _plain(work, folder, held).items():
        document[key] = value
    return tomlkit.dumps(document)


def _plain(work: Work, folder: Path, held: bool) -> dict[str, Any]:
    plain: dict[str, Any] = {"gaplisten": "workbench", "version": VERSION}
    if work.current is not None:
        plain["current"] = work.current
    if work.order:
        plain["lane_order"] = list(work.order)
    if work.match_levels:
        plain["match_levels"] = True
    if work.clip_table is not None:
        plain["clip_table"] = _relative(work.clip_table, folder)
    gaps = _plain_gaps(work.gaps)
    if gaps:
        plain["gaps"] = gaps
    if work.seen is not None:
        plain["seen"] = _plain_seen(work.seen)
    plain["sources"] = _plain_sources(work.sources, folder)
    if concealers := _plain_concealers(work, held):
        plain["concealers"] = concealers
    clips = {name: _plain_clip(done, folder) for name, done in sorted(work.clips.items())}
    if clips:
        plain["clips"] = clips
    return plain


def _plain_concealers(work: Work, mark: bool) -> list[dict[str, Any]]:
    plain = [_plain_choice(choice) for choice in work.choices]
    for held in work.withheld:
        told = _plain_choice(held.choice)
        plain.insert(held.place, {**told, "held": True} if mark else told)
    return plain


def _plain_choice(choice: Choice) -> dict[str, Any]:
    plugin = {"plugin": choice.plugin} if choice.plugin else {}
    return {"name": choice.concealer, **plugin, "parameters": choice.values}


def _plain_gaps(choices: GapChoices) -> dict[str, Any]:
    plain = {
        "shown": list(choices.shown),
        "thresholds": dict(choices.thresholds),
        "worst": choices.worst,
        "lossy": choices.lossy,
    }
    usual = _Gaps().model_dump()
    return {key: value for key, value in plain.items() if value != usual[key]}


def _plain_seen(seen: Seen) -> dict[str, Any]:
    sizes = {"heights": dict(seen.heights), "collapsed": list(seen.collapsed), "hidden": list(seen.hidden)}
    plain = {name: value for name, value in asdict(seen).items() if name not in sizes}
    return {**plain, **{name: value for name, value in sizes.items() if value}}


def _plain_sources(sources: Sources, folder: Path) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "paths": [_relative(path, folder) for path in sources.paths],
        "packet_ms": sources.packet_ms,
    }
    if sources.reference_folder is not None:
        plain["reference_folder"] = _relative(sources.reference_folder, folder)
    if sources.packet_frames is not None:
        plain["packet_frames"] = sources.packet_frames
    if sources.layout is not None:
        plain["layout"] = plain_layout(sources.layout)
    plain.update(plain_reading(sources.reading))
    if sources.roles:
        plain["roles"] = [_plain_role(choice, folder) for choice in sources.roles]
    return plain


def _plain_role(choice: RoleChoice, folder: Path) -> dict[str, str]:
    plain = {"path": _relative(choice.path, folder), "role": choice.role}
    named = {"condition": choice.condition, "format": choice.form}
    return {**plain, **{key: value for key, value in named.items() if value}}


def _plain_clip(done: ClipWork, folder: Path) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    if done.loop is not None:
        plain["loop"] = [done.loop.start, done.loop.stop]
    if done.loss is not None:
        plain["loss"] = {
            "packets": done.loss.packets,
            "packet_ms": done.loss.packet_ms,
            "how": done.loss.how,
            "lost": [list(run) for run in done.loss.runs],
        }
        if done.loss.offset:
            plain["loss"]["offset"] = done.loss.offset
        if done.loss.frames is not None:
            plain["loss"] |= {"frames": done.loss.frames, "rate": done.loss.rate}
    if done.notes:
        plain["notes"] = [_plain_note(note) for note in done.notes]
    if done.match_levels:
        plain["match_levels"] = True
    if done.accepted:
        plain["accepted"] = True
    if done.reference is not None:
        plain["reference"] = _relative(done.reference, folder)
    if done.delays:
        plain["delays"] = dict(done.delays)
    return plain


def _plain_note(note: Note) -> dict[str, Any]:
    plain: dict[str, Any] = {"frame": note.frame, "tag": note.tag, "text": note.text, "lane": note.lane}
    plain |= {"gap": list(note.gap) if note.gap else None, "length": note.length or None}
    return {key: value for key, value in plain.items() if value not in ("", None)}


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    except ValueError:  # another drive, on Windows
        return path.absolute().as_posix()


def read_work(path: Path, *, may_open: bool = False) -> Work:
    """Read a workbench file; of its concealers, those that may run something of its own are withheld.

    Parameters
    ----------
    may_open
        Whether the file may name sound files outside its own folder, whatever was allowed before.

    Raises
    ------
    OutsidePaths
        If it does, `may_open` is not given, and nobody allowed it for this very file before.
    StoreError
        If it cannot be read, is no workbench file, or says something impossible; the message names the line.
    """
    content = _read(path)
    work, digest = from_toml(_text(content, path), path), sha256_of(content)
    outside = _outside(work, path.parent)
    if outside and not may_open and not is_outside_allowed(digest, outside):
        raise OutsidePaths(path, outside, digest)
    return withhold(work, digest)


def remember_saved(path: Path, work: Work, digest: str) -> None:
    """Remember that the file with that SHA-256, as which the work was saved, may open what it names.

    Raises
    ------
    OSError
        If that cannot be written.
    """
    if outside := _outside(work, path.parent):
        allow_outside(digest, outside)


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, MOST_BYTES)
    except OSError as error:
        raise StoreError(
            str(path), f"cannot be read: {error.strerror}", "check the path and its rights"
        ) from error


def _text(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StoreError(str(path), "it is not text", "pick a workbench file") from error


def from_toml(text: str, path: Path) -> Work:
    """Return the work that `text` describes; relative paths in it are taken from the folder of `path`."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of 5,000 digits, or tables nested deeply
        raise StoreError(
            str(path), f"it is not valid TOML ({error})", "fix that line or pick another file"
        ) from error
    if values.get("gaplisten") != "workbench":
        raise StoreError(str(path), "it is not a workbench file", "pick one that Gaplisten saved")
    if values.get("version") != VERSION:
        found = f"it is of version {values.get('version')!r}, this program reads {VERSION}"
        raise StoreError(str(path), found, "open it with a newer Gaplisten")
    try:
        return _work(_File.model_validate(values), path.parent)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise StoreError(str(path), f"{where}: {first['msg']}", "fix that value") from error
    except ValueError as error:
        raise StoreError(str(path), str(error), "fix that value") from error


def _work(file: _File, folder: Path) -> Work:
    clips = {name: _clip(name, clip, folder) for name, clip in file.clips.items()}
    return Work(
        sources=_sources(file.sources, folder),
        current=file.current,
        choices=tuple(_choice(each) for each in file.concealers if not each.held),
        withheld=tuple(
            Withheld(place, _choice(each)) for place, each in enumerate(file.concealers) if each.held
        ),
        order=tuple(file.lane_order),
        clips=MappingProxyType({name: done for name, done in clips.items() if done != ClipWork()}),
        match_levels=file.match_levels,
        gaps=_gaps(file.gaps),
        clip_table=None if file.clip_table is None else _absolute(file.clip_table, folder),
        seen=_seen(file.seen),
    )


def _seen(seen: _Seen | None) -> Seen | None:
    if seen is not None and seen.stop <= seen.start:
        raise ValueError("seen: it stops before it starts")
    if seen is None:
        return None
    told = seen.model_dump(exclude={"heights", "collapsed", "hidden"})
    heights = tuple(sorted(seen.heights.items()))
    return Seen(**told, heights=heights, collapsed=tuple(seen.collapsed), hidden=tuple(seen.hidden))


def _gaps(gaps: _Gaps) -> GapChoices:
    for name in (*gaps.shown, *gaps.thresholds, gaps.worst):
        if name not in MEASURE_KEYS:
            raise ValueError(f"gaps: {name!r} is not a measure of gaps")
    for name in gaps.thresholds:
        if measure_named(name).threshold is None:
            raise ValueError(f"gaps.thresholds.{name}: this measure never flags a gap")
    shown = tuple(key for key in MEASURE_KEYS if key in gaps.shown)
    return GapChoices(shown, dict(gaps.thresholds), gaps.worst, gaps.lossy)


def _choice(concealer: _Concealer) -> Choice:
    return Choice(concealer.name, _settings(concealer.parameters), concealer.plugin)


def _settings(parameters: dict[str, Any]) -> tuple[tuple[str, Setting], ...]:
    return tuple(sorted(parameters.items()))


def _sources(sources: _Sources, folder: Path) -> Sources:
    reference = sources.reference_folder
    return Sources(
        paths=tuple(_absolute(path, folder) for path in sources.paths),
        roles=tuple(
            RoleChoice(_absolute(each.path, folder), each.role, each.condition, each.format)
            for each in sources.roles
        ),
        reference_folder=None if reference is None else _absolute(reference, folder),
        packet_ms=sources.packet_ms,
        packet_frames=sources.packet_frames,
        layout=None if sources.layout is None else layout_of(folder, sources.layout),
        reading=reading_of(sources.raw, sources.channels),
    )


def _clip(name: str, clip: _Clip, folder: Path) -> ClipWork:
    loop = None
    if clip.loop is not None:
        loop = Loop(clip.loop[0], clip.loop[1])
        if loop.stop <= loop.start:
            raise ValueError(f"clips.{name}.loop: it ends before it starts")
    notes = tuple(_note(name, note) for note in clip.notes)
    loss = None if clip.loss is None else _loss(name, clip.loss)
    delays = tuple(sorted((lane, frames) for lane, frames in clip.delays.items() if frames))
    reference = None if clip.reference is None else _absolute(clip.reference, folder)
    return ClipWork(loss, loop, notes, clip.match_levels, delays, clip.accepted, reference)


def _note(clip: str, note: _Note) -> Note:
    gap = None
    if isinstance(note.gap, list):  # a number, as files had it, was another gap's after an edit of the losses
        gap = (note.gap[0], note.gap[1])
        if gap[1] <= gap[0]:
            raise ValueError(f"clips.{clip}.notes: the gap {list(gap)} ends before it starts")
    return Note(note.frame, note.tag, note.text, note.lane, gap, note.length)


def _loss(name: str, loss: _Loss) -> LossEdit:
    end = 0
    for first, stop in loss.lost:
        if not end <= first < stop <= (loss.packets if loss.frames is None else loss.frames):
            raise ValueError(f"clips.{name}.loss.lost: [{first}, {stop}] is out of order or beyond the end")
        end = stop
    if (loss.frames is None) is not (loss.rate is None):
        raise ValueError(f"clips.{name}.loss: frames and rate belong together")
    runs = tuple((first, stop) for first, stop in loss.lost)
    return LossEdit(loss.packets, loss.packet_ms, runs, loss.how, loss.offset, loss.frames, loss.rate)


def _absolute(path: str, folder: Path) -> Path:
    if "\0" in path:
        raise ValueError("a path contains a NUL character")
    return Path(os.path.normpath(folder.absolute() / path))


def _named(work: Work) -> list[Path]:
    sources = work.sources
    others = [sources.reference_folder, work.clip_table, *(done.reference for done in work.clips.values())]
    return [*sources.paths, *(choice.path for choice in sources.roles), *filter(None, others)]


def _outside(work: Work, folder: Path) -> list[Path]:
    return [each for each in _named(work) if not _inside(each, folder)]


def _inside(path: Path, folder: Path) -> bool:
    # Links are followed: a link inside the folder may point anywhere.
    return path.resolve().is_relative_to(folder.resolve())


assert set(TAGS) == set(_Note.model_fields["tag"].annotation.__args__)  # type: ignore[union-attr]
