"""What stretch is seen, in whole frames: kept in a file and shown again it is the same."""

from __future__ import annotations

import random

from PySide6.QtWidgets import QScrollBar

from gaplisten.ui.lanes.time_axis import TimeAxis


def test_a_stretch_that_is_shown_again_is_the_same_to_the_frame(qtbot):
    bar = QScrollBar()
    qtbot.addWidget(bar)
    axis, chance = TimeAxis(bar), random.Random(5)
    for _ in range(1000):
        total, width = chance.randint(20, 172_800_000), chance.randint(40, 5000)
        axis.reset(total, width)
        start = chance.randint(0, total)
        axis.show(axis.view.between(start, start + chance.randint(1, total)))
        axis.pan(chance.uniform(-3000, 3000))
        axis.zoom(chance.uniform(0.3, 3.0))
        seen = axis.visible_range
        axis.reset(total, width)
        axis.show(axis.view.between(*seen))
        assert axis.visible_range == seen, (total, width, seen)
