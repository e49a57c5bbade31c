"""A way to draw a lane is one file: made up here, put into the folder, drawn and exported like the others."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.lanes import drawers
from gaplisten.ui.lanes.drawer import drawer_kinds
from gaplisten.ui.lanes.lanes_view import LanesView
from gaplisten.ui.lanes.scene import LaneView
from kit.paper import on_paper

RATE, FRAMES = 16000, 32000

LEVEL = '''
"""Level over time."""

import numpy as np
from PySide6.QtGui import QColor, QPen

from gaplisten.audio.filemap import read_floats
from gaplisten.ui.lanes.curves import draw_line, polyline
from gaplisten.ui.lanes.drawer import Drawer

QUIETEST_DB = -60.0


class Level(Drawer):
    name, title, keys = "level", "Level", "Ctrl+Alt+7"
    help, lane_help = "Draw levels", "Draw the heard lane's level"

    def scale(self, scene, strip):
        box = scene.box(strip)
        return [(box.top() + box.height() * -db / 60.0, f"{db} dB") for db in (-15, -30, -45)]

    def paint_over(self, painter, scene, lanes, strip):
        box, edges, source = scene.box(strip), scene.view.edges(), lanes[-1].source
        if not source.loaded(0, source.frames):
            return
        power = read_floats(source, 0, source.frames)[:, 0].astype(float) ** 2
        summed = np.concatenate(([0.0], np.cumsum(power)))
        first, last = np.clip(edges[:-1] - 80, 0, source.frames), np.clip(edges[1:] + 80, 0, source.frames)
        level = 10 * np.log10((summed[last] - summed[first]) / np.maximum(last - first, 1) + 1e-12)
        x = np.array([scene.x_of(frame) for frame in edges[:-1].tolist()])
        y = box.top() + box.height() * np.clip(level / QUIETEST_DB, 0.0, 1.0)
        painter.setPen(QPen(QColor("#ff00ff"), 0))
        draw_line(painter, polyline(x, y), scene.layout.ratio)


DRAWERS = (Level,)
'''


@pytest.fixture
def level_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "level.py").write_text(LEVEL, encoding="utf-8")
    monkeypatch.setattr(drawers, "__path__", [*drawers.__path__, str(folder)])
    yield
    sys.modules.pop(f"{drawers.__name__}.level", None)


@pytest.fixture
def view(qtbot: QtBot) -> LanesView:
    view = LanesView()
    qtbot.addWidget(view)
    view.resize(900, 400)
    view.show()
    time = np.arange(FRAMES) / RATE
    # Two seconds: loud in the first, 40 dB quieter in the second.
    sound = np.sin(2 * np.pi * 200 * time) * np.where(time < 1.0, 0.9, 0.009)
    view.set_lanes([LaneView(0, "Reference", None, Signal.of(sound.astype(np.float32), RATE))])
    lost = np.zeros(FRAMES // 320, np.bool_)
    lost[20:24] = True
    view.set_trace(LossTrace.of_packets(lost, 320, RATE))
    qtbot.waitUntil(lambda: not view.busy)
    return view


def _magenta(image: QImage) -> np.ndarray:
    """Return where the made-up drawer's colour is, shape (rows, columns)."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    red, green, blue = ((pixels >> shift & 0xFF).astype(int) for shift in (16, 8, 0))
    return (red > green + 60) & (blue > green + 60)  # smoothed lines are paler


def _height_in(magenta: np.ndarray, share: float) -> float:
    """Return the line's height at a share of the width, 0 top to 1 bottom."""
    left = int(magenta.shape[1] * share)
    return float(np.argwhere(magenta[:, left : left + 40])[:, 0].mean() / magenta.shape[0])


@pytest.mark.usefixtures("level_file")
def test_a_file_in_the_folder_is_a_drawer_with_its_commands():
    kinds = drawer_kinds()
    assert list(kinds)[:3] == ["waveform", "spectrogram", "both"]
    assert list(kinds)[-1] == "level"
    assert (kinds["level"].title, kinds["level"].keys) == ("Level", "Ctrl+Alt+7")


def test_without_the_file_there_is_no_such_drawer(view: LanesView):
    with pytest.raises(ValueError, match="no drawer 'level'"):
        view.set_display("level")


@pytest.mark.usefixtures("level_file")
def test_the_made_up_drawer_draws_on_screen_over_the_shaded_loss(qtbot: QtBot, view: LanesView):
    assert not _magenta(view.grab().toImage()).any()
    view.set_display("level")
    shown = _magenta(view.grab().toImage())
    assert _height_in(shown, 0.45) < _height_in(shown, 0.85) - 0.3  # the quiet second lies much lower
    lost = view.axis.view.x_of(21 * 320)
    layout = view.layout_now()
    image = view.grab().toImage()
    row = image.height() - 30
    colours = {image.pixel(int(layout.plot_left + lost) + n, row) for n in range(10)}
    assert len(colours) > 1, "no hatching under the level"


@pytest.mark.usefixtures("level_file")
def test_the_made_up_drawer_is_exported_as_shapes_and_as_pixels(tmp_path: Path, view: LanesView):
    view.set_display("level")
    on_paper(view).write(tmp_path / "view.svg")
    drawing = ElementTree.parse(tmp_path / "view.svg").getroot()
    strokes = [each.get("stroke") for each in drawing.iter()]
    assert "#ff00ff" in strokes
    assert any((each.text or "").strip() == "-30 dB" for each in drawing.iter())
    on_paper(view, 900, 400, 1.0).write(tmp_path / "view.png")
    written = _magenta(QImage(str(tmp_path / "view.png")))
    assert _height_in(written, 0.45) < _height_in(written, 0.85) - 0.3


@pytest.mark.usefixtures("level_file")
def test_overlaid_lanes_are_drawn_by_what_can_draw_several(view: LanesView):
    view.set_display("level")
    view.set_mode("overlay")
    assert not _magenta(view.grab().toImage()).any()
    view.set_mode("lanes")
    assert _magenta(view.grab().toImage()).any()
