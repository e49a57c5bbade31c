"""Painting must not eat references to None (a fault of one binding release, which ends in an abort)."""

from __future__ import annotations

import gc
import sys

import numpy as np
from pytestqt.qtbot import QtBot

from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace
from gaplisten.ui.lanes.lanes_view import LanesView
from gaplisten.ui.lanes.scene import LaneView


def test_painting_for_a_while_does_not_lower_the_reference_count_of_none(qtbot: QtBot) -> None:
    view = LanesView()
    qtbot.addWidget(view)
    view.resize(600, 300)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 16000)
    view.set_lanes([LaneView(key, "lane", None, Signal.of(noise, 16000)) for key in range(2)])
    view.set_trace(LossTrace.of_packets(np.arange(50) % 7 == 0, 320, 16000))
    view.grab()
    # What earlier tests left to be collected holds references too, and must not be counted as lost ones.
    gc.collect()
    before = sys.getrefcount(None)
    for step in range(150):
        view.zoom_to(step * 10, step * 10 + 40 + step * 50)
        view.set_playhead(step * 20)
        view.grab()
    # Each picture makes hundreds of calls that return nothing; a leak the other way would be thousands.
    assert sys.getrefcount(None) > before - 50
    view.close()
