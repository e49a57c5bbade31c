"""What is said in each clip: transcripts in a table, in lines, or in a text beside each sound."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gaplisten.clips.clip import Clip, Transcript
from gaplisten.clips.clip_tables import (
    ClipTableError,
    key_of,
    keys_of_paths,
    read_clip_table,
    read_text,
)
from gaplisten.clips.scanning import TABLE_SUFFIXES, Tree, scan_tree, stem_of
from gaplisten.errors import GaplistenError

_HEADS = ("transcription", "transcript", "text", "sentence", "words")
_NAMING = ("id", "clip", "file", "filename", "file_name", "name", "path", "utterance")
_EXCLUDE = "exclude"
_YES, _NO = frozenset({"true", "1", "yes", "1.0"}), frozenset({"false", "0", "no", "0.0", ""})
_CALLED = re.compile(r"transcri|\.trans\.", re.IGNORECASE)
_SPHINX = re.compile(r"^<s>\s*(.*?)\s*</s>\s*\(([^()]+)\)\s*$")
_TEXT_SUFFIXES = (".txt", ".lab")
_PEEKED, _LETTERS = 3, 2


@dataclass(frozen=True)
class Transcripts:
    """What is said, by the clip's key (`clip_tables.key_of`).

    Parameters
    ----------
    called
        Where they are from, for people.
    files
        What was read, below the folder that was looked into.
    """

    by_key: Mapping[str, Transcript]
    called: str = ""
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_transcripts(place: Path, clips: Sequence[Clip] = ()) -> Transcripts:
    """Return the transcripts in a table, in a file of lines, or in a folder.

    A table has heads: one column names the clips, one is called ``transcription`` (or ``transcript``,
    ``text``, ``sentence``, ``words``); rows with ``exclude`` are left out of word accuracy, as in the
    challenge. Lines are ``name words...`` (Kaldi, LibriSpeech) or ``<s> words </s> (name)`` (Sphinx). A
    folder holds such a file, or a text for each clip under its name.

    Raises
    ------
    GaplistenError
        If there are none, or they cannot be read.
    """
    keys = _all_keys(clips)
    if not place.is_dir():
        return _of_file(place, keys)
    tree = scan_tree(place)
    found = _called_so(_called(tree), keys) or _texts(_beside(tree, sounds=False), keys)
    if found is None:
        way_out = "name a table with the columns id and transcription, or texts named as the clips"
        raise ClipTableError(str(place), "holds no transcripts of these clips", way_out)
    return found


def transcripts_in(tree: Tree, clips: Sequence[Clip], taken: Collection[str]) -> Transcripts | None:
    """Return the transcripts that lie in a folder of clips; None where there are none.

    Parameters
    ----------
    taken
        Paths of what is used as something else: loss traces, tables of traces.
    """
    called = {rel: path for rel, path in _called(tree).items() if str(path) not in taken}
    beside = {rel: path for rel, path in _beside(tree).items() if str(path) not in taken}
    if not called and not beside:  # as nearly always: thousands of names need not be looked at
        return None
    keys = _all_keys(clips)
    return _called_so(called, keys) or _texts(beside, keys)


def _all_keys(clips: Sequence[Clip]) -> frozenset[str]:
    return frozenset(itertools.chain.from_iterable(map(keys_of, clips)))


def keys_of(clip: Clip) -> tuple[str, ...]:
    """Return the keys by which a table may name a clip."""
    files = [clip.reference, clip.lossy, *(each.path for each in clip.conditions)]
    return tuple(dict.fromkeys(keys_of_paths(clip.name, [path for path in files if path is not None])))


def with_transcripts(clips: Iterable[Clip], found: Transcripts) -> tuple[Clip, ...]:
    """Return the clips with their transcripts; those that have none there keep what they have."""
    return tuple(_with(clip, found) for clip in clips)


def _with(clip: Clip, found: Transcripts) -> Clip:
    own = next((found.by_key[key] for key in keys_of(clip) if key in found.by_key), None)
    return clip if own is None else replace(clip, transcript=own)


def counted(clips: Sequence[Clip], found: Transcripts) -> tuple[str, ...]:
    """Return how many clips were given transcripts, in a sentence; none where nothing could be read."""
    if not found.by_key:
        return ()
    own = [clip.transcript for clip in clips if clip.transcript is not None]
    left = sum(each.excluded for each in own)
    out = f", {left} of them left out by exclude" if left else ""
    return (f"transcripts of {len(own)} of {len(clips)} clips: {found.called}{out}",)


def text_said(transcript: Transcript) -> str:
    """Return what a transcript says; reads the text beside the sound where it stands in one.

    Raises
    ------
    ClipTableError
        If it cannot be read.
    """
    if transcript.path is None:
        return transcript.text
    return " ".join(read_text(transcript.path).split())


def _of_file(path: Path, keys: frozenset[str]) -> Transcripts:
    if path.suffix.lower() in TABLE_SUFFIXES:
        return _of_table(path, keys)
    found: dict[str, Transcript] = {}
    for number, line in enumerate(io.StringIO(read_text(path), newline=None), 1):
        if not line.strip():
            continue
        sphinx = _SPHINX.match(line.strip())
        name, text = (sphinx[2], sphinx[1]) if sphinx else (*line.split(maxsplit=1), "")[:2]
        key = key_of(name)
        if key in found:
            fact = f"line {number} gives {name} a second transcript"
            raise ClipTableError(str(path), fact, "keep one of them")
        found[key] = Transcript(text.strip(), path.name)
    if keys and not keys & found.keys():
        way_out = "begin each line with a clip's name, or give a table with the columns id and transcription"
        raise ClipTableError(str(path), "names none of these clips", way_out)
    return Transcripts(found, path.name, (path.name,))


def _of_table(path: Path, keys: frozenset[str]) -> Transcripts:
    table = read_clip_table(path, keys, _NAMING)
    heads = {head.lower(): head for head in reversed(table.columns)}
    head = next((heads[name] for name in _HEADS if name in heads), None)
    if head is None:
        fact = f"has no column of transcripts (columns: {', '.join(map(repr, table.columns[:8]))})"
        raise ClipTableError(str(path), fact, "call it transcription")
    flag = heads.get(_EXCLUDE)
    found = {
        key: Transcript(
            cells.get(head, ""), path.name, _is_out(path, key, cells.get(flag, "") if flag else "")
        )
        for key, cells in table.rows.items()
    }
    notes = tuple(f"{path.name}: rows for {key} differ: none of them is used" for key in table.doubles)
    return Transcripts(found, path.name, (path.name,), notes)


def _is_out(path: Path, key: str, cell: str) -> bool:
    if cell.lower() in _YES | _NO:
        return cell.lower() in _YES
    raise ClipTableError(str(path), f"{_EXCLUDE} of {key} is {cell!r}", "write True or False")


def _called(tree: Tree) -> dict[str, Path]:
    """Return the tables and lists that are called transcripts, by their paths below the folder."""
    return {
        rel + name: folder.path / name
        for rel, folder in tree.folders.items()
        for name in (*folder.tables, *folder.lists)
        if _CALLED.search(name)
    }


def _beside(tree: Tree, *, sounds: bool = True) -> dict[str, Path]:
    """Return the texts that are named as a sound beside them, or as anything, by paths below the folder."""
    return {
        rel + name: folder.path / name
        for rel, folder in tree.folders.items()
        for stem, name in folder.plain.items()
        if name.lower().endswith(_TEXT_SUFFIXES) and (not sounds or stem in folder.sounds)
    }


def _called_so(files: Mapping[str, Path], keys: frozenset[str]) -> Transcripts | None:
    """Return what the files that are called transcripts say, if they speak of these clips."""
    found: dict[str, Transcript] = {}
    notes: list[str] = []
    for path in files.values():
        try:
            read = _of_file(path, keys)
        except GaplistenError as error:
            notes.append(f"no transcripts: {error}")
            continue
        notes += read.notes
        found = {**read.by_key, **found}
    return Transcripts(found, ", ".join(files), tuple(files), tuple(notes)) if files else None


def _texts(files: Mapping[str, Path], keys: frozenset[str]) -> Transcripts | None:
    """Return the texts that are named as clips, if they hold words."""
    named = {rel: (key, path) for rel, path in files.items() if (key := _key_of_text(path)) in keys}
    if not named or not all(_holds_words(path) for _, path in list(named.values())[:_PEEKED]):
        return None
    found = {key: Transcript("", path.name, path=path) for key, path in reversed(named.values())}
    return Transcripts(found, f"{len(found)} texts named as the clips", tuple(named))


def _key_of_text(path: Path) -> str:
    return key_of(f"{stem_of(path.name)}.wav")


def _holds_words(path: Path) -> bool:
    try:
        text = read_text(path)
    except GaplistenError:
        return False
    return len(re.findall(r"[^\W\d_]{2,}", text[:4096])) >= _LETTERS
