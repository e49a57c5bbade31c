"""What a format of labels is, and what each of them needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gaplisten.errors import GaplistenError, visible
from gaplisten.texts import decoded_anyhow

MOST_LABELS = 200_000  # ten hours of phones
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_LONGEST = 1e7  # seconds


class LabelError(GaplistenError):
    """Labels that cannot be read or written."""


@dataclass(frozen=True, order=True)
class Label:
    """A remark about a stretch of sound, in seconds; a point where both are equal."""

    start: float
    stop: float
    text: str

    @property
    def is_point(self) -> bool:
        """Whether it speaks of one place."""
        return self.stop <= self.start


@dataclass(frozen=True)
class Track:
    """Labels of one kind: what was lost, what is found in one version, notes."""

    name: str
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class LabelFormat:
    """How one tool's files of labels are written and read.

    Parameters
    ----------
    title
        The tool, for dialogs and messages.
    suffix
        Of its files, by which they are known.
    encode
        Makes the file's text of tracks, the length of their sound in s, and its rate in Hz. Texts are in one
        line, labels in order of time.
    decode
        Makes tracks of the file's bytes (`text_of`), or raises `BadLabels`.
    place
        Among the others.
    """

    title: str
    suffix: str
    encode: Callable[[Sequence[Track], float, int], str]
    decode: Callable[[bytes], tuple[Track, ...]]
    place: int


class BadLabels(ValueError):  # noqa: N818 - reads as the fact it is
    """What is wrong with a file's content.

    Parameters
    ----------
    fact
        For a sentence that begins with the file's name.
    way_out
        What can be done about it.
    """

    def __init__(self, fact: str, way_out: str = "save it again in the tool that made it") -> None:
        super().__init__(fact)
        self.way_out = way_out


def text_of(data: bytes) -> str:
    """Return a file's text, in whatever encoding it is.

    Raises
    ------
    BadLabels
        If it is no text.
    """
    try:
        return decoded_anyhow(data)  # Praat saves as UTF-16 where text is not plain
    except UnicodeDecodeError as error:
        raise BadLabels(f"is no text ({error.reason})", "save it as UTF-8") from error


def bounded(count: int, what: str) -> None:
    """Refuse more labels than anybody sets by hand or a tool finds in speech: they would take minutes.

    Raises
    ------
    BadLabels
        If there are.
    """
    if count > MOST_LABELS:
        raise BadLabels(f"has {count:,} {what} or more; {MOST_LABELS:,} are read at most", "give it in parts")


def one_line(text: str) -> str:
    """Return a text in one line, without characters that tools refuse."""
    return visible(" ".join(text.split()))


def flattened(tracks: Sequence[Track]) -> list[Label]:
    """Return all labels in order of time; of several tracks, each with its track's name before it."""
    alone = len(tracks) == 1
    every = (
        label if alone else Label(label.start, label.stop, f"{track.name}: {label.text}")
        for track in tracks
        for label in track.labels
    )
    return sorted(every)


def parted(labels: Iterable[Label]) -> tuple[Track, ...]:
    """Undo `flattened`: where every label begins with a name, those are the tracks'."""
    known = list(labels)
    if not known or not all(": " in each.text for each in known):
        return (Track("", tuple(known)),)
    tracks: dict[str, list[Label]] = {}
    for each in known:
        name, _, text = each.text.partition(": ")
        tracks.setdefault(name, []).append(Label(each.start, each.stop, text))
    return tuple(Track(name, tuple(found)) for name, found in tracks.items())


def seconds_of(text: str, where: str) -> float:
    """Return a time in seconds.

    Raises
    ------
    BadLabels
        If it is none.
    """
    if not _NUMBER.fullmatch(text.strip()) or not abs(float(text)) < _LONGEST:
        raise BadLabels(f"{where} holds {text.strip()[:30]!r} where a time in seconds belongs")
    return float(text)


def label_of(start: float, stop: float, text: str, where: str) -> Label:
    """Return a label.

    Raises
    ------
    BadLabels
        If it ends before it begins.
    """
    if stop < start:
        raise BadLabels(f"{where} ends at {stop:g}, before it begins ({start:g})")
    return Label(start, stop, one_line(text))
