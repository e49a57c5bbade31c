"""Manifests: tables with one row a clip, or one a clip and condition, whose cells name the files."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.audio.files import SOUNDING_SUFFIXES
from gaplisten.clips.arrangement import Layout, Part
from gaplisten.clips.layout import Columns
from gaplisten.clips.manifest_rows import ID, ManifestError, Row, read_rows
from gaplisten.clips.names import Role, clip_name, is_condition_zero, maybe_role, role_in_name, words_of
from gaplisten.clips.roles import zero_packets
from gaplisten.clips.scanning import LIST_SUFFIXES, TABLE_SUFFIXES, TRACE_SUFFIXES, Tree

_PEEKS, _MOST_TABLES, _LONGEST_NAME = 3, 32, 4096
_IDENT = {
    "id", "utt", "uttid", "key", "name", "clip", "segment", "utterance", "item", "sample", "sentence",
    "stimulus", "fileid", "sampleid", "clipid",
}  # fmt: skip
_BY = {
    "con", "cond", "condition", "conditions", "system", "model", "method", "codec", "plc", "algorithm",
    "algo", "version", "variant", "role", "type", "kind", "processing", "treatment", "approach",
}  # fmt: skip
_ANY = {
    "file_name",
    "filename",
    "file",
    "audio",
    "audio_filepath",
    "wav",
    "path",
    "audio.path",
    "filepath",
    "wav_path",
}
_RESULTS = {"sha256", "realtime_factor", "reference_sha256"}  # columns of our own results: no manifest
_PACKET = re.compile(r"(packet|frame)_?(length|len|size)?_?ms", re.IGNORECASE)
_NAMING = SOUNDING_SUFFIXES | TRACE_SUFFIXES
_PLAIN = re.compile(r"[\w-][^/\\\0]*(?:/[\w-][^/\\\0]*)*")  # a path that stays as it is written
_ROOT = re.compile(r"^\{[a-z_]*root\}/", re.IGNORECASE)  # SpeechBrain writes {data_root}/...


@dataclass(frozen=True, eq=False)
class Manifest:
    """What a table says.

    Parameters
    ----------
    flags
        Traces that stand in the table itself (True = lost), by the clip's key.
    packets
        Packet length in ms where the table says it, by the clip's key.
    outside
        Whether it names files outside its own folder.
    """

    layout: Layout
    columns: Columns
    notes: tuple[str, ...] = ()
    flags: Mapping[str, tuple[bool, ...]] = field(default_factory=dict)
    packets: Mapping[str, float] = field(default_factory=dict)
    outside: bool = False


def manifest_in(tree: Tree) -> tuple[str, ...]:
    """Return the table (or Kaldi's several) that says most about a folder's clips, or none.

    A table that names files outside the folder is not used unless it is opened itself.
    """
    tables = [
        rel + name
        for rel, folder in tree.folders.items()
        if rel.count("/") < 3
        for name in (*folder.tables, *folder.lists)
    ]
    tables = tables[:_MOST_TABLES]
    lists = tuple(name for name in tables if name.lower().endswith(".scp"))
    total = sum(len(folder.sounds) for folder in tree.folders.values())
    best: tuple[str, ...] = ()
    most = 1
    for names in [*((name,) for name in tables), *([lists] if len(lists) > 1 else [])]:
        found = _quietly([tree.root / name for name in names], tree.root)
        if found is None or found.outside:
            continue
        named = {file for files in found.columns.files for file in files.values()}
        if 2 * len(named) < total:  # a table of something else: results, a part of the set
            continue
        sounds = sum(part.role in (Role.REFERENCE, Role.LOSSY, Role.CONDITION) for part in found.layout.parts)
        if sounds > most:
            best, most = names, sounds
    return best


def is_manifest(path: Path) -> bool:
    """Whether a file is a table that names sound files."""
    if path.suffix.lower() not in TABLE_SUFFIXES | LIST_SUFFIXES:
        return False
    try:
        rows = read_rows(path)
    except ManifestError:
        return False
    names = list(dict.fromkeys(name for row in rows for name in row))
    start = _start(path.parent)
    return not _RESULTS & set(names) and any(
        _names_sounds([row.get(name, "") for row in rows], start) for name in names
    )


def tables_outside(tree: Tree) -> tuple[Path, ...]:
    """Return tables that name sound files outside the folder, those first that name most versions."""
    tables = [folder.path / name for folder in tree.folders.values() for name in folder.tables]
    found = {
        path: each for path in tables[:_MOST_TABLES] if (each := _quietly([path], tree.root)) and each.outside
    }
    return tuple(sorted(found, key=lambda path: -len(found[path].layout.parts)))


def _quietly(paths: Sequence[Path], root: Path) -> Manifest | None:
    try:
        return manifest_columns(paths, root=root)
    except ManifestError:
        return None


def manifest_columns(
    paths: Sequence[Path],
    layout: Layout | None = None,
    root: Path | None = None,
    reading: Reading = AS_TOLD,
) -> Manifest | None:
    """Read a manifest; None where a file is none.

    Parameters
    ----------
    paths
        A table; or several lists (``wav.scp``), each of one version.
    layout
        The roles of its columns, when the user changed them.
    root
        The folder that was opened; the manifest's own, when not given.
    reading
        How files are read that do not tell, or have more channels than are wanted.

    Raises
    ------
    ManifestError
        If it is a table that cannot be read.
    """
    if any(path.suffix.lower() not in TABLE_SUFFIXES | LIST_SUFFIXES for path in paths):
        return None
    place = root or paths[0].parent
    rows = _rows(paths, place)
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = {name: [row.get(name, "") for row in rows] for name in names}
    sounds = [name for name in names if _names_sounds(cells[name])]
    if not sounds or _RESULTS & set(names):
        return None
    by = next(
        (
            name
            for name in names
            if name not in sounds and words_of(name) & _BY and 1 < len(set(cells[name])) < len(rows)
        ),
        None,
    )
    versions = _by_condition(rows, sounds, by) if by and len(sounds) > 1 else None
    long_keys = _long_keys(rows, names, sounds[0], by) if by and len(sounds) == 1 else None
    if versions is not None:
        keys = [Path(row.get(sounds[0], "")).stem for row in rows]
    elif long_keys is not None:
        keys = long_keys
        versions = _long(rows, keys, sounds[0], by or "")
    else:
        keys = _keys(rows, names, sounds)
        versions = _per_row(rows, keys, sounds)
        versions = _called(versions) if not _says_columns(names) else versions
    parts = _parts(versions, layout, reading)
    traces = _traces(keys, cells)
    parts += [Part(name, Role.TRACE, why="its column says so") for name in traces]
    sounding = [versions[part.files] for part in parts if part.role is not Role.TRACE]
    files = (*sounding, *traces.values())
    missing = sum(not os.path.isfile(file) for found in files for file in list(found.values())[:1000])
    told = " and ".join(path.relative_to(place).as_posix() for path in paths)
    notes = [f"{len(rows)} rows of {told}"]
    notes += [f"{missing} files that {told} names are not there"] * bool(missing)
    return Manifest(
        Layout(
            tuple(parts),
            tuple(path.relative_to(place).as_posix() for path in paths),
            layout.packet if layout else None,
            reading,
        ),
        Columns(tuple(parts), files),
        tuple(notes),
        _flags(keys, cells),
        _packets(rows, keys),
        _any_outside((file for found in files for file in found.values()), place),
    )


def _rows(paths: Sequence[Path], root: Path) -> list[Row]:
    """Return the rows of a table, with whole paths of files; those of several lists joined by name."""
    joined: dict[str, Row] = {}
    rows: list[Row] = []
    far = _start(root)
    for path in paths:
        near = _start(path.parent)
        for row in read_rows(path):
            whole = {name: _whole(cell, near, far) for name, cell in row.items()}
            if len(paths) == 1:
                rows.append(whole)
            else:
                joined.setdefault(row.get(ID, ""), {}).update(whole)
    return rows or list(joined.values())


def _whole(cell: str, near: str, far: str) -> str:
    """Return a cell that names a file as a whole path: below the table's folder, or the opened one.

    Parameters
    ----------
    near, far
        What paths of files in these folders begin with.
    """
    if _suffix(cell) not in _NAMING or len(cell) > _LONGEST_NAME:
        return cell
    name = _ROOT.sub("", cell).strip()
    first = _below(near, name)
    if near == far or os.path.exists(first):
        return first
    second = _below(far, name)
    return second if os.path.exists(second) else first


def _start(folder: Path) -> str:
    """Return what the paths of files in a folder begin with."""
    return str(folder / "x")[:-1]


def _below(start: str, name: str) -> str:
    # Tables have up to a million rows, and `Path` takes ten times as long.
    return start + name if os.sep == "/" and _PLAIN.fullmatch(name) else str(Path(start, name))


def _suffix(cell: str) -> str:
    return os.path.splitext(cell)[1].lower()


def _any_outside(files: Iterable[str], place: Path) -> bool:
    """Whether a file lies, through links too, anywhere but in a folder or below it."""
    inside = _start(Path(os.path.realpath(place)))
    folders: dict[str, str] = {}
    for file in files:
        folder, name = os.path.split(file)
        try:
            if folder not in folders:
                folders[folder] = _start(Path(os.path.realpath(folder)))
            whole = folders[folder] + name
            if name in ("", ".", "..") or os.path.islink(whole):
                whole = os.path.realpath(file)
        except ValueError:  # no file has such a name
            continue
        if not whole.startswith(inside):
            return True
    return False


def _names_sounds(cells: Sequence[str], start: str = "") -> bool:
    """Whether most cells of a column name sound files, and some of these are there."""
    named = [cell for cell in cells if _suffix(cell) in SOUNDING_SUFFIXES and len(cell) <= _LONGEST_NAME]
    return 2 * len(named) > len(cells) and any(
        os.path.isfile(_whole(cell, start, start)) for cell in named[:20]
    )


def _keys(rows: Sequence[Row], names: Sequence[str], sounds: Sequence[str]) -> list[str]:
    """Return a name for each row's clip: what the table calls it, or the stem of a file with one row each."""
    for name in [name for name in names if name.lower() in _IDENT or name == ID] + list(sounds):
        cells = [row.get(name, "") for row in rows]
        keys = [Path(cell).stem if name in sounds else cell for cell in cells]
        short = [clip_name(key) for key in keys] if name in sounds else keys
        above = [Path(cell).parent.name for cell in cells] if name in sounds else keys
        for tried in (short, keys, above):
            if all(tried) and len(set(tried)) == len(tried):
                return tried
    return [str(number) for number in range(1, len(rows) + 1)]


def _long_keys(rows: Sequence[Row], names: Sequence[str], sound: str, by: str) -> list[str] | None:
    """Return the clip of each row of a table with a row for each clip and condition; None where it is none.

    A clip has each condition once, and some clip has several: the column of which that holds names it; else
    what is left of the files' names without their condition's.
    """
    others = [name for name in names if name not in (sound, by)]
    named = sorted(others, key=lambda name: not (name == ID or words_of(name) & _IDENT))
    tried = [[row.get(name, "") for row in rows] for name in named]
    for keys in [*tried, [_without(row.get(sound, ""), row.get(by, "")) for row in rows]]:
        pairs = {(key, row.get(by, "")) for key, row in zip(keys, rows, strict=True)}
        if all(keys) and len(pairs) == len(rows) and 2 * len(set(keys)) <= len(rows):
            return keys
    return None


def _without(path: str, condition: str) -> str:
    """Return what a file's path says besides its condition: its name, or the folder where that is all."""
    found = Path(path)
    left = re.sub(
        rf"(^|[\W_]+){re.escape(condition)}(?=$|[\W_])", "", found.stem, count=1, flags=re.IGNORECASE
    )
    return left.strip(" ._-") or found.parent.name


def _long(rows: Sequence[Row], keys: Sequence[str], sound: str, by: str) -> dict[str, dict[str, str]]:
    versions: dict[str, dict[str, str]] = defaultdict(dict)
    for key, row in zip(keys, rows, strict=True):
        if row.get(sound):
            name = f"{by}{row[by]}" if row.get(by, "").isdigit() else row.get(by, "")
            versions[name][key] = row[sound]
    return dict(versions)


def _says_columns(names: Sequence[str]) -> bool:
    return not all(re.fullmatch(r"column \d+|id", name) for name in names)


def _called(versions: Mapping[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Call columns without names by the folders of their files, or by what their names say of a role."""
    names = []
    for number, files in versions.items():
        paths = [Path(file) for file in files.values()]
        folders = {path.parent.name for path in paths}
        roles = {role_in_name(path.stem) for path in paths}
        role = next(iter(roles)) if len(roles) == 1 else None
        names.append(str(role) if role else folders.pop() if len(folders) == 1 else number)
    distinct = len(set(names)) == len(names)
    return dict(zip(names if distinct else versions, versions.values(), strict=True))


def _per_row(rows: Sequence[Row], keys: Sequence[str], sounds: Sequence[str]) -> dict[str, dict[str, str]]:
    return {
        name: {key: row[name] for key, row in zip(keys, rows, strict=True) if row.get(name)}
        for name in sounds
    }


def _by_condition(rows: Sequence[Row], sounds: Sequence[str], by: str) -> dict[str, dict[str, str]] | None:
    """Sort rows of one clip and condition each; None where no column of sounds is shared by a clip's rows."""
    references = [name for name in sounds if role_in_name(name) is Role.REFERENCE]
    others = [name for name in sounds if name not in references]
    if len(references) != 1 or len(others) != 1:
        return None
    versions: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        reference, other = row.get(references[0], ""), row.get(others[0], "")
        if reference and other:
            key = Path(reference).stem
            versions[references[0]][key] = reference
            name = f"{by}{row[by]}" if row[by].isdigit() else row[by]
            if key in versions[name]:
                return None
            versions[name][key] = other
    return dict(versions)


def _parts(versions: Mapping[str, Mapping[str, str]], layout: Layout | None, reading: Reading) -> list[Part]:
    known = {part.files: part for part in layout.parts} if layout else {}
    if known:
        return [known.get(name, Part(name, Role.UNUSED, name, why="not in the layout")) for name in versions]
    parts = [Part(name, Role.CONDITION, name, why="its column names sounds") for name in versions]
    reference = [i for i, part in enumerate(parts) if role_in_name(part.files) is Role.REFERENCE]
    lossy = [i for i, part in enumerate(parts) if role_in_name(part.files) in (Role.LOSSY, Role.TRACE)]
    lossy = lossy or [
        i for i, part in enumerate(parts) if Role.LOSSY in maybe_role(part.files) and i not in reference
    ]
    if not lossy and len(parts) > 1:
        zeros = [
            sum(
                zero_packets(Path(file), reading=reading)[0]
                for file in list(versions[part.files].values())[:_PEEKS]
            )
            for part in parts
        ]
        best = max(range(len(parts)), key=lambda index: zeros[index])
        lossy = [best] if zeros[best] and best not in reference else []
        if lossy:
            name = (
                "" if parts[best].files.lower() in _ANY else parts[best].name
            )  # a system's, or just the file's
            parts[best] = replace(
                parts[best], role=Role.LOSSY, name=name, why="some of it are packets of exact zeros"
            )
            lossy = []
    for role, found in ((Role.REFERENCE, reference), (Role.LOSSY, lossy)):
        if found:
            parts[found[0]] = replace(parts[found[0]], role=role, name="", why="its column says so")
    zero = [i for i, part in enumerate(parts) if is_condition_zero(part.files)]
    if not reference and len(zero) == 1 and parts[zero[0]].role is Role.CONDITION:
        why = "condition 0 is often the reference"
        doubt = f"is {parts[zero[0]].files} the reference? {why}"
        parts[zero[0]] = replace(parts[zero[0]], role=Role.REFERENCE, name="", why=why, doubt=doubt)
    if len(parts) == 1 and parts[0].role is Role.CONDITION:
        files = list(versions[parts[0].files].values())[:_PEEKS]
        damaged = any(zero_packets(Path(file), reading=reading)[0] for file in files)
        why = "some of it are packets of exact zeros" if damaged else "nothing is missing in it"
        parts[0] = replace(parts[0], role=Role.LOSSY if damaged else Role.REFERENCE, name="", why=why)
    return parts


def _traces(keys: Sequence[str], cells: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """Return the columns that name files of traces; the first counts."""
    for name, column in cells.items():
        if _is_trace(name) and any(Path(cell).suffix.lower() in TRACE_SUFFIXES for cell in column):
            return {name: {key: cell for key, cell in zip(keys, column, strict=True) if cell}}
    return {}


def _is_trace(name: str) -> bool:
    return role_in_name(name) in (Role.TRACE, Role.LOSSY) or bool(words_of(name) & {"trace", "mask", "loss"})


def _flags(keys: Sequence[str], cells: Mapping[str, Sequence[str]]) -> dict[str, tuple[bool, ...]]:
    for name, column in cells.items():
        digits = [re.sub(r"[\s,;\[\]]", "", cell) for cell in column]
        if _is_trace(name) and any(digits) and all(not each.strip("01") for each in digits):
            return {
                key: tuple(sign == "1" for sign in each)
                for key, each in zip(keys, digits, strict=True)
                if each
            }
    return {}


def _packets(rows: Sequence[Row], keys: Sequence[str]) -> dict[str, float]:
    name = next((name for row in rows[:1] for name in row if _PACKET.fullmatch(name)), None)
    found = {}
    for key, row in zip(keys, rows, strict=True):
        try:
            length = float(row.get(name or "", ""))
        except ValueError:
            continue
        if 0.1 <= length <= 1000:
            found[key] = length
    return found
