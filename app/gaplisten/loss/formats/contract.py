"""What a trace format is: how its files are known, read, continued and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from gaplisten.loss.trace import Flags, LossTrace, Spans
from gaplisten.texts import beginning, decoded_but_remarks

MAX_PACKETS = 50_000_000
REMARKS = "#;%"
"""With any of these a line of text begins that tells nothing of losses."""
ARRAY_MAGIC = b"\x93NUMPY"
_SAMPLE = 65_536  # bytes looked at to tell text from other bytes

_LOST = re.compile(r"(^|[^a-z])(is[_-]?)?lost([^a-z]|$)")

Whole = npt.NDArray[np.int64]
T = TypeVar("T")


@dataclass
class BadTrace(Exception):  # noqa: N818 - the caller turns it into an error with the file's name
    """Why bytes are not the trace they were taken for."""

    fact: str
    way_out: str = ""


class Unusable(BadTrace):
    """Bytes that are surely of this format and cannot be used: no other format may read them either."""


class Kind(StrEnum):
    """What the bytes of a file are at first sight."""

    ARRAY = "NumPy array"
    TEXT = "text"
    BYTES = "bytes"


class End(StrEnum):
    """What a format means by a trace that is shorter than the sound."""

    EXACT = "exact length"
    RECEIVED = "packets after the end are received"
    LOST = "packets after the end are lost"
    LAST = "the last flag holds on"
    REPEATS = "starts again from the beginning"
    STRETCHED = "each flag is repeated to fill the length"


@dataclass(frozen=True, eq=False)
class Intervals:
    """Losses that lie on no packets, as a file tells their beginnings and ends.

    Parameters
    ----------
    rows
        Shape ``(intervals, 2)``: start and stop of each, ascending within a row.
    in_frames
        Whether they count frames of the sound; otherwise seconds.
    """

    rows: npt.NDArray[np.float64]
    in_frames: bool = False

    def spans(self, rate: int) -> Spans:
        """Return them in frames of a clock."""
        return np.rint(self.rows if self.in_frames else self.rows * rate).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Decoded:
    """Flags as they stand in the file, True = lost by that format's rule.

    Parameters
    ----------
    lost
        Shape ``(packets,)``; empty where there are intervals.
    notes
        Sentences about what was repaired or assumed.
    packet_frames
        Frames in a packet where the file itself tells, else None.
    packet_ms
        The same in milliseconds.
    intervals
        What was lost, where the file tells no packets.
    """

    lost: Flags
    notes: tuple[str, ...] = ()
    packet_frames: int | None = None
    packet_ms: float | None = None
    intervals: Intervals | None = None

    @classmethod
    def of_intervals(
        cls, rows: Sequence[tuple[float, float]], notes: Sequence[str] = (), *, in_frames: bool = False
    ) -> Decoded:
        """Return losses that lie on no packets."""
        array = np.array(rows, np.float64).reshape(-1, 2)
        return cls(np.zeros(0, np.bool_), tuple(notes), intervals=Intervals(array, in_frames))


class Content:
    """A file's bytes, and whatever was read out of them, each only once.

    Parameters
    ----------
    stem, suffix
        The file's name and its end: some say what 1 means.
    packets
        How many packets the sound has, where that is known.
    """

    def __init__(self, data: bytes, stem: str = "", suffix: str = "", packets: int | None = None) -> None:
        self.data, self.stem, self.suffix, self.packets = data, stem, suffix.lower(), packets
        self._known: dict[Callable[[Content], Any], Any] = {}

    @cached_property
    def kind(self) -> Kind:
        """What the bytes are at first sight."""
        if self.data.startswith(ARRAY_MAGIC):
            return Kind.ARRAY
        try:
            sample = beginning(self.data, _SAMPLE)
        except UnicodeDecodeError:
            return Kind.TEXT if self._is_text_but_remarks() else Kind.BYTES
        printable = all(character.isprintable() or character in "\r\n\t" for character in sample)
        return Kind.TEXT if printable else Kind.BYTES

    def _is_text_but_remarks(self) -> bool:
        try:
            decoded_but_remarks(self.data, REMARKS)
        except UnicodeDecodeError:
            return False
        return True

    def once(self, reading: Callable[[Content], T]) -> T:
        """Return what a function makes of this content; it is called the first time only.

        Raises
        ------
        BadTrace
            As the function did.
        """
        if reading not in self._known:
            try:
                self._known[reading] = reading(self)
            except BadTrace as bad:
                self._known[reading] = bad
        found = self._known[reading]
        if isinstance(found, BadTrace):
            raise found
        return found  # type: ignore[no-any-return]


def _never(content: Content) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class TraceFormat:
    """One way of writing a trace down.

    Parameters
    ----------
    name
        What users and commands call it.
    help
        What it is, in words for the user.
    suffixes
        Of its files; the first is given to new ones.
    polarity
        What the file's values mean, in words for the user.
    end
        What it means by a trace that is shorter than the sound.
    recognises
        Called with a file's content when nobody told its format. Returns None where it cannot be of this
        format, an empty text where it can be of no other, and otherwise the doubt, a sentence about the file
        ("holds ..., which may mean ..."). Raises `BadTrace` with the reason why it is not of this format
        after all, said when no other format claims the file; and `Unusable` where it surely is, but damaged.
        Without it the format must be named.
    decode
        Called with a file's content; raises `BadTrace`.
    encode
        Returns the content of a new file. `encode_npy` does so for files called ``.npy``, where the format
        has both forms.
    unit
        ``packet`` or ``sample``: what its entries count.
    lists
        Whether it lists what was lost: its last entry is the last loss, not the end of the sound.
    ones_are_received
        Whether a file of 0 and 1 means 1 = received.
    suffix_tells
        Whether the suffix alone tells that a file is a trace.
    place
        Where it stands in lists of formats: low numbers first.
    """

    name: str
    help: str
    suffixes: tuple[str, ...]
    polarity: str
    end: End
    decode: Callable[[Content], Decoded]
    encode: Callable[[LossTrace], bytes]
    encode_npy: Callable[[LossTrace], bytes] | None = None
    recognises: Callable[[Content], str | None] = _never
    unit: str = "packet"
    lists: bool = False
    ones_are_received: bool = False
    suffix_tells: bool = False
    place: int = 1000


def doubt_about_polarity(content: Content, flags: Flags) -> str:
    """Return what is doubtful about a file of 0 and 1; nothing where 1 means lost.

    Ones in the majority are many losses, or they mean "received"; a name such as `_is_lost` settles it. One
    that speaks of loss does not: in many a loss file 1 means received.
    """
    share = float(flags.mean()) if flags.size else 0.0
    if share <= 0.5 or says_lost(content.stem):
        return ""
    return f"{100 * share:.0f} % of its entries are 1, which may mean lost or received"


def may_be_bits(content: Content) -> bool:
    """Whether bytes may be one bit per frame: any can, so that their length or name must say so."""
    fits = content.packets is not None and len(content.data) == -(-content.packets // 8)
    return fits or content.suffix in (".g192", ".ep", ".bit") or "compact" in content.stem.lower()


def says_lost(stem: str) -> bool:
    """Whether a file's name says that what is marked in it was lost: ``54_is_lost``, ``lost_packets``."""
    return _LOST.search(stem.lower()) is not None


def limited(count: int) -> int:
    """Return `count`; refuse absurd lengths before memory is asked for."""
    if count > MAX_PACKETS:
        raise BadTrace(f"speaks of {count} packets, more than {MAX_PACKETS}", "check what this file is")
    return count
