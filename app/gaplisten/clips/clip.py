"""What to listen to: one clip, a set of them, and a clip with its sound in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.audio.signal import Signal
from gaplisten.clips.arrangement import DEFAULT_PACKET_MS, Layout, PacketLength
from gaplisten.loss.trace import LossTrace

__all__ = [
    "DEFAULT_PACKET_MS",
    "Clip",
    "ClipSet",
    "ConditionFile",
    "Offer",
    "OpenClip",
    "PacketLength",
    "Transcript",
]


@dataclass(frozen=True)
class ConditionFile:
    """What one system under test made of a clip.

    Parameters
    ----------
    trace
        File of the losses that this system met, where they are its own; None: those of the clip.
    trace_format, trace_inverted
        How to read `trace`; found out from its content when not given.
    packet_ms
        Packet length of `trace` in milliseconds; None: the clip's, or the usual one with which it fits.
    """

    name: str
    path: Path
    trace: Path | None = None
    trace_format: str | None = None
    trace_inverted: bool = False
    packet_ms: float | None = None


@dataclass(frozen=True)
class Transcript:
    """What is said in a clip.

    Parameters
    ----------
    text
        The words; empty where they stand in the file `path`, which is read when they are wanted.
    source
        Name of the file that says so.
    excluded
        Whether that file leaves the clip out of word accuracy.
    """

    text: str
    source: str
    excluded: bool = False
    path: Path | None = None


@dataclass(frozen=True)
class Clip:
    """One test item, as paths; any of them may be missing.

    Parameters
    ----------
    name
        Unique within its set.
    trace
        File of the loss trace. None: the trace is `inline_trace`, or is detected from zero packets.
    packet_ms
        Packet length in milliseconds.
    inline_trace
        True = lost, where the trace stands in a table for many clips (the 2024 challenge).
    folder
        Where the clip was found.
    trace_format, trace_inverted
        How to read `trace`; found out from its content when not given.
    packet_frames
        Packet length in frames of the clip's clock, in place of `packet_ms`.
    trace_shift
        By how many frames of the clip's clock the losses of `trace` lie later than it says.
    transcript
        What is said in it, where somebody wrote it down.
    reading
        How files are read that do not tell, or have more channels than are wanted.
    """

    name: str
    reference: Path | None = None
    lossy: Path | None = None
    trace: Path | None = None
    conditions: tuple[ConditionFile, ...] = ()
    packet_ms: float = DEFAULT_PACKET_MS
    inline_trace: tuple[bool, ...] | None = None
    folder: Path = Path()
    trace_format: str | None = None
    trace_inverted: bool = False
    packet_frames: int | None = None
    trace_shift: int = 0
    transcript: Transcript | None = None
    reading: Reading = AS_TOLD

    @property
    def packet(self) -> PacketLength:
        """The packet length."""
        return PacketLength(self.packet_ms, self.packet_frames)

    @property
    def sound(self) -> Path | None:
        """The file that sets the clip's clock: reference, else lossy file, else first condition."""
        first = self.conditions[0].path if self.conditions else None
        return self.reference or self.lossy or first

    def as_met_by(self, condition: ConditionFile) -> Clip:
        """Return the clip with a condition's own losses in place of its own, where it has any."""
        if condition.trace is None:
            return self
        return replace(
            self,
            trace=condition.trace,
            inline_trace=None,
            trace_format=condition.trace_format,
            trace_inverted=condition.trace_inverted,
            packet_ms=condition.packet_ms or self.packet_ms,
            packet_frames=None if condition.packet_ms else self.packet_frames,
            trace_shift=0,
        )


@dataclass(frozen=True)
class Offer:
    """A folder outside the opened one in which references could lie: nothing of it is used unasked."""

    folder: Path
    found: int
    of: int

    def __str__(self) -> str:
        """Return the offer in words, with the full path."""
        return f"{self.found} of {self.of} references could be in {self.folder}"


@dataclass(frozen=True)
class ClipSet:
    """The clips found in one place.

    Parameters
    ----------
    conditions
        Names of all conditions of any clip, in order.
    notes
        Sentences: which layout was found, and what was missing.
    layout
        How the folder's files were taken; None for loose files and several folders.
    counts
        By `Part.counted_as`: how many of how many clips have its file.
    offers
        What lies elsewhere and could be used.
    unused
        Those of the notes that name what lies there and is of no clip.
    """

    title: str
    root: Path
    clips: tuple[Clip, ...]
    conditions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    layout: Layout | None = None
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    offers: tuple[Offer, ...] = ()
    unused: tuple[str, ...] = ()

    def clip(self, name: str) -> Clip:
        """Return the clip of that name; `KeyError` if there is none."""
        for found in self.clips:
            if found.name == name:
                return found
        raise KeyError(name)


@dataclass(frozen=True, eq=False)
class OpenClip:
    """A clip with its sound, all on one clock.

    Parameters
    ----------
    rate
        The clock in Hz: the reference's rate, or the lossy file's when there is no reference.
    problems
        A sentence for each file that could not be used.
    resampled
        ``reference``, ``lossy`` and names of conditions that were brought to `rate`.
    notes
        Sentences about unusual things that do no harm.
    wide
        Files left out for having more than two channels, of which nobody said which are used; and how many.
    own_traces
        Losses of conditions that met others than the clip's, by name; None where they cannot be used.
    """

    clip: Clip
    rate: int
    reference: Signal | None
    lossy: Signal | None
    trace: LossTrace | None
    conditions: Mapping[str, Signal]
    problems: tuple[str, ...] = ()
    resampled: frozenset[str] = field(default=frozenset())
    notes: tuple[str, ...] = ()
    own_traces: Mapping[str, LossTrace | None] = field(default_factory=dict)
    wide: tuple[tuple[Path, int], ...] = ()

    def trace_of(self, condition: str) -> LossTrace | None:
        """Return what a condition lost: its own losses where it has any, else the clip's."""
        return self.own_traces.get(condition, self.trace)

    @property
    def versions(self) -> dict[str, Signal]:
        """The conditions, after the lossy file as ``lossy``; one made of the reference does not count."""
        lossy = {} if self.lossy is None or self.clip.lossy is None else {"lossy": self.lossy}
        return {**lossy, **self.conditions}

    @property
    def traces(self) -> dict[str, LossTrace]:
        """What each condition lost, of which that is known."""
        return {name: met for name in self.conditions if (met := self.trace_of(name)) is not None}

    @property
    def frames(self) -> int:
        """Length of the clip in frames: that of the signal which sets the clock."""
        first = self.reference or self.lossy or next(iter(self.conditions.values()), None)
        return first.frames if first else 0
