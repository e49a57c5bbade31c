"""What the mouse, the wheel and the keys do on the lanes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from gaplisten.ui.lanes.layout import RULER_HEIGHT, Layout
from gaplisten.ui.lanes.time_axis import TimeAxis, notches

ZOOM_STEP = 1.25
GRAB = 5.0
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


@dataclass(frozen=True, slots=True)
class _Press:
    kind: Drag
    x: float
    frame: int
    lost: bool = False


class Lanes(Protocol):
    """What the pointer can tell the view."""

    @property
    def axis(self) -> TimeAxis: ...  # noqa: D102

    def layout_now(self) -> Layout: ...  # noqa: D102
    def frame_at(self, x: float) -> int: ...  # noqa: D102
    def x_at(self, frame: float) -> float: ...  # noqa: D102
    def key_at(self, y: float) -> int: ...  # noqa: D102
    def loop_now(self) -> tuple[int, int] | None: ...  # noqa: D102
    def packet_at(self, frame: int) -> tuple[int, bool] | None: ...  # noqa: D102
    def mark_at(self, x: float) -> int: ...  # noqa: D102
    def packet_frames(self) -> int: ...  # noqa: D102
    def tip_at(self, x: float, y: float) -> str: ...  # noqa: D102
    def painting(self) -> bool: ...  # noqa: D102
    def point_at(self, frame: int, key: int) -> None: ...  # noqa: D102
    def seek(self, frame: int) -> None: ...  # noqa: D102
    def step_cursor(self, pixels: int) -> None: ...  # noqa: D102
    def step_lane(self, rows: int) -> None: ...  # noqa: D102
    def choose_lane(self, key: int) -> None: ...  # noqa: D102
    def choose_mark(self, index: int) -> None: ...  # noqa: D102
    def magnify(self, factor: float) -> None: ...  # noqa: D102
    def scroll_lanes(self, pixels: float) -> None: ...  # noqa: D102
    def preview(self, start: int, stop: int, *, paint: bool | None = None) -> None: ...  # noqa: D102
    def end_preview(self) -> None: ...  # noqa: D102
    def set_loop_edges(self, start: int, stop: int) -> None: ...  # noqa: D102
    def paint_packets(self, first: int, last: int, lost: bool) -> None: ...  # noqa: D102


class Pointer(QObject):
    """Watches the canvas and turns input into calls of the view."""

    def __init__(self, canvas: QWidget, lanes: Lanes) -> None:
        super().__init__(canvas)
        self._canvas, self._lanes = canvas, lanes
        self._press: _Press | None = None
        canvas.installEventFilter(self)

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
            case QHelpEvent() if event.type() == QEvent.Type.ToolTip:
                text = self._lanes.tip_at(event.pos().x(), event.pos().y())
                QToolTip.showText(event.globalPos(), text, self._canvas)
                return True
            case _ if event.type() == QEvent.Type.Leave:
                self._lanes.point_at(-1, -1)
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
            self._lanes.choose_lane(self._lanes.key_at(event.position().y()))
        else:
            return False
        return True

    def _pressed(self, event: QMouseEvent) -> None:
        self._canvas.setFocus(Qt.FocusReason.MouseFocusReason)
        place, lanes = event.position(), self._lanes
        if place.x() < lanes.layout_now().plot_left:
            if event.button() == _Button.LeftButton:
                lanes.choose_lane(lanes.key_at(place.y()))
            return
        if (mark := lanes.mark_at(place.x())) >= 0 and place.y() < RULER_HEIGHT:
            lanes.choose_mark(mark)
            return
        frame = lanes.frame_at(place.x())
        kind, lost = self._kind_of(event, place, frame)
        if kind is not None:
            self._press = _Press(kind, place.x(), frame, lost)
            self._moved(place)

    def _kind_of(self, event: QMouseEvent, place: QPointF, frame: int) -> tuple[Drag | None, bool]:
        button, lanes = event.button(), self._lanes
        if lanes.painting() and place.y() >= RULER_HEIGHT and (packet := lanes.packet_at(frame)):
            if button == _Button.LeftButton:
                return Drag.PAINT, not packet[1]
            return (Drag.PAINT, False) if button == _Button.RightButton else (None, False)
        if button == _Button.MiddleButton or event.modifiers() & _Modifier.ShiftModifier:
            return Drag.PAN, False
        if button != _Button.LeftButton:
            return None, False
        return self._loop_edge(place) or Drag.SEEK, False

    def _loop_edge(self, place: QPointF) -> Drag | None:
        loop = self._lanes.loop_now()
        if loop is None:
            return None
        begin, end = (abs(self._lanes.x_at(frame) - place.x()) for frame in loop)
        # In the lanes the edges are narrow, so that a click beside them still seeks.
        reach = GRAB if place.y() < RULER_HEIGHT else 2.0
        if min(begin, end) > reach:
            return None
        return Drag.LOOP_START if begin < end else Drag.LOOP_STOP

    def _moved(self, place: QPointF) -> None:
        lanes, press = self._lanes, self._press
        frame = lanes.frame_at(place.x())
        inside = place.x() >= lanes.layout_now().plot_left
        lanes.point_at(frame if inside else -1, lanes.key_at(place.y()))
        if press is None:
            self._canvas.setCursor(self._cursor(place, inside))
            return
        if press.kind is Drag.SEEK and abs(place.x() - press.x) > DRAG_FROM:
            press = self._press = replace(press, kind=Drag.SELECT)
        self._drag(press, place, frame)

    def _drag(self, press: _Press, place: QPointF, frame: int) -> None:
        lanes = self._lanes
        if press.kind is Drag.SELECT:
            lanes.preview(*sorted((press.frame, frame)))
        elif press.kind in (Drag.LOOP_START, Drag.LOOP_STOP):
            lanes.preview(*self._moved_loop(press.kind, frame))
        elif press.kind is Drag.PAN:
            lanes.axis.pan((press.x - place.x()) * lanes.layout_now().ratio)
            self._press = replace(press, x=place.x())
        elif press.kind is Drag.PAINT and (stretch := self._packets(press, frame)):
            lanes.preview(*stretch[2:], paint=press.lost)

    def _moved_loop(self, kind: Drag, frame: int) -> tuple[int, int]:
        begin, end = self._lanes.loop_now() or (frame, frame)
        first, last = sorted((frame, end) if kind is Drag.LOOP_START else (begin, frame))
        return first, last

    def _packets(self, press: _Press, frame: int) -> tuple[int, int, int, int] | None:
        """Return first and last packet of a stroke, and the frames where it starts and stops."""
        packets = [self._lanes.packet_at(place) for place in sorted((press.frame, frame))]
        if packets[0] is None or packets[1] is None:
            return None
        (first, _), (last, _) = packets[0], packets[1]
        size = self._lanes.packet_frames()
        return first, last, first * size, (last + 1) * size

    def _released(self, place: QPointF) -> None:
        press, self._press = self._press, None
        if press is None:
            return
        lanes, frame = self._lanes, self._lanes.frame_at(place.x())
        lanes.end_preview()
        if press.kind is Drag.SEEK:
            lanes.seek(press.frame)
        elif press.kind is Drag.SELECT and frame != press.frame:
            lanes.set_loop_edges(*sorted((press.frame, frame)))
        elif press.kind in (Drag.LOOP_START, Drag.LOOP_STOP):
            lanes.set_loop_edges(*self._moved_loop(press.kind, frame))
        elif press.kind is Drag.PAINT and (stretch := self._packets(press, frame)):
            lanes.paint_packets(stretch[0], stretch[1], press.lost)

    def _cursor(self, place: QPointF, inside: bool) -> Qt.CursorShape:
        if not inside:
            return _Cursor.ArrowCursor
        if self._lanes.painting() and place.y() >= RULER_HEIGHT:
            return _Cursor.CrossCursor
        return _Cursor.SplitHCursor if self._loop_edge(place) else _Cursor.ArrowCursor

    # wheel, pinch, keys

    def _wheel(self, event: QWheelEvent) -> bool:
        # Only angles are used: pixel deltas are unreliable on X11, and there Alt turns the wheel sideways.
        delta, modifiers, lanes = event.angleDelta(), event.modifiers(), self._lanes
        up, side = notches(delta.y()), notches(delta.x())
        if modifiers & _Modifier.ControlModifier:
            lanes.axis.zoom(ZOOM_STEP**up, lanes.axis.view.frame_at(self._device_x(event.position().x())))
        elif modifiers & _Modifier.AltModifier:
            lanes.magnify(ZOOM_STEP ** (up or side))
        elif modifiers & _Modifier.ShiftModifier:
            lanes.axis.pan(-(up or side) * lanes.axis.view.width / 10)
        else:
            if side:
                lanes.axis.pan(-side * lanes.axis.view.width / 10)
            if up:
                lanes.scroll_lanes(-up * 48)
        return True

    def _gesture(self, event: QNativeGestureEvent) -> bool:
        if event.gestureType() != Qt.NativeGestureType.ZoomNativeGesture:
            return False
        factor = min(max(1.0 + event.value(), 0.5), 2.0)
        self._lanes.axis.zoom(factor, self._lanes.axis.view.frame_at(self._device_x(event.position().x())))
        return True

    def _device_x(self, x: float) -> float:
        layout = self._lanes.layout_now()
        return (x - layout.plot_left) * layout.ratio

    def _key(self, event: QKeyEvent) -> bool:
        far = 10 if event.modifiers() & _Modifier.ShiftModifier else 1
        if event.modifiers() & ~(_Modifier.ShiftModifier | _Modifier.KeypadModifier):
            return False
        match event.key():
            case Qt.Key.Key_Left:
                self._lanes.step_cursor(-far)
            case Qt.Key.Key_Right:
                self._lanes.step_cursor(far)
            case Qt.Key.Key_Up:
                self._lanes.step_lane(-1)
            case Qt.Key.Key_Down:
                self._lanes.step_lane(1)
            case Qt.Key.Key_Escape if self._press is not None:
                self._press = None
                self._lanes.end_preview()
            case _:
                return False
        return True
