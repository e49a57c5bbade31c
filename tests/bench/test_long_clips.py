import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.bench import opening
from gaplisten.bench.opening import open_fully
from gaplisten.bench.state import ClipWork
from gaplisten.clips.clip import Clip
from gaplisten.jobs import Job


def noise(seconds, level, rate=8000):
    generator = np.random.default_rng(1)
    return Signal.of(generator.standard_normal(round(seconds * rate)) * level, rate)


def test_a_long_call_is_as_loud_in_the_workbench_as_in_a_panel_in_play_and_in_the_levels(
    tmp_path, monkeypatch, capsys
):
    from gaplisten.audio.files import read_signal, write_signal
    from gaplisten.bench.levels import measure_level
    from gaplisten.clips.layouts import find_clips
    from gaplisten.commands.play import _gain
    from gaplisten.panel.build import build
    from gaplisten.panel.definition import parse_definition
    from gaplisten.panel.selection import Places

    call = noise(200, 0.002)
    call.samples[88 * 8000 : 94 * 8000] *= 25
    for name in ("clean", "mine"):
        (tmp_path / "set" / name).mkdir(parents=True)
        write_signal(tmp_path / "set" / name / "call.wav", call)
    workbench = open_fully(find_clips([tmp_path / "set"]).clips[0], ClipWork(), -26.0, Job())
    toml = 'title = "T"\nmethod = "acr"\n[clips]\nfolders = ["set"]\n'
    toml += '[[condition]]\nname = "mine"\nfiles = "mine"\n[checks]\nlevel = false\n'
    panel = build(parse_definition(toml), tmp_path / "panel", None, places=Places(tmp_path)).key.clips[0]
    reference = read_signal(tmp_path / "set" / "clean" / "call.wav")
    assert panel.gain == workbench.gain == _gain([reference, reference], "-26")
    level = measure_level(reference, Job()).active.dbov
    assert 20 * np.log10(panel.gain) == pytest.approx(-26 - level, abs=1e-6)
    assert abs(panel.gain_db) < 0.5
    told = "from the level (P.56) of all 200 s, read in steps of 1 ms"
    assert panel.gain_reason == told
    assert workbench.gain_note.endswith(f" dB for all lanes, {told}")
    assert told in capsys.readouterr().err


def test_a_clip_without_sound_has_no_gain(tmp_path):
    opened = open_fully(Clip("x", tmp_path), ClipWork(), -26.0, Job())
    assert (opened.gain, opened.gain_note) == (1.0, "")


def test_the_files_of_a_long_clip_are_drawn_while_its_sound_is_still_read(
    window, clips_folder, qtbot, monkeypatch
):
    import threading

    from gaplisten.bench import controller

    may_open, read = threading.Event(), controller.open_fully

    def slowly(*arguments):
        may_open.wait(10)
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
