"""What the mouse, the wheel and the keys do on the lanes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum, auto

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip

from gaplisten.ui.lanes.canvas import Canvas, Preview
from gaplisten.ui.lanes.scene import Mode, Scene
from gaplisten.ui.lanes.time_axis import TimeAxis, notches

ZOOM_STEP = 1.25
GRAB, EDGE_GRAB = 5.0, 2.0
DRAG_FROM = 4.0
_Button, _Modifier, _Cursor = Qt.MouseButton, Qt.KeyboardModifier, Qt.CursorShape


class Drag(Enum):
    """What a pressed button is doing."""

    SEEK = auto()
    SELECT = auto()
    LOOP_START = auto()
    LOOP_STOP = auto()
    PAN = auto()
    PAINT = auto()
    DRAW = auto()
    MEASURE = auto()
    HEIGHT = auto()
    FROM = auto()
    TO = auto()


_SELECTING = (Drag.MEASURE, Drag.FROM, Drag.TO)


@dataclass(frozen=True, slots=True)
class _Press:
    kind: Drag
    x: float
    frame: int
    lost: bool = False


class Pointer(QObject):
    """Watches the canvas: looks places up in the scene that is on screen, and says what is wished for.

    Attributes
    ----------
    painting
        Whether the mouse paints packets instead of seeking.
    selecting
        Whether a drag selects instead of looping; with Ctrl held it does so in any case.

    Signals
    -------
    pointed
        ``(frame, lane key)`` under the mouse; -1 for either where there is none.
    seek_wanted
        ``(frame)``: clicked there.
    cursor_moved
        ``(frame)``: keys moved the cursor there.
    lane_chosen
        ``(lane key)``.
    mark_chosen
        ``(index of the mark)``.
    loop_edited
        ``(start, stop)``.
    packets_painted
        ``(first packet, last packet, lost)``.
    gap_drawn
        ``(start, stop, lost)``, in frames: off the packets, or where there are none.
    selected
        ``(start, stop)``, in frames.
    hovered
        The mouse is at this place of the canvas (`QPointF`), or nowhere on it (None).
    magnified
        ``(factor, height of the mouse)``: what lies up and down is to be larger.
    lanes_scrolled
        ``(logical pixels)`` up or down.
    height_wanted
        ``(lane key, logical pixels)``: a lane is to be so high.
    menu_wanted
        ``(frame, lane key, place on the screen)``; -1 for either where there is none, or keys asked.
    """

    pointed = Signal(int, int)
    seek_wanted = Signal(int)
    cursor_moved = Signal(int)
    lane_chosen = Signal(int)
    mark_chosen = Signal(int)
    loop_edited = Signal(int, int)
    packets_painted = Signal(int, int, bool)
    gap_drawn = Signal(int, int, bool)
    selected = Signal(int, int)
    hovered = Signal(object)
    magnified = Signal(float, float)
    lanes_scrolled = Signal(float)
    height_wanted = Signal(int, float)
    menu_wanted = Signal(int, int, QPoint)

    def __init__(self, canvas: Canvas, axis: TimeAxis) -> None:
        super().__init__(canvas)
        self._canvas, self._axis = canvas, axis
        self._press: _Press | None = None
        self.painting = self.selecting = False
        canvas.installEventFilter(self)

    @property
    def _scene(self) -> Scene:
        scene = self._canvas.scene
        assert scene is not None, "input comes only after the first picture"
        return scene

    def _choose(self, key: int) -> None:
        if key >= 0:
            self.lane_chosen.emit(key)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the canvas' input events."""
        match event:
            case QMouseEvent():
                return self._mouse(event)
            case QWheelEvent():
                return self._wheel(event)
            case QNativeGestureEvent():
                return self._gesture(event)
            case QKeyEvent() if event.type() == QEvent.Type.KeyPress:
                return self._key(event)
            case QContextMenuEvent():
                return self._menu(event)
            case QHelpEvent() if event.type() == QEvent.Type.ToolTip:
                text = self._scene.tip_at(event.pos().x(), event.pos().y())
                QToolTip.showText(event.globalPos(), text, self._canvas)
                return True
            case _ if event.type() == QEvent.Type.Leave:
                self.pointed.emit(-1, -1)
                self.hovered.emit(None)
        return False

    # mouse

    def _mouse(self, event: QMouseEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress:
            self._pressed(event)
        elif kind == QEvent.Type.MouseMove:
            self._moved(event.position())
        elif kind == QEvent.Type.MouseButtonRelease:
            self._released(event.position())
        elif kind == QEvent.Type.MouseButtonDblClick:
            self._choose(self._scene.key_at(event.position().y()))
        else:
            return False
        return True

    def _menu(self, event: QContextMenuEvent) -> bool:
        place, scene = event.pos(), self._scene
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.menu_wanted.emit(-1, -1, self._canvas.mapToGlobal(self._canvas.rect().center()))
        elif not self.painting:  # there the right button paints
            inside = place.x() >= scene.layout.plot_left
            frame = scene.frame_at(place.x()) if inside else -1
            self.menu_wanted.emit(frame, scene.key_at(place.y()), event.globalPos())
        return True

    def _pressed(self, event: QMouseEvent) -> None:
        self._canvas.setFocus(Qt.FocusReason.MouseFocusReason)
        place, scene = event.position(), self._scene
        if place.x() < scene.layout.plot_left:
            if event.button() == _Button.LeftButton and (row := self._border(place)) >= 0:
                self._press = _Press(Drag.HEIGHT, place.x(), row)
            elif event.button() == _Button.LeftButton:
                self._choose(scene.key_at(place.y()))
            return
        if (mark := scene.mark_at(place.x())) >= 0 and self._on_ruler(place):
            self.mark_chosen.emit(mark)
            return
        frame = scene.frame_at(place.x())
        kind, lost = self._kind_of(event, place, frame)
        if kind is not None:
            self._press = _Press(kind, place.x(), frame, lost)
            self._moved(place)

    def _kind_of(self, event: QMouseEvent, place: QPointF, frame: int) -> tuple[Drag | None, bool]:
        button = event.button()
        if self.painting and not self._on_ruler(place):
            packet = self._scene.packet_at(frame)
            free = packet is None or bool(event.modifiers() & _Modifier.AltModifier)
            kind = Drag.DRAW if free else Drag.PAINT
            if button == _Button.LeftButton:
                receives = bool(event.modifiers() & _Modifier.ShiftModifier)
                return kind, not receives and not self._scene.lost_at(frame)
            return (kind, False) if button == _Button.RightButton else (None, False)
        if button == _Button.MiddleButton or event.modifiers() & _Modifier.ShiftModifier:
            return Drag.PAN, False
        if button != _Button.LeftButton:
            return None, False
        if event.modifiers() & _Modifier.ControlModifier:
            return Drag.MEASURE, False
        edge = self._edge(place)
        return edge or (Drag.MEASURE if self.selecting else Drag.SEEK), False

    def _edge(self, place: QPointF) -> Drag | None:
        """Return the drag of the edge that lies under the mouse: of the selection, or else of the loop."""
        scene, span = self._scene, self._scene.selection
        if span is not None and span[0] < span[1]:
            begin, end = (abs(scene.x_of(frame) - place.x()) for frame in span)
            if min(begin, end) <= EDGE_GRAB:
                return Drag.FROM if begin < end else Drag.TO
        return self._loop_edge(place)

    def _on_ruler(self, place: QPointF) -> bool:
        return place.y() < self._scene.layout.ruler

    def _border(self, place: QPointF) -> int:
        """Return the row whose lower border is held in the headers, -1 for none."""
        scene = self._scene
        if scene.mode is Mode.OVERLAY or place.x() >= scene.layout.plot_left or self._on_ruler(place):
            return -1
        return scene.layout.border_at(place.y())

    def _loop_edge(self, place: QPointF) -> Drag | None:
        scene = self._scene
        loop = scene.loop
        if loop is None:
            return None
        begin, end = (abs(scene.x_of(frame) - place.x()) for frame in loop)
        # In the lanes the edges are narrow, so that a click beside them still seeks.
        reach = GRAB if self._on_ruler(place) else EDGE_GRAB
        if min(begin, end) > reach:
            return None
        return Drag.LOOP_START if begin < end else Drag.LOOP_STOP

    def _moved(self, place: QPointF) -> None:
        scene, press = self._scene, self._press
        frame = scene.frame_at(place.x())
        inside = place.x() >= scene.layout.plot_left
        self.pointed.emit(frame if inside else -1, scene.key_at(place.y()))
        self.hovered.emit(place if inside else None)
        if press is None:
            self._canvas.setCursor(self._cursor(place, inside))
            return
        if press.kind is Drag.SEEK and abs(place.x() - press.x) > DRAG_FROM:
            press = self._press = replace(press, kind=Drag.SELECT)
        self._drag(press, place, frame)

    def _drag(self, press: _Press, place: QPointF, frame: int) -> None:
        if press.kind is Drag.SELECT:
            self._preview(*sorted((press.frame, frame)))
        elif press.kind in _SELECTING:
            self.selected.emit(*self._selected(press, frame))
        elif press.kind in (Drag.LOOP_START, Drag.LOOP_STOP):
            self._preview(*self._moved_loop(press.kind, frame))
        elif press.kind is Drag.HEIGHT:
            scene = self._scene
            top = scene.layout.ruler - scene.layout.scroll + scene.layout.top_of(press.frame)
            self.height_wanted.emit(scene.lanes[press.frame].key, place.y() - top)
        elif press.kind is Drag.PAN:
            self._axis.pan((press.x - place.x()) * self._scene.layout.ratio)
            self._press = replace(press, x=place.x())
        elif press.kind is Drag.DRAW:
            self._preview(*sorted((press.frame, frame)), paint=press.lost)
        elif press.kind is Drag.PAINT and (stretch := self._packets(press, frame)):
            self._preview(*stretch[2:], paint=press.lost)

    def _selected(self, press: _Press, frame: int) -> tuple[int, int]:
        """Return what a drag selects: it follows the mouse at once, so that its numbers do."""
        begin, end = self._scene.selection or (press.frame, press.frame)
        fixed = {Drag.MEASURE: press.frame, Drag.FROM: end, Drag.TO: begin}[press.kind]
        if press.kind is not Drag.MEASURE and self._press is not None:
            # The edge that is held may cross the other one, which stays where it was at first.
            self._press = replace(press, kind=Drag.MEASURE, frame=fixed)
        first, last = sorted((fixed, frame))
        return first, last

    def _moved_loop(self, kind: Drag, frame: int) -> tuple[int, int]:
        begin, end = self._scene.loop or (frame, frame)
        first, last = sorted((frame, end) if kind is Drag.LOOP_START else (begin, frame))
        return first, last

    def _packets(self, press: _Press, frame: int) -> tuple[int, int, int, int] | None:
        """Return first and last packet of a stroke, and the frames where it starts and stops."""
        packets = [self._scene.packet_at(place) for place in sorted((press.frame, frame))]
        if packets[0] is None or packets[1] is None:
            return None
        (first, _), (last, _) = packets[0], packets[1]
        loss = self._scene.loss
        if loss is None or loss.trace.grid is None:
            return None
        return first, last, loss.trace.grid.start(first), loss.trace.grid.start(last + 1)

    def _released(self, place: QPointF) -> None:
        press, self._press = self._press, None
        if press is None:
            return
        frame = self._scene.frame_at(place.x())
        self._canvas.set_preview(None)
        if press.kind is Drag.SEEK:
            self.seek_wanted.emit(press.frame)
        elif press.kind is Drag.SELECT and frame != press.frame:
            self.loop_edited.emit(*sorted((press.frame, frame)))
        elif press.kind in (Drag.LOOP_START, Drag.LOOP_STOP):
            self.loop_edited.emit(*self._moved_loop(press.kind, frame))
        elif press.kind is Drag.PAINT and (stretch := self._packets(press, frame)):
            self.packets_painted.emit(stretch[0], stretch[1], press.lost)
        elif press.kind is Drag.DRAW and frame != press.frame:
            self.gap_drawn.emit(*sorted((press.frame, frame)), press.lost)

    def _cursor(self, place: QPointF, inside: bool) -> Qt.CursorShape:
        if not inside:
            return _Cursor.SplitVCursor if self._border(place) >= 0 else _Cursor.ArrowCursor
        if self.painting and not self._on_ruler(place):
            return _Cursor.CrossCursor
        if self._edge(place):
            return _Cursor.SplitHCursor
        return _Cursor.IBeamCursor if self.selecting and not self._on_ruler(place) else _Cursor.ArrowCursor

    # wheel, pinch, keys

    def _wheel(self, event: QWheelEvent) -> bool:
        # Only angles are used: pixel deltas are unreliable on X11, and there Alt turns the wheel sideways.
        delta, modifiers, axis = event.angleDelta(), event.modifiers(), self._axis
        up, side = notches(delta.y()), notches(delta.x())
        if modifiers & _Modifier.ControlModifier:
            axis.zoom(ZOOM_STEP**up, axis.view.frame_at(self._device_x(event.position().x())))
        elif modifiers & _Modifier.AltModifier:
            self.magnified.emit(ZOOM_STEP ** (up or side), event.position().y())
        elif modifiers & _Modifier.ShiftModifier:
            axis.pan(-(up or side) * axis.view.width / 10)
        else:
            if side:
                axis.pan(-side * axis.view.width / 10)
            if up:
                self.lanes_scrolled.emit(-up * 48)
        return True

    def _gesture(self, event: QNativeGestureEvent) -> bool:
        if event.gestureType() != Qt.NativeGestureType.ZoomNativeGesture:
            return False
        factor = min(max(1.0 + event.value(), 0.5), 2.0)
        self._axis.zoom(factor, self._axis.view.frame_at(self._device_x(event.position().x())))
        return True

    def _device_x(self, x: float) -> float:
        layout = self._scene.layout
        return (x - layout.plot_left) * layout.ratio

    def _key(self, event: QKeyEvent) -> bool:
        far = 10 if event.modifiers() & _Modifier.ShiftModifier else 1
        if event.modifiers() & ~(_Modifier.ShiftModifier | _Modifier.KeypadModifier):
            return False
        match event.key():
            case Qt.Key.Key_Left:
                self._step_cursor(-far)
            case Qt.Key.Key_Right:
                self._step_cursor(far)
            case Qt.Key.Key_Up:
                self._step_lane(-1)
            case Qt.Key.Key_Down:
                self._step_lane(1)
            case Qt.Key.Key_Escape if self._press is not None:
                self._press = None
                self._canvas.set_preview(None)
            case _:
                return False
        return True

    def _step_cursor(self, pixels: int) -> None:
        """Move the cursor by logical pixels, at least a frame."""
        view = self._axis.view
        step = max(abs(pixels) * view.frames_per_pixel * self._scene.layout.ratio, 1.0)
        if view.frames_per_pixel < 1.0:
            step = abs(pixels)
        moved = self._canvas.playhead + round(math.copysign(step, pixels))
        self.cursor_moved.emit(min(max(moved, 0), max(view.total - 1, 0)))

    def _step_lane(self, rows: int) -> None:
        """Choose the lane above or below."""
        keys = [lane.key for lane in self._scene.lanes]
        if not keys:
            return
        active = self._scene.active
        row = keys.index(active) + rows if active in keys else 0
        self._choose(keys[min(max(row, 0), len(keys) - 1)])

    def _preview(self, start: int, stop: int, *, paint: bool | None = None) -> None:
        self._canvas.set_preview(Preview(start, stop, paint))
