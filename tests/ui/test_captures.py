"""Open Call Capture: streams, delays, a buffer whose losses follow at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaplisten.captures.streams import CaptureError
from gaplisten.loss.formats import read_trace
from kit import calls
from kit.calls import sent

CALL = sent(200, never=(10, 11, 60), late={90: 130.0, 91: 120.0}, silent=range(120, 140))


def written(folder: Path) -> Path:
    back = [replace(each, ssrc=0x99, kind=8) for each in sent(200, seed=5)]
    path = folder / "call.pcap"
    path.write_bytes(calls.pcap(sorted([*CALL, *back], key=lambda each: each.at_ms)))
    return path


@pytest.fixture
def dialog(qtbot, window, tmp_path):
    """Return the dialog on a call of two streams, read."""
    return opened_dialog(qtbot, window, written(tmp_path))


def opened_dialog(qtbot, window, path):
    from gaplisten.ui.captures.dialog import CallDialog

    window.open_paths([path])
    made = window.findChild(CallDialog)
    qtbot.waitUntil(lambda: made.heard is not None, timeout=10_000)
    return made


def lost(dialog) -> list[int]:
    return np.flatnonzero(dialog.heard.found.lost).tolist()


def test_a_capture_that_is_dropped_opens_with_the_stream_that_lost_something(dialog) -> None:
    assert dialog.table.rowCount() == 2
    assert dialog.choice.currentText() == "Stream 1"
    assert dialog.table.currentRow() == 0
    assert "5 of 200 packets lost (2.5 %) in 3 gaps, the longest 40 ms" in dialog.outcome.text()
    assert "20 slots of silence" in dialog.outcome.text()


def test_losses_follow_the_slider_the_field_and_the_line_in_the_picture(dialog) -> None:
    dialog.slider.setValue(150)
    assert (dialog.buffer.value(), lost(dialog)) == (150.0, [10, 11, 60])
    dialog.buffer.setValue(125.0)
    assert dialog.slider.value() == 125
    assert set(lost(dialog)) in ({10, 11, 60, 90}, {10, 11, 60, 90, 91})
    dialog.plot.buffer_dragged.emit(60.0)
    assert lost(dialog) == [10, 11, 60, 90, 91]
    dialog.buffered.setChecked(False)
    assert lost(dialog) == [10, 11, 60]
    assert not dialog.slider.isEnabled()


def test_the_other_stream_is_chosen_in_the_table_or_the_list(dialog) -> None:
    dialog.table.selectRow(1)
    assert dialog.choice.currentText() == "Stream 2"
    assert lost(dialog) == []
    dialog.choice.setCurrentIndex(0)
    assert dialog.table.currentRow() == 0


def test_its_sound_is_written_with_its_trace_and_opened_as_a_lossy_clip(
    qtbot, window, dialog, tmp_path
) -> None:
    dialog.set_buffer(60)
    dialog.save_sound(tmp_path / "heard.wav")
    qtbot.waitUntil(lambda: window.controller.trace is not None, timeout=10_000)
    controller = window.controller
    assert (controller.rate, controller.frames) == (8000, 200 * 160)
    assert np.flatnonzero(controller.trace.lost).tolist() == [10, 11, 60, 90, 91]
    assert [lane.ident for lane in controller.lanes][:1] == ["lossy"]
    assert (tmp_path / "heard_is_lost.txt").is_file()


def test_its_losses_are_given_to_the_clip_and_taken_back(qtbot, opened, tmp_path) -> None:
    dialog = opened_dialog(qtbot, opened, written(tmp_path))
    dialog.set_buffer(60)
    before = opened.controller.trace
    dialog.lose_button.click()
    trace = opened.controller.trace
    assert trace.packet_ms == 20.0
    size = trace.packets
    assert np.flatnonzero(trace.lost).tolist() == [each for each in (10, 11, 60, 90, 91) if each < size]
    assert "first" in dialog.outcome.text()
    assert opened.controller.document.undo()
    assert np.array_equal(opened.controller.trace.lost, before.lost)


def test_its_trace_is_saved(dialog, tmp_path) -> None:
    dialog.set_buffer(60)
    dialog.save_trace(tmp_path / "x.txt", "digits")
    assert np.flatnonzero(read_trace(tmp_path / "x.txt").lost).tolist() == [10, 11, 60, 90, 91]


def test_a_delay_profile_is_read_both_ways(qtbot, window, tmp_path) -> None:
    path = tmp_path / "dly_error_profile_1.dat"
    path.write_text("30\n40\n-1\n60\n61\n25\n")
    dialog = opened_dialog(qtbot, window, path)
    dialog.set_buffer(34)
    assert lost(dialog) == [2, 3, 4]
    dialog.absolute.setChecked(True)
    dialog.set_buffer(60)
    assert lost(dialog) == [2, 4]
    assert not dialog.open_button.isEnabled()


def test_what_cannot_be_laid_out_says_what_is_missing_and_goes_on_when_told(qtbot, window, tmp_path) -> None:
    from gaplisten.ui.captures.dialog import CallDialog

    path = tmp_path / "call.csv"
    columns = ("rtp.seq", "rtp.timestamp", "rtp.p_type")
    path.write_bytes(calls.tshark(sent(50, kind=96, units=320, never=(7,)), columns=columns))
    window.open_paths([path])
    dialog = window.findChild(CallDialog)
    qtbot.waitUntil(lambda: "no clock of its own" in dialog.outcome.text(), timeout=10_000)
    assert not dialog.save_button.isEnabled()
    dialog.clock.setCurrentText("16000 Hz")
    assert lost(dialog) == [7]
    assert not dialog.slider.isEnabled()


def test_what_is_no_capture_is_told_in_the_dialog(qtbot, window, tmp_path) -> None:
    from gaplisten.ui.captures.dialog import CallDialog

    path = tmp_path / "rtcp.txt"
    path.write_text("lp=12;rxcount=388\n")
    dialog = CallDialog(path, window.controller, window)
    dialog.open()
    qtbot.waitUntil(lambda: "never where" in dialog.outcome.text(), timeout=10_000)
    assert not dialog.save_button.isEnabled()


def test_hours_of_a_call_are_drawn_as_ranges(qtbot, window, tmp_path) -> None:
    path = tmp_path / "call.rtpdump"
    path.write_bytes(calls.rtpdump(sent(20_000, never=(10,), late={90: 130.0}, size=1), kept=12))
    dialog = opened_dialog(qtbot, window, path)
    assert lost(dialog) == [10, 90]
    strokes = [
        item for item in dialog.plot.getPlotItem().listDataItems() if item.opts.get("connect") == "pairs"
    ]
    assert sum(len(item.xData) for item in strokes) < 10_000


def test_unreadable_captures_end_in_words(tmp_path) -> None:
    from gaplisten.bench.calls import Call
    from gaplisten.jobs import Job

    with pytest.raises(CaptureError, match="no such file"):
        Call.of(tmp_path / "nowhere.pcap", Job())
