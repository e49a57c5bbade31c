import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.bench.controller import Controller
from gaplisten.bench.hearing import Hearing
from gaplisten.bench.opening import open_fully
from gaplisten.bench.settings import Settings
from gaplisten.bench.state import ClipWork
from gaplisten.clips.clip import Clip
from gaplisten.jobs import Job
from gaplisten.playback.player import Player


def noise(seconds, level, rate=8000):
    generator = np.random.default_rng(1)
    return Signal.of(generator.standard_normal(round(seconds * rate)) * level, rate)


def test_a_long_call_is_as_loud_in_the_workbench_as_in_a_panel_in_play_and_in_the_levels(tmp_path):
    from gaplisten.audio.files import read_signal
    from gaplisten.audio.writing import write_signal
    from gaplisten.bench.levels import measure_level
    from gaplisten.clips.layouts import find_clips
    from gaplisten.commands.play import _open, _sources
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
    terminal = Controller(Hearing(Player(silent="a test")), Settings())
    files = [tmp_path / "set" / name / "call.wav" for name in ("clean", "mine")]
    _open(terminal, _sources(files), None)
    terminal.close()
    assert panel.gain == workbench.gain == terminal.gain
    level = measure_level(reference, Job()).active.dbov
    assert 20 * np.log10(panel.gain) == pytest.approx(-26 - level, abs=1e-6)
    assert abs(panel.gain_db) < 0.5
    told = "from the level (P.56) of all 200 s, read in steps of 1 ms"
    assert panel.gain_reason == told
    assert workbench.gain_note.endswith(f" dB for all lanes, {told}")
    assert terminal.gain_note == workbench.gain_note


def test_a_clip_without_sound_has_no_gain(tmp_path):
    opened = open_fully(Clip("x", tmp_path), ClipWork(), -26.0, Job())
    assert (opened.gain, opened.gain_note) == (1.0, "")
