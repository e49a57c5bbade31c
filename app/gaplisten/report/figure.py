"""What a figure shows, said in data and not in strokes: plots with axes, and marks in their units.

A figure is a value. `gaplisten.report.drawing` writes it as SVG or PNG, with no window and no display; the
same figure gives the same bytes. Numbers of a mark are sequences or one-dimensional arrays of equal length.

>>> from gaplisten.report.drawing import to_svg
>>> means = Points((3.1, 4.2), (0, 1)), Whiskers((0, 1), (2.9, 4.0), (3.3, 4.4), horizontal=True)
>>> plot = Plot(Axis(1, 5, "MOS"), Axis.of_names(("zero fill", "hybrid")), means)
>>> to_svg(Figure(((plot,),), title="What listeners said"))[:38]
'<?xml version="1.0" encoding="UTF-8"?>'
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

COLUMN_MM = 88.0
"""Width of one column of a two-column paper (IEEE: 3.5 inches)."""
PAGE_MM = 181.0
"""Width of both columns of such a paper, and of a page of a report."""

Numbers = Sequence[float] | npt.NDArray[np.floating] | npt.NDArray[np.integer]


@dataclass(frozen=True)
class Look:
    """How a series is told from others, in colour and in grey alike.

    Parameters
    ----------
    colour
        ``#rrggbb``.
    dash
        Lengths of strokes and spaces in points; empty for a line without spaces.
    marker
        ``circle``, ``square``, ``diamond``, ``triangle``, ``cross``, ``ring`` (an empty circle) or ``bar``.
    """

    colour: str
    dash: tuple[float, ...] = ()
    marker: str = "circle"


INK = "#1d2329"
FAINT = "#9aa2aa"
LOOKS: tuple[Look, ...] = (
    Look(INK, (), "circle"),
    Look("#0072b2", (5, 2), "square"),
    Look("#b07a00", (1.5, 1.5), "diamond"),
    Look("#009e73", (7, 2, 1.5, 2), "triangle"),
    Look("#a3406c", (3, 1.5), "cross"),
    Look("#3a93c9", (9, 3), "ring"),
    Look("#5c7c00", (1, 2.5), "bar"),
)
"""Looks after Okabe and Ito, each with a dash and a marker of its own: a grey print keeps them apart."""


def look(number: int) -> Look:
    """Return the look of series `number` (from 0); after the last one they begin again."""
    return LOOKS[number % len(LOOKS)]


@dataclass(frozen=True)
class Axis:
    """One direction of a plot.

    Parameters
    ----------
    low, high
        The ends; `low` lies left or at the bottom. `low` may be the larger one: the axis then runs the other
        way.
    ticks
        Place and text of each tick; None: round numbers.
    named
        Whether label and texts of ticks are drawn; False where the plot below has the same axis.
    decimal
        What stands between wholes and tenths of round numbers.
    """

    low: float
    high: float
    label: str = ""
    ticks: tuple[tuple[float, str], ...] | None = None
    named: bool = True
    decimal: str = "."

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)) or self.low == self.high:
            raise ValueError(f"an axis from {self.low} to {self.high} has no length")

    @classmethod
    def of_names(cls, names: Sequence[str], label: str = "", *, across: bool = False) -> Axis:
        """Return an axis with one place (0, 1, ...) for each name: downwards, or from left to right."""
        ends = (-0.5, len(names) - 0.5)
        low, high = ends if across else ends[::-1]
        return cls(low, high, label, tuple((float(at), name) for at, name in enumerate(names)))

    @classmethod
    def around(cls, values: Iterable[float], label: str = "", *, margin: float = 0.06) -> Axis:
        """Return an axis that holds all finite values, with a margin (share of their range) at both ends."""
        known = [float(value) for value in values if math.isfinite(value)]
        low, high = (min(known), max(known)) if known else (0.0, 1.0)
        room = (high - low) * margin or max(abs(low) * margin, margin)
        return cls(low - room, high + room, label)

    def share(self, value: float) -> float:
        """Return where a value lies: 0 at `low`, 1 at `high`."""
        return (value - self.low) / (self.high - self.low)

    def marked(self, most: int) -> tuple[tuple[float, str], ...]:
        """Return the ticks, at most so many where they are round numbers (steps of 1, 2, 5 times 10^n)."""
        low, high = sorted((self.low, self.high))
        if self.ticks is not None:
            return tuple(each for each in self.ticks if low <= each[0] <= high)
        step = _round_step((high - low) / max(most, 1))
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        digits = max(-math.floor(math.log10(step) + 1e-9), 0)
        numbers = ((at * step, _number(at * step, digits)) for at in range(first, last + 1))
        return tuple((at, text.replace(".", self.decimal)) for at, text in numbers)


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-9))


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


@dataclass(frozen=True, eq=False)
class Line:
    """A line through points; it breaks off where a value is NaN. `width` is in points."""

    x: Numbers
    y: Numbers
    look: Look = LOOKS[0]
    width: float = 1.0
    label: str = ""


@dataclass(frozen=True, eq=False)
class Points:
    """Markers; `size` is their width in points."""

    x: Numbers
    y: Numbers
    look: Look = LOOKS[0]
    size: float = 4.5
    label: str = ""


@dataclass(frozen=True, eq=False)
class Whiskers:
    """Intervals: from `low` to `high` at each place `at` of the other axis; NaN ends leave one out."""

    at: Numbers
    low: Numbers
    high: Numbers
    look: Look = LOOKS[0]
    horizontal: bool = False
    cap: float = 2.0


@dataclass(frozen=True, eq=False)
class Boxes:
    """Rectangles: bars, boxes of quartiles, stretches of time.

    Parameters
    ----------
    left, right, bottom, top
        Edges; None for the plot's own edge (a stretch of time over the whole height).
    fill
        ``#rrggbb``, or empty for none.
    opacity
        Of the filling, 0..1.
    edge
        Colour of the outline, or empty for none.
    hatch
        Whether diagonal lines mark it: lost sound is always hatched.
    """

    left: Numbers | None
    right: Numbers | None
    bottom: Numbers | None = None
    top: Numbers | None = None
    fill: str = ""
    opacity: float = 1.0
    edge: str = ""
    hatch: bool = False
    label: str = ""


@dataclass(frozen=True, eq=False)
class Envelope:
    """The area between two curves: a waveform's smallest and largest samples, an interval over time."""

    x: Numbers
    low: Numbers
    high: Numbers
    fill: str = LOOKS[1].colour
    opacity: float = 1.0
    label: str = ""


@dataclass(frozen=True, eq=False)
class Raster:
    """A picture of pixels between two corners, given in the axes' units.

    Parameters
    ----------
    pixels
        uint8, shape ``(rows, columns, 3)``, the first row at `top`.
    """

    pixels: npt.NDArray[np.uint8]
    left: float
    right: float
    bottom: float
    top: float


@dataclass(frozen=True)
class Rule:
    """A straight line over the whole plot, at a value of the other axis."""

    at: float
    horizontal: bool = False
    look: Look = Look(FAINT)
    width: float = 0.6


@dataclass(frozen=True)
class Note:
    """A word in a plot; `anchor` is ``start``, ``middle`` or ``end``: which part of it stands at `x`."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    size: float = 6.5
    colour: str = INK


Mark = Line | Points | Whiskers | Boxes | Envelope | Raster | Rule | Note


@dataclass(frozen=True, eq=False)
class Plot:
    """Two axes and what is marked between them; later marks lie over earlier ones.

    Parameters
    ----------
    height_mm
        Height between the axes.
    share
        Width as compared with the other plots of its row.
    grid
        Whether faint lines stand at the ticks of the x axis, of the y axis.
    """

    x: Axis
    y: Axis
    marks: tuple[Mark, ...]
    title: str = ""
    height_mm: float = 40.0
    share: float = 1.0
    grid: tuple[bool, bool] = (False, False)


@dataclass(frozen=True, eq=False)
class Figure:
    """Rows of plots under a title, with a legend of all labels that marks have.

    Parameters
    ----------
    rows
        At least one row with at least one plot; the plots of one column share their left edge.
    caption
        Sentences below the plots: what intervals speak about, how many votes there were.
    """

    rows: tuple[tuple[Plot, ...], ...]
    title: str = ""
    caption: str = ""
    width_mm: float = PAGE_MM
