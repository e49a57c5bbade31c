"""Stacked lanes of sound on one time axis, with the lost packets shaded behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QGridLayout, QScrollBar, QWidget

from gaplisten.audio.ruler import RulerUnit
from gaplisten.audio.spectrum_look import SpectrumLook
from gaplisten.bench.lane_sizes import LaneSizes
from gaplisten.loss.shading import LossMap
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.lanes.canvas import Canvas
from gaplisten.ui.lanes.colours import ViewColours
from gaplisten.ui.lanes.drawer import Drawer, drawer_kinds
from gaplisten.ui.lanes.export import Paper, Print, scene_on
from gaplisten.ui.lanes.lane_data import Altering, LaneData
from gaplisten.ui.lanes.overview import HEIGHT, OverviewStrip
from gaplisten.ui.lanes.pointer import Pointer
from gaplisten.ui.lanes.readout import pointed_strip, readings
from gaplisten.ui.lanes.scene import LaneView, Layout, Mark, Mode
from gaplisten.ui.lanes.shown import Shown
from gaplisten.ui.lanes.time_axis import TimeAxis
from gaplisten.ui.translation import tr
from gaplisten.ui.widgets import letter_scale

_GAINS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0)
_MOST_GAIN = 4096.0


class LanesView(QWidget):
    """Lanes of one clip; every position is a frame of the clip's clock.

    Attributes
    ----------
    axis
        The time axis.
    arrows_pan
        Whether Left and Right are to move the view rather than switch lanes.

    Signals
    -------
    seek_requested
        ``(frame)``: the user clicked there or moved the cursor by keys.
    lane_clicked
        ``(lane key)``: the user chose a lane at its header, by double-click or by keys.
    view_changed
        ``(start, stop)``: another stretch is seen.
    pointer_moved
        ``(frame, lane key)``; -1 for either where there is none.
    loop_edited
        ``(start, stop)``: the user dragged a region or an edge of it.
    packets_painted
        ``(first packet, last packet, lost)``, in paint mode.
    gap_drawn
        ``(start, stop, lost)``, in frames: likewise, off the packets or where there are none.
    mark_clicked
        ``(index of the mark)``.
    source_failed
        ``(lane key, sentence)``: a file could not be read.
    amplitude_changed
        ``(factor)``.
    selected
        ``(start, stop)``: the user selected what lies between.
    look_wanted
        Spectrograms are to be looked at in another way (`SpectrumLook`); nothing has changed yet.
    menu_wanted
        ``(frame, lane key, place on the screen)``: the user asks what can be done there; -1 for either where
        there is none.
    """

    seek_requested = Signal(int)
    lane_clicked = Signal(int)
    view_changed = Signal(int, int)
    pointer_moved = Signal(int, int)
    loop_edited = Signal(int, int)
    packets_painted = Signal(int, int, bool)
    gap_drawn = Signal(int, int, bool)
    mark_clicked = Signal(int)
    source_failed = Signal(int, str)
    amplitude_changed = Signal(float)
    selected = Signal(int, int)
    look_wanted = Signal(object)
    menu_wanted = Signal(int, int, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drawers: dict[str, Drawer] = {name: kind(self) for name, kind in drawer_kinds().items()}
        self._shown = Shown(self._drawers)
        self._all: tuple[LaneView, ...] = ()  # hidden ones, too
        self._base: int | None = None
        self._gain_follows = True
        self._follows = self.arrows_pan = False
        self._still = False
        self._build()

    def _build(self) -> None:
        self._data = LaneData(self)
        self._canvas = Canvas(self._drawers, self)
        self._bar = QScrollBar(Qt.Orientation.Horizontal, self)
        self._bar.setAccessibleName(tr("Time"))
        self._lane_bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._lane_bar.setAccessibleName(tr("Lanes"))
        self._lane_bar.hide()
        self.axis = TimeAxis(self._bar, self)
        self._overview = OverviewStrip(self.axis, self)
        self._pointer = Pointer(self._canvas, self.axis)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        grid.addWidget(self._overview, 0, 0, 1, 2)
        grid.addWidget(self._canvas, 1, 0)
        grid.addWidget(self._lane_bar, 1, 1)
        grid.addWidget(self._bar, 2, 0)
        self.setFocusProxy(self._canvas)
        self._follow_font()
        self._canvas.setAccessibleName(tr("Lanes"))
        self._connect()

    def _connect(self) -> None:
        self._data.progressed.connect(self._more_known)
        self._data.failed.connect(self.source_failed)
        for drawer in self._drawers.values():
            drawer.progressed.connect(self._refresh)
            drawer.look_wanted.connect(self.look_wanted)
        self._canvas.resized.connect(self._resized)
        self._lane_bar.valueChanged.connect(self._refresh)
        self.axis.changed.connect(self._view_moved)
        pointer = self._pointer
        pointer.pointed.connect(self.pointer_moved)
        pointer.seek_wanted.connect(self._go)
        pointer.cursor_moved.connect(self._move_cursor)
        pointer.lane_chosen.connect(self.lane_clicked)
        pointer.mark_chosen.connect(self.mark_clicked)
        pointer.loop_edited.connect(self.loop_edited)
        pointer.packets_painted.connect(self.packets_painted)
        pointer.gap_drawn.connect(self.gap_drawn)
        pointer.magnified.connect(self._magnify)
        pointer.menu_wanted.connect(self.menu_wanted)
        pointer.height_wanted.connect(self._set_height)
        pointer.selected.connect(self.selected)
        pointer.hovered.connect(self._canvas.set_hovered)
        pointer.lanes_scrolled.connect(
            lambda pixels: self._lane_bar.setValue(self._lane_bar.value() + round(pixels))
        )
        # A child widget gets no close event, and threads that still read would hold up the program's end.
        if (app := QCoreApplication.instance()) is not None:
            app.aboutToQuit.connect(self.close_data)

    # what is shown

    def set_lanes(self, lanes: Sequence[LaneView]) -> None:
        """Show these lanes; a lane whose source is the same object as before is not read again.

        The stretch that is seen stays while any lane stays; an altogether different clip is shown whole.
        """
        known = {id(lane.source) for lane in self._all}
        same_clip = any(id(lane.source) in known for lane in lanes)
        before = {lane.identity for lane in self._all}
        fresh = [lane.key for lane in lanes if lane.identity not in before] if same_clip else []
        self._all = tuple(lanes)
        seen = self._shown.sizes.seen([lane.identity for lane in lanes])
        lanes = self._shown.lanes = tuple(lane for lane in lanes if lane.identity in seen)
        self._data.set_lanes(self._all)
        if lanes:
            self._shown.rate = lanes[0].source.rate
        total = max((lane.source.frames for lane in lanes), default=0)
        if not same_clip:
            self.axis.reset(total, self.layout_now().columns)
        elif total != self.axis.view.total:
            self.axis.show(replace(self.axis.view, total=total).clamped())
        sources = [self._data.drawn(lane.key).source for lane in lanes]
        for drawer in self._drawers.values():
            drawer.keep_only(sources)
        self._resized()
        self._more_known()
        if fresh:
            self._reveal_lane(fresh[-1])

    def set_trace(self, trace: LossTrace | None, frames: int | None = None) -> None:
        """Shade the lost packets of this trace behind all lanes."""
        self._shown.loss = None if trace is None else LossMap(trace, frames or self.axis.view.total)
        self._data.set_trace(trace)
        self._show_overview()

    def set_playhead(self, frame: int) -> None:
        """Move the playhead; with following, the page is turned when it leaves."""
        self._canvas.set_playhead(frame)
        self._overview.set_playhead(frame)
        if self._still:
            start, stop = self.visible_range
            loop = self._shown.loop
            loops_here = loop is not None and loop[0] < stop and start < loop[1]
            self._still = loops_here or not start <= frame < stop
        if self._follows and not self._still:
            self.axis.reveal(frame)

    def set_following(self, on: bool) -> None:
        """Turn the page when the playhead leaves the view, or stay."""
        self._follows, self._still = on, False

    def set_active(self, key: int | None) -> None:
        """Mark the lane that is heard, and scroll it into sight when it is another one."""
        before, self._shown.active = self._shown.active, key
        if key != before:
            self._reveal_lane(key)
        self._show_overview()

    def set_loop(self, loop: tuple[int, int] | None) -> None:
        """Show the loop region, or none."""
        self._shown.loop = loop
        self._refresh()

    def set_selection(self, span: tuple[int, int] | None) -> None:
        """Show what is selected, or nothing."""
        self._shown.selection = span
        self._refresh()

    def set_selecting(self, on: bool) -> None:
        """Let a drag select instead of looping."""
        self._pointer.selecting = on

    def set_reading(self, on: bool) -> None:
        """Write what every lane is under the mouse, or at the playhead."""
        self._canvas.set_reading(on)

    def set_current_gap(self, gap: tuple[int, int] | None) -> None:
        """Point out the gap at hand, or none."""
        self._shown.gap = gap
        self._refresh()

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Show flags on the time axis."""
        self._shown.marks = tuple(marks)
        self._show_overview()

    def set_mode(self, mode: Mode | str, base: int | None = None) -> None:
        """Stack the lanes, overlay them, or show residuals.

        Parameters
        ----------
        mode
            ``lanes``, ``overlay`` or ``residual``.
        base
            Key of the lane that residuals are taken against, by default the first.
        """
        self._shown.mode = Mode(mode)
        if base is not None:
            self._base = base
        first = self._shown.lanes[0].key if self._shown.lanes else None
        wanted = self._base if self._base is not None else first
        self._data.set_base(wanted if self._shown.mode is Mode.RESIDUAL else None)
        self._resized()
        self._more_known()

    @property
    def mode(self) -> Mode:
        """How the lanes are laid out."""
        return self._shown.mode

    def set_display(self, name: str, key: int | None = None) -> None:
        """Draw by the drawer of this name, in one lane or (with no key) in all."""
        if name not in self._drawers:
            raise ValueError(f"there is no drawer {name!r}")
        if key is None:
            self._shown.display = name
            self._shown.displays.clear()
        else:
            self._shown.displays[key] = name
        self._refresh()

    @property
    def display(self) -> str:
        """Name of the drawer of all lanes, apart from those that have one of their own."""
        return self._shown.display

    def display_of(self, key: int) -> str:
        """Return the name of the drawer of a lane."""
        return self._shown.display_of(key)

    def set_look(self, look: SpectrumLook) -> None:
        """Look at spectrograms like this."""
        for drawer in self._drawers.values():
            drawer.set_look(look)
        self._refresh()

    # how high lanes are

    def collapse(self, key: int) -> None:
        """Draw little more of a lane than its name, or all of it again."""
        for identity in self._identities(key):
            self._shown.sizes.collapse(identity)
        self._resized()

    def hide_lane(self, key: int) -> bool:
        """Draw nothing of a lane; return whether that was done: one lane at least stays."""
        found = self._identities(key)
        if not found or len(self._shown.lanes) < 2:
            return False
        self._shown.sizes.hidden.update(found)
        self.set_lanes(self._all)
        return True

    @property
    def hidden(self) -> int:
        """How many lanes are hidden."""
        return len(self._all) - len(self._shown.lanes)

    @property
    def sizes(self) -> LaneSizes:
        """How high lanes are drawn, and which are not."""
        return self._shown.sizes

    def put_sizes(self, sizes: LaneSizes) -> None:
        """Draw lanes so high, collapsed or not at all, also those that are still to come."""
        self._shown.sizes = sizes
        self.set_lanes(self._all)

    def reset_sizes(self) -> None:
        """Show all lanes, equally high."""
        self._shown.sizes.reset()
        self.set_lanes(self._all)

    def _set_height(self, key: int, height: float) -> None:
        for identity in self._identities(key):
            self._shown.sizes.set_height(identity, height)
        self._resized()

    def _identities(self, key: int) -> list[str]:
        """Return the identity of the lane with a key; none where it is not drawn."""
        return [lane.identity for lane in self._shown.lanes if lane.key == key]

    def set_altered(self, received: int | None, tolerance: float = 0.0) -> None:
        """Colour only what differs from the received lane; with None, draw all lanes in their colours."""
        self._data.set_altering(None if received is None else Altering(received, tolerance))
        self._refresh()

    def set_ruler(self, unit: RulerUnit | str) -> None:
        """Count seconds, frames or packets."""
        self._shown.unit = RulerUnit(unit)
        self._refresh()

    def set_paint_mode(self, on: bool) -> None:
        """Let the mouse paint packets lost or received instead of seeking."""
        self._pointer.painting = on

    # amplitude

    @property
    def amplitude(self) -> float:
        """Vertical magnification: 1 fills the lane with full scale."""
        return self._shown.gain

    def set_amplitude(self, factor: float) -> None:
        """Magnify all lanes alike, 1 to 4096."""
        self._gain_follows = False
        self._set_gain(min(max(factor, 1.0), _MOST_GAIN))

    def fit_amplitude(self) -> None:
        """Magnify by a round factor so that the loudest lane fits."""
        self._gain_follows = True
        loudest = self._data.loudest
        fitting = [gain for gain in _GAINS if gain * loudest <= 0.96]
        self._set_gain(fitting[-1] if fitting and loudest > 0 else 1.0)

    def _set_gain(self, gain: float) -> None:
        if gain != self._shown.gain:
            self._shown.gain = gain
            self.amplitude_changed.emit(gain)
            self._show_overview()

    # what stretch is shown

    @property
    def visible_range(self) -> tuple[int, int]:
        """First frame seen and the one after the last."""
        return self.axis.visible_range

    def zoom_to(self, start: int, stop: int) -> None:
        """Show ``[start, stop)``."""
        self.axis.show(self.axis.view.between(start, stop))

    def stay(self) -> None:
        """Turn no page until the playhead has come into sight by itself.

        In a loop that lies here it comes and goes: then the view stays until the user goes elsewhere.
        """
        self._still = True

    def zoom(self, factor: float, at: int | None = None) -> None:
        """Magnify by `factor` around frame `at`, by default the middle."""
        self.axis.zoom(factor, at)

    def pan(self, direction: int) -> None:
        """Move the view by a fifth of its width."""
        start, stop = self.visible_range
        step = direction * max((stop - start) // 5, 1)
        step = max(min(step, self.axis.view.total - stop), -start)
        self.zoom_to(start + step, stop + step)

    def fit(self) -> None:
        """Show the whole clip."""
        self._still = False
        self.axis.fit()

    def centre_on(self, start: int, stop: int | None = None) -> None:
        """Put the middle of ``[start, stop)`` in the middle; zoom out if it would not fit."""
        self._still = False
        self.axis.centre_on(start, start if stop is None else stop)

    @property
    def busy(self) -> bool:
        """Whether sound is still being read, or a drawer computes."""
        return self._data.busy or any(drawer.busy for drawer in self._drawers.values())

    @property
    def glimpsed(self) -> bool:
        """Whether there is at least a coarse picture of every lane."""
        return all(self._data.glimpsed(lane.key) for lane in self._shown.lanes)

    # out of it

    def on_paper(self, paper: Paper) -> Print:
        """Return lanes as they are shown, on paper; what it needs is computed meanwhile (`busy`)."""
        scene = scene_on(paper, self._shown, self._data, self.axis.view.total)
        return Print(paper, scene, self._drawers)

    @property
    def drawn(self) -> tuple[LaneView, ...]:
        """The lanes that are drawn, from top to bottom."""
        return self._shown.lanes

    def close_data(self) -> None:
        """Give up all reading and computing, before the view is thrown away."""
        self._data.close()
        for drawer in self._drawers.values():
            drawer.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop the threads."""
        self.close_data()
        super().closeEvent(event)

    # drawing

    def _follow_font(self) -> None:
        """Have room for the letters."""
        self._letter_scale = letter_scale(self)
        self._overview.setFixedHeight(round(HEIGHT * self._letter_scale))

    def layout_now(self) -> Layout:
        """Return where things lie on the canvas."""
        canvas = self._canvas
        scroll = self._lane_bar.value() if self._lane_bar.maximum() else 0
        ratio, shown = canvas.devicePixelRatioF(), self._shown
        scale = self._letter_scale
        return Layout(canvas.width(), canvas.height(), ratio, shown.rows, scroll, shown.heights, scale)

    def _refresh(self) -> None:
        view, colours = self.axis.view, self._colours()
        scene = self._shown.scene(self.layout_now(), view, colours, self._data)
        self._canvas.show_scene(scene)

    def _colours(self) -> ViewColours:
        return ViewColours.of(self.palette())

    def _go(self, frame: int) -> None:
        """Go where the user pointed."""
        self._still = False
        self.seek_requested.emit(frame)

    def _move_cursor(self, frame: int) -> None:
        """Go where the keys moved the cursor, and say where that is."""
        self._still = False
        self.set_playhead(frame)
        self.axis.reveal(frame)
        if (scene := self._canvas.scene) is not None:
            said = [scene.describe(frame)]
            if self._canvas.read_at is not None:
                told = readings(scene, self._drawers, frame)
                said += [f"{lane.key} {text}" for lane, _strip, text in told]
            self.describe(", ".join(said))
        self.seek_requested.emit(frame)

    def describe(self, text: str) -> None:
        """Have screen readers say this of the lanes."""
        self._canvas.setAccessibleDescription(text)

    def _magnify(self, factor: float, y: float) -> None:
        scene = self._canvas.scene
        drawer, height = ("", 0.0) if scene is None else pointed_strip(scene, y)
        if scene is None or not drawer or not self._drawers[drawer].magnify(scene, height, factor):
            self.set_amplitude(self.amplitude * factor)

    def _more_known(self) -> None:
        if self._gain_follows:
            self.fit_amplitude()
        self._show_overview()

    def _view_moved(self) -> None:
        busy = [drawer for drawer in self._drawers.values() if drawer.busy]
        if busy:
            seen = [(self._data.drawn(key).source, self.axis.view) for key in self._shown.keys]
            for drawer in busy:
                drawer.drop_unseen(seen)
        self._refresh()
        self.view_changed.emit(*self.visible_range)

    def _resized(self) -> None:
        layout = self.layout_now()
        self._lane_bar.setRange(0, layout.overflow)
        self._lane_bar.setPageStep(max(self._canvas.height(), 1))
        self._lane_bar.setSingleStep(24)
        self._lane_bar.setVisible(layout.overflow > 0)
        self.axis.resize(self.layout_now().columns)
        self._show_overview()

    def _reveal_lane(self, key: int | None) -> None:
        keys = self._shown.keys
        if key not in keys or not self._lane_bar.maximum():
            return
        layout = self.layout_now()
        row = keys.index(key)
        top = round(layout.top_of(row))
        room = self._canvas.height() - 26
        value = self._lane_bar.value()
        self._lane_bar.setValue(min(max(value, top + round(layout.height_of(row)) - room), top))

    def _show_overview(self) -> None:
        colours = self._colours()
        keys = self._shown.keys
        index = keys.index(self._shown.active) if self._shown.active in keys else 0
        shown = (
            self._shown.lane(index, colours, self._data, self.axis.view.total) if self._shown.lanes else None
        )
        self._overview.set_content(
            peaks=shown.peaks if shown else None,
            loss=self._shown.loss_at(index, self.axis.view.total),
            colours=colours,
            colour=shown.colour if shown else colours.text,
            gain=self._shown.gain,
            rate=self._shown.rate,
            left=self.layout_now().plot_left,
            marks=tuple(mark.frame for mark in self._shown.marks),
        )
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette and the font."""
        if event.type() == QEvent.Type.FontChange:
            self._follow_font()
            self._resized()
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._show_overview()
        super().changeEvent(event)
