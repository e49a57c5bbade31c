"""The spectrogram less the reference's: where a version has more, and where less."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.palettes import DIFFERENCE_DB, difference_colours
from gaplisten.audio.raster import Pixels
from gaplisten.audio.spectra import STEPS_PER_DB, level_of
from gaplisten.ui.lanes.drawer import Lanes, Legend
from gaplisten.ui.lanes.drawers.spectrogram import Spectrogram
from gaplisten.ui.lanes.scene import Scene, SceneLane, Strip
from gaplisten.ui.translation import tr


class SpectrogramDifference(Spectrogram):
    """Draws levels less the reference's in two hues; of the reference, and without one, the spectrogram."""

    name = "spectrogram_difference"
    title = tr("Spectrogram Difference")
    keys = "Ctrl+Shift+5"
    help = tr("Draw how spectrograms differ from the reference's")
    lane_help = tr("Draw how the heard lane's spectrogram differs from the reference's")
    place = 15

    def legend(self, scene: Scene, lane: SceneLane) -> Legend | None:
        """Return what the colours stand for."""
        if scene.compared_with(lane) is None:
            return super().legend(scene, lane)
        table = difference_colours(scene.colours.dark)
        return Legend(table[::2].tolist(), f"\u2212{DIFFERENCE_DB:g}", f"+{DIFFERENCE_DB:g} dB")

    def reading(self, scene: Scene, lane: SceneLane, frame: int, height: float | None) -> str:
        """Say the level at the pointer's frequency, and how far it is from the reference's."""
        said, reference = super().reading(scene, lane, frame, height), scene.compared_with(lane)
        if height is None or reference is None:
            return said
        hz = self.axis(scene).hz(height)
        one, two = (self.tiles.level_db(each.source, scene.view, frame, hz) for each in (lane, reference))
        if one is None or two is None:
            return said
        return tr("{said} · Δ {one:+.1f} dB", said=said, one=one - two).replace("-", "\u2212")

    def steps(self, scene: Scene, lanes: Lanes, strip: Strip) -> tuple[npt.NDArray[np.integer[Any]], Pixels]:
        """Return the step of each pixel's difference, and the colour of each step."""
        lane = lanes[-1]
        reference = scene.compared_with(lane)
        if reference is None:
            return super().steps(scene, lanes, strip)
        one, two = (self._floored(scene, each, strip) for each in (lane, reference))
        most = round(DIFFERENCE_DB * STEPS_PER_DB)
        return np.clip(one - two, -most, most) + most, difference_colours(scene.colours.dark)

    def _floored(self, scene: Scene, lane: SceneLane, strip: Strip) -> npt.NDArray[np.int16]:
        """Return levels of which those that are not drawn count as the quietest that are."""
        return np.maximum(self.levels(scene, lane, strip).astype(np.int16), level_of(self.look.quietest_db))


DRAWERS = (SpectrogramDifference,)
