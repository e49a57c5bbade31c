"""Which stretches of sound were lost, the gaps that leaves, and the packets on which they lie, if any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Signal
from gaplisten.errors import GaplistenError

Flags = npt.NDArray[np.bool_]
Spans = npt.NDArray[np.int64]
"""Shape ``(spans, 2)``: start and stop of each, in frames or in packets."""


class OffGridError(GaplistenError):
    """Packets were asked for where the losses do not lie on packets."""


class Origin(StrEnum):
    """How a trace came to be known."""

    FILE = "file"
    DETECTED = "detected"
    MODEL = "model"
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a trace was read from a file: in which format, whether turned round, and from which file."""

    format: str
    inverted: bool = False
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """Where packets begin.

    Parameters
    ----------
    length
        Frames in one packet.
    offset
        Frame at which packet 0 begins, ``-length < offset <= 0``: a sound whose first 100 frames were cut off
        has packets that begin at -100. Packet 0 is then partial.
    """

    length: int
    offset: int = 0

    def __post_init__(self) -> None:
        if self.length <= 0:
            raise ValueError("packet_frames and rate must be positive")
        if not -self.length < self.offset <= 0:
            raise ValueError(f"the offset {self.offset} is not within one packet of {self.length} frames")

    def packets(self, frames: int) -> int:
        """Return how many packets cover `frames` frames; the first and the last may be partial."""
        return max(-((self.offset - frames) // self.length), 0)

    def packet_of(self, frame: int) -> int:
        """Return the packet that holds a frame."""
        return (frame - self.offset) // self.length

    def start(self, packet: int) -> int:
        """Return the frame at which a packet begins, 0 for a packet that began before the sound."""
        return max(packet * self.length + self.offset, 0)


@dataclass(frozen=True, slots=True)
class Gap:
    """A maximal run of lost sound ``[start, stop)``, in frames of the clip's clock.

    Parameters
    ----------
    first_packet, packets
        The packets that it is, where it lies on packets; None where it does not.
    """

    start: int
    stop: int
    first_packet: int | None = None
    packets: int | None = None

    @property
    def frames(self) -> int:
        """Length in frames."""
        return self.stop - self.start


def runs_of(flags: Flags) -> Spans:
    """Return the maximal runs of True, shape ``(runs, 2)``: start and stop of each, ascending."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False]))))
    return edges.reshape(-1, 2).astype(np.int64)


@dataclass(frozen=True, eq=False)
class LossTrace:
    """What was lost of a sound: spans of frames, and the packet grid where there is one.

    Made by `of_packets` (one flag per packet) or `of_spans` (detected, marked by hand, imported).

    Parameters
    ----------
    spans
        Shape ``(gaps, 2)``: start and stop of each gap in frames, ascending and apart.
    frames
        How many frames the trace speaks of; what follows counts as received.
    rate
        The clock of all positions, in Hz.
    grid
        The packets; None where nothing is known of any. Gaps may lie off the grid.
    origin
        Whether the trace was read, detected from exact zeros, made by a model or edited.
    reading
        How it was read, where it comes from a file.
    """

    spans: Spans
    frames: int
    rate: int
    grid: Grid | None = None
    origin: Origin = Origin.FILE
    reading: Reading | None = None

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise ValueError("packet_frames and rate must be positive")
        edges = self.spans.reshape(-1)
        if self.spans.shape != (len(self.spans), 2) or self.spans.dtype != np.int64:
            raise ValueError(
                f"spans must be rows of start and stop, not {self.spans.dtype} {self.spans.shape}"
            )
        if edges.size and (edges[0] < 0 or edges[-1] > self.frames or (np.diff(edges) <= 0).any()):
            raise ValueError(f"spans must be ascending, apart, and within the {self.frames} frames")
        self.spans.setflags(write=False)

    @classmethod
    def of_packets(
        cls,
        lost: Flags,
        packet_frames: int,
        rate: int,
        origin: Origin = Origin.FILE,
        *,
        offset: int = 0,
        reading: Reading | None = None,
    ) -> LossTrace:
        """Return the trace that loses whole packets.

        Parameters
        ----------
        lost
            Shape ``(packets,)``, True where the packet was lost. Packets beyond the end count as received.
        packet_frames
            Frames in one packet at `rate`.
        offset
            Frame at which the first packet begins, see `Grid`.
        """
        if lost.ndim != 1 or lost.dtype != np.bool_:
            raise ValueError(f"lost must be a row of bool, not {lost.dtype} {lost.shape}")
        grid = Grid(packet_frames, offset)
        spans = np.maximum(runs_of(lost) * packet_frames + offset, 0)
        return cls(spans, max(lost.size * packet_frames + offset, 0), rate, grid, origin, reading)

    @classmethod
    def of_spans(
        cls,
        spans: Iterable[tuple[int, int]] | Spans,
        frames: int,
        rate: int,
        origin: Origin = Origin.FILE,
        *,
        grid: Grid | None = None,
        reading: Reading | None = None,
    ) -> LossTrace:
        """Return the trace that loses stretches of frames: cut at 0 and `frames`; they may overlap."""
        rows = np.array(spans if isinstance(spans, np.ndarray) else list(spans), np.int64).reshape(-1, 2)
        return cls(_united(np.clip(rows, 0, frames)), frames, rate, grid, origin, reading)

    # -- packets --------------------------------------------------------------------------------------

    @cached_property
    def on_grid(self) -> bool:
        """Whether there is a packet grid, and every gap begins and ends with a packet (or with the sound)."""
        grid = self.grid
        if grid is None:
            return False
        starts, stops = self.spans.T
        begins = (starts == 0) | ((starts - grid.offset) % grid.length == 0)
        ends = (stops == self.frames) | ((stops - grid.offset) % grid.length == 0)
        return bool(begins.all() and ends.all())

    @cached_property
    def lost(self) -> Flags:
        """One flag per packet, shape ``(packets,)``, True where it was lost; not to be written to.

        Raises
        ------
        OffGridError
            If gaps lie off the packets, or there are no packets.
        """
        grid = self._grid()
        if not self.on_grid:
            raise _off_grid(f"some gaps do not lie on its packets of {grid.length} frames")
        flags = self.touching(grid)
        flags.setflags(write=False)
        return flags

    @property
    def packets(self) -> int:
        """Number of packets that the trace speaks of (`OffGridError` without packets)."""
        return self._grid().packets(self.frames)

    @property
    def packet_frames(self) -> int:
        """Frames in one packet (`OffGridError` without packets)."""
        return self._grid().length

    @property
    def packet_ms(self) -> float:
        """Packet length in milliseconds (`OffGridError` without packets)."""
        return 1000.0 * self.packet_frames / self.rate

    def packet_of(self, frame: int) -> int | None:
        """Return the packet that holds a frame; None without a packet grid."""
        return None if self.grid is None else self.grid.packet_of(frame)

    def _grid(self) -> Grid:
        if self.grid is None:
            raise _off_grid("there are no packets: its gaps have lengths of their own")
        return self.grid

    def touching(self, grid: Grid) -> Flags:
        """Return one flag for each packet of a grid, True where any of its frames was lost."""
        edges = np.zeros(grid.packets(self.frames) + 1, np.int64)
        np.add.at(edges, (self.spans[:, 0] - grid.offset) // grid.length, 1)
        np.add.at(edges, -((grid.offset - self.spans[:, 1]) // grid.length), -1)
        return np.asarray(np.cumsum(edges[:-1]) > 0, np.bool_)

    # -- what was lost --------------------------------------------------------------------------------

    @property
    def has_loss(self) -> bool:
        """Whether anything was lost."""
        return bool(len(self.spans))

    @property
    def loss_rate(self) -> float:
        """Share of packets lost, 0..1; share of frames where gaps lie off the packets (0 when empty)."""
        if self.on_grid:
            return float(self.lost.mean()) if self.lost.size else 0.0
        return int((self.spans[:, 1] - self.spans[:, 0]).sum()) / self.frames if self.frames else 0.0

    @property
    def longest_ms(self) -> float:
        """Length of the longest burst in milliseconds (0 with no loss); on packets, of whole ones."""
        gaps = self.gaps()
        if self.on_grid:
            return max((gap.packets or 0 for gap in gaps), default=0) * self.packet_ms
        return 1000.0 * max((gap.frames for gap in gaps), default=0) / self.rate

    def gaps(self, frames: int | None = None) -> tuple[Gap, ...]:
        """Return the gaps, cut at `frames` when given; those on packets know which these are."""
        end = self.frames if frames is None else frames
        rows = self.spans[self.spans[:, 0] < end].tolist()
        return tuple(self._gap(start, stop, min(stop, end)) for start, stop in rows)

    def _gap(self, start: int, stop: int, end: int) -> Gap:
        grid = self.grid
        if grid is None:
            return Gap(start, end)
        begins = start == 0 or (start - grid.offset) % grid.length == 0
        ends = stop == self.frames or (stop - grid.offset) % grid.length == 0
        if not (begins and ends):
            return Gap(start, end)
        first = grid.packet_of(start)
        return Gap(start, end, first, grid.packet_of(stop - 1) - first + 1)

    def lost_at(self, frame: int) -> bool:
        """Return whether a frame was lost."""
        at = int(np.searchsorted(self.spans[:, 0], frame, "right")) - 1
        return at >= 0 and frame < int(self.spans[at, 1])

    def mask(self, frames: int) -> Flags:
        """Return one flag per frame, shape ``(frames,)``, True where the frame was lost."""
        edges = np.zeros(frames + 1, np.int8)
        cut = np.minimum(self.spans, frames)
        cut = cut[cut[:, 0] < cut[:, 1]]
        edges[cut[:, 0]], edges[cut[:, 1]] = 1, -1
        found = edges[:-1]  # an hour has 170 million: no other array of that size is made
        return np.cumsum(found, dtype=np.int8, out=found).view(np.bool_)

    # -- other traces ---------------------------------------------------------------------------------

    def fitted(self, frames: int) -> LossTrace:
        """Return the trace for a signal of `frames` frames.

        On packets it has one flag for each packet, of which the last may be partial. What is missing counts
        as received; what lies beyond the end is dropped.
        """
        if not self.on_grid:
            return self._with(self.spans, frames)
        grid = self._grid()
        lost = np.zeros(grid.packets(frames), np.bool_)
        lost[: self.packets] = self.lost[: lost.size]
        return LossTrace.of_packets(
            lost, grid.length, self.rate, self.origin, offset=grid.offset, reading=self.reading
        )

    def part(self, start: int, stop: int) -> LossTrace:
        """Return the losses of ``[start, stop)`` on a clock that begins there."""
        grid = self.grid and Grid(self.grid.length, -((start - self.grid.offset) % self.grid.length))
        return LossTrace.of_spans(
            self.spans - start, stop - start, self.rate, self.origin, grid=grid, reading=self.reading
        )

    def marked(self, start: int, stop: int, lost: bool) -> LossTrace:
        """Return the trace, edited, with the frames ``[start, stop)`` lost or received."""
        if lost:
            spans = np.concatenate([self.spans, [(start, stop)]])
        else:
            before = np.minimum(self.spans, start)
            spans = np.concatenate([before, np.maximum(self.spans, stop)])
        return replace(self._with(spans, self.frames), origin=Origin.EDITED, reading=None)

    def at_rate(self, rate: int) -> LossTrace:
        """Return the same losses on a clock of another rate; a gap off the packets grows to whole frames.

        Raises
        ------
        ValueError
            If the packet is not a whole number of frames at `rate`.
        """
        grid = None
        if self.grid is not None:
            length, offset = self.grid.length * rate, self.grid.offset * rate
            if length % self.rate or offset % self.rate:
                found = f"a packet of {self.packet_ms:g} ms"
                raise ValueError(f"{found} is not a whole number of frames at {rate} Hz")
            grid = Grid(length // self.rate, offset // self.rate)
        starts, stops = self.spans.T
        spans = np.stack([starts * rate // self.rate, -(-stops * rate // self.rate)], axis=1)
        frames = -(-self.frames * rate // self.rate)
        return LossTrace.of_spans(spans, frames, rate, self.origin, grid=grid, reading=self.reading)

    def _with(self, spans: Spans, frames: int) -> LossTrace:
        return LossTrace.of_spans(spans, frames, self.rate, self.origin, grid=self.grid, reading=self.reading)


def apply_loss(clean: Signal, trace: LossTrace) -> Signal:
    """Return the signal with its lost frames exactly zero and everything else bit-identical.

    Raises
    ------
    ValueError
        If trace and signal are on different clocks.
    """
    if trace.rate != clean.rate:
        raise ValueError(f"the trace is at {trace.rate} Hz, the signal at {clean.rate} Hz")
    samples = clean.samples.copy()
    samples[trace.mask(clean.frames)] = 0.0
    return Signal(samples, clean.rate)


def _united(rows: Spans) -> Spans:
    """Return spans ascending and apart: what overlaps or touches becomes one, what is empty goes."""
    rows = rows[rows[:, 0] < rows[:, 1]]
    if len(rows) < 2:
        return rows
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    reach = np.maximum.accumulate(rows[:, 1])
    first = np.flatnonzero(np.concatenate(([True], rows[1:, 0] > reach[:-1])))
    last = np.concatenate((first[1:] - 1, [len(rows) - 1]))
    return np.stack([rows[first, 0], reach[last]], axis=1)


def _off_grid(fact: str) -> OffGridError:
    return OffGridError("the losses of this clip", fact, "give a trace with one entry per packet for this")
