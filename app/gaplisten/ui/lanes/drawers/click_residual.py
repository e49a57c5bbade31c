"""What the click measures see: the peak of the LPC residual over its usual size, less the reference's own."""

from __future__ import annotations

from typing import ClassVar

from gaplisten.loss.measures.catalogue import measure_named
from gaplisten.ui.lanes.track import MeasureTrack
from gaplisten.ui.translation import tr

_MEASURE = measure_named("click_exit")


class ClickResidual(MeasureTrack):
    """Draws the largest z of every 2.5 ms, with the threshold across."""

    name = "click_residual"
    title = tr("Click residual")
    called = tr("click residual")
    keys = "Ctrl+9"
    help = tr("Draw under the waveform what the click measures see")
    lane_help = tr("Draw under the heard lane what the click measures see")
    place = 20
    measure = _MEASURE
    strips = ("waveform", "click_residual")
    unit = _MEASURE.unit
    rooted = True
    most = 2.0 * (_MEASURE.threshold or 8.0)
    lines: ClassVar[tuple[float, ...]] = (_MEASURE.threshold or 8.0,)


DRAWERS = (ClickResidual,)
