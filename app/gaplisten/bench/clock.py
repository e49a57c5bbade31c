"""Places and lengths in seconds, frames and packets: what people type, and what the ruler counts in."""

from __future__ import annotations

from dataclasses import dataclass

from gaplisten.audio.ruler import RulerUnit
from gaplisten.loss.trace import Grid


@dataclass(frozen=True)
class Clock:
    """The clock of one clip.

    Parameters
    ----------
    rate
        Frames in a second.
    frames
        Length of the clip.
    grid
        Where packets begin; None where there are none.
    """

    rate: int
    frames: int
    grid: Grid | None = None

    @property
    def units(self) -> tuple[RulerUnit, ...]:
        """What places can be told in."""
        packets = () if self.grid is None else (RulerUnit.PACKETS,)
        return (RulerUnit.SECONDS, RulerUnit.FRAMES, *packets)

    def frame(self, place: float, unit: RulerUnit) -> int:
        """Return the frame at a place, inside the clip (its end counts as inside).

        Packets are counted from 0; half a packet is a place in its middle.
        """
        return min(max(round(place * self._frames_in(unit)) + self._origin(unit), 0), self.frames)

    def place(self, frame: int, unit: RulerUnit) -> float:
        """Return a frame as a place."""
        return (frame - self._origin(unit)) / self._frames_in(unit)

    def length(self, frames: int, unit: RulerUnit) -> float:
        """Return so many frames as a length."""
        return frames / self._frames_in(unit)

    def length_frames(self, length: float, unit: RulerUnit) -> int:
        """Return a length in frames."""
        return round(length * self._frames_in(unit))

    def _origin(self, unit: RulerUnit) -> int:
        """Return the frame at place 0."""
        return self.grid.offset if unit is RulerUnit.PACKETS and self.grid is not None else 0

    def _frames_in(self, unit: RulerUnit) -> int:
        if unit is RulerUnit.SECONDS:
            return self.rate
        return 1 if unit is RulerUnit.FRAMES or self.grid is None else self.grid.length
