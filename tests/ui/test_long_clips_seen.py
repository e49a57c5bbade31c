"""Long clips are drawn from their files while their sound is still being read."""

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.bench import opening
from gaplisten.clips.clip import Clip
from kit.timing import PATIENCE


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


def test_a_file_of_another_rate_is_left_out_until_it_is_resampled(clips_folder, tmp_path, monkeypatch):
    from gaplisten.audio.files import write_signal
    from gaplisten.clips.clip import ConditionFile

    monkeypatch.setattr(opening, "LONG_SECONDS", 1.0)
    write_signal(tmp_path / "fast.wav", noise(2, 0.1, 48000))
    clip = Clip(
        "x", clips_folder / "clean" / "first.wav", conditions=(ConditionFile("fast", tmp_path / "fast.wav"),)
    )
    assert list(opening.file_lanes(clip).sources) == ["reference"]
