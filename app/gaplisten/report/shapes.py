"""A figure laid out: strokes, areas, words and pixels at places of a sheet, in points (1/72 inch), y down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Coordinates = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Path:
    """A line or an area.

    Parameters
    ----------
    points
        Shape ``(n, 2)``.
    stroke, fill
        ``#rrggbb``, or empty for none. With a fill the path is closed.
    opacity
        Of filling and stroke, 0..1.
    """

    points: Coordinates
    stroke: str = ""
    width: float = 0.5
    fill: str = ""
    dash: tuple[float, ...] = ()
    opacity: float = 1.0


@dataclass(frozen=True)
class Word:
    """A line of text whose baseline begins, ends or has its middle at a place; `upwards` turns it left."""

    x: float
    y: float
    text: str
    size: float
    anchor: str = "start"
    colour: str = "#1d2329"
    upwards: bool = False


@dataclass(frozen=True, eq=False)
class Pixels:
    """A picture, uint8, shape ``(rows, columns, 3)``, stretched into a rectangle."""

    pixels: npt.NDArray[np.uint8]
    x: float
    y: float
    width: float
    height: float


Shape = Path | Word | Pixels


@dataclass(frozen=True, eq=False)
class Group:
    """Shapes that are seen only within a rectangle (x, y, width, height); None: everywhere."""

    clip: tuple[float, float, float, float] | None
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, eq=False)
class Sheet:
    """White paper and what is on it, in the order in which it is put there."""

    width: float
    height: float
    groups: tuple[Group, ...]
    title: str = ""


def segment(x0: float, y0: float, x1: float, y1: float) -> Coordinates:
    """Return the points of a straight line."""
    return np.array([(x0, y0), (x1, y1)], np.float64)


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Coordinates:
    """Return the corners of a rectangle."""
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def closed(corners: Coordinates) -> Coordinates:
    """Return an outline that ends where it begins."""
    return np.concatenate([corners, corners[:1]])


def hatching(x0: float, y0: float, x1: float, y1: float, every: float) -> list[Coordinates]:
    """Return the diagonals (rising to the right) within a rectangle; neighbours' diagonals join."""
    lines = []
    # On a diagonal x + y is the same everywhere.
    first, last = int(np.floor((x0 + y0) / every)) + 1, int(np.ceil((x1 + y1) / every))
    for number in range(first, last):
        total = number * every
        left, right = max(x0, total - y1), min(x1, total - y0)
        if right > left:
            lines.append(segment(left, total - left, right, total - right))
    return lines
