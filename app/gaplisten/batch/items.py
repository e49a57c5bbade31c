"""What is to be scored: one sound file each, with its reference and its place in the clip set."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.audio.files import lacks_header
from gaplisten.batch.journal import key_of
from gaplisten.clips.arrangement import Layout, Part
from gaplisten.clips.clip import Clip, ClipSet, ConditionFile, PacketLength
from gaplisten.clips.clip_tables import ClipTable, ClipTableError, stratum_of, table_of_clips
from gaplisten.clips.consistency import doubts_about
from gaplisten.clips.layouts import find_clips
from gaplisten.clips.matching import grids_of
from gaplisten.clips.names import Role
from gaplisten.clips.neighbours import matched
from gaplisten.clips.opening import open_clip
from gaplisten.clips.patterns import Pattern
from gaplisten.clips.scanning import TABLE_SUFFIXES, Folder, FolderError, Tree, scan, scan_tree
from gaplisten.clips.transcripts import keys_of, read_transcripts, with_transcripts
from gaplisten.durable.digests import sha256_of
from gaplisten.errors import GaplistenError
from gaplisten.loss.strata import Stratum

REFERENCE, LOSSY = "reference", "lossy"
_MOST_NAMES, _NEARLY_ALL = 400, 0.9


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
    why
        How it was decided which part the file plays.
    """

    clip: Clip
    condition: str
    path: Path
    stratum: str = ""
    why: str = ""

    @property
    def role(self) -> str:
        """The part it plays: ``reference``, ``lossy`` or ``condition``."""
        return self.condition if self.condition in (REFERENCE, LOSSY) else "condition"


def versions_of(clips: ClipSet) -> Iterator[Version]:
    """Yield every version of every clip, in the set's order; no file is opened."""
    whys = {} if clips.layout is None else {_called(part): part.why for part in clips.layout.parts}
    for clip in clips.clips:
        for condition, path in _files(clip):
            yield Version(clip, condition, path, why=whys.get(condition, ""))


def _files(clip: Clip) -> Iterator[tuple[str, Path]]:
    if clip.reference is not None:
        yield REFERENCE, clip.reference
    if clip.lossy is not None and all(condition.path != clip.lossy for condition in clip.conditions):
        yield LOSSY, clip.lossy  # one that is a condition, too, stands there under its name
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
    doubts
        What does not fit together, of that on which its figures depend.
    """

    stratum: str
    sound: Content
    reference: Content
    trace: Content
    doubts: tuple[str, ...] = ()


def survey(versions: Sequence[Version], *, references: bool, traces: bool) -> tuple[Survey, ...]:
    """Look at the files of one clip's versions; plain values, so that workers can do it.

    Parameters
    ----------
    references, traces
        Whether hashes of the reference and of the trace are wanted.
    """
    strata: dict[Clip, str] = {}
    doubts = _doubts(versions) if references or traces else {}
    found = []
    for version in versions:
        clip = version.clip
        if clip not in strata:
            strata[clip] = version.stratum or stratum_text(clip)
        sound = _content(lambda: digest_of(version.path))  # noqa: B023 - called at once
        reference = _content(lambda: digest_of(clip.reference)) if references else Content()  # noqa: B023
        met = clip.as_met_by(file_of(version))
        trace = _content(lambda: trace_digest(met)) if traces else Content()  # noqa: B023
        found.append(Survey(strata[clip], sound, reference, trace, doubts.get(version, ())))
    return tuple(found)


def _doubts(versions: Sequence[Version]) -> dict[Version, tuple[str, ...]]:
    """Check versions of one clip against its reference, lossy file and trace."""
    clip = versions[0].clip
    others = [file_of(version) for version in versions if version.condition not in (REFERENCE, LOSSY)]
    own = [each for each in others if each.path not in (clip.reference, clip.lossy)]
    found = doubts_about(open_clip(replace(clip, conditions=tuple(own))))
    return {
        version: tuple(str(each) for each in found if each.touches_all or each.about == version.condition)
        for version in versions
    }


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


def content_of(path: Path | None, reading: Reading) -> str:
    """Return what a file's sound follows from: its SHA-256, and how it is read where it does not tell.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    return read_as(digest_of(path), path, reading)


def read_as(digest: str, path: Path | None, reading: Reading) -> str:
    """Return the SHA-256 of a file (empty for none), and how it is read where somebody said so."""
    if not digest or path is None:
        return digest
    bare = reading.raw is not None and lacks_header(path, reading.raw)
    raw = f" {reading.raw.of(path)}" if reading.raw is not None and bare else ""
    return f"{digest}{raw}" + (f" channels {reading.channels}" if reading.channels else "")


def trace_digest(clip: Clip) -> str:
    """Return a hash of what says which packets were lost.

    Raises
    ------
    OSError
        If the file that says so cannot be read.
    """
    flags = None if clip.inline_trace is None else "".join("01"[lost] for lost in clip.inline_trace)
    source = clip.trace or (clip.lossy if flags is None else None)
    reading = [clip.packet_ms, clip.packet_frames, clip.trace_format, clip.trace_inverted]
    return key_of(flags=flags, file=content_of(source, clip.reading), reading=reading)


def versions_from_paths(
    paths: Sequence[Path],
    *,
    reference: Path | None = None,
    reference_folder: Path | None = None,
    trace: Path | None = None,
    packet: PacketLength = PacketLength(),  # noqa: B008 - a frozen value
    layout: Layout | None = None,
    transcripts: Path | None = None,
    reading: Reading = AS_TOLD,
) -> list[Version]:
    """Return what files and folders named by the user hold, to be scored.

    A folder with one version of each clip is the condition of its name. Where a trace is named, nothing is
    guessed from zeros.

    Parameters
    ----------
    reference
        The one reference of all files.
    reference_folder
        Where each file finds its reference under its clip's name.
    trace
        A loss trace for all files, or a folder where each finds its own.
    layout
        How the files of folders are taken.
    transcripts
        What is said in the clips: as `clips.transcripts.read_transcripts`.
    reading
        How files are read that do not tell, or have more channels than are wanted.

    Raises
    ------
    GaplistenError
        If a path is missing, unreadable or holds no sound.
    """
    files = [path for path in paths if not path.is_dir() and path.suffix.lower() not in TABLE_SUFFIXES]
    several = len({path.absolute().parent for path in files}) > 1
    reading = reading if layout is None else reading.over(layout.reading)
    extras = _Extras(reference, _scanned(reference_folder, reading), trace, _traces(trace), packet, reading)
    found = [extras.version(path, path.absolute().parent.name if several else "") for path in files]
    places = [path for path in paths if path not in files]
    names = _folder_names(places)
    sets = [
        find_clips([place], packet=packet, layout=layout, losses_known=trace is not None, reading=reading)
        for place in places
    ]
    alone = [_is_one_system(clips) for clips in sets]
    keys = _shared_keys([clips for clips, one in zip(sets, alone, strict=True) if one])
    for clips, name, one in zip(sets, names, alone, strict=True):
        found += _of_one_system(clips, name, keys, extras) if one else _of_several(clips, extras)
    return found if transcripts is None else _told_by(transcripts, found)


def _told_by(place: Path, versions: Sequence[Version]) -> list[Version]:
    """Return versions whose clips have the transcripts of a place."""
    named = [replace(version.clip, lossy=version.path) for version in versions]
    said = with_transcripts(named, read_transcripts(place, named))
    spoken: dict[Clip, Clip] = {}  # versions of one clip go on sharing it
    for version, known in zip(versions, said, strict=True):
        if known.transcript is not None or version.clip not in spoken:
            spoken[version.clip] = replace(version.clip, transcript=known.transcript)
    return [replace(version, clip=spoken[version.clip]) for version in versions]


def table_of_versions(versions: Sequence[Version], path: Path) -> ClipTable:
    """Return a table of these versions' clips.

    Raises
    ------
    ClipTableError
        If it cannot be used, or rows for a clip differ.
    """
    return table_of_clips(path, [_keys(version) for version in versions])


def said_by_file(versions: Sequence[Version], table: ClipTable) -> dict[Path, Mapping[str, str]]:
    """Return what a table says of the clip of each version's file; nothing of some."""
    return {version.path: table.says(_keys(version)) for version in versions}


def _keys(version: Version) -> tuple[str, ...]:
    return keys_of(replace(version.clip, lossy=version.path))


def stratified(versions: Sequence[Version], table: ClipTable, column: str) -> list[Version]:
    """Return versions with what a table of clips says in a column as their strata.

    A clip of which the table says nothing is in the stratum ``not told``.

    Raises
    ------
    ClipTableError
        If the table has no such column.
    """
    if column not in table.columns:
        way_out = f"there are {', '.join(map(repr, table.columns))}"
        raise ClipTableError(str(table.path), f"has no column {column!r}", way_out)
    return [replace(version, stratum=stratum_of(column, table.says(_keys(version)))) for version in versions]


def _folder_names(folders: Sequence[Path]) -> list[str]:
    """Return the names of folders, with those above them where they are called alike."""
    whole = [folder.absolute() for folder in folders]
    names = [folder.name for folder in whole]
    return [
        name if names.count(name) == 1 else f"{folder.parent.name}/{name}"
        for folder, name in zip(whole, names, strict=True)
    ]


def _is_one_system(clips: ClipSet) -> bool:
    return all(len(list(_files(clip))) == 1 for clip in clips.clips)


def _shared_keys(sets: Sequence[ClipSet]) -> dict[Path, str]:
    """Return names of clips that several folders share, where files' names differ (54_netA, 54_netB)."""
    sounds = {sound: clips for clips in sets for clip in clips.clips if (sound := clip.sound)}
    plain = [{clip.name for clip in clips.clips} for clips in sets]
    if len(sets) < 2 or any(first & second for first, second in itertools.combinations(plain, 2)):
        return {}
    places = {clips.root: str(number) for number, clips in enumerate(sets)}
    paths = {f"{places[clips.root]}/{sound.stem}": sound for sound, clips in sounds.items()}
    grid = next(iter(grids_of(list(paths)[:_MOST_NAMES])), None)
    keys: dict[Path, str] = {}
    for text in grid.patterns if grid is not None and grid.joined > _NEARLY_ALL else ():
        pattern = Pattern(text)
        for place in places.values():
            stems = [path.partition("/")[2] for path in paths if path.startswith(f"{place}/")]
            keys |= {paths[f"{place}/{stem}"]: key for stem, key in pattern.keys(f"{place}/", stems)}
    return keys


def _of_one_system(clips: ClipSet, name: str, keys: Mapping[Path, str], extras: _Extras) -> list[Version]:
    # A broken link or a pipe among the files fails by itself, when its turn comes.
    sounds = [sound for clip in clips.clips if (sound := clip.sound)]
    own = [
        replace(clip, name=keys.get(sound, clip.name), reference=None, lossy=None, conditions=())
        for clip, sound in zip(clips.clips, sounds, strict=True)
    ]
    completed = extras.completed(own, sounds)
    return [
        Version(clip, name, sound, why="its folder was named")
        for clip, sound in zip(completed, sounds, strict=True)
    ]


def _of_several(clips: ClipSet, extras: _Extras) -> list[Version]:
    completed = extras.completed(clips.clips, [clip.sound for clip in clips.clips])
    return list(versions_of(replace(clips, clips=tuple(completed))))


def _called(part: Part) -> str:
    return part.name if part.role is Role.CONDITION else str(part.role)


def _scanned(path: Path | None, reading: Reading) -> Tree | None:
    return scan_tree(path, reading) if path is not None and path.is_dir() else None


def _traces(path: Path | None) -> Folder | None:
    return scan(path) if path is not None and path.is_dir() else None


@dataclass(frozen=True)
class _Extras:
    """References and traces that the user named besides the files."""

    reference: Path | None
    references: Tree | None
    trace: Path | None
    traces: Folder | None
    packet: PacketLength
    reading: Reading

    def version(self, path: Path, condition: str) -> Version:
        """Return a file that the user named as a version of a clip of its own; it must be there."""
        if not path.exists():
            raise FolderError(str(path), "there is no such file or folder", "check the path")
        if not path.is_file():  # reading a pipe or a device would wait for ever
            raise FolderError(str(path), "is neither a file nor a folder", "save the sound to a file")
        packet = self.packet
        clip = Clip(
            path.stem,
            packet_ms=packet.ms,
            packet_frames=packet.frames,
            folder=path.parent,
            reading=self.reading,
        )
        why = "its folder was named" if condition else "it was named"
        return Version(self.completed([clip], [path])[0], condition, path, why=why)

    def completed(self, clips: Sequence[Clip], sounds: Sequence[Path | None]) -> list[Clip]:
        """Return clips with the references and the traces that were named for them, by their sounds."""
        references: Sequence[Path | None] = [self.reference or clip.reference for clip in clips]
        if self.references is not None and self.reference is None:
            pairs = zip(clips, sounds, strict=True)
            named = [replace(clip, lossy=sound, reference=None) for clip, sound in pairs]
            references = [clip.reference for clip in matched(named, self.references)[0]]
        found = []
        for clip, sound, reference in zip(clips, sounds, references, strict=True):
            trace = self._trace(clip, sound) if self.traces else self.trace
            own = clip if trace is None else replace(clip, trace=trace, inline_trace=None)
            found.append(replace(own, reference=reference))
        return found

    def _trace(self, clip: Clip, sound: Path | None) -> Path | None:
        assert self.traces is not None
        for stem in (clip.name, *([sound.stem] if sound else [])):
            if (found := self.traces.trace(stem)) is not None:
                return found
            if stem in self.traces.plain:
                return self.traces.path / self.traces.plain[stem]
        return None
