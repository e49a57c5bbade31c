"""Which packets were lost, and the gaps that leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]


class Origin(StrEnum):
    """How a trace came to be known."""

    FILE = "file"
    DETECTED = "detected"
    MODEL = "model"
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class Gap:
    """A maximal run of lost packets; `start` and `stop` are frames of the clip's clock."""

    start: int
    stop: int
    first_packet: int
    packets: int

    @property
    def frames(self) -> int:
        """Length in frames."""
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class LossTrace:
    """One flag per packet, plus the packet length.

    Parameters
    ----------
    lost
        Shape ``(packets,)``, True where the packet was lost. Packets beyond the end count as received.
    packet_frames
        Frames in one packet at `rate`.
    rate
        The clock of `packet_frames`, in Hz.
    origin
        Whether the trace was read, detected from zero packets, made by a model or edited.
    """

    lost: Flags
    packet_frames: int
    rate: int
    origin: Origin = Origin.FILE

    def __post_init__(self) -> None:
        if self.lost.ndim != 1 or self.lost.dtype != np.bool_:
            raise ValueError(f"lost must be a row of bool, not {self.lost.dtype} {self.lost.shape}")
        if self.packet_frames <= 0 or self.rate <= 0:
            raise ValueError("packet_frames and rate must be positive")

    @property
    def packets(self) -> int:
        """Number of packets that the trace speaks of."""
        return int(self.lost.size)

    @property
    def packet_ms(self) -> float:
        """Packet length in milliseconds."""
        return 1000.0 * self.packet_frames / self.rate

    @property
    def loss_rate(self) -> float:
        """Share of packets lost, 0..1 (0 for an empty trace)."""
        return float(self.lost.mean()) if self.lost.size else 0.0

    def fitted(self, frames: int) -> LossTrace:
        """Return the trace with one flag for each packet of a signal of `frames` frames.

        The last packet may be partial. Missing flags count as received; flags beyond the end are dropped.
        """
        wanted = -(-frames // self.packet_frames)
        lost = np.zeros(wanted, np.bool_)
        lost[: self.packets] = self.lost[:wanted]
        return replace(self, lost=lost)

    def gaps(self, frames: int | None = None) -> tuple[Gap, ...]:
        """Return the maximal runs of lost packets, cut at `frames` when given."""
        edges = np.flatnonzero(np.diff(np.concatenate(([False], self.lost, [False]))))
        end = self.packets * self.packet_frames if frames is None else frames
        runs = zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True)
        return tuple(self._gap(first, last, end) for first, last in runs if first * self.packet_frames < end)

    def _gap(self, first: int, last: int, end: int) -> Gap:
        size = self.packet_frames
        return Gap(first * size, min(last * size, end), first, last - first)

    def mask(self, frames: int) -> Flags:
        """Return one flag per frame, shape ``(frames,)``, True where the frame was lost."""
        return np.repeat(self.fitted(frames).lost, self.packet_frames)[:frames]

    def at_rate(self, rate: int) -> LossTrace:
        """Return the same losses on a clock of another rate (the packet length must stay whole).

        Raises
        ------
        ValueError
            If the packet is not a whole number of frames at `rate`.
        """
        scaled = self.packet_frames * rate
        if scaled % self.rate:
            found = f"a packet of {self.packet_ms:g} ms"
            raise ValueError(f"{found} is not a whole number of frames at {rate} Hz")
        return replace(self, packet_frames=scaled // self.rate, rate=rate)

    @property
    def longest_ms(self) -> float:
        """Length of the longest burst in milliseconds (0 with no loss)."""
        return max((gap.packets for gap in self.gaps()), default=0) * self.packet_ms
