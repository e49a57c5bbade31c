"""Curves under the waveform, the waveform in decibels, and its RMS."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.loss.measures import Curve
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.lanes.lanes_view import LanesView
from gaplisten.ui.lanes.readout import readings
from gaplisten.ui.lanes.scene import LaneView
from gaplisten.ui.lanes.track import broken, thinned
from kit.paper import on_paper

RATE, FRAMES = 16000, 32000
CLICK = 20050


@pytest.fixture
def view(qtbot):
    view = LanesView()
    qtbot.addWidget(view)
    view.resize(900, 500)
    view.show()
    time = np.arange(FRAMES) / RATE
    sound = np.zeros(FRAMES)
    sound[::100] = 0.4
    sound = np.convolve(sound, np.exp(-np.arange(80) / 12.0))[:FRAMES] * (1.0 + 0.2 * np.sin(9 * time))
    sound = (sound + np.random.default_rng(2).normal(0, 0.002, FRAMES)).astype(np.float32)
    clicked = sound / 2
    clicked[CLICK] += 0.4
    view.set_lanes(
        [
            LaneView(0, "Reference", None, Signal.of(sound, RATE)),
            LaneView(2, "Clicked", None, Signal.of(clicked, RATE)),
        ]
    )
    lost = np.zeros(FRAMES // 320, np.bool_)
    lost[60:62] = True
    view.set_trace(LossTrace.of_packets(lost, 320, RATE))
    qtbot.waitUntil(lambda: not view.busy)
    yield view
    view.close_data()


def _shown(view, qtbot, display):
    view.set_display(display)
    view.grab()
    qtbot.waitUntil(lambda: not view.busy)
    return view.grab().toImage()


@pytest.mark.parametrize("display", ["click_residual", "level_difference", "pitch", "decibels", "rms"])
def test_each_is_drawn_on_screen_and_on_paper(view, qtbot, tmp_path, display):
    before = view.grab().toImage()
    assert _shown(view, qtbot, display) != before
    on_paper(view).write(tmp_path / "view.svg")
    assert len(list(ElementTree.parse(tmp_path / "view.svg").getroot().iter())) > 20
    on_paper(view).write(tmp_path / "view.png")


def _read(view, frame, drawer):
    scene = view._canvas.scene
    return {
        lane.key: text
        for lane, strip, text in readings(scene, view._drawers, frame)
        if strip.drawer == drawer
    }


def test_a_click_is_read_as_the_measures_see_it(view, qtbot):
    _shown(view, qtbot, "click_residual")
    words = _read(view, CLICK, "click_residual")[2].split()
    assert words[:2] == ["click", "residual"]
    assert float(words[2]) > 15
    assert float(_read(view, CLICK - 4000, "click_residual")[2].split()[2]) < 8


def test_level_and_pitch_are_read_at_a_place(view, qtbot):
    _shown(view, qtbot, "level_difference")
    found = _read(view, 8000, "level_difference")
    assert 0 not in found, "the reference does not differ from itself"
    assert float(found[2].split()[2]) == pytest.approx(-6.0, abs=0.5)
    _shown(view, qtbot, "pitch")
    assert float(_read(view, 8000, "pitch")[0].split()[1]) == pytest.approx(160, rel=0.02)


def test_a_stretch_that_is_too_long_says_so_and_computes_nothing(qtbot, monkeypatch, view):
    from gaplisten.ui.lanes import track

    monkeypatch.setattr(track, "MOST_SECONDS", 1.0)
    view.set_display("click_residual")
    view.grab()
    assert not view.busy
    drawer = view._drawers["click_residual"]
    scene = view._canvas.scene
    assert "zoom in" in drawer._told(scene, scene.lanes[0])


def test_thinned_curves_keep_the_extremes_of_every_pixel(view):
    values = np.zeros(9000)
    values[4321], values[5000] = 50.0, -7.0
    frames, kept = thinned(Curve(np.arange(9000) * 3, values), view.axis.view)
    assert (kept.max(), kept.min()) == (50.0, -7.0)
    assert frames.size < 2.1 * view.axis.view.width


def test_a_curve_is_broken_where_it_has_no_value():
    nan = np.nan
    parts = broken(np.arange(6), np.array([nan, 1, 2, nan, 3, nan]))
    assert [part[1].tolist() for part in parts] == [[1, 2], [3]]
