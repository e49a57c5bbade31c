"""Everything that one picture of the lanes depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.peaks import PeakPyramid
from gaplisten.audio.ruler import Scale
from gaplisten.audio.spectra import Levels
from gaplisten.audio.viewport import Viewport
from gaplisten.loss.shading import LossMap
from gaplisten.ui.lanes.colours import ViewColours
from gaplisten.ui.lanes.layout import Layout
from gaplisten.ui.lanes.values import Display, Mark, Mode


class Spectra(Protocol):
    """Where spectrograms come from."""

    def picture(self, source: SampleSource, view: Viewport, columns: int, rows: int) -> Levels:
        """Return the visible spectrogram, shape ``(rows, columns)``."""
        ...


@dataclass(frozen=True, eq=False)
class SceneLane:
    """A lane as it is drawn now."""

    key: int
    name: str
    colour: QColor
    state: str
    badge: str
    source: SampleSource
    peaks: PeakPyramid | None
    altered: PeakPyramid | None
    display: Display
    note: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A strip of a lane, in device pixels of the canvas."""

    top: int
    bottom: int
    spectrogram: bool

    @property
    def height(self) -> int:
        """Height in device pixels."""
        return self.bottom - self.top


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture, described."""

    layout: Layout
    view: Viewport
    lanes: tuple[SceneLane, ...]
    mode: Mode
    active: int | None
    loss: LossMap | None
    colours: ViewColours
    scale: Scale
    rate: int
    spectra: Spectra
    heat: npt.NDArray[np.uint32]
    gain: float = 1.0
    loop: tuple[int, int] | None = None
    gap: tuple[int, int] | None = None
    marks: tuple[Mark, ...] = ()

    @property
    def rows(self) -> int:
        """How many lanes are stacked."""
        return min(len(self.lanes), 1) if self.mode is Mode.OVERLAY else len(self.lanes)

    @property
    def overlaid(self) -> bool:
        """Whether several lanes share one plot."""
        return self.mode is Mode.OVERLAY and len(self.lanes) > 1

    def in_row(self, row: int) -> tuple[SceneLane, ...]:
        """Return the lanes drawn in a row, the active one last so that it lies on top."""
        here = self.lanes if self.mode is Mode.OVERLAY else self.lanes[row : row + 1]
        return tuple(sorted(here, key=lambda lane: lane.key == self.active))

    def parts(self, row: int) -> tuple[Part, ...]:
        """Return the strips of a row: waveform, spectrogram, or one above the other."""
        top, bottom = self.layout.lane_span(row)
        display = Display.WAVEFORM if self.mode is Mode.OVERLAY else self.lanes[row].display
        if display is Display.BOTH:
            middle = (top + bottom) // 2
            return Part(top, middle, False), Part(middle, bottom, True)
        return (Part(top, bottom, display is Display.SPECTROGRAM),)
