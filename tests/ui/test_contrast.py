"""Text and drawings stand out from what they are on, and twelve versions from each other."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QPalette

from gaplisten.ui import theme
from gaplisten.ui.lanes.colours import ViewColours

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
    assert min(least[:12] + shaded) >= 3.0
    assert min(contrast(each, view.background) for each in drawn) >= 3.0


@pytest.mark.parametrize("missing", SEEN_WITHOUT)
def test_twelve_versions_are_told_apart_by_their_colour_also_without_one_kind_of_cones(palette, missing):
    seen = [lab(theme.lane_colour(index, palette), SEEN_WITHOUT[missing]) for index in range(12)]
    nearest = min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2))
    assert nearest >= TOLD_APART


def test_versions_on_paper_stand_out_too(qapp):
    white = QColor("white")
    assert min(contrast(QColor(theme.lane_colour_on_paper(index)), white) for index in range(12)) >= 3.0
