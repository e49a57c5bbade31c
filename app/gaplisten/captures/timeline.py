"""What became of a stream on the clock of its sound: what never came, what came late, what was silent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from gaplisten.captures.streams import CaptureError, Stream
from gaplisten.loss.trace import Flags

MAX_SLOTS = 20_000_000

Slots = npt.NDArray[np.int64]
Milliseconds = npt.NDArray[np.float64]


class Slot(IntEnum):
    """What became of one packet's length of sound."""

    RECEIVED = 0
    LOST = 1
    SILENCE = 2


@dataclass(frozen=True)
class Counts:
    """What was counted on the way.

    Parameters
    ----------
    received
        Packets that came, each once.
    lost
        Packets that never came.
    duplicates, reordered
        Packets that came again; that came behind a later one.
    silent
        Slots in which nothing was sent (DTX), comfort noise included.
    comfort
        Packets of comfort noise.
    events
        Packets of telephone events (dialling tones).
    recovered
        Lost packets whose sound came again with a later one (RED, RFC 2198).
    """

    received: int = 0
    lost: int = 0
    duplicates: int = 0
    reordered: int = 0
    silent: int = 0
    comfort: int = 0
    events: int = 0
    recovered: int = 0

    def __add__(self, other: Counts) -> Counts:
        values = (getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__)
        return Counts(*values)


@dataclass(frozen=True, eq=False)
class Timeline:
    """One slot for each packet's length of sound, from the first packet that came on.

    Parameters
    ----------
    slots
        Shape ``(slots,)``, values of `Slot`.
    delays_ms
        Shape ``(slots,)``: arrival less the place in the sound; only differences mean anything, but for a
        delay profile. NaN where nothing arrived, or nobody knows when.
    packets
        Shape ``(slots,)``: index of the packet that holds the slot, -1 for none.
    packet_ms
        Length of a slot.
    units, clock
        Length of a slot in units of the stream's timestamps, and how many of them are a second; 0 where
        nothing counts time.
    begun
        When slot 0 would have come with the smallest delay, in nanoseconds; -1 without times.
    planned
        Whether delays are those of a plan, which mean something as they stand.
    stream
        Whose packets these are.
    again, behind
        Shape ``(slots,)``: the packet came again; it came behind a later one.
    """

    slots: npt.NDArray[np.uint8]
    delays_ms: Milliseconds
    packets: Slots
    packet_ms: float
    units: int = 0
    clock: int = 0
    counts: Counts = Counts()
    notes: tuple[str, ...] = ()
    begun: int = -1
    planned: bool = False
    stream: Stream | None = None
    again: Flags = field(default_factory=lambda: np.zeros(0, np.bool_))
    behind: Flags = field(default_factory=lambda: np.zeros(0, np.bool_))

    @property
    def has_delays(self) -> bool:
        """Whether it is known how late packets were."""
        return bool(np.isfinite(self.delays_ms).any())

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.slots.size * self.packet_ms / 1000


def joined(parts: list[Timeline]) -> Timeline:
    """Return timelines one behind the other, as far apart as they came; nothing was sent in between.

    Raises
    ------
    CaptureError
        If packets of one are longer than those of another, or nothing tells when they came.
    """
    found = parts[0]
    for part in parts[1:]:
        if abs(part.packet_ms - found.packet_ms) > 1e-6:
            lengths = f"{found.packet_ms:g} and {part.packet_ms:g} ms"
            raise CaptureError(
                "these streams", f"have packets of {lengths}", "turn them into traces one by one"
            )
        if found.begun < 0 or part.begun < 0:
            raise CaptureError(
                "these streams", "have no times of arrival", "turn them into traces one by one"
            )
        apart = round((part.begun - found.begun) / 1e6 / found.packet_ms)
        found = _behind(found, part, apart)
    return found


def _behind(first: Timeline, second: Timeline, apart: int) -> Timeline:
    between = apart - first.slots.size
    if between < 0:
        overlap = f"{-between} packets' length at which one begins before the other ends count for the first"
        between, notes = 0, (*first.notes, *second.notes, overlap)
    else:
        notes = (*first.notes, *second.notes)
    if first.slots.size + between + second.slots.size > MAX_SLOTS:
        raise CaptureError("these streams", "lie too far apart", "turn them into traces one by one")
    silent = np.full(between, Slot.SILENCE, np.uint8)
    nothing, none, no = np.full(between, np.nan), np.full(between, -1, np.int64), np.zeros(between, np.bool_)
    stretch = first.delays_ms - np.nanmin(first.delays_ms), second.delays_ms - np.nanmin(second.delays_ms)
    assert first.stream is not None
    assert second.stream is not None
    offset, stream = first.stream.packets, first.stream.followed_by(second.stream)
    behind = np.where(second.packets >= 0, second.packets + offset, -1)
    return replace(
        first,
        slots=np.concatenate([first.slots, silent, second.slots]),
        delays_ms=np.concatenate([stretch[0], nothing, stretch[1]]),
        packets=np.concatenate([first.packets, none, behind]),
        counts=first.counts + second.counts + Counts(silent=between),
        notes=tuple(dict.fromkeys(notes)),
        stream=stream,
        again=np.concatenate([first.again, no, second.again]),
        behind=np.concatenate([first.behind, no, second.behind]),
    )
