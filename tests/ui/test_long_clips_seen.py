"""Long clips are drawn from their files while their sound is still being read."""

import numpy as np
from PySide6.QtCore import Qt

from gaplisten.audio import files
from gaplisten.audio.in_place import read_in_place
from gaplisten.audio.longfile import file_of
from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.bench import opening
from gaplisten.clips.clip import Clip
from gaplisten.clips.opening import open_clip
from kit.timing import PATIENCE

Key = Qt.Key


def noise(seconds, level, rate=8000):
    generator = np.random.default_rng(1)
    return Signal.of(generator.standard_normal(round(seconds * rate)) * level, rate)


def test_the_files_of_a_long_clip_are_drawn_while_its_sound_is_still_read(
    window, clips_folder, qtbot, monkeypatch
):
    import threading

    from gaplisten.bench import controller

    may_open, read = threading.Event(), controller.open_fully

    def slowly(*arguments):
        may_open.wait(PATIENCE)
        return read(*arguments)

    monkeypatch.setattr(opening, "LONG_SECONDS", 1.0)
    monkeypatch.setattr(controller, "open_fully", slowly)
    window.open_paths([clips_folder])
    qtbot.waitUntil(lambda: bool(window.controller.files.lanes))
    files = window.controller.files
    assert [(lane.key, lane.name) for lane in files.lanes] == [(0, "Reference"), (1, "Lossy"), (2, "mild")]
    assert files.trace.lost.sum() == 4
    qtbot.waitUntil(lambda: not window.lanes_view.busy)
    assert window.lanes_view.visible_range == (0, 32000)
    assert window.controller.opened is None
    may_open.set()
    qtbot.waitUntil(lambda: window.controller.opened is not None)
    assert window.shell.display.source_of(window.controller.lane(0)) is files.sources["reference"]
    window.lanes_view.packets_painted.emit(60, 61, True)
    assert window.shell.display.source_of(window.controller.lane(1)) is window.controller.lane(1).signal


def test_of_files_of_another_rate_short_ones_are_resampled_first_and_long_ones_are_there_at_once(
    clips_folder, tmp_path, monkeypatch
):
    from gaplisten.clips.clip import ConditionFile

    monkeypatch.setattr(opening, "LONG_SECONDS", 1.0)
    write_signal(tmp_path / "fast.wav", noise(2, 0.1, 48000))
    clip = Clip(
        "x", clips_folder / "clean" / "first.wav", conditions=(ConditionFile("fast", tmp_path / "fast.wav"),)
    )
    assert list(opening.file_lanes(clip).sources) == ["reference"]
    for room in ("files", "in_place"):
        monkeypatch.setattr(f"gaplisten.audio.{room}.IN_MEMORY_SAMPLES", 1000)
    lanes = opening.file_lanes(clip).lanes
    assert [(lane.name, lane.signal.rate) for lane in lanes] == [("Reference", 16000), ("fast", 16000)]
    opened = open_clip(clip, read=read_in_place)
    assert opened.conditions["fast"] is lanes[1].signal, "so that it is neither read nor drawn anew"
    whole = resample(files.read_signal(tmp_path / "fast.wav"), 16000).samples
    assert np.array_equal(lanes[1].signal.samples[9000:11000], whole[9000:11000])


def test_a_long_clip_is_heard_from_its_files_while_its_level_is_still_measured(
    window, player, clips_folder, qtbot, monkeypatch
):
    import threading

    from gaplisten.bench import controller

    may_open, read = threading.Event(), controller.open_fully

    def slowly(*arguments):
        may_open.wait(PATIENCE)
        return read(*arguments)

    monkeypatch.setattr(opening, "LONG_SECONDS", 1.0)
    for room in ("files", "in_place"):
        monkeypatch.setattr(f"gaplisten.audio.{room}.IN_MEMORY_SAMPLES", 1000)
    monkeypatch.setattr(controller, "open_fully", slowly)
    window.open_paths([clips_folder])
    qtbot.waitUntil(lambda: bool(window.controller.files.lanes))
    heard = list(player.lanes)
    assert [file_of(lane) is not None for lane in heard] == [True, True, True]
    qtbot.keyClick(window.lanes_view, Key.Key_2)
    qtbot.keyClick(window.lanes_view, Key.Key_Space)
    assert (player.state.playing, player.state.lane) == (True, 2)
    for name in ("export.lane", "export.lanes"):
        window.shell.actions[name].trigger()
        assert "still being read" in window.status.currentMessage()
    player.calls.clear()
    may_open.set()
    qtbot.waitUntil(lambda: window.controller.opened is not None)
    assert [lane.signal for lane in window.controller.lanes] == heard
    assert (player.state.playing, player.state.lane) == (True, 2)
    assert player.last("load") is None
    assert player.last("set_gain") is None  # never while something is heard
    note = window.controller.gain_note
    assert note.startswith("+0.0 dB for all lanes; ")
    assert note.endswith(", when it is next started")
    qtbot.keyClick(window.lanes_view, Key.Key_Space)
    qtbot.waitUntil(lambda: player.last("set_gain") is not None)
    assert player.last("set_gain") == (window.controller.gain,)
    assert "next started" not in window.controller.gain_note


def test_files_that_may_hold_what_is_no_number_are_looked_at_before_they_are_heard(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "LONG_SECONDS", 1.0)
    for room in ("files", "in_place"):
        monkeypatch.setattr(f"gaplisten.audio.{room}.IN_MEMORY_SAMPLES", 1000)
    write_signal(tmp_path / "a.wav", noise(2, 0.1), "FLOAT")
    write_signal(tmp_path / "b.wav", noise(2, 0.1), "PCM_24")
    clip = Clip("x", tmp_path / "a.wav", tmp_path / "b.wav")
    assert [lane.signal is not None for lane in opening.file_lanes(clip).lanes] == [False, True]
