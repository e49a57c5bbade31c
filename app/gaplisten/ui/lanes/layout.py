"""Where things lie on the canvas, in logical pixels."""

from __future__ import annotations

from dataclasses import dataclass

HEADER_WIDTH = 208
GUTTER = 34
RULER_HEIGHT = 26
LOWEST_LANE = 72
LANE_GAP = 1


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of ruler, headers and lanes on a canvas.

    Parameters
    ----------
    width, height
        Logical pixels of the canvas.
    ratio
        Device pixels per logical pixel.
    rows
        How many lanes are stacked (one in overlay).
    scroll
        Logical pixels that the lanes are scrolled up.
    """

    width: int
    height: int
    ratio: float
    rows: int
    scroll: int = 0

    @property
    def plot_left(self) -> int:
        """Left edge of the time axis."""
        return min(HEADER_WIDTH, self.width // 3)

    @property
    def plot_width(self) -> int:
        """Width of the time axis."""
        return max(self.width - self.plot_left, 1)

    @property
    def columns(self) -> int:
        """Width of the time axis in device pixels."""
        return max(self.device(self.width) - self.device(self.plot_left), 1)

    @property
    def lane_height(self) -> float:
        """Height of each lane."""
        room = (self.height - RULER_HEIGHT) / max(self.rows, 1)
        return max(room, LOWEST_LANE)

    @property
    def overflow(self) -> int:
        """Logical pixels of lanes that do not fit."""
        return max(round(self.lane_height * self.rows) - (self.height - RULER_HEIGHT), 0)

    def lane_span(self, row: int) -> tuple[int, int]:
        """Return the top and bottom of a lane, in device pixels (they may lie outside the canvas)."""
        top = RULER_HEIGHT - self.scroll + row * self.lane_height
        return self.device(top), self.device(top + self.lane_height) - self.device(LANE_GAP)

    def legend_height(self, lanes: int) -> float:
        """Return the height of a header where all lanes share one plot."""
        return min((self.height - RULER_HEIGHT) / max(lanes, 1), 66.0)

    def legend_row(self, y: float, lanes: int) -> int:
        """Return the header at a logical height in overlay, -1 outside."""
        row = int((y - RULER_HEIGHT) // self.legend_height(lanes))
        return row if 0 <= row < lanes else -1

    def row_at(self, y: float) -> int:
        """Return the lane at a logical height, -1 outside the lanes."""
        if y < RULER_HEIGHT:
            return -1
        row = int((y - RULER_HEIGHT + self.scroll) // self.lane_height)
        return row if row < self.rows else -1

    def device(self, length: float) -> int:
        """Return device pixels from logical ones."""
        return round(length * self.ratio)
