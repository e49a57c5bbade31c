"""Measuring between two places, going to a place by its number, and the numbers under the pointer."""

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt

from gaplisten.audio.ruler import RulerUnit
from gaplisten.ui.lanes.readout import readings
from gaplisten.ui.workbench.go_to_dialog import GoToDialog
from kit.mouse import mouse

Control = Qt.KeyboardModifier.ControlModifier
Plain = Qt.KeyboardModifier.NoModifier


def _drag(window, start, stop, modifiers=Plain):
    """Drag from one frame to another in the first lane."""
    canvas = window.lanes_view._canvas
    canvas.grab()
    for kind, frame in (
        (QEvent.Type.MouseButtonPress, start),
        (QEvent.Type.MouseMove, (start + stop) // 2),
        (QEvent.Type.MouseMove, stop),
        (QEvent.Type.MouseButtonRelease, stop),
    ):
        mouse(canvas, kind, canvas.scene.x_of(frame), 60.0, modifiers=modifiers)
        canvas.grab()


@pytest.fixture
def close(opened, settle):
    """Return the window, 1000 frames seen."""
    settle(opened)
    opened.lanes_view.zoom_to(3000, 4000)
    return opened


@pytest.mark.parametrize("mode", [False, True])
def test_a_drag_with_ctrl_or_in_its_mode_selects_and_leaves_the_loop_alone(close, qtbot, mode):
    if mode:
        close.actions_table["edit.select"].trigger()
    _drag(close, 3200, 3520, Plain if mode else Control)
    qtbot.waitUntil(lambda: close.panes["selecting"].measured.found is not None)
    start, stop = close.shell.selection.span
    assert (start, stop) == pytest.approx((3200, 3520), abs=4)
    assert close.shell.looping.now is None
    bar = close.panes["selecting"].bar
    assert bar.isVisible()
    assert bar.told.text().startswith(f"{stop - start} samples · ")
    assert "0 Reference: peak" in bar.told.text()


def test_an_edge_of_the_selection_can_be_dragged_even_across_the_other(close):
    close.shell.selection.take(3200, 3500)
    _drag(close, 3200, 3800)
    assert close.shell.selection.span == pytest.approx((3500, 3800), abs=4)


def test_start_end_and_length_are_typed_in_seconds_frames_and_packets(close):
    bar, selection = close.panes["selecting"].bar, close.shell.selection
    close.actions_table["edit.select"].trigger()
    bar.start.setValue(0.2)
    bar.length.setValue(0.02)
    assert selection.span == (3200, 3520)
    bar.unit.setCurrentIndex(bar.unit.findData(RulerUnit.PACKETS))
    assert (bar.start.value(), bar.stop.value(), bar.length.value()) == (10, 11, 1)
    bar.stop.setValue(13)
    assert selection.span == (3200, 4160)
    bar.unit.setCurrentIndex(bar.unit.findData(RulerUnit.FRAMES))
    bar.start.setValue(5000)
    assert selection.span == (5000, 5000)


def test_the_selection_is_looped_and_zoomed_to_and_gone_with_the_clip(close, qtbot):
    close.shell.selection.take(4000, 8000)
    close.actions_table["listen.loop_selection"].trigger()
    loop = close.shell.looping.now
    assert (loop.start, loop.stop) == (4000, 8000)
    close.actions_table["view.zoom_selection"].trigger()
    assert close.lanes_view.visible_range == pytest.approx((3800, 8200), abs=8)
    close.controller.show_clip("second")
    qtbot.waitUntil(lambda: close.controller.clip_name == "second")
    assert close.shell.selection.span is None
    assert not close.panes["selecting"].bar.isVisible()


@pytest.mark.parametrize(
    ("kind", "number", "frame", "told"),
    [
        ("seconds", 0.75, 12000, "0.750000 s · frame 12000 · packet 37"),
        ("frames", 777, 777, "frame 777 · packet 2"),
        ("packets", 40, 12800, "packet 40"),
        ("gap", 2, 12800, "packet 40"),
    ],
)
def test_one_dialog_goes_to_a_time_a_frame_a_packet_or_a_gap(close, kind, number, frame, told):
    close.actions_table["gap.go_to"].trigger()
    dialog = close.findChild(GoToDialog)
    dialog.kind.setCurrentIndex(dialog.kind.findData(kind))
    dialog.number.setValue(number)
    assert dialog.frame == frame
    assert told in dialog.told.text()
    dialog.accept()
    start, stop = close.lanes_view.visible_range
    assert start <= frame <= stop
    if kind == "gap":
        assert close.shell.hand.index == 1
    else:
        assert close.controller.hearing.state.position == frame


def test_every_lane_is_read_under_the_pointer_and_without_one_at_the_playhead(close):
    view = close.lanes_view
    close.actions_table["view.values"].trigger()
    canvas = view._canvas
    canvas.grab()
    scene = canvas.scene
    found = {lane.key: text for lane, _strip, text in readings(scene, view._drawers, 3300)}
    assert set(found) == {lane.key for lane in scene.lanes}
    assert "Δ" not in found[0]
    assert "0.0000 · −∞ dBFS · Δ" in found[1]  # lost there
    before = canvas.grab().toImage()
    canvas.set_hovered(QPointF(scene.x_of(3300), 60))
    assert canvas.read_at == (pytest.approx(3300, abs=3), 60)
    assert canvas.grab().toImage() != before
    canvas.set_hovered(None)
    close.controller.hearing.seek(3500)
    close.shell.display._on_moved(close.controller.hearing.state)
    assert canvas.read_at == (3500, None)
