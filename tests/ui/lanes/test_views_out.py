"""Files on the lanes, pictures out of them, and large scales."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtGui import QColor, QImage, QPainter, QPalette
from PySide6.QtSvg import QSvgRenderer
from pytestqt.qtbot import QtBot

from gaplisten.audio.opening import open_source
from gaplisten.audio.peaks import CHUNK
from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.lanes import canvas
from gaplisten.ui.lanes.export import ExportError, Paper
from gaplisten.ui.lanes.lanes_view import LanesView
from gaplisten.ui.lanes.scene import LaneView, Mark
from gaplisten.ui.lanes.store import AT_ONCE
from kit.paper import on_paper

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
    on_paper(view, 600, 300, scale).write(tmp_path / "view.png")
    image = QImage(str(tmp_path / "view.png"))
    assert (image.width(), image.height()) == (600 * scale, 300 * scale)
    pixels = _array(image)
    blue = np.abs(pixels - np.array(QColor("#0072B2").getRgb()[:3])).max(axis=2) < 12
    assert blue.mean() > 0.05
    assert [path.name for path in tmp_path.iterdir()] == ["view.png"]


def test_the_svg_is_a_drawing_with_lanes_hatching_and_words(view: LanesView, tmp_path: Path) -> None:
    _fill(view)
    on_paper(view, 600, 300).write(tmp_path / "view.svg")
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
    on_paper(view, 800, 300).write(tmp_path / "view.svg")
    image = QImage(800, 300, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    QSvgRenderer(str(tmp_path / "view.svg")).render(painter)
    painter.end()
    left = 208
    quiet_rows = _array(image)[34:40]  # under the bar that marks the gap
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
    on_paper(view, 600, 300).write(tmp_path / "p.svg")
    text = (tmp_path / "p.svg").read_text(encoding="utf-8").lower()
    assert "#303840" in text
    assert "#d5dade" not in text


def test_an_overlay_exports_every_lane(view: LanesView, tmp_path: Path) -> None:
    tone = 0.5 * np.sin(np.arange(RATE) / 9)
    lanes = [(0, "#0072B2", tone), (1, "#E69F00", tone * 0.5)]
    view.set_lanes([LaneView(key, "lane", colour, Signal.of(data, RATE)) for key, colour, data in lanes])
    view.set_active(0)
    view.set_mode("overlay")
    on_paper(view, 600, 300, 2.0).write(tmp_path / "view.png")
    plot = _array(QImage(str(tmp_path / "view.png")))[60:, 420:]
    for _, colour, _ in lanes:
        assert (np.abs(plot - np.array(QColor(colour).getRgb()[:3])).max(axis=2) < 60).sum() > 100


def test_a_zoomed_in_view_exports_its_curve(view: LanesView, tmp_path: Path) -> None:
    _fill(view)
    view.zoom_to(5000, 5060)
    on_paper(view).write(tmp_path / "near.svg")
    assert "polyline" in (tmp_path / "near.svg").read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_is_an_error_with_a_way_out(view: LanesView, tmp_path: Path) -> None:
    _fill(view)
    with pytest.raises(ExportError, match=r"cannot be written.*choose another place"):
        on_paper(view).write(tmp_path / "nowhere" / "view.png")


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


def _marked(view: LanesView) -> None:
    _fill(view)
    view.set_active(1)
    view.set_loop((3000, 5000))
    view.set_selection((6000, 7000))
    view.set_current_gap((6400, 6720))
    view.set_marks([Mark(4000, "a note", "#ff00ff")])


@pytest.mark.parametrize(
    ("width", "height", "dpi", "pixels"),
    [(88.0, 60.0, 300, (1039, 709)), (181.0, 90.0, 150, (1069, 531)), (63.5, 25.4, 72, (180, 72))],
)
def test_a_picture_is_exactly_as_large_as_was_asked_for(
    view: LanesView, tmp_path: Path, width: float, height: float, dpi: int, pixels: tuple[int, int]
) -> None:
    _fill(view)
    made = view.on_paper(Paper(width, height, 0, RATE, dpi, title="A title"))
    made.write(tmp_path / "p.png")
    made.write(tmp_path / "p.svg")
    image = QImage(str(tmp_path / "p.png"))
    assert (image.width(), image.height()) == pixels
    assert image.dotsPerMeterX() == image.dotsPerMeterY() == round(dpi / 0.0254)
    root = ElementTree.parse(tmp_path / "p.svg").getroot()
    assert (root.get("width"), root.get("height")) == (f"{width:g}mm", f"{height:g}mm")
    corner = [float(each) for each in root.get("viewBox", "").split()]
    assert corner == pytest.approx([0, 0, width / 25.4 * 96, height / 25.4 * 96], abs=0.01)
    drawn = QImage(image.size(), QImage.Format.Format_RGB32)
    drawn.fill(QColor("white"))
    painter = QPainter(drawn)
    QSvgRenderer(str(tmp_path / "p.svg")).render(painter)
    painter.end()
    for each in (image, drawn):  # the lanes reach to the foot, and to the right edge
        coloured = _array(each).min(axis=2) < 200
        assert coloured[-image.height() // 10 :].any()
        assert coloured[:, -image.width() // 50 :].any()


def test_paper_shows_what_is_heard_and_lost_and_no_marks_of_the_window_unless_wanted(
    view: LanesView,
) -> None:
    _fill(view)
    bare = on_paper(view, 700, 300).png()
    _marked(view)
    assert on_paper(view, 700, 300).png() == bare
    marked = on_paper(view, 700, 300, marks=True).image()
    assert (np.abs(_array(marked) - np.array([255, 0, 255])).max(axis=2) < 90).any()


def test_paper_shows_the_lanes_and_the_stretch_that_were_chosen(view: LanesView) -> None:
    _fill(view)
    one = view.on_paper(Paper(100.0, 50.0, 1600, 3200, keys=(1,)))
    assert [lane.key for lane in one.scene.lanes] == [1]
    assert (one.scene.view.start, one.scene.view.stop) == pytest.approx((1600, 3200))
    assert b"lane 1" in one.svg()
    assert b"lane 0" not in one.svg()
    high = one.scene.layout.height_of(0)
    both = view.on_paper(Paper(100.0, 50.0, 1600, 3200))
    assert both.scene.layout.height_of(0) == pytest.approx(high / 2), "lanes share the height"
    assert view.visible_range != (1600, 3200), "what is seen stays"


def test_a_title_stands_over_the_lanes(view: LanesView) -> None:
    _fill(view)
    assert b"Gap 3 &amp; 4" in on_paper(view, 700, 300, title="Gap 3 & 4").svg()


def test_a_kind_of_picture_that_there_is_not_is_refused_with_those_there_are(
    view: LanesView, tmp_path: Path
) -> None:
    _fill(view)
    with pytest.raises(ExportError, match=r"\.png or \.svg"):
        on_paper(view).write(tmp_path / "view.tiff")
    assert not list(tmp_path.iterdir())
