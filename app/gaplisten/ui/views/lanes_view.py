"""Stacked lanes of sound on one time axis, with the lost packets shaded behind them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QScrollBar, QVBoxLayout, QWidget

from gaplisten.audio.filemap import as_source
from gaplisten.audio.signal import Signal as Sound
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.views.canvas import Canvas
from gaplisten.ui.views.colours import ViewColours, default_lane_colour
from gaplisten.ui.views.layout import Layout
from gaplisten.ui.views.ruler import Scale
from gaplisten.ui.views.scene import Scene, SceneLane
from gaplisten.ui.views.shading import LossMap
from gaplisten.ui.views.store import PyramidStore
from gaplisten.ui.views.values import Display, LaneView, Mark, Mode, RulerUnit
from gaplisten.ui.views.viewport import Viewport, notches

_WHEEL_ZOOM = 1.25


class LanesView(QWidget):
    """Lanes of one clip; every position is a frame of the clip's clock."""

    seek_requested = Signal(int)
    lane_clicked = Signal(int)
    view_changed = Signal(int, int)
    pointer_moved = Signal(int, int)
    loop_edited = Signal(int, int)
    packets_painted = Signal(int, int, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lanes: tuple[LaneView, ...] = ()
        self._loss: LossMap | None = None
        self._frames = 0
        self._rate = 48000
        self._active: int | None = None
        self._mode = Mode.LANES
        self._display = Display.WAVEFORM
        self._unit = RulerUnit.SECONDS
        self._loop: tuple[int, int] | None = None
        self._gap: tuple[int, int] | None = None
        self._marks: tuple[Mark, ...] = ()
        self._gain = 1.0
        self._scroll = 0
        self._view = Viewport.whole(1, 1)
        self._store = PyramidStore(self)
        self._store.progressed.connect(self._refresh)
        self._canvas = Canvas(self)
        self._canvas.resized.connect(self._fit_width)
        self._canvas.installEventFilter(self)
        self._bar = QScrollBar(Qt.Orientation.Horizontal, self)
        self._bar.setAccessibleName("Time")
        self._bar.valueChanged.connect(self._scrolled)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._canvas, 1)
        layout.addWidget(self._bar)
        self.setFocusProxy(self._canvas)

    # what is shown

    def set_lanes(self, lanes: Sequence[LaneView]) -> None:
        """Show these lanes; a lane whose source is the same object as before is not read again."""
        before = {lane.key: lane for lane in self._lanes}
        self._lanes = tuple(lanes)
        for key in set(before) - {lane.key for lane in lanes}:
            self._store.drop(key)
        for lane in lanes:
            if lane.key not in before or before[lane.key].source is not lane.source:
                self._store.put(lane.key, as_source(lane.source), quick=isinstance(lane.source, Sound))
        if lanes:
            self._rate = lanes[0].source.rate
        self._set_frames(max((lane.source.frames for lane in lanes), default=0))

    def set_trace(self, trace: LossTrace | None, frames: int | None = None) -> None:
        """Shade the lost packets of this trace behind all lanes."""
        self._loss = None if trace is None else LossMap(trace, frames or self._frames)
        self._refresh()

    def set_playhead(self, frame: int) -> None:
        """Move the playhead."""
        self._canvas.set_playhead(frame)

    def set_active(self, key: int | None) -> None:
        """Mark the lane that is heard."""
        self._active = key
        self._refresh()

    def set_loop(self, loop: tuple[int, int] | None) -> None:
        """Show the loop region, or none."""
        self._loop = loop
        self._refresh()

    def set_mode(self, mode: Mode | str) -> None:
        """Stack the lanes, overlay them, or show residuals."""
        self._mode = Mode(mode)
        self._refresh()

    def set_display(self, display: Display | str) -> None:
        """Draw waveforms, spectrograms or both."""
        self._display = Display(display)
        self._refresh()

    # what stretch is shown

    @property
    def visible_range(self) -> tuple[int, int]:
        """First frame seen and the one after the last."""
        return int(self._view.start), min(round(self._view.stop), self._frames)

    def zoom_to(self, start: int, stop: int) -> None:
        """Show ``[start, stop)``."""
        self._show(self._view.between(start, stop))

    def zoom(self, factor: float, at: int | None = None) -> None:
        """Magnify by `factor` around frame `at`, by default the middle."""
        middle = self._view.start + self._view.span / 2
        self._show(self._view.zoomed(factor, middle if at is None else at))

    def fit(self) -> None:
        """Show the whole clip."""
        self._show(Viewport.whole(self._frames, self._view.width))

    def centre_on(self, start: int, stop: int | None = None) -> None:
        """Put the middle of ``[start, stop)`` in the middle; zoom out if it would not fit."""
        stop = start if stop is None else stop
        view = self._view
        if stop - start > view.span * 0.8:
            view = view.between(start, stop).zoomed(0.5, (start + stop) / 2)
        self._show(view.centred((start + stop) / 2))

    def _show(self, view: Viewport) -> None:
        if view != self._view:
            self._view = view
            self._sync_bar()
            self._refresh()
            self.view_changed.emit(*self.visible_range)

    def _set_frames(self, frames: int) -> None:
        if frames != self._frames:
            self._frames = frames
            self._view = Viewport.whole(frames, self._layout().columns)
            self._sync_bar()
        self._refresh()

    def _fit_width(self) -> None:
        self._view = self._view.resized(self._layout().columns)
        self._sync_bar()
        self._refresh()

    def _sync_bar(self) -> None:
        # Scroll bars count in 31 bits; a day of sound has more frames than that, pixels do.
        unit = max(self._view.frames_per_pixel, 1.0)
        self._bar.blockSignals(True)
        self._bar.setRange(0, round(max(self._frames - self._view.span, 0) / unit))
        self._bar.setPageStep(max(round(self._view.span / unit), 1))
        self._bar.setSingleStep(max(self._view.width // 20, 1))
        self._bar.setValue(round(self._view.start / unit))
        self._bar.blockSignals(False)

    def _scrolled(self, value: int) -> None:
        unit = max(self._view.frames_per_pixel, 1.0)
        self._show(
            self._view.panned(
                value * unit / self._view.frames_per_pixel - self._view.start / self._view.frames_per_pixel
            )
        )

    # drawing

    def _layout(self) -> Layout:
        rows = 1 if self._mode is Mode.OVERLAY else len(self._lanes)
        canvas = self._canvas
        return Layout(canvas.width(), canvas.height(), canvas.devicePixelRatioF(), rows, self._scroll)

    def _refresh(self) -> None:
        self._canvas.show_scene(self._make_scene())

    def _make_scene(self) -> Scene:
        colours = ViewColours.of(self.palette())
        packet = self._loss.trace.packet_frames if self._loss else self._rate // 50
        return Scene(
            layout=self._layout(),
            view=self._view,
            lanes=tuple(self._scene_lane(index, lane, colours) for index, lane in enumerate(self._lanes)),
            mode=self._mode,
            active=self._active,
            loss=self._loss,
            colours=colours,
            scale=Scale.of(self._unit, self._rate, packet),
            rate=self._rate,
            gain=self._gain,
            loop=self._loop,
            gap=self._gap,
            marks=self._marks,
        )

    def _scene_lane(self, index: int, lane: LaneView, colours: ViewColours) -> SceneLane:
        colour = QColor(lane.colour) if lane.colour is not None else default_lane_colour(index, colours)
        source = as_source(lane.source)
        peaks = self._store.get(lane.key)
        return SceneLane(
            lane.key, lane.name, colour, lane.state, lane.badge, source, peaks, None, self._display
        )

    # input

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Take mouse and wheel of the canvas."""
        if watched is self._canvas:
            if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
                self._pressed(event)
            elif event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
                x, y = event.position().x(), event.position().y()
                self.pointer_moved.emit(self._frame_at(x), self._key_at(y))
            elif event.type() == QEvent.Type.Wheel and isinstance(event, QWheelEvent):
                self._wheeled(event)
                return True
        return super().eventFilter(watched, event)  # type: ignore[arg-type]

    def _frame_at(self, x: float) -> int:
        layout = self._layout()
        frame = self._view.frame_at((x - layout.plot_left) * layout.ratio)
        return min(max(int(frame), 0), max(self._frames - 1, 0))

    def _key_at(self, y: float) -> int:
        row = self._layout().row_at(y)
        return self._lanes[row].key if 0 <= row < len(self._lanes) else -1

    def _pressed(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self._lanes:
            return
        x, y = event.position().x(), event.position().y()
        if x < self._layout().plot_left:
            if (key := self._key_at(y)) >= 0:
                self.lane_clicked.emit(key)
            return
        self.seek_requested.emit(self._frame_at(x))

    def _wheeled(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        turned = notches(delta.y() or delta.x())
        modifiers = event.modifiers()
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            self.zoom(_WHEEL_ZOOM**turned, self._frame_at(event.position().x()))
        elif modifiers & Qt.KeyboardModifier.ShiftModifier or delta.x():
            self._show(self._view.panned(-turned * self._view.width / 10))
