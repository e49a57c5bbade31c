"""From a mark in the units of its axes to strokes and areas on paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaplisten.report.figure import (
    INK,
    Axis,
    Boxes,
    Envelope,
    Line,
    Look,
    Mark,
    Note,
    Numbers,
    Points,
    Raster,
    Rule,
    Whiskers,
)
from gaplisten.report.shapes import Path, Pixels, Shape, Word, closed, hatching, rectangle, segment

_HATCH_EVERY = 5.0
_ROUND = 16  # corners of a circle

Row = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """The rectangle between two axes, in points."""

    x: Axis
    y: Axis
    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.top + self.height

    def x_of(self, value: float) -> float:
        """Return where a value of the x axis lies."""
        return self.left + self.x.share(value) * self.width

    def y_of(self, value: float) -> float:
        """Return where a value of the y axis lies."""
        return self.bottom - self.y.share(value) * self.height

    def xs(self, values: Numbers) -> Row:
        """Return where values of the x axis lie."""
        row = np.asarray(values, np.float64)
        return self.left + (row - self.x.low) / (self.x.high - self.x.low) * self.width

    def ys(self, values: Numbers) -> Row:
        """Return where values of the y axis lie."""
        row = np.asarray(values, np.float64)
        return self.bottom - (row - self.y.low) / (self.y.high - self.y.low) * self.height


def shapes_of(mark: Mark, frame: Frame) -> list[Shape]:
    """Return what a mark looks like between two axes."""
    match mark:
        case Line():
            return _line(mark, frame)
        case Points():
            pairs = zip(frame.xs(mark.x), frame.ys(mark.y), strict=True)
            known = [(x, y) for x, y in pairs if np.isfinite(x) and np.isfinite(y)]
            return [shape for x, y in known for shape in marker(mark.look, x, y, mark.size)]
        case Whiskers():
            return _whiskers(mark, frame)
        case Boxes():
            return _boxes(mark, frame)
        case Envelope():
            xs = frame.xs(mark.x)
            upper, lower = np.stack([xs, frame.ys(mark.high)], 1), np.stack([xs, frame.ys(mark.low)], 1)
            outline = np.concatenate([upper, lower[::-1]])
            # Where both curves meet the area has no width: the stroke keeps it visible.
            return [Path(outline, mark.fill, 0.4, mark.fill, opacity=mark.opacity)]
        case Raster():
            x0, x1 = frame.x_of(mark.left), frame.x_of(mark.right)
            y0, y1 = frame.y_of(mark.top), frame.y_of(mark.bottom)
            return [Pixels(mark.pixels, x0, y0, x1 - x0, y1 - y0)]
        case Rule():
            return [_rule(mark, frame)]
        case Note():
            place = frame.x_of(mark.x), frame.y_of(mark.y)
            return [Word(*place, mark.text, mark.size, mark.anchor, mark.colour)]


def _line(mark: Line, frame: Frame) -> list[Shape]:
    points = np.stack([frame.xs(mark.x), frame.ys(mark.y)], 1)
    known = np.isfinite(points).all(1)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False]))))
    pieces = [points[start:stop] for start, stop in edges.reshape(-1, 2)]
    return [Path(piece, mark.look.colour, mark.width, dash=mark.look.dash) for piece in pieces]


def _whiskers(mark: Whiskers, frame: Frame) -> list[Shape]:
    shapes: list[Shape] = []
    for at, low, high in zip(
        *(np.asarray(each, np.float64) for each in (mark.at, mark.low, mark.high)), strict=True
    ):
        if not np.isfinite((at, low, high)).all():
            continue
        if mark.horizontal:
            y, ends = frame.y_of(at), (frame.x_of(low), frame.x_of(high))
            lines = [segment(*(ends[0], y), *(ends[1], y))]
            lines += [segment(x, y - mark.cap, x, y + mark.cap) for x in ends]
        else:
            x, ends = frame.x_of(at), (frame.y_of(low), frame.y_of(high))
            lines = [segment(x, ends[0], x, ends[1])]
            lines += [segment(x - mark.cap, y, x + mark.cap, y) for y in ends]
        shapes += [Path(line, mark.look.colour, 0.9) for line in lines]
    return shapes


def _boxes(mark: Boxes, frame: Frame) -> list[Shape]:
    count = max(len(edge) for edge in (mark.left, mark.right, mark.bottom, mark.top) if edge is not None)
    ways = ((mark.left, frame.xs, frame.left), (mark.right, frame.xs, frame.right))
    across = [_edges(values, to, own, count) for values, to, own in ways]
    ways = ((mark.bottom, frame.ys, frame.bottom), (mark.top, frame.ys, frame.top))
    up = [_edges(values, to, own, count) for values, to, own in ways]
    shapes: list[Shape] = []
    for corners in np.stack([*across, *up], 1):
        if not np.isfinite(corners).all():
            continue
        (x0, x1), (y0, y1) = sorted(corners[:2]), sorted(corners[2:])
        outline = rectangle(x0, y0, x1, y1)
        if mark.fill:
            shapes.append(Path(outline, fill=mark.fill, opacity=mark.opacity))
        if mark.hatch:
            # Stretches outside the plot would cost many lines that nobody sees.
            inside = (max(x0, frame.left), max(y0, frame.top), min(x1, frame.right), min(y1, frame.bottom))
            lines = hatching(*inside, _HATCH_EVERY)
            shapes += [Path(line, "#ffffff", 1.4, opacity=0.5) for line in lines]
            shapes += [Path(line, INK, 0.5, opacity=0.6) for line in lines]
        if mark.edge:
            shapes.append(Path(closed(outline), mark.edge, 0.7))
    return shapes


def _edges(values: Numbers | None, to: Callable[[Numbers], Row], own: float, count: int) -> Row:
    return np.full(count, own) if values is None else to(values)


def _rule(mark: Rule, frame: Frame) -> Path:
    if mark.horizontal:
        y = frame.y_of(mark.at)
        points = segment(frame.left, y, frame.right, y)
    else:
        x = frame.x_of(mark.at)
        points = segment(x, frame.top, x, frame.bottom)
    return Path(points, mark.look.colour, mark.width, dash=mark.look.dash)


def marker(look: Look, x: float, y: float, size: float) -> list[Shape]:
    """Return a marker of a width in points around a place."""
    half, colour = size / 2, look.colour
    if look.marker in ("circle", "ring"):
        angles = np.arange(_ROUND) * 2 * np.pi / _ROUND
        outline = np.stack([x + half * np.cos(angles), y + half * np.sin(angles)], 1)
        if look.marker == "circle":
            return [Path(outline, fill=colour)]
        return [Path(closed(outline), colour, 0.9, "#ffffff")]
    if look.marker == "cross":
        return [
            Path(segment(x - half, y - half, x + half, y + half), colour, 1.1),
            Path(segment(x - half, y + half, x + half, y - half), colour, 1.1),
        ]
    corners = {
        "square": rectangle(x - half * 0.9, y - half * 0.9, x + half * 0.9, y + half * 0.9),
        "diamond": np.array([(x, y - half), (x + half, y), (x, y + half), (x - half, y)]),
        "triangle": np.array([(x, y - half), (x + half, y + half * 0.8), (x - half, y + half * 0.8)]),
        "bar": rectangle(x - half, y - half * 0.3, x + half, y + half * 0.3),
    }
    return [Path(corners[look.marker], fill=colour)]
