"""The level of a version less the reference's, over time."""

from __future__ import annotations

from typing import ClassVar

from gaplisten.bench.curves import measured_piece
from gaplisten.bench.derived import Inputs
from gaplisten.loss.measures import Curve
from gaplisten.loss.measures.catalogue import measure_named
from gaplisten.ui.lanes.scene import Scene, SceneLane
from gaplisten.ui.lanes.track import Track, measured_inputs

_MEASURE = measure_named("after_level")


class LevelDifference(Track):
    """Draws the level of every 20 ms less the reference's, floored 30 dB below loud speech."""

    name = "level_difference"
    title = "Level difference"
    keys = "Ctrl+0"
    help = "Draw under the waveform how much louder or lower than the reference it is"
    lane_help = "Draw under the heard lane how much louder or lower than the reference it is"
    place = 21
    strips = ("waveform", "level_difference")
    unit = "dB"
    least = -12.0
    most = 12.0
    lines: ClassVar[tuple[float, ...]] = (-(_MEASURE.threshold or 3.0), 0.0, _MEASURE.threshold or 3.0)
    needs_reference = True

    @staticmethod
    def piece(*inputs: object) -> Curve:
        """Compute a piece."""
        return measured_piece(_MEASURE.key, *inputs)  # type: ignore[arg-type]

    def inputs(self, scene: Scene, lane: SceneLane) -> Inputs | None:
        """Return the version, the reference and the losses; None for the reference itself."""
        found = measured_inputs(scene, lane)
        return None if found is None or found[1] is None else found


DRAWERS = (LevelDifference,)
