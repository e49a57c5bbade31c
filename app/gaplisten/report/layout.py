"""Where everything of a figure stands on paper: margins from the words that must fit, then strokes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest

from gaplisten.report.figure import INK, Axis, Boxes, Envelope, Figure, Line, Plot, Points
from gaplisten.report.fonts import broken, shortened, width
from gaplisten.report.marks import Frame, marker, shapes_of
from gaplisten.report.shapes import Group, Path, Shape, Sheet, Word, closed, rectangle, segment

POINTS_PER_MM = 72.0 / 25.4
TITLE, TEXT, TICK = 8.5, 7.0, 6.5
_LINE = 1.3  # distance of lines, in font sizes
_PAD = 4.0
_TICK_LENGTH = 2.5
_SPINE = 0.6
_GRID, _FAINT = "#e3e6ea", "#6b747d"
_NAMES_SHARE = 0.4  # of the width: names of conditions must leave room for their values
_NEAR_THE_END = 0.9
_APART = 0.9  # as much of the distance of ticks may be filled with text


@dataclass(frozen=True)
class _Column:
    """Left edge of the axes of a column of plots, and their width."""

    left: float
    width: float


def lay_out(figure: Figure) -> Sheet:
    """Return the sheet on which a figure is drawn; its height follows from the plots' and the texts'."""
    wide = figure.width_mm * POINTS_PER_MM
    room = wide - 2 * _PAD
    shapes: list[Shape] = []
    y = _PAD
    for line in broken(figure.title, TITLE, room):
        y += TITLE * _LINE
        shapes.append(Word(_PAD, y - TITLE * 0.25, line, TITLE))
    legend, y = _legend(figure, y, room)
    shapes += legend
    groups = [Group(None, tuple(shapes))]
    columns = _columns(figure, wide)
    for row in figure.rows:
        found, y = _row(row, columns, y)
        groups += found
    below: list[Shape] = []
    for line in broken(figure.caption, TEXT, room):
        y += TEXT * _LINE
        below.append(Word(_PAD, y - TEXT * 0.25, line, TEXT))
    groups.append(Group(None, tuple(below)))
    return Sheet(wide, y + _PAD, tuple(groups), figure.title)


# -- columns and rows ----------------------------------------------------------------------------------------


def _columns(figure: Figure, wide: float) -> list[_Column]:
    """Return the columns: each has room for the widest names of its plots' y axes."""
    count = max(len(row) for row in figure.rows)
    most = wide * _NAMES_SHARE / count
    columns = [list(filter(None, plots)) for plots in zip_longest(*figure.rows)]
    margins = [max(_left_margin(plot.y, most) for plot in plots) for plots in columns]
    shares = [max(plot.share for plot in plots) for plots in columns]
    # The last text of an x axis stands half out of it.
    overhang = max(_overhang(plot, wide) for plot in columns[-1])
    room = wide - _PAD - max(_PAD, overhang) - sum(margins) - _PAD * 2 * (count - 1)
    found, x = [], _PAD
    for margin, share in zip(margins, shares, strict=True):
        size = room * share / sum(shares)
        found.append(_Column(x + margin, size))
        x += margin + size + 2 * _PAD
    return found


def _overhang(plot: Plot, wide: float) -> float:
    """Return how far a text may stand out, however many ticks there will be: that follows from the room."""
    if not plot.x.named:
        return 0.0
    near = {
        text
        for most in range(2, _most_across(wide) + 1)
        for at, text in plot.x.marked(most)
        if plot.x.share(at) > _NEAR_THE_END
    }
    return max((width(text, TICK) / 2 for text in near), default=0.0)


def _left_margin(axis: Axis, most: float) -> float:
    if not axis.named:
        return 0.0
    texts = max((width(text, TICK) for _, text in _ticks(axis, 40.0)), default=0.0)
    label = TEXT * _LINE if axis.label else 0.0
    return min(texts, most) + _TICK_LENGTH + 2.0 + label


def _ticks(axis: Axis, length: float) -> tuple[tuple[float, str], ...]:
    return axis.marked(max(int(length / (TICK * 2.2)), 2))


def _row(row: tuple[Plot, ...], columns: list[_Column], y: float) -> tuple[list[Group], float]:
    heights = [plot.height_mm * POINTS_PER_MM for plot in row]
    titles = [broken(plot.title, TEXT, column.width) for plot, column in zip(row, columns, strict=False)]
    top = y + _PAD + max(len(lines) for lines in titles) * TEXT * _LINE
    groups, bottom = [], y
    for plot, column, lines, height in zip(row, columns, titles, heights, strict=False):
        frame = Frame(plot.x, plot.y, column.left, top, column.width, height)
        below, end = _below(frame, plot)
        left = _left(frame, plot, column.left - _PAD)
        heads = [
            Word(frame.left, top - 3.0 - (len(lines) - 1 - at) * TEXT * _LINE, line, TEXT)
            for at, line in enumerate(lines)
        ]
        inside = tuple(shape for mark in plot.marks for shape in shapes_of(mark, frame))
        groups.append(Group(None, tuple(_grid(frame, plot))))
        groups.append(Group((frame.left, frame.top, frame.width, frame.height), inside))
        groups.append(Group(None, (*_spines(frame), *below, *left, *heads)))
        bottom = max(bottom, end)
    return groups, bottom


def _spines(frame: Frame) -> tuple[Shape, ...]:
    x0, y0 = frame.left, frame.top
    return (Path(closed(rectangle(x0, y0, x0 + frame.width, y0 + frame.height)), _FAINT, _SPINE),)


def _grid(frame: Frame, plot: Plot) -> list[Shape]:
    lines: list[Shape] = []
    if plot.grid[0]:
        xs = [frame.x_of(at) for at, _ in _across(frame)]
        lines += [Path(segment(x, frame.top, x, frame.bottom), _GRID, 0.5) for x in xs]
    if plot.grid[1]:
        ys = [frame.y_of(at) for at, _ in _ticks(plot.y, frame.height)]
        lines += [Path(segment(frame.left, y, frame.right, y), _GRID, 0.5) for y in ys]
    return lines


# -- axes ----------------------------------------------------------------------------------------------------


def _across(frame: Frame) -> tuple[tuple[float, str], ...]:
    """Return the ticks of the x axis: of round numbers as many as have room."""
    most = _most_across(frame.width)
    while most > 2 and frame.x.ticks is None:
        ticks = frame.x.marked(most)
        widest = max((width(text, TICK) for _, text in ticks), default=0.0)
        if len(ticks) < 2 or widest <= _APART * frame.width / max(len(ticks) - 1, 1) - 4.0:
            break
        most -= 1
    return frame.x.marked(most)


def _most_across(wide: float) -> int:
    return max(int(wide / 28.0), 2)


def _below(frame: Frame, plot: Plot) -> tuple[list[Shape], float]:
    """Return ticks, their texts and the label below a plot, and where they end."""
    ticks, y = _across(frame), frame.bottom
    shapes: list[Shape] = [
        Path(segment(frame.x_of(at), y, frame.x_of(at), y + _TICK_LENGTH), _FAINT, _SPINE) for at, _ in ticks
    ]
    y += _TICK_LENGTH
    if not plot.x.named:
        return shapes, y
    space = frame.width / max(len(ticks), 1)
    widest = max((width(text, TICK) for _, text in ticks), default=0.0)
    if plot.x.ticks is not None and widest > _APART * space:
        # Names that do not fit side by side stand upright.
        most = min(widest, 110.0)
        for at, text in ticks:
            word = shortened(text, TICK, most)
            shapes.append(Word(frame.x_of(at) + TICK * 0.35, y + 2.0, word, TICK, "end", INK, upwards=True))
        y += most + 2.0
    else:
        y += TICK * _LINE
        shapes += [Word(frame.x_of(at), y - 1.0, text, TICK, "middle") for at, text in ticks]
    if plot.x.label:
        y += TEXT * _LINE
        shapes.append(Word(frame.left + frame.width / 2, y - 1.0, plot.x.label, TEXT, "middle"))
    return shapes, y


def _left(frame: Frame, plot: Plot, room: float) -> list[Shape]:
    """Return ticks, their texts and the label at the left of a plot."""
    axis = plot.y
    ticks = _ticks(axis, frame.height)
    shapes: list[Shape] = [
        Path(segment(frame.left - _TICK_LENGTH, frame.y_of(at), frame.left, frame.y_of(at)), _FAINT, _SPINE)
        for at, _ in ticks
    ]
    if not axis.named:
        return shapes
    edge = frame.left - _TICK_LENGTH - 2.0
    label = TEXT * _LINE if axis.label else 0.0
    widest = max((width(text, TICK) for _, text in ticks), default=0.0)
    free = max(min(widest, room - _TICK_LENGTH - 2.0 - label), 8.0)
    for at, text in ticks:
        shapes.append(Word(edge, frame.y_of(at) + TICK * 0.36, shortened(text, TICK, free), TICK, "end"))
    if axis.label:
        middle = frame.top + frame.height / 2
        text = shortened(axis.label, TEXT, max(frame.height * 1.3, 30.0))
        shapes.append(Word(edge - free - 3.0, middle, text, TEXT, "middle", INK, upwards=True))
    return shapes


# -- legend --------------------------------------------------------------------------------------------------

_SAMPLE = 18.0


def _legend(figure: Figure, y: float, room: float) -> tuple[list[Shape], float]:
    entries: dict[str, Line | Points | Boxes | Envelope] = {}
    for row in figure.rows:
        for plot in row:
            for mark in plot.marks:
                if isinstance(mark, Line | Points | Boxes | Envelope) and mark.label:
                    entries.setdefault(mark.label, mark)
    shapes: list[Shape] = []
    x, height = _PAD, TEXT * 1.6
    if entries:
        y += height
    for label, mark in entries.items():
        text = shortened(label, TEXT, room - _SAMPLE - 4.0)
        size = _SAMPLE + 4.0 + width(text, TEXT) + 12.0
        if x > _PAD and x + size - 12.0 > room + _PAD:
            x, y = _PAD, y + height
        shapes += _sample(mark, x, y - 2.5)
        shapes.append(Word(x + _SAMPLE + 4.0, y, text, TEXT))
        x += size
    return shapes, y


def _sample(mark: Line | Points | Boxes | Envelope, x: float, y: float) -> list[Shape]:
    if isinstance(mark, Line):
        drawn = Path(segment(x, y, x + _SAMPLE, y), mark.look.colour, mark.width, dash=mark.look.dash)
        return [drawn]
    if isinstance(mark, Points):
        return marker(mark.look, x + _SAMPLE / 2, y, mark.size)
    unit = Axis(0, 1)
    frame = Frame(unit, unit, x, y - 3.5, _SAMPLE, 7.0)
    if isinstance(mark, Envelope):
        mark = Boxes(None, None, fill=mark.fill, opacity=mark.opacity)
    return shapes_of(replace(mark, left=(0.0,), right=(1.0,), bottom=(0.0,), top=(1.0,)), frame)
