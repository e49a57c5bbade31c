"""What the pointer and the keys mean for the lanes: places looked up, wishes passed on as signals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QScrollBar

from gaplisten.audio.filemap import SampleSource, read_floats
from gaplisten.audio.ruler import duration
from gaplisten.ui.lanes.canvas import Canvas, Preview
from gaplisten.ui.lanes.furniture import x_of
from gaplisten.ui.lanes.layout import RULER_HEIGHT, Layout
from gaplisten.ui.lanes.scene import Scene, SceneLane
from gaplisten.ui.lanes.time_axis import TimeAxis
from gaplisten.ui.lanes.values import Mode

if TYPE_CHECKING:
    from gaplisten.ui.lanes.lanes_view import LanesView

_MARK_WIDTH = 9.0
_LEVEL_SECONDS = 0.010


class LaneActions:
    """Answers the pointer's questions from the scene that is on screen, and emits the view's signals."""

    def __init__(self, view: LanesView, canvas: Canvas, lane_bar: QScrollBar) -> None:
        self._view, self._canvas, self._lane_bar = view, canvas, lane_bar

    # places

    @property
    def axis(self) -> TimeAxis:
        """The time axis."""
        return self._view.axis

    @property
    def _scene(self) -> Scene:
        scene = self._canvas.scene
        assert scene is not None, "input comes only after the first picture"
        return scene

    def layout_now(self) -> Layout:
        """Return where things lie."""
        return self._view.layout_now()

    def frame_at(self, x: float) -> int:
        """Return the frame at a logical position, inside the clip."""
        layout, view = self.layout_now(), self.axis.view
        frame = view.frame_at((x - layout.plot_left) * layout.ratio)
        return min(max(int(frame), 0), max(view.total - 1, 0))

    def x_at(self, frame: float) -> float:
        """Return the logical position of a frame."""
        layout = self.layout_now()
        return layout.plot_left + self.axis.view.x_of(frame) / layout.ratio

    def key_at(self, y: float) -> int:
        """Return the key of the lane at a logical height, -1 where there is none."""
        scene = self._scene
        if scene.mode is Mode.OVERLAY:
            row = scene.layout.legend_row(y, len(scene.lanes))
        else:
            row = scene.layout.row_at(y)
        return scene.lanes[row].key if 0 <= row < len(scene.lanes) else -1

    def loop_now(self) -> tuple[int, int] | None:
        """Return the loop region."""
        return self._scene.loop

    def packet_at(self, frame: int) -> tuple[int, bool] | None:
        """Return the packet that holds a frame and whether it was lost, or None without a trace."""
        loss = self._scene.loss
        if loss is None:
            return None
        packet = min(frame // loss.trace.packet_frames, loss.trace.packets - 1)
        return packet, bool(loss.trace.lost[packet])

    def packet_frames(self) -> int:
        """Return the frames in a packet."""
        loss = self._scene.loss
        return loss.trace.packet_frames if loss else 1

    def mark_at(self, x: float) -> int:
        """Return the index of the mark whose flag is at a logical position, -1 where there is none."""
        scene = self._scene
        near = [
            index for index, mark in enumerate(scene.marks) if 0 <= x - x_of(scene, mark.frame) < _MARK_WIDTH
        ]
        return near[-1] if near else -1

    def tip_at(self, x: float, y: float) -> str:
        """Return what a header or a mark says in full."""
        if x >= self.layout_now().plot_left:
            mark = self.mark_at(x) if y < RULER_HEIGHT else -1
            return self._scene.marks[mark].text if mark >= 0 else ""
        key = self.key_at(y)
        lines = [
            (lane.name, lane.state, lane.note, lane.badge) for lane in self._scene.lanes if lane.key == key
        ]
        return "\n".join(text for texts in lines for text in texts if text)

    # wishes

    def painting(self) -> bool:
        """Whether the mouse paints packets."""
        return self._view.paint_mode

    def point_at(self, frame: int, key: int) -> None:
        """Tell what the pointer is on."""
        self._view.pointer_moved.emit(frame, key)

    def seek(self, frame: int) -> None:
        """Ask to go to a frame."""
        self._view.seek_requested.emit(frame)

    def step_cursor(self, pixels: int) -> None:
        """Move the cursor by logical pixels, at least a frame, and say where it is."""
        step = max(abs(pixels) * self.axis.view.frames_per_pixel * self.layout_now().ratio, 1.0)
        if self.axis.view.frames_per_pixel < 1.0:
            step = abs(pixels)
        moved = self._canvas.playhead + round(math.copysign(step, pixels))
        frame = min(max(moved, 0), max(self.axis.view.total - 1, 0))
        self._view.set_playhead(frame)
        self.axis.reveal(frame)
        self._canvas.setAccessibleDescription(self.describe(frame))
        self.seek(frame)

    def describe(self, frame: int) -> str:
        """Say time, packet and level at a frame, for screen readers."""
        scene = self._scene
        parts = [duration(frame / scene.rate)]
        if (packet := self.packet_at(frame)) is not None:
            parts.append(f"packet {packet[0]} {'lost' if packet[1] else 'received'}")
        for lane in scene.lanes:
            if lane.key == scene.active:
                parts.append(f"{lane.name} {level_text(lane, frame)}")
        return ", ".join(parts)

    def step_lane(self, rows: int) -> None:
        """Choose the lane above or below."""
        keys = [lane.key for lane in self._scene.lanes]
        if not keys:
            return
        active = self._scene.active
        row = keys.index(active) + rows if active in keys else 0
        self.choose_lane(keys[min(max(row, 0), len(keys) - 1)])

    def choose_lane(self, key: int) -> None:
        """Ask for a lane to be heard."""
        if key >= 0:
            self._view.lane_clicked.emit(key)

    def choose_mark(self, index: int) -> None:
        """Tell that a mark was clicked."""
        self._view.mark_clicked.emit(index)

    def magnify(self, factor: float) -> None:
        """Zoom amplitude."""
        self._view.set_amplitude(self._view.amplitude * factor)

    def scroll_lanes(self, pixels: float) -> None:
        """Scroll the lanes up or down."""
        self._lane_bar.setValue(round(self._lane_bar.value() + pixels))

    def preview(self, start: int, stop: int, *, paint: bool | None = None) -> None:
        """Show what a drag would choose."""
        self._canvas.set_preview(Preview(start, stop, paint))

    def end_preview(self) -> None:
        """Show no drag."""
        self._canvas.set_preview(None)

    def set_loop_edges(self, start: int, stop: int) -> None:
        """Ask for a loop region."""
        self._view.loop_edited.emit(start, stop)

    def paint_packets(self, first: int, last: int, lost: bool) -> None:
        """Ask for packets to be lost or received."""
        self._view.packets_painted.emit(first, last, lost)


def level_text(lane: SceneLane, frame: int) -> str:
    """Return the RMS level of the 10 ms around a frame."""
    return f"{level_db(lane.source, frame):.1f} dB"


def level_db(source: SampleSource, frame: int) -> float:
    """Return the RMS level (dB, full scale 0) of the 10 ms around a frame; -120 for silence."""
    half = round(source.rate * _LEVEL_SECONDS / 2)
    start, stop = max(frame - half, 0), min(frame + half + 1, source.frames)
    if stop <= start or not source.loaded(start, stop):
        return -120.0
    samples = read_floats(source, start, stop).astype(float)
    return 10.0 * math.log10(max(float((samples**2).mean()), 1e-12))
