"""Words beside and above the lanes are whole, and nothing of an earlier picture stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetricsF, QPainter
from pytestqt.qtbot import QtBot

from gaplisten.audio.signal import Signal
from gaplisten.ui.lanes.colours import argb
from gaplisten.ui.lanes.lanes_view import LanesView
from gaplisten.ui.lanes.ruler_and_headers import header_lines, name_in, parted
from gaplisten.ui.lanes.scene import GUTTER, HEADER_WIDTH, RULER_HEIGHT, LaneView, Word

RATE = 16000


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[LanesView]:
    view = LanesView()
    qtbot.addWidget(view)
    view.resize(700, 420)
    tone = Signal.of(0.4 * np.sin(np.arange(2 * RATE) / 7), RATE)
    lanes = [LaneView(key, f"lane {key}", None, tone, "altered 1.1 %", "4.2") for key in range(2)]
    view.set_lanes(lanes)
    view.show()
    view.grab()
    yield view
    view.close()


def test_state_and_remark_have_a_line_each_where_there_is_room_and_share_one_where_there_is_not(
    view: LanesView,
) -> None:
    view.set_mode("residual", base=0)
    lane, colours = view._canvas.scene.lanes[1], view._colours()
    tall = [text for text, _ in header_lines(lane, colours, 72.0)]
    assert tall == ["altered 1.1 %", "minus lane 0", "4.2"]
    low = [text for text, _ in header_lines(lane, colours, 66.0)]
    assert low == ["altered 1.1 % · minus lane 0", "4.2"]
    for height in (66.0, 72.0, 80.0, 90.0):
        assert 26 + 15 * len(header_lines(lane, colours, height)) <= height


def test_what_distinguishes_a_version_has_a_line_of_its_own_where_the_name_has_no_room(
    view: LanesView,
) -> None:
    metrics = QFontMetricsF(view._canvas.font())
    name = "Repeat with fade (hold 5 ms)"
    assert parted(name, metrics, 1000.0) == (name, "")
    assert parted(name, metrics, 140.0) == ("Repeat with fade", "hold 5 ms")
    assert parted("Repeat with fade (hold 5 ms) 2", metrics, 140.0) == ("Repeat with fade", "hold 5 ms 2")
    assert parted("Opus (codec) (fec on, loss 20 %)", metrics, 140.0) == ("Opus (codec)", "fec on, loss 20 %")
    assert parted("Opus (codec) (fec on, loss 20 %)", metrics, 60.0) == ("Opus", "codec, fec on, loss 20 %")
    lane, colours = view._canvas.scene.lanes[1], view._colours()
    assert next(text for text, _ in header_lines(lane, colours, 90.0, "hold 5 ms")) == "hold 5 ms"


def test_low_lanes_tell_versions_apart_in_their_only_line_and_write_no_half_lines(view: LanesView) -> None:
    metrics = QFontMetricsF(view._canvas.font())
    cut = name_in("Repeat with fade (hold 5 ms)", metrics, 140.0, 22.0)
    assert cut[0].startswith("Rep")
    assert cut[0].endswith("5 ms)")
    assert not cut[1]
    assert name_in("Zero fill", metrics, 140.0, 22.0) == ("Zero fill", "")
    lane, colours = view._canvas.scene.lanes[1], view._colours()
    for height in range(20, 100):
        lines = header_lines(lane, colours, float(height), "hold 5 ms")
        assert not lines or 26 + 15 * len(lines) <= height
    (only,) = header_lines(replace(lane, badge="4.2"), colours, 42.0, "hold 5 ms")
    assert only[0].startswith("hold 5 ms · 4.2")


def test_the_usual_words_fit_beside_a_lane(view: LanesView) -> None:
    view.set_mode("residual", base=0)
    room = HEADER_WIDTH - 46 - GUTTER
    metrics = view._canvas.fontMetrics()
    words = [lane.note for lane in view._canvas.scene.lanes]
    for text in [*words, "altered 0.25 %", "reading 100 %", "rendering 100 %"]:
        assert text
        assert metrics.horizontalAdvance(text) <= room


def test_no_label_of_the_ruler_is_cut_at_the_edge(view: LanesView, monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[float] = []
    texts: list[str] = []
    original = QPainter.drawText

    def noted(painter: QPainter, *arguments: object) -> object:
        if len(arguments) == 2 and not isinstance(arguments[0], QRectF):
            place, text = arguments
            ends.append(place.x() + painter.fontMetrics().horizontalAdvance(text))
            texts.append(text)
        return original(painter, *arguments)

    monkeypatch.setattr(QPainter, "drawText", noted)
    for stop in range(RATE // 2, 2 * RATE, 1111):
        view.zoom_to(0, stop)
        view._canvas.picture()
    assert len(texts) > 20
    assert max(ends) <= view._canvas.width()


def test_a_picture_holds_nothing_of_the_one_before(view: LanesView) -> None:
    canvas = view._canvas
    canvas.picture()
    clean = canvas._pixels.copy()
    canvas._pixels[:] = 0xFFFF00FF
    view._refresh()
    canvas.picture()
    assert np.array_equal(canvas._pixels, clean)


def test_without_lanes_there_is_nothing_but_the_background(view: LanesView) -> None:
    view._canvas.picture()
    view.set_lanes([])
    view._canvas.picture()
    plot = view._canvas._pixels[RULER_HEIGHT:, view.layout_now().plot_left :]
    assert (plot == argb(view._colours().background)).all()


def test_words_stand_at_the_foot_of_their_lane_and_dead_ones_are_struck_out_above(view: LanesView) -> None:
    tone = Signal.of(0.001 * np.sin(np.arange(2 * RATE) / 7), RATE)
    words = (Word("alive", 0, RATE), Word("gone", RATE, 2 * RATE, died=True))
    view.set_lanes([LaneView(0, "lane", None, tone), LaneView(1, "other", None, tone, words=words)])
    view.grab()
    scene, picture = view._canvas.scene, view._canvas.grab().toImage()
    altered = scene.colours.altered.rgb()
    foot = scene.layout.lane_span(1)[1]

    def rows(left: int, right: int) -> set[int]:
        return {
            y for y in range(picture.height()) for x in range(left, right) if picture.pixel(x, y) == altered
        }

    middle = round(scene.x_of(RATE))
    found = rows(middle + 2, picture.width())
    assert found
    assert foot - 40 < min(found) <= max(found) < foot - 15
    assert not rows(HEADER_WIDTH, middle - 2)
    assert scene.tip_at(10, foot - 5).splitlines()[-2:] == ["heard: alive", "died in gaps: gone"]
    view.set_active(1)
    assert view._canvas.scene.describe(RATE + 5).endswith("gone died")
