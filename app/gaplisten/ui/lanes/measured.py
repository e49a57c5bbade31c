"""What the curve of a gap measure follows from."""

from __future__ import annotations

from gaplisten.bench.derived import Inputs
from gaplisten.ui.lanes.scene import Mode, Scene, SceneLane


def measured_inputs(scene: Scene, lane: SceneLane) -> Inputs | None:
    """Return version, reference (None for the reference itself and where there is none), and losses.

    In the residual mode lanes show differences, of which measures have nothing to say: there it is None.
    """
    if scene.mode is Mode.RESIDUAL:
        return None
    reference = scene.reference
    loss = lane.loss if lane.own_loss else scene.loss
    clean = None if reference is None or reference is lane or reference.key == lane.key else reference.source
    if clean is not None and clean.rate != lane.source.rate:
        clean = None
    trace = None if loss is None else loss.trace
    return (lane.source, clean, trace)
