"""A layout as a TOML file: how a folder's files are taken, to be corrected and kept."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import tomlkit
from pydantic import BaseModel, ConfigDict, Field, WrapValidator

from gaplisten.audio.channels import ChannelsError, Reading, parse_channels
from gaplisten.audio.headerless import RawError, parse_raw
from gaplisten.clips.arrangement import Layout, Part
from gaplisten.clips.clip import DEFAULT_PACKET_MS, PacketLength
from gaplisten.clips.names import Role
from gaplisten.clips.patterns import Pattern
from gaplisten.durable.files import not_written, write_whole
from gaplisten.errors import GaplistenError
from gaplisten.loss.formats import FORMATS
from gaplisten.texts import toml_bytes
from gaplisten.untrusted import read_regular

MOST_BYTES = 1_000_000
_ROLES = ("reference", "lossy", "condition", "trace", "not used")
_HEAD = """How Gaplisten takes the files of a folder. In `files`, {clip} is what names the clip,
**/ stands for folders that belong to its name, * for anything else; no suffix.
In a manifest, `files` is a column. `raw` says what files without a header hold: "16000,s16le,1";
`channels` what is used of files of more than two channels: "3", "1+2", "mean", or "8:3,6:mean".
Roles: reference, lossy, condition, trace, not used. A trace `of` a condition holds that one's own losses."""


def _as_text(value: Any, check: pydantic.ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, str):
        check(value.encode("utf-8", "replace").decode())  # each byte that is no text is a "?" there
        return value
    return check(value)


# A text that may be a name with bytes that are no text; pydantic alone refuses those.
AnyName = WrapValidator(_as_text)
Text = Annotated[str, Field(max_length=4096), AnyName]


class LayoutError(GaplistenError):
    """A layout file that cannot be used."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LayoutPart(_Model):
    """One part as it stands in a file."""

    files: Text
    role: Literal["reference", "lossy", "condition", "trace", "not used"]
    name: Text = ""
    of: Text = ""
    format: Text = ""
    inverted: bool = False
    shift: Annotated[int, Field(gt=-(2**31), lt=2**31)] = 0


class LayoutModel(_Model):
    """A layout as it stands in a file."""

    manifest: Annotated[list[Text], Field(max_length=100)] = []
    packet_ms: Annotated[float, Field(gt=0.1, le=10_000, strict=False)] | None = None
    packet_frames: Annotated[int, Field(gt=0, le=10_000_000)] | None = None
    raw: Text | None = None
    channels: Text | None = None
    parts: Annotated[list[LayoutPart], Field(min_length=1, max_length=2000)]


class _File(LayoutModel):
    gaplisten: Literal["layout"]
    version: Literal[1]


def write_layout(path: Path, layout: Layout) -> None:
    """Write a layout, replacing the file only when all of it is written.

    Raises
    ------
    LayoutError
        If the file cannot be written, or a name that it would hold is no text.
    """
    document = tomlkit.document()
    for line in _HEAD.splitlines():
        document.add(tomlkit.comment(line))
    for key, value in {"gaplisten": "layout", "version": 1, **plain_layout(layout)}.items():
        document[key] = value
    content = toml_bytes(tomlkit.dumps(document), path, LayoutError)
    try:
        write_whole(path, content)
    except OSError as error:
        raise LayoutError(*not_written(path, error)) from error


def read_layout(path: Path) -> Layout:
    """Read a layout.

    Raises
    ------
    LayoutError
        If it cannot be read, or speaks of what there is not.
    """
    try:
        values = tomllib.loads(read_regular(path, MOST_BYTES).decode("utf-8-sig"))
        return layout_of(path, _File.model_validate(values))
    except OSError as error:
        raise LayoutError(str(path), f"cannot be read ({error.strerror})", "check the path") from error
    except UnicodeDecodeError as error:
        raise LayoutError(str(path), "is no UTF-8 text", "save it as UTF-8") from error
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise LayoutError(str(path), f"{where}: {first['msg']}", "see docs/formats.md, Layouts") from error
    except (ValueError, RecursionError) as error:  # also a number of 5,000 digits
        raise LayoutError(str(path), f"is no TOML ({error})", "correct the line") from error


def plain_layout(layout: Layout) -> dict[str, Any]:
    """Return a layout as plain values for a file."""
    plain: dict[str, Any] = {}
    if layout.manifest:
        plain["manifest"] = list(layout.manifest)
    if layout.packet is not None and layout.packet.frames is not None:
        plain["packet_frames"] = layout.packet.frames
    elif layout.packet is not None:
        plain["packet_ms"] = layout.packet.ms
    plain.update(plain_reading(layout.reading))
    plain["parts"] = [_plain_part(part) for part in layout.parts]
    return plain


def plain_reading(reading: Reading) -> dict[str, str]:
    """Return as plain values for a file how other files are read."""
    said = {"raw": reading.raw, "channels": reading.channels}
    return {name: str(value) for name, value in said.items() if value is not None}


def reading_of(raw: str | None, channels: str | None) -> Reading:
    """Return what a file says of how others are read.

    Raises
    ------
    ValueError
        If it says what cannot be.
    """
    try:
        return Reading(
            None if raw is None else parse_raw(raw), None if channels is None else parse_channels(channels)
        )
    except RawError as error:
        raise ValueError(f"raw = {raw!r}: {error.fact}; {error.way_out}") from error
    except ChannelsError as error:
        raise ValueError(f"channels = {channels!r}: {error.fact}; {error.way_out}") from error


def _plain_part(part: Part) -> dict[str, Any]:
    plain: dict[str, Any] = {"files": part.files, "role": str(part.role)}
    others = {
        "name": part.name,
        "of": part.of,
        "format": part.trace_format or "",
        "inverted": part.trace_inverted,
        "shift": part.trace_shift,
    }
    return {**plain, **{key: value for key, value in others.items() if value}}


def layout_of(path: Path, model: LayoutModel) -> Layout:
    """Return the layout that a file says.

    Raises
    ------
    LayoutError
        If parts contradict each other.
    """
    parts = tuple(
        Part(
            each.files,
            Role(each.role),
            each.name or (_name(each.files) if each.role == "condition" else ""),
            each.of,
            "as chosen",
            trace_format=each.format or None,
            trace_inverted=each.inverted,
            trace_shift=each.shift,
        )
        for each in model.parts
    )
    if problem := wrong_with(parts, manifest=bool(model.manifest)):
        raise LayoutError(str(path), problem, "correct the file")
    outside = [name for name in model.manifest if name.startswith("/") or ".." in name.split("/")]
    if outside:
        raise LayoutError(
            str(path), f"manifest {outside[0]} lies outside the folder", "open the table itself"
        )
    if model.packet_frames is not None:
        packet: PacketLength | None = PacketLength(DEFAULT_PACKET_MS, model.packet_frames)
    else:
        packet = None if model.packet_ms is None else PacketLength(model.packet_ms)
    try:
        reading = reading_of(model.raw, model.channels)
    except ValueError as error:
        raise LayoutError(str(path), str(error), "correct the file") from error
    return Layout(parts, tuple(model.manifest), packet, reading)


def _name(files: str) -> str:
    from gaplisten.clips.taking import names_of

    return names_of([files, "{clip}"])[0]


def wrong_with(parts: tuple[Part, ...], *, manifest: bool) -> str:
    """Return why parts make no clips; empty when they do."""
    for role in (Role.REFERENCE, Role.LOSSY):
        if sum(part.role is role for part in parts) > 1:
            return f"there can be only one part that is the {role}"
    if not any(part.role in (Role.REFERENCE, Role.LOSSY, Role.CONDITION) for part in parts):
        return "no part is the reference, the lossy file or a condition"
    names = [
        part.name for part in parts if part.role is Role.CONDITION or (part.role is Role.LOSSY and part.name)
    ]
    if len(set(names)) < len(names):
        return f"two conditions are called {next(name for name in names if names.count(name) > 1)}"
    owners = [part.of for part in parts if part.role is Role.TRACE]
    if len(set(owners)) < len(owners):
        return "two parts are traces of the same versions"
    missing = [name for name in owners if name and name not in names]
    if missing:
        return f"there is no condition {missing[0]} whose losses a trace could be"
    formats = {form.name for form in FORMATS}
    unknown = [part.trace_format for part in parts if part.trace_format and part.trace_format not in formats]
    if unknown:
        return f"there is no trace format {unknown[0]}"
    if not manifest:
        for part in parts:
            try:
                Pattern(part.files)
            except GaplistenError as error:
                return str(error)
    return ""
