"""Everything that one picture of the lanes depends on."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.peaks import PeakPyramid
from gaplisten.ui.views.colours import ViewColours
from gaplisten.ui.views.layout import Layout
from gaplisten.ui.views.ruler import Scale
from gaplisten.ui.views.shading import LossMap
from gaplisten.ui.views.values import Display, Mark, Mode
from gaplisten.ui.views.viewport import Viewport


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
    gain: float = 1.0
    loop: tuple[int, int] | None = None
    gap: tuple[int, int] | None = None
    marks: tuple[Mark, ...] = ()
