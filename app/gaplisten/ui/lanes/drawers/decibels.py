"""The waveform on a scale of decibels: quiet sound can be seen beside loud speech."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from gaplisten.audio.decibels import RANGE_DB, bent
from gaplisten.audio.peaks import Columns
from gaplisten.audio.raster import Spans, spans_of
from gaplisten.ui.lanes.curves import Bend
from gaplisten.ui.lanes.drawers.waveform import Waveform
from gaplisten.ui.lanes.scene import Scene, Strip, round_step
from gaplisten.ui.translation import tr


class Decibels(Waveform):
    """Draws amplitude in dB of full scale, from 60 dB below the top on, above and below the middle."""

    name = "decibels"
    title = tr("Waveform in dB")
    keys = "Ctrl+7"
    help = tr("Draw waveforms on a scale of decibels")
    lane_help = tr("Draw the heard lane on a scale of decibels")
    place = 13
    counts = "dBFS"

    def scale(self, scene: Scene, strip: Strip) -> list[tuple[float, str]]:
        """Return the scale, dBFS."""
        ratio = scene.layout.ratio
        middle, reach = (strip.top + strip.bottom) / 2 / ratio, strip.height / 2 / ratio
        top = -20.0 * math.log10(scene.gain)
        step = max(round_step(max(scene.layout.scale_room, reach / 6) / reach * RANGE_DB), 5.0)
        values = [n * step for n in range(math.ceil((top - RANGE_DB) / step), math.floor(top / step) + 1)]
        placed = [
            (reach * (1.0 + (value - top) / RANGE_DB), f"{value:g}".replace("-", "\u2212"))
            for value in values
        ]
        half = scene.layout.scale_text / 2
        inside = [each for each in placed if half < each[0] < reach - half]
        return [(middle + side * height, text) for height, text in inside for side in (-1, 1)]

    def bend(self, scene: Scene) -> Bend:
        """Return heights in decibels."""
        return lambda values: bent(values, scene.gain)

    def spans(self, columns: Columns, height: int, scene: Scene) -> Spans:
        """Return the top and bottom of each column in decibels."""
        low, high = (bent(each, scene.gain).astype(np.float32) for each in (columns.low, columns.high))
        return spans_of(replace(columns, low=low, high=high), height, 1.0)


DRAWERS = (Decibels,)
