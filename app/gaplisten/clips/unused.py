"""What lies in a folder and is not used, named with the reason: nobody should believe that it counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from gaplisten.clips.layout import Columns, is_trace
from gaplisten.clips.manifest_rows import ManifestError
from gaplisten.clips.manifests import manifest_columns
from gaplisten.clips.scanning import Tree
from gaplisten.errors import GaplistenError
from gaplisten.loss.formats import AmbiguousTrace, read_trace

_MOST_READ, _MOST_NAMED = 8, 3


def unused(tree: Tree, columns: Columns, used: Collection[str]) -> tuple[list[str], list[str]]:
    """Say which texts beside sounds of their names are not their losses, and what is of no clip.

    Parameters
    ----------
    used
        Paths below the folder of tables that are used, or of which it is said why not.
    """
    pairs = zip(columns.parts, columns.files, strict=True)
    traces = {path for part, files in pairs if is_trace(part) for path in files.values()}
    taken = traces | {str(tree.root / name) for name in used}
    return _texts(tree, taken), [*_telling(tree, taken), *_tables(tree, taken)]


def _texts(tree: Tree, taken: Collection[str]) -> list[str]:
    left: dict[str, list[Path]] = defaultdict(list)
    for folder in tree.folders.values():
        for stem in folder.plain.keys() & folder.sounds.keys():
            path = folder.path / folder.plain[stem]
            if str(path) not in taken:
                left[path.suffix.lower()].append(path)
    return [_said(suffix, sorted(paths)) for suffix, paths in sorted(left.items())]


def _telling(tree: Tree, taken: Collection[str]) -> list[str]:
    """Name texts that are called traces beside sounds, and are those of no clip."""
    paths = [
        folder.path / folder.traces[key]
        for folder in tree.folders.values()
        if folder.sounds
        for key in folder.traces.keys() - folder.sounds.keys()
    ]
    names = [str(path.relative_to(tree.root)) for path in sorted(paths) if str(path) not in taken]
    return [f"not used: {_named(names)} (named as losses, but of no clip here)"] if names else []


def _said(suffix: str, paths: list[Path]) -> str:
    first, why = paths[0].name, _why(paths[0])
    if len(paths) == 1:
        return f"{first} lies beside its sound and is no loss trace: {why}"
    beside = f"{len(paths)} files {suffix} lie beside sounds of their names ({first}, ...)"
    return f"{beside} and are no loss traces: {why}"


def _why(path: Path) -> str:
    try:
        read_trace(path)
    except AmbiguousTrace:
        return "others of them can be read, most cannot"
    except GaplistenError as error:
        return error.fact
    return "most others of them are none"


def _tables(tree: Tree, used: Collection[str]) -> list[str]:
    names = [rel + name for rel, folder in tree.folders.items() for name in folder.tables]
    reasons: dict[str, list[str]] = defaultdict(list)
    for name in (each for each in names if str(tree.root / each) not in used):
        few = sum(map(len, reasons.values())) < _MOST_READ
        reasons[_why_no_manifest(tree.root / name, tree.root) if few else "not looked into"].append(name)
    return [f"not used: {_named(found)} ({why})" for why, found in reasons.items()]


def _named(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _why_no_manifest(path: Path, root: Path) -> str:
    try:
        found = manifest_columns([path], root=root)
    except ManifestError as error:
        return error.fact
    if found is None:
        return "names no sounds that are there, and holds no traces"
    return "names files outside the folder" if found.outside else "names few of the sounds here"
