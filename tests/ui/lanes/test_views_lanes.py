"""What the lanes show and what they answer to mouse, wheel and keys."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QNativeGestureEvent,
    QPalette,
    QPointingDevice,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.lanes.colours import ViewColours
from gaplisten.ui.lanes.drawer import drawer_kinds
from gaplisten.ui.lanes.lanes_view import LanesView
from gaplisten.ui.lanes.scene import RULER_HEIGHT, LaneView, Mark, Mode
from kit.mouse import mouse

RATE = 16000
PACKET = 320
FRAMES = 100 * PACKET
LOST = np.zeros(100, np.bool_)
LOST[40:45] = True
NoButton, Left, Right, Middle = (
    Qt.MouseButton.NoButton,
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
)
Plain, Control, Shift, Alt = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


def _speech() -> np.ndarray:
    time = np.arange(FRAMES) / RATE
    return (0.4 * np.sin(2 * np.pi * 200 * time) * np.abs(np.sin(5 * time))).astype(np.float32)


def _lossy() -> np.ndarray:
    lossy = _speech()
    lossy[np.repeat(LOST, PACKET)] = 0.0
    return lossy


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[LanesView]:
    view = LanesView()
    qtbot.addWidget(view)
    view.resize(1000, 600)
    view.set_lanes(
        [
            LaneView(0, "Reference", None, Signal.of(_speech(), RATE)),
            LaneView(1, "Lossy", None, Signal.of(_lossy(), RATE)),
            LaneView(2, "Concealed", None, Signal.of(_lossy(), RATE), "4 ms", "MOS 3.2"),
        ]
    )
    view.set_trace(LossTrace.of_packets(LOST, PACKET, RATE))
    view.set_active(0)
    view.show()
    view.grab()
    yield view
    view.close()


def _pixels(view: LanesView) -> np.ndarray:
    """Return what the canvas shows without the frame that tells the focus, shape (height, width, 3)."""
    view._canvas.clearFocus()
    image = view._canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return data[:, :, 2::-1].astype(int)


def _lane(view: LanesView, row: int) -> np.ndarray:
    layout = view.layout_now()
    top, bottom = layout.lane_span(row)
    return _pixels(view)[top:bottom, layout.plot_left :]


def _is(pixels: np.ndarray, colour: QColor, near: int = 6) -> np.ndarray:
    return (np.abs(pixels - np.array(colour.getRgb()[:3])) <= near).all(axis=-1)


def _x(view: LanesView, frame: float) -> int:
    layout = view.layout_now()
    return round(layout.plot_left + view.axis.view.x_of(frame) / layout.ratio)


def _mouse(view: LanesView, kind: QEvent.Type, x: float, y: float, button=Left, modifiers=Plain) -> None:
    mouse(view._canvas, kind, x, y, button, modifiers)


def _drag(
    view: LanesView, start: tuple[float, float], stop: tuple[float, float], button=Left, modifiers=Plain
) -> None:
    _mouse(view, QEvent.Type.MouseButtonPress, *start, button, modifiers)
    middle = ((start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2)
    for place in (middle, stop):
        _mouse(view, QEvent.Type.MouseMove, *place, button, modifiers)
    _mouse(view, QEvent.Type.MouseButtonRelease, *stop, button, modifiers)


def _wheel(view: LanesView, x: float, turn: QPoint, modifiers=Plain) -> None:
    place = QPointF(x, 200)
    event = QWheelEvent(
        place,
        view._canvas.mapToGlobal(place),
        QPoint(),
        turn,
        NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view._canvas, event)


# what is drawn


@pytest.mark.parametrize("span", [60, 200, 700, 801, 3000, 12_345, FRAMES])
@pytest.mark.parametrize("shift", [0, 1, 37])
def test_a_click_of_one_sample_reaches_its_height_at_every_zoom_and_pan(
    view: LanesView, span: int, shift: int
) -> None:
    place = 21_111
    silence = np.zeros(FRAMES, np.float32)
    silence[place] = 0.9
    view.set_lanes([LaneView(0, "click", "#0072B2", Signal.of(silence, RATE))])
    view.set_trace(None)
    view.set_amplitude(1.0)
    start = min(max(place - span // 3 - shift, 0), FRAMES - span)
    view.zoom_to(start, start + span)
    view.set_playhead(0)
    lane = _lane(view, 0)
    height = lane.shape[0]
    column = round(view.axis.view.x_of(place))
    drawn = _is(lane[:, max(column - 1, 0) : column + 2], QColor("#0072B2"), 120)
    rows = np.flatnonzero(drawn.any(axis=1))
    assert rows.min() <= height / 2 * (1 - 0.9) + 2
    far = np.abs(np.arange(lane.shape[1]) - column) > max(6, 20 / view.axis.view.frames_per_pixel)
    assert not _is(lane[: round(height * 0.3), far], QColor("#0072B2"), 60).any()


def test_lost_packets_are_tinted_and_hatched_and_received_ones_are_not(view: LanesView) -> None:
    view.set_lanes([LaneView(0, "silence", None, Signal.of(np.zeros(FRAMES), RATE))])
    view.zoom_to(30 * PACKET, 55 * PACKET)
    lane, colours = _lane(view, 0), view._colours()
    left = view.layout_now().plot_left
    begin, end = _x(view, 40 * PACKET) - left, _x(view, 45 * PACKET) - left
    hatched = _is(lane, colours.hatch)
    assert hatched[:, begin + 2 : end - 2].mean() == pytest.approx(1 / 8, abs=0.02)
    assert not hatched[:, : begin - 3].any()
    assert not hatched[:, end + 3 :].any()
    zone = _is(lane, colours.zone).any(axis=0)
    reach = round(0.005 * RATE / view.axis.view.frames_per_pixel)
    assert zone[begin - reach + 2 : begin - 2].all()
    assert not zone[: begin - reach - 3].any()
    assert zone[end + 2 : end + reach - 2].all()


def test_altered_received_samples_stand_out_and_nothing_else_does(view: LanesView) -> None:
    altered = _lossy()
    altered[45 * PACKET + 10] += 0.001
    altered[41 * PACKET : 42 * PACKET] = 0.2
    view.set_lanes([*view._shown.lanes[:2], LaneView(2, "Concealed", "#0072B2", Signal.of(altered, RATE))])
    view.set_altered(1)
    colours = view._colours()
    for start, stop in ((0, FRAMES), (44 * PACKET, 46 * PACKET), (45 * PACKET, 45 * PACKET + 60)):
        view.zoom_to(start, stop)
        assert not _is(_lane(view, 1), colours.altered).any()
        seen = np.flatnonzero(_is(_lane(view, 2), colours.altered, 90).any(axis=0))
        wanted = view.axis.view.x_of(45 * PACKET + 10)
        size = max(1 / view.axis.view.frames_per_pixel, 1) + 6
        assert len(seen)
        assert np.abs(seen - wanted).max() <= size
    view.set_altered(None)
    assert not _is(_lane(view, 2), colours.altered).any()


def test_the_residual_of_equal_lanes_is_a_line_and_of_the_lossy_lane_is_the_lost_speech(
    view: LanesView,
) -> None:
    view.set_mode(Mode.RESIDUAL)
    view.set_playhead(42 * PACKET)
    view.fit()
    lane = _lane(view, 1)
    background = view._colours().background
    drawn = ~_is(lane[: lane.shape[0] // 2 - 6], background)
    columns = np.flatnonzero(drawn.any(axis=0))
    left = view.layout_now().plot_left
    assert columns.min() >= _x(view, 40 * PACKET) - left - 2
    assert columns.max() <= _x(view, 45 * PACKET) - left + 2
    view.set_mode(Mode.RESIDUAL, base=1)
    assert "minus Lossy" in {lane.note for lane in view._canvas.scene.lanes}


def test_overlay_draws_every_lane_in_its_colour_in_one_plot(view: LanesView) -> None:
    loud = Signal.of(np.where(np.arange(FRAMES) < 9000, _speech() * 2, _speech()), RATE)
    view.set_lanes(
        [LaneView(0, "a", "#0072B2", loud), LaneView(1, "b", "#E69F00", Signal.of(_speech(), RATE))]
    )
    view.set_active(1)
    view.set_mode("overlay")
    view.zoom_to(1000, 8000)
    plot = _pixels(view)[RULER_HEIGHT:, view.layout_now().plot_left :]
    assert _is(plot, QColor("#0072B2")).sum() > 300
    assert _is(plot, QColor("#E69F00")).sum() > 300


def test_the_active_lane_is_marked_by_bar_tint_and_filled_key(view: LanesView) -> None:
    view.set_active(1)
    pixels, colours = _pixels(view), view._colours()
    spans = [view.layout_now().lane_span(row) for row in range(3)]
    tinted = [_is(pixels[top:bottom, 60:150], colours.active).mean() for top, bottom in spans]
    assert tinted[1] > 0.7
    assert tinted[0] == tinted[2] == 0


def test_dark_and_light_come_from_the_palette(view: LanesView) -> None:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Base, QColor("#101214"))
    palette.setColor(QPalette.ColorRole.Text, QColor("#f0f0f0"))
    view.setPalette(palette)
    assert ViewColours.of(view.palette()).dark
    lane = _lane(view, 0)
    assert _is(lane, QColor("#101214")).mean() > 0.3
    assert lane.max() > 150


def test_a_spectrogram_appears_without_holding_the_window_and_shows_the_tone(
    view: LanesView, qtbot: QtBot
) -> None:
    view.set_display("spectrogram", 0)
    view.grab()
    qtbot.waitUntil(lambda: not view.busy)
    view.zoom_to(1000, 9000)
    view.grab()
    qtbot.waitUntil(lambda: not view.busy)
    lane = _lane(view, 0)
    dark = (255 * 3 - lane.sum(axis=2)).mean(axis=1)
    height = lane.shape[0]
    assert dark[-round(height * 0.06) :].mean() > 4 * dark[: height // 2].mean()
    assert view.display_of(1) == "waveform"


def test_the_playhead_moves_without_a_new_picture(view: LanesView) -> None:
    scene = view._canvas.scene
    view.set_playhead(9000)
    column = _pixels(view)[RULER_HEIGHT + 3 :, _x(view, 9000)]
    assert _is(column, view._colours().text).all()
    assert view._canvas.scene is scene


# what the mouse does


def test_a_click_in_a_lane_seeks_there_and_leaves_the_lane_as_it_is(view: LanesView, qtbot: QtBot) -> None:
    chosen: list[int] = []
    view.lane_clicked.connect(chosen.append)
    with qtbot.waitSignal(view.seek_requested) as seek:
        _drag(view, (600, 300), (600, 300))
    layout = view.layout_now()
    assert seek.args[0] == int((600 - layout.plot_left) / layout.plot_width * FRAMES)
    assert not chosen


def test_a_click_on_a_header_chooses_the_lane(view: LanesView, qtbot: QtBot) -> None:
    top, bottom = view.layout_now().lane_span(2)
    with qtbot.waitSignal(view.lane_clicked) as chosen, qtbot.assertNotEmitted(view.seek_requested):
        _drag(view, (50, (top + bottom) / 2), (50, (top + bottom) / 2))
    assert chosen.args == [2]


def test_a_drag_makes_a_loop_and_its_edges_can_be_dragged(view: LanesView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.loop_edited) as edited, qtbot.assertNotEmitted(view.seek_requested):
        _drag(view, (700, 300), (400, 300))
    start, stop = edited.args
    assert abs(_x(view, start) - 400) <= 1
    assert abs(_x(view, stop) - 700) <= 1
    view.set_loop((start, stop))
    with qtbot.waitSignal(view.loop_edited) as edited:
        _drag(view, (702, 10), (800, 10))
    assert edited.args[0] == start
    assert abs(_x(view, edited.args[1]) - 800) <= 1


def test_painting_marks_whole_packets_and_undoes_what_it_begins_on(view: LanesView, qtbot: QtBot) -> None:
    view.set_paint_mode(True)
    start, stop = _x(view, 10.5 * PACKET), _x(view, 13.5 * PACKET)
    with qtbot.waitSignal(view.packets_painted) as painted, qtbot.assertNotEmitted(view.seek_requested):
        _drag(view, (stop, 200), (start, 200))
    assert painted.args == [10, 13, True]
    lost = _x(view, 42.5 * PACKET)
    with qtbot.waitSignal(view.packets_painted) as painted:
        _drag(view, (lost, 200), (lost, 200))
    assert painted.args == [42, 42, False]
    with qtbot.waitSignal(view.packets_painted) as painted:
        _drag(view, (start, 200), (lost, 200), Right)
    assert painted.args == [10, 42, False]


def test_with_alt_a_gap_of_any_length_is_drawn_and_with_shift_it_is_received(
    view: LanesView, qtbot: QtBot
) -> None:
    view.set_paint_mode(True)
    start, stop = _x(view, 10.3 * PACKET), _x(view, 11.2 * PACKET)
    with qtbot.waitSignal(view.gap_drawn) as drawn, qtbot.assertNotEmitted(view.packets_painted):
        _drag(view, (stop, 200), (start, 200), modifiers=Qt.KeyboardModifier.AltModifier)
    assert drawn.args[2] is True
    assert abs(_x(view, drawn.args[0]) - start) <= 1
    assert abs(_x(view, drawn.args[1]) - stop) <= 1
    with qtbot.waitSignal(view.packets_painted) as painted:
        _drag(view, (start, 200), (stop, 200), modifiers=Qt.KeyboardModifier.ShiftModifier)
    assert painted.args == [10, 11, False]


def test_the_pointer_tells_frame_and_lane_and_when_it_leaves(view: LanesView) -> None:
    told: list[tuple[int, int]] = []
    view.pointer_moved.connect(lambda frame, lane: told.append((frame, lane)))
    top, bottom = view.layout_now().lane_span(1)
    _mouse(view, QEvent.Type.MouseMove, 604, (top + bottom) / 2, NoButton)
    QApplication.sendEvent(view._canvas, QEvent(QEvent.Type.Leave))
    assert abs(_x(view, told[0][0]) - 604) <= 1
    assert told[0][1] == 1
    assert told[-1] == (-1, -1)


def test_the_flag_of_a_mark_can_be_clicked(view: LanesView, qtbot: QtBot) -> None:
    view.set_marks([Mark(5000, "click"), Mark(20_000, "buzz")])
    with qtbot.waitSignal(view.mark_clicked) as clicked:
        _drag(view, (_x(view, 20_000) + 3, 16), (_x(view, 20_000) + 3, 16))
    assert clicked.args == [1]


def test_control_wheel_zooms_at_the_pointer(view: LanesView) -> None:
    frame = view.axis.view.frame_at(600 - view.layout_now().plot_left)
    _wheel(view, 600, QPoint(0, 240), Control)
    start, stop = view.visible_range
    assert stop - start == pytest.approx(FRAMES / 1.25**2, rel=0.01)
    assert view.axis.view.frame_at(600 - view.layout_now().plot_left) == pytest.approx(frame, abs=60)


def test_shift_wheel_and_sideways_wheel_scroll_time(view: LanesView) -> None:
    view.zoom_to(8000, 16_000)
    _wheel(view, 600, QPoint(0, -120), Shift)
    assert view.visible_range[0] == pytest.approx(8800, abs=20)
    _wheel(view, 600, QPoint(120, 0))
    assert view.visible_range[0] == pytest.approx(8000, abs=20)


@pytest.mark.parametrize("turn", [QPoint(0, 120), QPoint(120, 0)])
def test_alt_wheel_magnifies_amplitude_even_where_it_turns_sideways(view: LanesView, turn: QPoint) -> None:
    before, seen = view.amplitude, view.visible_range
    _wheel(view, 600, turn, Alt)
    assert view.amplitude == pytest.approx(before * 1.25)
    assert view.visible_range == seen


def test_the_wheel_scrolls_lanes_that_do_not_fit(view: LanesView) -> None:
    view.set_lanes([LaneView(key, f"lane {key}", None, Signal.of(_speech(), RATE)) for key in range(12)])
    before = view._canvas.scene.layout.lane_span(0)[0]
    _wheel(view, 600, QPoint(0, -120))
    assert view._canvas.scene.layout.lane_span(0)[0] < before
    view.set_active(11)
    top, bottom = view._canvas.scene.layout.lane_span(11)
    assert top >= RULER_HEIGHT
    assert bottom <= view._canvas.height() + 1


def test_a_wild_wheel_turn_stays_inside_the_clip(view: LanesView) -> None:
    _wheel(view, 600, QPoint(0, 2_000_000), Control)
    assert view.visible_range[1] - view.visible_range[0] > FRAMES / 1.25**5
    _wheel(view, 600, QPoint(0, -2_000_000), Control)
    _wheel(view, 600, QPoint(0, -2_000_000), Shift)
    assert view.visible_range == (0, FRAMES)


def test_pinching_zooms_at_the_fingers_and_wild_pinches_are_clamped(view: LanesView) -> None:
    place = QPointF(600, 200)
    for value, factor in ((0.2, 1.2), (50.0, 2.0)):
        view.fit()
        frame = view.axis.view.frame_at(600 - view.layout_now().plot_left)
        event = QNativeGestureEvent(
            Qt.NativeGestureType.ZoomNativeGesture,
            QPointingDevice.primaryPointingDevice(),
            2,
            place,
            place,
            place,
            value,
            QPointF(),
        )
        QApplication.sendEvent(view._canvas, event)
        start, stop = view.visible_range
        assert stop - start == pytest.approx(FRAMES / factor, rel=0.01)
        assert view.axis.view.frame_at(600 - view.layout_now().plot_left) == pytest.approx(frame, abs=60)


def test_what_a_header_has_no_room_for_is_in_its_tip(view: LanesView) -> None:
    top, _ = view.layout_now().lane_span(2)
    assert view._canvas.scene.tip_at(50, top + 20) == "Concealed\n4 ms\nMOS 3.2"
    view.set_marks([Mark(5000, "metallic")])
    assert view._canvas.scene.tip_at(_x(view, 5000) + 2, 15) == "metallic"
    assert view._canvas.scene.tip_at(_x(view, 5000) + 2, 200) == ""


def test_the_middle_button_pans(view: LanesView) -> None:
    view.zoom_to(8000, 16_000)
    _drag(view, (600, 300), (500, 300), Middle)
    moved = 100 * view.axis.view.frames_per_pixel
    assert view.visible_range[0] == pytest.approx(8000 + moved, abs=20)


# keys, access, view


def test_arrows_move_the_cursor_and_say_where_it_is(view: LanesView, qtbot: QtBot) -> None:
    view.zoom_to(40 * PACKET - 400, 40 * PACKET + 400)
    view.set_playhead(40 * PACKET - 1)
    view._canvas.setFocus()
    with qtbot.waitSignal(view.seek_requested) as seek:
        QTest.keyClick(view._canvas, Qt.Key.Key_Right)
    assert seek.args == [40 * PACKET]
    said = view._canvas.accessibleDescription()
    assert "0.800 s" in said
    assert "packet 40 lost" in said
    assert "dB" in said
    with qtbot.waitSignal(view.lane_clicked) as chosen:
        QTest.keyClick(view._canvas, Qt.Key.Key_Down)
    assert chosen.args == [1]


def test_the_view_and_its_parts_have_names_for_screen_readers(view: LanesView) -> None:
    assert view._canvas.accessibleName()
    assert view._bar.accessibleName()
    assert view._overview.accessibleName()
    assert view._canvas.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_scroll_bar_and_the_view_stay_in_step(view: LanesView) -> None:
    view.zoom_to(8000, 16_000)
    bar = view._bar
    bar.setValue(bar.maximum())
    assert view.visible_range[1] == pytest.approx(FRAMES, abs=20)
    view.fit()
    assert bar.maximum() == 0


def test_the_window_in_the_overview_can_be_dragged(view: LanesView) -> None:
    view.zoom_to(8000, 16_000)
    strip = view._overview
    start = strip._x(12_000)
    QTest.mousePress(strip, Left, Plain, QPoint(round(start), 20))
    QTest.mouseMove(strip, QPoint(round(strip._x(20_000)), 20))
    QTest.mouseRelease(strip, Left, Plain, QPoint(round(strip._x(20_000)), 20))
    assert view.visible_range[0] == pytest.approx(16_000, abs=150)


def test_centring_shows_a_gap_with_room_around_it(view: LanesView) -> None:
    view.zoom_to(0, 400)
    view.centre_on(40 * PACKET, 45 * PACKET)
    start, stop = view.visible_range
    assert start < 40 * PACKET
    assert stop > 45 * PACKET
    assert (start + stop) / 2 == pytest.approx(42.5 * PACKET, abs=5)


def test_following_turns_the_page_only_when_asked(view: LanesView) -> None:
    view.zoom_to(0, 4000)
    view.set_playhead(9000)
    assert view.visible_range == (0, 4000)
    view.set_following(True)
    view.set_playhead(9001)
    assert view.visible_range[0] <= 9001 < view.visible_range[1]


def test_another_clip_is_shown_whole_and_the_same_sources_are_not_read_again(view: LanesView) -> None:
    view.zoom_to(0, 400)
    pyramid = view._canvas.scene.lanes[0].peaks
    view.set_lanes(list(view._shown.lanes[:2]))
    assert view._canvas.scene.lanes[0].peaks is pyramid
    assert view.visible_range == (0, 400)
    longer = LaneView(5, "longer", None, Signal.of(np.zeros(FRAMES + 999), RATE))
    view.set_lanes([*view._shown.lanes, longer])
    assert view.visible_range == (0, 400)
    view.set_lanes([LaneView(0, "other", None, Signal.of(np.zeros(FRAMES + 999), RATE))])
    assert view.visible_range == (0, FRAMES + 999)


@pytest.mark.parametrize("frames", [0, 1, 7])
def test_tiny_and_empty_sounds_do_no_harm(view: LanesView, frames: int) -> None:
    view.set_lanes([LaneView(0, "tiny", None, Signal.of(np.full(frames, 0.5), RATE))])
    view.set_trace(LossTrace.of_packets(np.array([True]), PACKET, RATE))
    for display in drawer_kinds():
        view.set_display(display)
        view.zoom(3.0)
        view.grab()
    view.set_lanes([])
    view.grab()
    _drag(view, (600, 300), (620, 300))
