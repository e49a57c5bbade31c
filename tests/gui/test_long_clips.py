import numpy as np
import pytest

from gaplisten.audio.gain import clip_gain
from gaplisten.audio.signal import Signal
from gaplisten.clips.clip import Clip, OpenClip
from gaplisten.ui.workbench import long_clips, one_gain
from gaplisten.ui.workbench.one_gain import excerpt, gain_of, peak_of


def noise(seconds, level, rate=8000):
    generator = np.random.default_rng(1)
    return Signal.of(generator.standard_normal(round(seconds * rate)) * level, rate)


def opened(reference, **conditions):
    return OpenClip(Clip("x"), reference.rate, reference, None, None, conditions)


def test_a_short_clip_has_the_gain_of_all_of_it():
    clip = opened(noise(3, 0.02), a=noise(3, 0.05))
    expected = clip_gain(clip.reference, list(clip.conditions.values()))
    gain, words = gain_of(clip, -26.0)
    assert gain == expected.gain
    assert "dB for all lanes" in words


def test_a_long_clip_has_the_gain_of_its_pieces_within_a_tenth_of_a_decibel(monkeypatch):
    reference = noise(100, 0.02)
    whole, _ = gain_of(opened(reference), -26.0)
    monkeypatch.setattr(one_gain, "LONG_SECONDS", 70.0)
    pieces, _ = gain_of(opened(reference), -26.0)
    assert 20 * abs(np.log10(whole / pieces)) < 0.1
    assert excerpt(reference).frames == 60 * 8000


def test_a_single_peak_anywhere_in_a_long_clip_limits_its_gain(monkeypatch):
    monkeypatch.setattr(one_gain, "LONG_SECONDS", 70.0)
    reference, loud = noise(100, 0.005), noise(100, 0.005)
    loud.samples[7 * 8000 + 3] = 0.9
    gain, words = gain_of(opened(reference, a=loud), -26.0)
    assert gain == pytest.approx(1 / 0.9)
    assert "limited" in words
    assert peak_of(loud) == pytest.approx(0.9)


def test_a_clip_without_sound_has_no_gain():
    assert gain_of(OpenClip(Clip("x"), 0, None, None, None, {}), -26.0) == (1.0, "")


def test_the_files_of_a_long_clip_are_drawn_while_its_sound_is_still_read(
    window, clips_folder, qtbot, monkeypatch
):
    import threading

    from gaplisten.ui.workbench import controller

    may_open, read = threading.Event(), controller.open_fully

    def slowly(*arguments):
        may_open.wait(10)
        return read(*arguments)

    monkeypatch.setattr(long_clips, "LONG_SECONDS", 1.0)
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
    assert window.display.source_of(window.controller.lane(0)) is files.sources["reference"]
    window.lanes_view.packets_painted.emit(60, 61, True)
    assert window.display.source_of(window.controller.lane(1)) is window.controller.lane(1).signal


def test_a_file_of_another_rate_is_left_out_until_it_is_resampled(clips_folder, tmp_path, monkeypatch):
    from gaplisten.audio.files import write_signal
    from gaplisten.clips.clip import ConditionFile

    monkeypatch.setattr(long_clips, "LONG_SECONDS", 1.0)
    write_signal(tmp_path / "fast.wav", noise(2, 0.1, 48000))
    clip = Clip(
        "x", clips_folder / "clean" / "first.wav", conditions=(ConditionFile("fast", tmp_path / "fast.wav"),)
    )
    assert list(long_clips.file_lanes(clip).sources) == ["reference"]
