"""The level of a version less the reference's, over time."""

from __future__ import annotations

from typing import ClassVar

from gaplisten.loss.measures.catalogue import measure_named
from gaplisten.ui.lanes.track import MeasureTrack
from gaplisten.ui.translation import tr

_MEASURE = measure_named("after_level")


class LevelDifference(MeasureTrack):
    """Draws the level of every 20 ms less the reference's, floored 30 dB below loud speech."""

    name = "level_difference"
    title = tr("Level difference")
    called = tr("level difference")
    keys = "Ctrl+0"
    help = tr("Draw under the waveform how much louder or lower than the reference it is")
    lane_help = tr("Draw under the heard lane how much louder or lower than the reference it is")
    place = 21
    measure = _MEASURE
    strips = ("waveform", "level_difference")
    unit = "dB"
    least = -12.0
    most = 12.0
    lines: ClassVar[tuple[float, ...]] = (-(_MEASURE.threshold or 3.0), 0.0, _MEASURE.threshold or 3.0)
    needs_reference = True


DRAWERS = (LevelDifference,)
