"""Paint what stands around the lanes: ruler, headers, vertical scales, marks, loop."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from gaplisten.audio.ruler import ticks
from gaplisten.ui.lanes.colours import ViewColours, readable
from gaplisten.ui.lanes.drawer import Drawer
from gaplisten.ui.lanes.scene import Mode, Scene, SceneLane

_TICK_ROOM, _TICK_ROOM_ON_PAPER = 92, 60
_WORD_HEIGHT = 17
_LINES_FROM, _LINE, _LEAST_LINE = 26, 18, 15  # under a name: where, how far apart, and at the least
_LEGEND_FROM = 130.0  # a lower header has no room for one under its lines
_Elide = Qt.TextElideMode.ElideRight
_Align = Qt.AlignmentFlag


def tabular(font: QFont) -> QFont:
    """Return the font with figures of equal width, where it has them."""
    font = QFont(font)
    if hasattr(font, "setFeature"):
        font.setFeature(QFont.Tag("tnum"), 1)
    return font


def paint_ruler_and_headers(painter: QPainter, scene: Scene, drawers: Mapping[str, Drawer]) -> None:
    """Paint ruler, lane headers, marks and loop, in logical pixels."""
    painter.setFont(tabular(painter.font()))
    _paint_headers(painter, scene)
    _paint_scales(painter, scene, drawers)
    _paint_legends(painter, scene, drawers)
    _paint_words(painter, scene)
    _paint_ruler(painter, scene)
    if scene.colours.on_paper:
        _paint_counts(painter, scene, drawers)
    _paint_gap(painter, scene)
    _paint_selection(painter, scene)
    _paint_loop(painter, scene)
    _paint_marks(painter, scene)


def _paint_ruler(painter: QPainter, scene: Scene) -> None:
    layout, colours = scene.layout, scene.colours
    painter.fillRect(QRectF(0, 0, layout.width, layout.ruler), colours.header)
    painter.setPen(QPen(colours.grid, 0))
    painter.drawLine(QPointF(0, layout.ruler - 0.5), QPointF(layout.width, layout.ruler - 0.5))
    apart = _TICK_ROOM_ON_PAPER if colours.on_paper else _TICK_ROOM
    room = apart * layout.scale * layout.ratio * scene.view.frames_per_pixel
    metrics = QFontMetricsF(painter.font())
    painter.save()
    painter.setClipRect(QRectF(layout.plot_left, 0, layout.plot_width, layout.ruler))
    for tick in ticks(scene.scale, scene.view.start, scene.view.stop, room):
        x = scene.x_of(tick.frame)
        if not layout.plot_left - 0.5 <= x <= layout.width:
            continue
        painter.setPen(QPen(colours.faint_text, 0))
        painter.drawLine(QPointF(x, layout.ruler - (9 if tick.text else 4)), QPointF(x, layout.ruler - 1))
        if tick.text and x + 4 + metrics.horizontalAdvance(tick.text) <= layout.width:
            painter.drawText(QPointF(x + 4, layout.ruler - 10), tick.text)
    painter.restore()


def _paint_headers(painter: QPainter, scene: Scene) -> None:
    layout = scene.layout
    painter.fillRect(QRectF(0, 0, layout.plot_left, layout.height), scene.colours.header)
    overlay = scene.mode is Mode.OVERLAY
    for row, lane in enumerate(scene.lanes):
        if overlay:
            height = layout.legend_height(len(scene.lanes))
            box = QRectF(0, layout.ruler + row * height, layout.plot_left, height)
        else:
            top, bottom = (edge / layout.ratio for edge in layout.lane_span(row))
            box = QRectF(0, top, layout.plot_left, bottom - top)
        if box.bottom() > layout.ruler and box.top() < layout.height:
            _paint_header(painter, box, lane, scene)
    if not overlay:
        _paint_dividers(painter, scene)


def _paint_dividers(painter: QPainter, scene: Scene) -> None:
    painter.setPen(QPen(scene.colours.grid, 0))
    for row in range(len(scene.lanes)):
        y = scene.layout.lane_span(row)[1] / scene.layout.ratio + 0.5
        painter.drawLine(QPointF(0, y), QPointF(scene.layout.width, y))


def _paint_scales(painter: QPainter, scene: Scene, drawers: Mapping[str, Drawer]) -> None:
    """Paint a few values and ticks at the left of each strip."""
    font, layout = painter.font(), scene.layout
    small = QFont(font)
    if font.pixelSize() > 0:
        small.setPixelSize(max(font.pixelSize() - 2, 8))
    else:
        small.setPointSizeF(max(font.pointSizeF() - 2.0 * layout.scale, 6.0))
    painter.save()
    painter.setFont(small)
    painter.setPen(QPen(scene.colours.faint_text, 0))
    painter.setClipRect(QRectF(0, layout.ruler, layout.width, layout.height - layout.ruler))
    for row in range(scene.rows):
        for strip in scene.strips(row):
            for y, text in drawers[strip.drawer].scale(scene, strip):
                _paint_value(painter, scene, y, text)
    painter.restore()


def _paint_legends(painter: QPainter, scene: Scene, drawers: Mapping[str, Drawer]) -> None:
    """Paint at the foot of each header what colours stand for, where there is room."""
    layout = scene.layout
    if scene.mode is Mode.OVERLAY:
        return
    painter.save()
    painter.setClipRect(QRectF(0, layout.ruler, layout.width, layout.height - layout.ruler))
    for row in range(scene.rows):
        top, bottom = (edge / layout.ratio for edge in layout.lane_span(row))
        legends = [drawers[strip.drawer].legend(scene, scene.lanes[row]) for strip in scene.strips(row)]
        legend = next((each for each in legends if each is not None), None)
        if legend is not None and bottom - top >= _LEGEND_FROM * layout.scale:
            foot = 18 * layout.scale
            box = QRectF(15, bottom - 12 - foot, layout.plot_left - 22 - layout.gutter, 8)
            count = len(legend.colours)
            wide = box.width() / count
            for n, colour in enumerate(legend.colours):
                painter.fillRect(
                    QRectF(box.left() + n * wide, box.top(), wide + 0.5, 8), QColor.fromRgb(colour)
                )
            painter.setPen(QPen(scene.colours.faint_text, 0))
            under = QRectF(box.left(), box.bottom() + 1, box.width(), foot)
            painter.drawText(under, _Align.AlignLeft | _Align.AlignTop, legend.least.replace("-", "\u2212"))
            painter.drawText(under, _Align.AlignRight | _Align.AlignTop, legend.most.replace("-", "\u2212"))
    painter.restore()


def _paint_counts(painter: QPainter, scene: Scene, drawers: Mapping[str, Drawer]) -> None:
    """Write on paper, over the vertical scales, what they count: there nothing can be pointed at."""
    layout = scene.layout
    names = {strip.drawer: None for row in range(scene.rows) for strip in scene.strips(row)}
    text = " · ".join(dict.fromkeys(drawers[name].counts for name in names if drawers[name].counts))
    box = QRectF(4, 0, layout.plot_left - 8, layout.ruler)
    painter.setPen(QPen(scene.colours.faint_text, 0))
    painter.drawText(box, _Align.AlignRight | _Align.AlignVCenter, text)


def _paint_value(painter: QPainter, scene: Scene, y: float, text: str) -> None:
    layout = scene.layout
    right = layout.plot_left
    painter.drawLine(QPointF(right - 4, y), QPointF(right - 1, y))
    box = QRectF(right - layout.gutter, y - layout.scale_text / 2, layout.gutter - 7, layout.scale_text)
    painter.drawText(box, _Align.AlignRight | _Align.AlignVCenter, text)


def _paint_words(painter: QPainter, scene: Scene) -> None:
    """Write at the foot of each lane what was heard in it, and over that, struck out, what died in a gap."""
    if scene.mode is Mode.OVERLAY or not any(lane.words for lane in scene.lanes):
        return
    layout, colours = scene.layout, scene.colours
    painter.save()
    painter.setClipRect(QRectF(layout.plot_left, layout.ruler, layout.plot_width, layout.height))
    heard, died = QFont(painter.font()), QFont(painter.font())
    died.setStrikeOut(True)
    ground = QColor(colours.background)
    ground.setAlphaF(0.85)
    for row, lane in enumerate(scene.lanes):
        foot = layout.lane_span(row)[1] / layout.ratio - 2
        for word in lane.words:
            left, right = scene.x_of(word.start), scene.x_of(word.stop)
            if right <= layout.plot_left or left >= layout.width:
                continue
            painter.setFont(died if word.died else heard)
            high = _WORD_HEIGHT * layout.scale
            box = QRectF(left, foot - high * (2 if word.died else 1), right - left, high)
            _paint_word(painter, box.adjusted(1, 1, -1, 0), word.text, ground, word.died, colours)
    painter.restore()


def _paint_word(
    painter: QPainter, box: QRectF, text: str, ground: QColor, died: bool, colours: ViewColours
) -> None:
    colour = colours.altered if died else colours.text
    painter.fillRect(box, ground)
    painter.setPen(QPen(colour, 0))
    painter.drawLine(box.bottomLeft(), box.bottomRight())
    metrics = QFontMetricsF(painter.font())
    if box.width() >= min(metrics.horizontalAdvance(text), metrics.horizontalAdvance("mm…")):
        painter.drawText(box, _Align.AlignCenter, metrics.elidedText(text, _Elide, box.width()))


def _paint_header(painter: QPainter, box: QRectF, lane: SceneLane, scene: Scene) -> None:
    colours, active = scene.colours, lane.key == scene.active
    layout, scale = scene.layout, scene.layout.scale
    if active:
        painter.fillRect(box, colours.active)
    bar = QRectF(box.left(), box.top(), 9 if active else 4, box.height())
    painter.fillRect(bar, readable(lane.colour, colours))
    font = QFont(painter.font())
    font.setBold(active)
    painter.save()
    painter.setClipRect(box.intersected(QRectF(0, layout.ruler, box.right(), layout.height)))
    painter.setFont(font)
    low = min(box.height() - 24 * scale, 6.0)  # how far the name is from the top: less in a collapsed lane
    left = box.left() + 15
    if not colours.on_paper:  # digits are keys of a keyboard
        key = QRectF(left, box.top() + low + 1, 20 * scale, 18 * scale)
        _paint_key(painter, key, lane, scene)
        left = key.right() + 7
    wide = box.right() - left - 4 - layout.gutter
    room = QRectF(left, box.top() + low, wide, 20 * scale)
    name, told = name_in(lane.name, QFontMetricsF(font), room.width(), box.height() / scale)
    _line(painter, room, name, colours.text)
    font.setBold(False)
    painter.setFont(font)
    lines = header_lines(lane, colours, box.height() / scale, told)
    under = _LINES_FROM * scale
    apart = max(min(_LINE * scale, (box.height() - under) / max(len(lines), 1)), _LEAST_LINE * scale)
    for number, (text, colour) in enumerate(lines):
        top = box.top() + under + apart * number
        _line(painter, QRectF(left, top, wide, apart), text, colour)
    painter.restore()


def name_in(name: str, metrics: QFontMetricsF, room: float, height: float) -> tuple[str, str]:
    """Return a name as it is written, and what of it goes below; in the middle of a low lane's it is cut.

    What distinguishes two versions of one concealer stands at the end.
    """
    if lines_below(height):
        return parted(name, metrics, room)
    return metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room), ""


def parted(name: str, metrics: QFontMetricsF, room: float) -> tuple[str, str]:
    """Return a name with as many of its brackets as have room, and those that have none."""
    head, told = name, ""
    while metrics.horizontalAdvance(head) > room and (start := head.rfind(" (")) > 0:
        inside = "".join(head[start + 2 :].rsplit(")", 1))
        head, told = head[:start], ", ".join(filter(None, (inside, told)))
    return head, told


def lines_below(height: float) -> int:
    """Return how many lines have room under a name, in a lane that is so high."""
    return max(int((height - _LINES_FROM) // _LEAST_LINE), 0)


def header_lines(
    lane: SceneLane, colours: ViewColours, height: float, told: str = ""
) -> list[tuple[str, QColor]]:
    """Return what is written under a name: a line each where there is room, else fewer, or none.

    Parameters
    ----------
    told
        What the name itself had no room for.
    """
    texts, most = [text for text in (told, lane.state, lane.note) if text], lines_below(height)
    if most == 0:
        return []
    if most == 1 and texts and lane.badge:
        return [(" · ".join(filter(None, (told, lane.badge, lane.state, lane.note))), colours.faint_text)]
    if len(texts) + bool(lane.badge) > most:
        texts = [" · ".join(texts)] if texts else []
    lines = [(text, colours.faint_text) for text in texts]
    return [*lines, (lane.badge, colours.text)] if lane.badge else lines


def _paint_key(painter: QPainter, box: QRectF, lane: SceneLane, scene: Scene) -> None:
    active = lane.key == scene.active
    painter.setPen(QPen(scene.colours.accent if active else scene.colours.faint_text, 0))
    painter.setBrush(scene.colours.accent if active else QColor(0, 0, 0, 0))
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(scene.colours.background if active else scene.colours.text)
    painter.drawText(box, _Align.AlignCenter, str(lane.key))


def _line(painter: QPainter, box: QRectF, text: str, colour: QColor) -> None:
    if text:
        painter.setPen(colour)
        elided = QFontMetricsF(painter.font()).elidedText(text, _Elide, box.width())
        painter.drawText(box, _Align.AlignVCenter | _Align.AlignLeft, elided)


def _paint_loop(painter: QPainter, scene: Scene) -> None:
    if scene.loop is None:
        return
    layout = scene.layout
    edges = [scene.x_of(frame) for frame in scene.loop]
    left, right = float(layout.plot_left), float(layout.width)
    begin, end = (min(max(x, left), right) for x in edges)
    painter.fillRect(QRectF(begin, 0, end - begin, 5), scene.colours.accent)
    painter.setPen(QPen(scene.colours.accent, 0))
    painter.setBrush(scene.colours.accent)
    for x in edges:
        if left <= x <= right:
            painter.drawLine(QPointF(x, 0), QPointF(x, layout.height))
            painter.drawRect(QRectF(x - 3, 0, 6, 9))


def _paint_selection(painter: QPainter, scene: Scene) -> None:
    if scene.selection is None:
        return
    layout = scene.layout
    left, right = float(layout.plot_left), float(layout.width)
    begin, end = (scene.x_of(frame) for frame in scene.selection)
    veil = QColor(scene.colours.accent)
    veil.setAlpha(46)
    painter.save()
    painter.setClipRect(QRectF(left, 0, right - left, layout.height))
    painter.fillRect(QRectF(begin, layout.ruler - 8, end - begin, layout.height), veil)
    painter.setPen(QPen(scene.colours.text, 0, Qt.PenStyle.DotLine))
    for x in (begin, end):
        painter.drawLine(QPointF(x, layout.ruler - 8), QPointF(x, layout.height))
    painter.restore()


def _paint_gap(painter: QPainter, scene: Scene) -> None:
    if scene.gap is None:
        return
    layout = scene.layout
    left, right = float(layout.plot_left), float(layout.width)
    begin, end = (scene.x_of(frame) for frame in scene.gap)
    begin, end = max(begin, left), min(max(end, begin + 2.0), right)
    if end > begin:
        painter.fillRect(QRectF(begin, layout.ruler - 4, end - begin, 4), scene.colours.text)


def _paint_marks(painter: QPainter, scene: Scene) -> None:
    layout = scene.layout
    painter.save()
    painter.setClipRect(QRectF(layout.plot_left, 0, layout.plot_width, layout.height))
    for mark in scene.marks:
        x = scene.x_of(mark.frame)
        if layout.plot_left <= x <= layout.width:
            colour = QColor(mark.colour) if mark.colour else scene.colours.altered
            painter.setPen(QPen(colour, 0, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, layout.ruler), QPointF(x, layout.height))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            flag = [
                QPointF(x, layout.ruler - 13),
                QPointF(x + 8, layout.ruler - 9),
                QPointF(x, layout.ruler - 5),
            ]
            painter.drawPolygon(QPolygonF(flag))
    painter.restore()
