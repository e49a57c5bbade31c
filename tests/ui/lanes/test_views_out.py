"""Files on the lanes, pictures out of them, and large scales."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage, QPainter, QPalette
from PySide6.QtSvg import QSvgRenderer
from pytestqt.qtbot import QtBot

from gaplisten.audio.opening import open_source
from gaplisten.audio.peaks import CHUNK
from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.lanes import canvas
from gaplisten.ui.lanes.export import ExportError
from gaplisten.ui.lanes.lanes_view import LanesView
from gaplisten.ui.lanes.scene import LaneView
from gaplisten.ui.lanes.store import AT_ONCE

RATE = 16000


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[LanesView]:
    view = LanesView()
    qtbot.addWidget(view)
    view.resize(900, 500)
    view.show()
    yield view
    view.close()


def _fill(view: LanesView) -> None:
    tone = 0.5 * np.sin(np.arange(RATE) / 9)
    view.set_lanes([LaneView(key, f"lane {key}", "#0072B2", Signal.of(tone, RATE)) for key in range(2)])
    view.set_trace(LossTrace.of_packets(np.arange(50) == 20, 320, RATE))
    view.grab()


def _array(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return data[:, :, 2::-1].astype(int)


def test_a_long_file_is_drawn_coarsely_at_first_and_truly_in_the_end(
    view: LanesView, qtbot: QtBot, tmp_path: Path
) -> None:
    frames = AT_ONCE + CHUNK
    data = np.zeros(frames, np.int16)
    data[frames // 3] = 32000
    soundfile.write(tmp_path / "long.wav", data, 48000, subtype="PCM_16")
    view.set_lanes([LaneView(0, "long", "#0072B2", open_source(tmp_path / "long.wav"))])
    view.grab()
    qtbot.waitUntil(lambda: not view.busy)
    qtbot.waitUntil(lambda: view._canvas.scene.lanes[0].note == "")
    layout = view.layout_now()
    top, bottom = layout.lane_span(0)
    pixels = _array(view._canvas.picture())[top:bottom, layout.plot_left :]
    column = round(view.axis.view.x_of(frames // 3))
    drawn = (
        np.abs(pixels[: (bottom - top) // 4, column - 2 : column + 3] - np.array([0, 114, 178])).max(axis=2)
        < 60
    )
    assert drawn.any()


def test_a_file_that_breaks_off_says_so_in_its_lane_and_leaves_the_others(
    view: LanesView, qtbot: QtBot, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(-9000, 9000, CHUNK * 3).astype(np.int16)
    path = tmp_path / "broken.flac"
    soundfile.write(path, noise, 48000, subtype="PCM_16")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    tone = Signal.of(np.sin(np.arange(CHUNK * 3) / 9), 48000)
    with qtbot.waitSignal(view.source_failed) as failed:
        view.set_lanes([LaneView(0, "broken", None, open_source(path)), LaneView(1, "whole", None, tone)])
    assert failed.args[0] == 0
    assert "broken.flac" in failed.args[1]
    view.grab()
    assert "broken.flac" in view._canvas.scene.lanes[0].note
    qtbot.waitUntil(lambda: not view.busy)
    assert view._canvas.scene.lanes[1].peaks.complete


def test_closing_while_a_file_is_read_stops_the_reading(qtbot: QtBot, tmp_path: Path) -> None:
    data = np.zeros(CHUNK * 6, np.int16)
    soundfile.write(tmp_path / "long.flac", data, 48000, subtype="PCM_16")
    view = LanesView()
    qtbot.addWidget(view)
    view.set_lanes([LaneView(0, "long", None, open_source(tmp_path / "long.flac"))])
    view.close()
    assert view._data._store._pool is None


@pytest.mark.parametrize("scale", [1.0, 2.0, 3.0])
def test_the_png_has_the_size_and_fineness_asked_for(view: LanesView, tmp_path: Path, scale: float) -> None:
    _fill(view)
    view.render_png(tmp_path / "view.png", QSize(600, 300), scale)
    image = QImage(str(tmp_path / "view.png"))
    assert (image.width(), image.height()) == (600 * scale, 300 * scale)
    pixels = _array(image)
    blue = np.abs(pixels - np.array(QColor("#0072B2").getRgb()[:3])).max(axis=2) < 12
    assert blue.mean() > 0.05
    assert [path.name for path in tmp_path.iterdir()] == ["view.png"]


def test_the_svg_is_a_drawing_with_lanes_hatching_and_words(view: LanesView, tmp_path: Path) -> None:
    _fill(view)
    view.render_svg(tmp_path / "view.svg", QSize(600, 300))
    text = (tmp_path / "view.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert root.get("viewBox") == "0 0 600 300"
    assert "lane 1" in text
    assert "<image" not in text
    shapes = [child.tag.rpartition("}")[2] for child in root.iter()]
    assert shapes.count("path") + shapes.count("polygon") + shapes.count("polyline") > 10


def test_the_svg_hatches_the_gap_and_nothing_beside_it(view: LanesView, tmp_path: Path) -> None:
    _fill(view)
    view.zoom_to(18 * 320, 24 * 320)
    view.render_svg(tmp_path / "view.svg", QSize(800, 300))
    image = QImage(800, 300, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    QSvgRenderer(str(tmp_path / "view.svg")).render(painter)
    painter.end()
    left = 208
    quiet_rows = _array(image)[28:40]
    dark = quiet_rows.sum(axis=2) < 3 * 252
    gap = [round(left + (800 - left) * (packet - 18) / 6) for packet in (20, 21)]
    reach = round((800 - left) / 6 / 4)
    assert dark[:, gap[0] + 2 : gap[1] - 2].all()
    assert not dark[:, left + 2 : gap[0] - reach - 2].any()
    assert not dark[:, gap[1] + reach + 2 :].any()


def test_paper_takes_the_lane_colours_meant_for_it_whatever_the_theme(
    view: LanesView, tmp_path: Path
) -> None:
    dark = QPalette()
    dark.setColor(QPalette.ColorRole.Base, QColor("#101214"))
    dark.setColor(QPalette.ColorRole.Text, QColor("#f0f0f0"))
    view.setPalette(dark)
    source = Signal.of(np.sin(np.arange(16000) / 9.0) * 0.9, 16000)
    view.set_lanes([LaneView(0, "Reference", "#d5dade", source, paper="#303840")])
    view.render_svg(tmp_path / "p.svg", QSize(600, 300))
    text = (tmp_path / "p.svg").read_text(encoding="utf-8").lower()
    assert "#303840" in text
    assert "#d5dade" not in text


def test_an_overlay_exports_every_lane(view: LanesView, tmp_path: Path) -> None:
    tone = 0.5 * np.sin(np.arange(RATE) / 9)
    lanes = [(0, "#0072B2", tone), (1, "#E69F00", tone * 0.5)]
    view.set_lanes([LaneView(key, "lane", colour, Signal.of(data, RATE)) for key, colour, data in lanes])
    view.set_active(0)
    view.set_mode("overlay")
    view.render_png(tmp_path / "view.png", QSize(600, 300), 2.0)
    plot = _array(QImage(str(tmp_path / "view.png")))[60:, 420:]
    for _, colour, _ in lanes:
        assert (np.abs(plot - np.array(QColor(colour).getRgb()[:3])).max(axis=2) < 60).sum() > 100


def test_a_zoomed_in_view_exports_its_curve(view: LanesView, tmp_path: Path) -> None:
    _fill(view)
    view.zoom_to(5000, 5060)
    view.render_svg(tmp_path / "near.svg")
    assert "polyline" in (tmp_path / "near.svg").read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_is_an_error_with_a_way_out(view: LanesView, tmp_path: Path) -> None:
    _fill(view)
    with pytest.raises(ExportError, match=r"cannot be written.*choose another place"):
        view.render_png(tmp_path / "nowhere" / "view.png")


def test_at_twice_the_scale_the_picture_has_twice_the_pixels_and_the_same_content(
    view: LanesView, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(view)
    view.zoom_to(4000, 9000)
    plain = _array(view._canvas.picture())
    monkeypatch.setattr(canvas.Canvas, "devicePixelRatioF", lambda self: 2.0)
    view._resized()
    view.zoom_to(4000, 9000)
    fine = _array(view._canvas.picture())
    assert fine.shape[:2] == (plain.shape[0] * 2, plain.shape[1] * 2)
    shrunk = fine.reshape(plain.shape[0], 2, plain.shape[1], 2, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - plain).mean() < 22
    assert view.visible_range[0] == pytest.approx(4000, abs=12)
    assert view.visible_range[1] == pytest.approx(9000, abs=12)
