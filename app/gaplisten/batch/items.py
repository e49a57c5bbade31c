"""What is to be scored: one sound file each, with its reference and its place in the clip set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from gaplisten.batch.journal import key_of
from gaplisten.clips.clip import DEFAULT_PACKET_MS, Clip, ClipSet, ConditionFile
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.scanning import Folder, FolderError, scan
from gaplisten.durable import sha256_of
from gaplisten.errors import GaplistenError
from gaplisten.loss.strata import Stratum

REFERENCE, LOSSY = "reference", "lossy"


@dataclass(frozen=True)
class Version:
    """One version of one clip.

    Parameters
    ----------
    clip
        The clip with its reference and trace.
    condition
        Which version: ``reference``, ``lossy`` or a condition's name; empty for a loose file.
    path
        The sound file.
    stratum
        The clip's longest-burst class in words; empty when nothing is known of its losses, or nobody has
        looked yet: `survey` does.
    """

    clip: Clip
    condition: str
    path: Path
    stratum: str = ""


def versions_of(clips: ClipSet) -> Iterator[Version]:
    """Yield every version of every clip, in the set's order; no file is opened."""
    for clip in clips.clips:
        for condition, path in _files(clip):
            yield Version(clip, condition, path)


def _files(clip: Clip) -> Iterator[tuple[str, Path]]:
    if clip.reference is not None:
        yield REFERENCE, clip.reference
    if clip.lossy is not None:
        yield LOSSY, clip.lossy
    for condition in clip.conditions:
        yield condition.name, condition.path


def stratum_text(clip: Clip) -> str:
    """Return the clip's longest-burst class; empty when its losses are not known or cannot be read."""
    from gaplisten.clips.summary import summarise

    if clip.trace is None and clip.inline_trace is None and clip.lossy is None:
        return ""
    try:
        summary = summarise(clip)
    except GaplistenError:
        return ""
    return "" if summary is None or summary.stratum is Stratum.NONE else str(summary.stratum)


@dataclass(frozen=True)
class Content:
    """The hash of a file's content, or the reason why there is none; both empty for no file."""

    sha256: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Survey:
    """What is known of a version's files before it is scored.

    Parameters
    ----------
    stratum
        As `Version.stratum`.
    sound, reference
        The version's own file and the clip's reference.
    trace
        A hash of what says which packets were lost when the version was made.
    """

    stratum: str
    sound: Content
    reference: Content
    trace: Content


def survey(versions: Sequence[Version], *, references: bool, traces: bool) -> tuple[Survey, ...]:
    """Look at the files of one clip's versions; plain values, so that workers can do it.

    Parameters
    ----------
    references, traces
        Whether hashes of the reference and of the trace are wanted.
    """
    strata: dict[Clip, str] = {}
    found = []
    for version in versions:
        clip = version.clip
        if clip not in strata:
            strata[clip] = version.stratum or stratum_text(clip)
        sound = _content(lambda: digest_of(version.path))  # noqa: B023 - called at once
        reference = _content(lambda: digest_of(clip.reference)) if references else Content()  # noqa: B023
        met = clip.as_met_by(file_of(version))
        trace = _content(lambda: trace_digest(met)) if traces else Content()  # noqa: B023
        found.append(Survey(strata[clip], sound, reference, trace))
    return tuple(found)


def _content(hashed: Callable[[], str]) -> Content:
    try:
        return Content(hashed())
    except OSError as error:
        return Content(problem=f"{error.filename}: cannot be read ({error.strerror})")


def file_of(version: Version) -> ConditionFile:
    """Return the version's file with the losses that it met, where they are its own."""
    alone = ConditionFile(version.condition, version.path)
    named = (each for each in version.clip.conditions if each.path == version.path)
    return next((replace(each, name=version.condition) for each in named), alone)


def digest_of(path: Path | None) -> str:
    """Return the SHA-256 of a file; empty for no file. One reference of many files is read once.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    if path is None:
        return ""
    found = path.stat()
    return _digest(path, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=1024)
def _digest(path: Path, _size: int, _changed: int) -> str:
    return sha256_of(path)


def trace_digest(clip: Clip) -> str:
    """Return a hash of what says which packets were lost.

    Raises
    ------
    OSError
        If the file that says so cannot be read.
    """
    flags = None if clip.inline_trace is None else "".join("01"[lost] for lost in clip.inline_trace)
    source = clip.trace or (clip.lossy if flags is None else None)
    reading = [clip.packet_ms, clip.trace_format, clip.trace_inverted]
    return key_of(flags=flags, file=digest_of(source), reading=reading)


def versions_from_paths(
    paths: Sequence[Path],
    *,
    reference: Path | None = None,
    reference_folder: Path | None = None,
    trace: Path | None = None,
    packet_ms: float = DEFAULT_PACKET_MS,
) -> list[Version]:
    """Return what files and folders named by the user hold, to be scored.

    Parameters
    ----------
    reference
        The one reference of all files.
    reference_folder
        Where each file finds its reference under its own name.
    trace
        A loss trace for all files, or a folder where each finds its own.

    Raises
    ------
    GaplistenError
        If a path is missing, unreadable or holds no sound.
    """
    files = [path for path in paths if not path.is_dir()]
    several = len({path.absolute().parent for path in files}) > 1
    extras = _Extras(reference, _scanned(reference_folder), trace, _scanned(trace), packet_ms)
    found = [extras.version(path, path.absolute().parent.name if several else "") for path in files]
    for folder in (path for path in paths if path.is_dir()):
        clips = find_clips([folder], reference_folder=reference_folder, packet_ms=packet_ms)
        found += _in_folder(folder.absolute(), clips, extras)
    return found


def _in_folder(folder: Path, clips: ClipSet, extras: _Extras) -> list[Version]:
    flat = [clip.sound for clip in clips.clips if clip.sound and clip.sound.parent == folder]
    alone = all(len(list(_files(clip))) == 1 for clip in clips.clips)
    if alone and len(flat) == len(clips.clips):  # one system's output: neither lossy nor reference
        # A broken link or a pipe among the files fails by itself, when its turn comes.
        own = [extras.version(path, folder.name, named=False) for path in flat]
        return [_with_losses(version, clip) for version, clip in zip(own, clips.clips, strict=True)]
    return list(versions_of(replace(clips, clips=tuple(map(extras.completed, clips.clips)))))


def _with_losses(version: Version, clip: Clip) -> Version:
    if version.clip.trace is not None or (clip.trace is None and clip.inline_trace is None):
        return version
    return replace(version, clip=replace(version.clip, trace=clip.trace, inline_trace=clip.inline_trace))


def _scanned(path: Path | None) -> Folder | None:
    return scan(path) if path is not None and path.is_dir() else None


@dataclass(frozen=True)
class _Extras:
    """References and traces that the user named besides the files."""

    reference: Path | None
    references: Folder | None
    trace: Path | None
    traces: Folder | None
    packet_ms: float

    def version(self, path: Path, condition: str, *, named: bool = True) -> Version:
        """Return a file as a version of a clip of its own; one `named` by the user must be there."""
        if not named:
            return self._version(path, condition)
        if not path.exists():
            raise FolderError(str(path), "there is no such file or folder", "check the path")
        if not path.is_file():  # reading a pipe or a device would wait for ever
            raise FolderError(str(path), "is neither a file nor a folder", "save the sound to a file")
        return self._version(path, condition)

    def _version(self, path: Path, condition: str) -> Version:
        clip = self.completed(Clip(path.stem, packet_ms=self.packet_ms, folder=path.parent))
        return Version(clip, condition, path)

    def completed(self, clip: Clip) -> Clip:
        """Return the clip with the reference and the trace that were named for it."""
        reference = self.reference or (self.references.sound(clip.name) if self.references else None)
        named = self.traces.trace(clip.name) if self.traces else self.trace
        return replace(clip, reference=reference or clip.reference, trace=named or clip.trace)
