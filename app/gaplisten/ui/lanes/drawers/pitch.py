"""The fundamental frequency over time."""

from __future__ import annotations

from gaplisten.bench.curves import pitch_piece
from gaplisten.bench.derived import Inputs
from gaplisten.loss.measures import Curve
from gaplisten.ui.lanes.scene import Scene, SceneLane
from gaplisten.ui.lanes.track import Track
from gaplisten.ui.translation import tr


class Pitch(Track):
    """Draws the fundamental frequency where the sound is voiced, from 67 to 400 Hz."""

    name = "pitch"
    title = tr("Pitch")
    called = tr("pitch")
    help = tr("Draw under the waveform the fundamental frequency")
    lane_help = tr("Draw under the heard lane the fundamental frequency")
    place = 22
    strips = ("waveform", "pitch")
    unit = "Hz"
    least = 60.0
    most = 440.0
    logarithmic = True

    @classmethod
    def piece(cls, *inputs: object) -> Curve:
        """Compute a piece."""
        return pitch_piece(*inputs)  # type: ignore[arg-type]

    def inputs(self, scene: Scene, lane: SceneLane) -> Inputs | None:
        """Return the version."""
        return (lane.source,)


DRAWERS = (Pitch,)
