"""Spectrograms: what was lost is marked and not covered, frequencies and levels can be read and set."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage

from gaplisten.audio.filemap import ArraySource
from gaplisten.audio.signal import Signal
from gaplisten.audio.spectrum_look import SpectrumLook
from gaplisten.audio.viewport import Viewport
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.lanes import tiles
from gaplisten.ui.lanes.lanes_view import LanesView
from gaplisten.ui.lanes.readout import readings
from gaplisten.ui.lanes.scene import RULER_HEIGHT, LaneView

RATE, FRAMES = 48000, 48000
LOST = np.zeros(50, np.bool_)
LOST[20:25] = True


@pytest.fixture
def view(qtbot):
    view = LanesView()
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show()
    time = np.arange(FRAMES) / RATE
    tone = (0.5 * np.sin(2 * np.pi * 2000 * time)).astype(np.float32)
    view.set_lanes(
        [
            LaneView(0, "Reference", None, Signal.of(tone, RATE)),
            LaneView(2, "Quieter", None, Signal.of(tone / 10, RATE)),
        ]
    )
    view.set_trace(LossTrace.of_packets(LOST, 960, RATE))
    yield view
    view.close_data()


def _shown(view, qtbot, display="spectrogram"):
    view.set_display(display)
    view.grab()
    qtbot.waitUntil(lambda: not view.busy)
    view.grab()
    return view._canvas.scene


def _pixels(view, scene, row):
    image = view._canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    (strip,) = scene.strips(row)
    return data[strip.top : strip.bottom, scene.layout.device(scene.layout.plot_left) :].copy()


def test_lost_sound_has_a_bar_and_edges_and_keeps_its_picture_unless_hatching_is_wanted(view, qtbot):
    scene = _shown(view, qtbot)
    first, last = (round(scene.view.x_of(frame)) for frame in (20 * 960, 25 * 960))
    plain = _pixels(view, scene, 1)
    inside, beside = plain[20:-5, first + 8 : last - 8], plain[20:-5, 10 : 10 + last - first - 16]
    assert (plain[0, first + 2 : last - 2] != plain[0, 10]).all()
    assert (inside == beside).mean() > 0.98
    edge = plain[20:-5, first - 1 : first + 2] != plain[20:-5, [first - 8]]
    assert edge.mean(axis=0).max() > 0.9
    view.set_look(replace(SpectrumLook(), hatched=True))
    hatched = _pixels(view, view._canvas.scene, 1)[20:-5, first + 8 : last - 8]
    assert 0.05 < (hatched != inside).mean() < 0.5


def test_the_top_is_what_the_clip_has_and_the_tone_is_read_where_it_is(view, qtbot):
    scene = _shown(view, qtbot)
    drawer = view._drawers["spectrogram"]
    assert drawer.axis(scene).high == 4000.0
    (strip,) = scene.strips(0)
    y = (strip.bottom - 0.5 * strip.height) / scene.layout.ratio
    found = {lane.key: text for lane, _strip, text in readings(scene, view._drawers, 9000, y)}
    hz, level = found[0].split(" Hz · ")
    assert float(hz) == pytest.approx(2000, abs=30)
    assert float(level.replace("−", "-").removesuffix(" dB")) == pytest.approx(-6.0, abs=1.0)
    assert "−26" in found[2] or "−25" in found[2] or "−27" in found[2]


def test_the_difference_shows_and_tells_by_how_much_a_version_is_quieter(view, qtbot):
    scene = _shown(view, qtbot, "spectrogram_difference")
    (strip,) = scene.strips(1)
    y = (strip.bottom - 0.5 * strip.height) / scene.layout.ratio
    found = {lane.key: text for lane, _strip, text in readings(scene, view._drawers, 9000, y)}
    assert "Δ" not in found[0]
    assert float(found[2].split("Δ ")[1].replace("−", "-").removesuffix(" dB")) == pytest.approx(-20.0, abs=1)
    pixels = _pixels(view, scene, 1)
    middle = pixels[len(pixels) // 2, 40]
    assert middle & 0xFF > middle >> 16 & 0xFF, "less than the reference is blue"


def test_alt_and_wheel_zoom_the_frequencies_over_a_spectrogram_and_the_amplitude_over_a_waveform(view, qtbot):
    wanted = []
    view.look_wanted.connect(wanted.append)
    _shown(view, qtbot, "both")
    scene = view._canvas.scene
    waveform, spectrogram = scene.strips(0)
    before = view.amplitude
    place = QPointF(500, (spectrogram.top + spectrogram.bottom) / 2 / scene.layout.ratio)
    view._magnify(2.0, place.y())
    assert view.amplitude == before
    assert wanted[0].low_hz == pytest.approx(1000, abs=40)
    view._magnify(2.0, max(waveform.top / scene.layout.ratio, RULER_HEIGHT) + 5)
    assert view.amplitude == before * 2
    assert len(wanted) == 1


def test_another_window_takes_other_spectra(view, qtbot):
    scene = _shown(view, qtbot)
    fine = _pixels(view, scene, 0).copy()
    view.set_look(SpectrumLook(window_ms=64.0))
    view.grab()
    qtbot.waitUntil(lambda: not view.busy)
    narrow = _pixels(view, view._canvas.scene, 0)
    assert (narrow[:, 300] != 0xFFFFFFFF).sum() < 0.8 * (fine[:, 300] != 0xFFFFFFFF).sum()


def test_where_pixels_hold_many_gaps_the_bar_and_the_ground_tell_how_much_was_lost(view):
    from gaplisten.ui.lanes.ground import Ground

    lost = np.zeros(20000, np.bool_)
    lost[::20] = True
    frames = lost.size * 960
    view.set_lanes([LaneView(0, "Long", None, Signal.of(np.zeros(frames, np.float32), RATE))])
    view.set_trace(LossTrace.of_packets(lost, 960, RATE))
    view.grab()
    ground = Ground(view._canvas.scene)
    assert ground.lost.mean() > 0.9
    assert not ground.hatch_lines(50).any()
    assert len(np.unique(ground.shading.strength)) > 1


def test_panning_fits_each_tile_to_the_pictures_height_once_and_keeps_a_bounded_number(qtbot, monkeypatch):
    fitted, real = [], tiles.fitted_rows
    monkeypatch.setattr(tiles, "fitted_rows", lambda *given: fitted.append(1) or real(*given))
    monkeypatch.setattr(tiles, "_MOST_BYTES", 40 * 100 * tiles.TILE)
    sound = np.random.default_rng(1).normal(0, 0.1, (60 * 16000, 1)).astype(np.float32)
    source, store = ArraySource(sound, 16000), tiles.SpectrogramStore()

    def seen(start: float) -> np.ndarray:
        return store.picture(source, Viewport(start, 160.0, 900, len(sound)), 900, 100)

    seen(0.0)
    qtbot.waitUntil(lambda: not store.busy)
    wanted = seen(16000.0)
    qtbot.waitUntil(lambda: not store.busy)
    wanted = seen(16000.0)
    fitted.clear()
    assert np.array_equal(seen(16000.0), wanted)
    assert np.array_equal(seen(16160.0)[:, :-1], wanted[:, 1:])
    assert not fitted
    for start in range(0, 50 * 16000, 16000):
        seen(float(start))
    assert len(store._high) <= 40
    store.close()
