"""What is to be concealed: files and folders as items, each with its trace and its place to go."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.audio.headerless import is_bare
from gaplisten.clips.arrangement import Layout
from gaplisten.clips.clip import Clip, PacketLength
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.names import trace_beside
from gaplisten.errors import GaplistenError

USUAL = PacketLength()
_ELSEWHERE = "choose another place for the results"


class ConcealError(GaplistenError):
    """An item that cannot be concealed as asked."""


@dataclass(frozen=True)
class ConcealItem:
    """One lossy file, its trace, and where the result goes."""

    clip: Clip
    source: Path
    out: Path


def plan_folder(
    source: Path,
    out: Path,
    packet: PacketLength = USUAL,
    reference_folder: Path | None = None,
    layout: Layout | None = None,
    reading: Reading = AS_TOLD,
    say: Callable[[str], object] = lambda _: None,
) -> tuple[ConcealItem, ...]:
    """List what there is to do in a folder; results keep their path below it.

    Where a clip has no lossy file, its reference is taken and the trace's losses are applied to it.

    Parameters
    ----------
    reference_folder
        Where each file finds its reference, when they are not in the folder.
    reading
        How files are read that do not tell, or have more channels than are wanted.
    say
        Told what lies in the folder and is not used.

    Raises
    ------
    ConcealError
        Naming a place that is an input file, or where two results would lie; if there is nothing to do.
    """
    found = find_clips(
        [source], reference_folder=reference_folder, packet=packet, layout=layout, reading=reading
    )
    clips = found.clips
    beside = [offer.folder for offer in found.offers if offer.folder.parent == source.absolute().parent]
    for folder in beside:  # not used, but not to be lost either
        if out.exists() and out.samefile(folder):
            raise ConcealError(str(out), "holds what could be the references of these clips", _ELSEWHERE)
    for note in found.unused:
        say(note)
    items = _planned(clips, lambda _clip, file: out / _below(file, source))
    if not items:
        fact = "holds no lossy file and no reference, as far as names tell"
        raise ConcealError(str(source), fact, "see gaplisten check FOLDER, or say it in a --layout")
    return items


def plan_clips(clips: Sequence[Clip], out: Path) -> tuple[ConcealItem, ...]:
    """List what there is to do for clips from anywhere; the results lie side by side in `out`.

    Files keep their names where these differ from each other; else the clips' names tell them apart. Where a
    clip has no lossy file, its reference is taken and the trace's losses are applied to it.

    Raises
    ------
    ConcealError
        Naming a place that is an input file, or where two results would lie.
    """
    names = [found.name for clip in clips if (found := clip.lossy or clip.reference) is not None]
    unique = len({*names}) == len(names)
    return _planned(clips, lambda clip, found: out / (found.name if unique else f"{clip.name}{found.suffix}"))


def _planned(clips: Sequence[Clip], place: Callable[[Clip, Path], Path]) -> tuple[ConcealItem, ...]:
    items = [
        _item(clip, found, place(clip, found))
        for clip in clips
        if (found := clip.lossy or clip.reference) is not None
    ]
    _refuse_twins(items)
    _refuse_inputs((item.out for item in items), clips)
    return tuple(items)


def plan_file(
    source: Path,
    out: Path,
    trace: Path | None = None,
    packet: PacketLength = USUAL,
    reference: Path | None = None,
    reading: Reading = AS_TOLD,
) -> ConcealItem:
    """Say what there is to do for one file.

    Parameters
    ----------
    out
        A file, or a folder (one that exists, or a name without a suffix).
    trace
        When not given, a trace lying beside the file counts; else lost packets are found from exact zeros.
    reference
        The undamaged speech, for codecs.
    reading
        How files are read that do not tell, or have more channels than are wanted.
    """
    is_folder = out.is_dir() or not out.suffix
    target = out / source.name if is_folder else out
    found = next(
        iter(find_clips([source, *([trace] if trace else [])], packet=packet, reading=reading).clips)
    )
    clip = replace(found, trace=trace or found.trace or _beside(source))
    clip = replace(clip, reference=reference or clip.reference)
    _refuse_inputs([target], [clip])
    return _item(clip, source, target)


def _item(clip: Clip, source: Path, out: Path) -> ConcealItem:
    if is_bare(out):  # results have headers: nobody must be told again what they hold
        out = out.with_suffix(".wav")
    if out.exists() and source.exists() and out.samefile(source):
        raise ConcealError(str(out), "is the input itself", _ELSEWHERE)
    return ConcealItem(replace(clip, lossy=source, conditions=()), source, out)


def _refuse_inputs(outs: Iterable[Path], clips: Iterable[Clip]) -> None:
    """Make sure that nothing to be written would replace a file of the clips."""
    there = {file: out for out in outs if (file := _identity(out))}
    for path in itertools.chain.from_iterable(map(_files, clips)) if there else ():
        file = _identity(path)
        if file in there:
            raise ConcealError(str(there[file]), "is one of the input files", _ELSEWHERE)


@contextmanager
def result_folders(folders: Iterable[Path]) -> Iterator[None]:
    """Make the folders of the results, so that one that cannot be had is told before the work.

    Those that are new and into which nothing came are gone in the end.

    Raises
    ------
    ConcealError
        Naming the first one.
    """
    new: set[Path] = set()
    try:
        for folder in dict.fromkeys(folders):
            new.update(each for each in (folder, *folder.parents) if not each.exists())
            try:
                folder.mkdir(parents=True, exist_ok=True)
                tempfile.TemporaryFile(dir=folder).close()  # the only sure way to know
            except OSError as error:
                fact = f"cannot be used ({error.strerror})"
                fact = "is in the way of a folder" if folder.is_file() else fact
                raise ConcealError(str(folder), fact, _ELSEWHERE) from error
        yield
    finally:
        for folder in sorted(new, key=lambda path: len(path.parts), reverse=True):
            with suppress(OSError):  # it holds something, or was never made
                folder.rmdir()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()  # a link is replaced, not what it leads to
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _files(clip: Clip) -> tuple[Path, ...]:
    # Not its conditions: what an earlier run wrote into a folder beside the clips is found as one.
    return tuple(path for path in (clip.lossy, clip.reference, clip.trace) if path is not None)


def _below(path: Path, folder: Path) -> Path:
    base = folder.absolute()
    return path.relative_to(base) if path.is_relative_to(base) else Path(path.name)


def _beside(source: Path) -> Path | None:
    path = trace_beside(source)
    return path if path.is_file() else None


def _refuse_twins(items: Sequence[ConcealItem]) -> None:
    seen: dict[Path, Path] = {}
    for item in items:
        other = seen.setdefault(item.out, item.source)
        if other != item.source:
            raise ConcealError(
                str(item.out),
                f"would be written for {other} and {item.source}",
                "conceal one folder at a time",
            )
