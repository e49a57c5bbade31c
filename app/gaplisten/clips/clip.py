"""What to listen to: one clip, a set of them, and a clip with its sound in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace

DEFAULT_PACKET_MS = 20.0


@dataclass(frozen=True)
class ConditionFile:
    """What one system under test made of a clip."""

    name: str
    path: Path


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

    @property
    def sound(self) -> Path | None:
        """The file that sets the clip's clock: reference, else lossy file, else first condition."""
        first = self.conditions[0].path if self.conditions else None
        return self.reference or self.lossy or first


@dataclass(frozen=True)
class ClipSet:
    """The clips found in one place.

    Parameters
    ----------
    conditions
        Names of all conditions of any clip, in order.
    notes
        Sentences: which layout was found, and what was missing.
    """

    title: str
    root: Path
    clips: tuple[Clip, ...]
    conditions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

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

    @property
    def frames(self) -> int:
        """Length of the clip in frames: that of the signal which sets the clock."""
        first = self.reference or self.lossy or next(iter(self.conditions.values()), None)
        return first.frames if first else 0
