"""Text and drawings stand out from what they are on, and twelve versions from each other."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPalette

from gaplisten.audio.palettes import PALETTES
from gaplisten.audio.signal import Signal
from gaplisten.audio.spectrum_look import SpectrumLook
from gaplisten.loss.trace import LossTrace
from gaplisten.ui import theme
from gaplisten.ui.lanes.colours import ViewColours
from gaplisten.ui.lanes.lanes_view import LanesView
from gaplisten.ui.lanes.scene import LaneView
from kit.paper import on_paper

THEMES = {"light": theme.light_palette, "dark": theme.dark_palette}
# G. M. Machado et al., "A physiologically-based model for simulation of color vision deficiency" (2009),
# for linear RGB without one kind of cones.
SEEN_WITHOUT = {
    "nothing": np.eye(3),
    "long": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "medium": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "short": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
TOLD_APART = 10.0  # CIE 1976; about 2 is just seen side by side


def linear(colour):
    """Return linear RGB of a colour of sRGB."""
    values = np.array([colour.redF(), colour.greenF(), colour.blueF()])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """Return the ratio of two colours' luminances (WCAG 2.1, 1.4.3 and 1.4.11)."""
    dark, light = sorted(float(linear(colour) @ TO_XYZ[1]) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(colour, seen):
    """Return L*, a*, b* of what such an eye makes of a colour."""
    xyz = TO_XYZ @ np.clip(seen @ linear(colour), 0, 1) / (0.9505, 1.0, 1.089)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.fixture(params=THEMES)
def palette(qapp, request):
    return THEMES[request.param]()


def test_every_text_stands_out_four_and_a_half_to_one(palette):
    role = QPalette.ColorRole
    pairs = [
        (role.WindowText, role.Window), (role.Text, role.Base), (role.Text, role.AlternateBase),
        (role.ButtonText, role.Button), (role.HighlightedText, role.Highlight),
        (role.PlaceholderText, role.Base), (role.ToolTipText, role.ToolTipBase),
        (role.Link, role.Base), (role.Link, role.Window),
    ]  # fmt: skip
    view = ViewColours.of(palette)
    said = {
        f"{text.name} on {ground.name}": (palette.color(text), palette.color(ground))
        for text, ground in pairs
    }
    for name in ("warning_colour", "quiet_colour", "waiting_colour"):
        for ground in (role.Window, role.Base):
            said[f"{name} on {ground.name}"] = (getattr(theme, name)(palette), palette.color(ground))
    for text in ("text", "faint_text"):
        for place in ("background", "header", "active"):
            said[f"{text} on {place}"] = (getattr(view, text), getattr(view, place))
    assert {name: round(contrast(*pair), 2) for name, pair in said.items() if contrast(*pair) < 4.5} == {}


def test_every_version_stands_out_three_to_one_from_what_it_is_drawn_on(palette):
    view = ViewColours.of(palette)
    drawn = [theme.lane_colour(index, palette) for index in range(12)] + [view.accent, view.altered]
    least = [min(contrast(each, ground) for ground in (view.background, view.header)) for each in drawn]
    shaded = [contrast(each, view.loss) for each in drawn[:12]]
    assert min(least + shaded) >= 3.0


@pytest.mark.parametrize("missing", SEEN_WITHOUT)
def test_twelve_versions_are_told_apart_by_their_colour_also_without_one_kind_of_cones(palette, missing):
    seen = [lab(theme.lane_colour(index, palette), SEEN_WITHOUT[missing]) for index in range(12)]
    nearest = min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2))
    assert nearest >= TOLD_APART


def test_versions_on_paper_stand_out_too(qapp):
    white = QColor("white")
    assert min(contrast(QColor(theme.lane_colour_on_paper(index)), white) for index in range(12)) >= 3.0


# What was lost, heard and measured is told by bars, edges, ticks and lines; those are looked for in pictures
# as they are rendered. Tint, hatching, zones and grid lines under the lanes decorate: they may be soft.

RATE, PACKET = 16000, 320
FRAMES = 50 * PACKET
LOST = (20, 25)  # packets


@pytest.fixture
def view(qtbot, palette):
    """Return a view of a silent lane and a loud one, with one gap in the middle."""
    view = LanesView()
    qtbot.addWidget(view)
    view.setPalette(palette)
    view.resize(900, 400)
    view.show()
    noise = np.random.default_rng(3).uniform(-1, 1, FRAMES).astype(np.float32)
    silent = np.zeros(FRAMES, np.float32)
    lanes = [("Reference", silent), ("Loud", noise)]
    view.set_lanes([LaneView(key, name, None, Signal.of(x, RATE)) for key, (name, x) in enumerate(lanes)])
    view.set_trace(LossTrace.of_packets(np.isin(np.arange(50), range(*LOST)), PACKET, RATE))
    yield view
    view.close_data()


def pixels_of(image):
    """Return the colours of a picture, shape (rows, columns)."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width()).copy()


def strip_of(view, qtbot, row):
    """Return the pixels of a lane, its gap's first column and the one after the last."""
    view.grab()
    qtbot.waitUntil(lambda: not view.busy)
    view.grab()
    scene = view._canvas.scene
    left = scene.layout.device(scene.layout.plot_left)
    pixels = pixels_of(view._canvas.grab().toImage())
    begin, end = (scene.view.x_of(packet * PACKET) for packet in LOST)
    strip = scene.strips(row)[-1]
    return pixels[strip.top : strip.bottom, left:], math.floor(begin), math.ceil(end)


def ratio(one, other):
    return contrast(QColor.fromRgb(int(one)), QColor.fromRgb(int(other)))


def least_beside(bar, other):
    return min(ratio(one, two) for one, two in zip(bar.ravel(), other.ravel(), strict=True))


LOOKS = [("waveform", ""), *(("spectrogram", name) for name in PALETTES), ("spectrogram_difference", "")]


@pytest.mark.parametrize(("display", "palette_name"), LOOKS)
def test_the_bar_over_lost_sound_stands_out_from_all_it_touches(view, qtbot, display, palette_name):
    view.set_display(display)
    if palette_name:
        view.set_look(replace(SpectrumLook(), palette=palette_name))
    for row in (0, 1):
        lane, begin, end = strip_of(view, qtbot, row)
        assert least_beside(lane[1, begin + 2 : end - 2], lane[3, begin + 2 : end - 2]) >= 3.0
        assert least_beside(lane[:3, begin + 1], lane[:3, begin - 1]) >= 3.0
        assert least_beside(lane[:3, end - 2], lane[:3, end]) >= 3.0


def test_the_edges_of_gaps_stand_out_from_the_grounds_on_both_sides(view, qtbot):
    lane, begin, end = strip_of(view, qtbot, 0)
    rows = lane.shape[0] // 4
    for first, last in ((begin - 3, begin + 5), (end - 5, end + 3)):
        near = lane[rows, first:last]
        edge = max(range(1, len(near) - 1), key=lambda at: ratio(near[at], near[0]))
        assert min(ratio(near[edge], near[edge - 1]), ratio(near[edge], near[edge + 1])) >= 3.0


@pytest.mark.parametrize("palette_name", PALETTES)
def test_the_edges_of_gaps_stand_out_from_the_levels_they_lie_on(view, qtbot, palette_name):
    view.set_look(replace(SpectrumLook(), palette=palette_name))
    view.set_display("spectrogram")
    marked, begin, end = strip_of(view, qtbot, 1)
    view.set_trace(None)
    bare, _begin, _end = strip_of(view, qtbot, 1)
    changed = (marked != bare)[10:-5].mean(axis=0)
    edges = np.flatnonzero(changed > 0.9)
    assert edges.tolist() == [begin, end - 1]
    assert least_beside(marked[10:-5, edges], bare[10:-5, edges]) >= 3.0


def test_one_lost_packet_in_a_long_clip_has_a_mark_that_stands_out(view, qtbot):
    frames = 20000 * PACKET
    view.set_lanes([LaneView(0, "Long", None, Signal.of(np.zeros(frames, np.float32), RATE))])
    view.set_trace(LossTrace.of_packets(np.arange(20000) == 10000, PACKET, RATE))
    lane, _begin, _end = strip_of(view, qtbot, 0)
    found = np.flatnonzero(lane[1] != lane[1, 10])
    dark = max(found, key=lambda at: ratio(lane[1, at], lane[1, 10]))
    assert least_beside(lane[:3, dark], lane[:3, dark + 2]) >= 3.0
    place = round(view._overview._x(10000 * PACKET))
    # Also beside the stretch that is seen, where all else is veiled.
    for stretch in ((0, frames), (0, 200 * PACKET)):
        view.zoom_to(*stretch)
        foot = pixels_of(view._overview.grab().toImage())[-2, place - 9 : place + 10]
        assert max(ratio(each, foot[0]) for each in foot[6:13]) >= 3.0


def test_the_loop_its_handles_and_the_ticks_stand_out_from_the_ruler(view, qtbot):
    view.set_loop((30 * PACKET, 40 * PACKET))
    strip_of(view, qtbot, 0)
    scene, colours = view._canvas.scene, view._canvas.scene.colours
    pixels = pixels_of(view._canvas.grab().toImage())
    begin, middle = (round(scene.x_of(packet * PACKET)) for packet in (30, 35))
    ruler = pixels[: scene.layout.device(scene.layout.ruler)]
    header = colours.header.rgb()
    assert ratio(ruler[2, middle], header) >= 3.0
    assert ratio(ruler[7, begin], header) >= 3.0
    line = pixels[len(ruler) + 30, begin - 1 : begin + 2]
    assert max(ratio(each, colours.background.rgb()) for each in line) >= 3.0
    left = scene.layout.device(scene.layout.plot_left)
    foot = ruler[-3, left + 2 : middle - 100]
    assert (np.array([ratio(each, header) for each in foot]) >= 3.0).sum() >= 2


def test_on_paper_the_bar_over_lost_sound_is_there_too(view, qtbot):
    strip_of(view, qtbot, 0)
    pixels = pixels_of(on_paper(view).image())
    dark = np.array([[QColor.fromRgb(int(each)).lightness() < 60 for each in row] for row in pixels])
    runs = dark[:, 100:].sum(axis=1)
    assert (runs >= 40).sum() >= 2 * 3
