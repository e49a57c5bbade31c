"""One look into a folder: names only, no file opened."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.audio.files import SOUND_SUFFIXES, SOUNDING_SUFFIXES
from gaplisten.audio.headerless import BARE_SUFFIXES, is_bare
from gaplisten.clips.names import Role, role_in_name, trace_key
from gaplisten.errors import GaplistenError
from gaplisten.loss.formats import FORMATS

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".scp"})
# Tables are looked into by themselves: most are none of losses.
TRACE_SUFFIXES = frozenset(suffix.lower() for form in FORMATS for suffix in form.suffixes) - TABLE_SUFFIXES
LIST_SUFFIXES = frozenset({".txt", ".lst", ".list"})
_LOSS_SUFFIXES = frozenset({".lost", ".loss", ".trace", ".mask", ".bfi", ".plt", ".fer", ".eid", ".log"})
DEPTH = 8
_MOST_WALKED = 2000
MOST_FOLDERS = 20_000
_MOST_LISTS = 4
_LOSSLESS = ("wav", "flac", "aiff", "aif", "w64", "rf64", "caf", "au")
_TELLING_SUFFIXES = frozenset(
    suffix.lower() for form in FORMATS if form.suffix_tells for suffix in form.suffixes
)


class FolderError(GaplistenError):
    """A folder that cannot be used."""


class NoClipsError(GaplistenError):
    """Nothing to listen to was found."""


class NeedsRawError(NoClipsError):
    """There is nothing but samples without headers, and nobody said what they are.

    Parameters
    ----------
    example
        One of the files.
    """

    def __init__(self, thing: str, fact: str, way_out: str, example: Path) -> None:
        super().__init__(thing, fact, way_out)
        self.example = example


def first_bare(paths: Iterable[Path]) -> Path | None:
    """Return the first file without a header among files and in folders; None where there is none near."""
    for path in paths:
        if not path.is_dir():
            if is_bare(path):
                return path
            continue
        for count, (above, below, names) in enumerate(os.walk(path)):
            if count >= _MOST_WALKED:
                break
            below[:] = sorted((name for name in below if not name.startswith(".")), key=natural)
            bare = (name for name in names if not name.startswith(".") and is_bare(Path(name)))
            if (found := min(bare, key=natural, default=None)) is not None:
                return Path(above) / found
    return None


@dataclass(frozen=True, eq=False)
class Folder:
    """What lies in a folder.

    Parameters
    ----------
    sounds
        File name by stem.
    traces
        File name by the clip's name.
    plain
        File name by stem, of files that could be traces but are not called so.
    tables
        Names of tables (CSV and its kin), but for those that are called as a sound beside them.
    lists
        Names of texts that may list sounds; none where there are many, as these are of clips each.
    headerless
        How many files of bare samples there are, by suffix, where nobody said what these are.
    folders
        Names of folders.
    doubles
        Sounds that are left out because another has their stem, each with that other.
    """

    path: Path
    sounds: dict[str, str]
    traces: dict[str, str]
    tables: tuple[str, ...]
    folders: tuple[str, ...]
    doubles: tuple[tuple[str, str], ...] = ()
    plain: dict[str, str] = field(default_factory=dict)
    headerless: dict[str, int] = field(default_factory=dict)
    lists: tuple[str, ...] = ()

    @property
    def role(self) -> Role | None:
        """What the folder's name says."""
        return role_in_name(self.path.name)

    def sound(self, stem: str) -> Path | None:
        """Return the path of the sound with that stem."""
        name = self.sounds.get(stem)
        return None if name is None else self.path / name

    def trace(self, stem: str) -> Path | None:
        """Return the path of the trace for that stem."""
        name = self.traces.get(stem)
        return None if name is None else self.path / name


def scan(path: Path, reading: Reading = AS_TOLD) -> Folder:
    """Look into a folder.

    Parameters
    ----------
    reading
        How files are read that do not tell, or have more channels than are wanted.

    Raises
    ------
    FolderError
        If there is none, or it may not be read.
    """
    sounds: dict[str, str] = {}
    traces: dict[str, str] = {}
    plain: dict[str, str] = {}
    headerless: dict[str, int] = {}
    tables: list[str] = []
    lists: list[str] = []
    folders: list[str] = []
    doubles: list[str] = []
    all_traces = role_in_name(path.name) is Role.TRACE
    sounding = SOUND_SUFFIXES if reading.raw is None else SOUNDING_SUFFIXES
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith("."):
                    continue
                before, dot, ending = name.rpartition(".")
                suffix = (dot + ending).lower() if before else ""
                stem = before if before.isascii() else stem_of(name)
                if suffix in sounding:
                    if stem in sounds:
                        name, left = sorted((name, sounds[stem]), key=_preference)
                        doubles.append(left)
                    sounds[stem] = name
                elif suffix in TRACE_SUFFIXES or suffix in _LOSS_SUFFIXES:
                    key, telling = trace_key(stem)
                    if telling or all_traces or suffix in _TELLING_SUFFIXES:
                        traces[key] = name
                    else:
                        plain[stem] = name
                    if suffix in LIST_SUFFIXES:
                        lists.append(name)
                elif suffix in TABLE_SUFFIXES:
                    tables.append(name)
                elif suffix in LIST_SUFFIXES:
                    lists.append(name)
                elif suffix in BARE_SUFFIXES:
                    headerless[suffix] = headerless.get(suffix, 0) + 1
                elif entry.is_dir():
                    folders.append(name)
    except FileNotFoundError as error:
        raise FolderError(str(path), "there is no such folder", "check the path") from error
    except OSError as error:
        raise FolderError(str(path), f"cannot be read ({error.strerror})", "check the permissions") from error
    tables = _of_whole_folders(tables, sounds, traces, plain, all_traces=all_traces)
    lists = lists if len(lists) <= _MOST_LISTS else []
    left_out = tuple((name, sounds[stem_of(name)]) for name in sorted(doubles, key=natural))
    return Folder(
        path,
        sounds,
        traces,
        tuple(sorted(tables)),
        tuple(sorted(folders)),
        left_out,
        plain,
        headerless,
        tuple(sorted(lists)),
    )


def stem_of(name: str) -> str:
    """Return a file's name without its suffix; accents as one letter each, which Macs write apart."""
    stem = name.rpartition(".")[0]
    return stem if stem.isascii() else normalize("NFC", stem)


def _of_whole_folders(
    tables: list[str],
    sounds: dict[str, str],
    traces: dict[str, str],
    plain: dict[str, str],
    *,
    all_traces: bool,
) -> list[str]:
    """Return the tables that speak of many clips; those of one clip each may be its trace."""
    left = []
    for name in tables:
        stem = stem_of(name)
        key, telling = trace_key(stem)
        if telling and (key in sounds or all_traces or not sounds):
            traces.setdefault(key, name)
        elif stem in sounds:
            plain.setdefault(stem, name)
        else:
            left.append(name)
            if not sounds:  # a folder of nothing but tables: one a clip, or one of all
                plain.setdefault(stem, name)
    return left


def _preference(name: str) -> tuple[int, str]:
    """Of two sounds with one stem, take what loses nothing."""
    suffix = name.rpartition(".")[2].lower()
    return (_LOSSLESS.index(suffix) if suffix in _LOSSLESS else len(_LOSSLESS)), name


def scan_quietly(path: Path, reading: Reading = AS_TOLD) -> Folder | None:
    """Look into a folder that nobody asked for; None where that is not allowed."""
    try:
        return scan(path, reading)
    except FolderError:
        return None


@dataclass(frozen=True, eq=False)
class Tree:
    """A folder and those below it.

    Parameters
    ----------
    folders
        By their path below the root, with a final ``/``; the root's is empty. In natural order.
    cut
        Whether some folders were not looked into: too deep, or too many.
    reading
        How files are read that do not tell, or have more channels than are wanted.
    """

    root: Path
    folders: dict[str, Folder]
    cut: bool = False
    reading: Reading = AS_TOLD

    @property
    def headerless(self) -> Mapping[str, int]:
        """How many files of bare samples there are, by suffix, where nobody said what these are."""
        counts: Counter[str] = Counter()
        for folder in self.folders.values():
            counts.update(folder.headerless)
        return counts

    def sounds(self) -> Iterator[tuple[str, str]]:
        """Yield folder and stem of every sound."""
        for rel, folder in self.folders.items():
            yield from ((rel, stem) for stem in folder.sounds)


def scan_tree(root: Path, reading: Reading = AS_TOLD) -> Tree:
    """Look into a folder and all below it; names only. Links to folders that go in circles end.

    Raises
    ------
    FolderError
        If there is no such folder, or it may not be read; those below are passed over then.
    """
    found: dict[str, Folder] = {"": scan(root, reading)}
    seen = {_identity(root)}
    waiting = [("", name, 1) for name in sorted(found[""].folders, key=natural, reverse=True)]
    cut = False
    while waiting:
        above, name, depth = waiting.pop()
        if depth > DEPTH or len(found) >= MOST_FOLDERS:
            cut = True
            continue
        rel = f"{above}{name}/"
        path = root / rel
        if (identity := _identity(path)) in seen or (folder := scan_quietly(path, reading)) is None:
            continue
        seen.add(identity)
        found[rel] = folder
        waiting += [(rel, below, depth + 1) for below in sorted(folder.folders, key=natural, reverse=True)]
    return Tree(root, found, cut, reading)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that puts 54 before 309854."""
    parts, number = [], ""
    for character in name + "\0":
        if character.isascii() and character.isdigit():
            number += character
            continue
        if number:
            parts.append((0, int(number), ""))
            number = ""
        parts.append((1, 0, character))
    return tuple(parts)
