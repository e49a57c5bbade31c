"""A way of drawing a lane; the files in ``drawers/`` name theirs as ``DRAWERS``, and are found by that."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPainter

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.raster import Pixels
from gaplisten.audio.reading import read_sample
from gaplisten.audio.spectrum_look import SpectrumLook
from gaplisten.audio.viewport import Viewport
from gaplisten.ui.lanes import drawers
from gaplisten.ui.lanes.ground import Ground
from gaplisten.ui.lanes.pieces import KeptPieces
from gaplisten.ui.lanes.scene import Scene, SceneLane, Strip

Lanes = tuple[SceneLane, ...]


@dataclass(frozen=True, slots=True)
class Legend:
    """What colours stand for: pixels from least to most, and what its ends are called."""

    colours: list[int]
    least: str
    most: str


class Drawer(QObject):
    """Draws the sound of a lane in a strip of the canvas, on screen and on paper.

    A drawer says everything on a strip three times at most: `paint` fills pixels (fast, screen only), `draw`
    draws shapes (paper only), and `paint_over` paints lines on top of either. One that is content with lines
    needs only `paint_over`.

    Attributes
    ----------
    name
        Stable identifier; the commands are ``view.<name>`` for all lanes and ``view.this_<name>`` for one.
    title, keys, help, lane_help
        What menu and shortcut sheet show of these commands; `lane_help` is the sentence of the second.
    place
        Where it stands among the others in the menu.
    strips
        Names of the drawers that share a lane, from top to bottom, where this one only arranges others.
    overlays
        Whether it can draw several lanes in one strip; where lanes are overlaid only such ones draw.
    counts
        What its scale counts, where nothing in the strip says so; written on paper.
    shaded
        Whether the ground with the lost packets is painted before it; else it fills and marks all by itself.

    Signals
    -------
    progressed
        More of what it draws is known; repaint.
    look_wanted
        Spectrograms are to be looked at in another way (`SpectrumLook`).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    keys: ClassVar[str] = ""
    help: ClassVar[str]
    lane_help: ClassVar[str]
    place: ClassVar[int] = 50
    strips: ClassVar[tuple[str, ...]] = ()
    overlays: ClassVar[bool] = False
    counts: ClassVar[str] = ""
    shaded: ClassVar[bool] = True

    progressed = Signal()
    look_wanted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stores: tuple[KeptPieces[Any], ...] = ()

    def set_look(self, look: SpectrumLook) -> None:
        """Take over how spectrograms are looked at, where it draws such."""

    # what it knows of the sound, where that takes time

    def compute_in(self, *stores: KeptPieces[Any]) -> None:
        """Have these stores compute what it knows, and forget it when it is not shown any more."""
        self._stores = stores
        for store in stores:
            store.progressed.connect(self.progressed)

    @property
    def busy(self) -> bool:
        """Whether something is still being computed."""
        return any(store.busy for store in self._stores)

    def keep_only(self, sources: Sequence[SampleSource]) -> None:
        """Forget everything about sources that are not shown any more."""
        for store in self._stores:
            store.keep_only(sources)

    def drop_unseen(self, views: Sequence[tuple[SampleSource, Viewport]]) -> None:
        """Give up what was begun for stretches that are out of sight, or of another zoom, by now."""
        for store in self._stores:
            store.drop_unseen(views)

    def close(self) -> None:
        """Give up all computing; the drawer may be used again afterwards."""
        for store in self._stores:
            store.close()

    # what it draws

    def scale(self, scene: Scene, strip: Strip) -> list[tuple[float, str]]:
        """Return logical heights and texts of the vertical scale; empty for none."""
        return []

    def legend(self, scene: Scene, lane: SceneLane) -> Legend | None:
        """Return what its colours stand for in a lane; None where they stand for nothing."""
        return None

    def magnify(self, scene: Scene, height: float, factor: float) -> bool:
        """Magnify what lies up and down about a height of its strip (0 bottom, 1 top); tell if it can.

        Where it cannot, the amplitude of all lanes is magnified.
        """
        return False

    def reading(self, scene: Scene, lane: SceneLane, frame: int, height: float | None) -> str:
        """Say what a lane is at a frame, in a few words.

        Parameters
        ----------
        height
            Where the mouse is in the strip, 0 at its bottom and 1 at its top; None where it is not in a strip
            drawn like this.
        """
        reference = scene.compared_with(lane)
        found = read_sample(lane.source, frame, None if reference is None else reference.source)
        return "" if found is None else found.text

    def paint(self, pixels: Pixels, ground: Ground, lanes: Lanes, strip: Strip) -> None:
        """Paint lanes, the one to lie on top last, into the strip's pixels, shape ``(height, columns)``."""

    def paint_over(self, painter: QPainter, scene: Scene, lanes: Lanes, strip: Strip) -> None:
        """Paint lines over the strip, in logical pixels of the canvas, on screen and on paper."""

    def draw(self, painter: QPainter, scene: Scene, lanes: Lanes, strip: Strip) -> None:
        """Draw the strip on paper as shapes, in logical pixels of the canvas; it is clipped to the strip."""


def drawer_kinds() -> dict[str, type[Drawer]]:
    """Return the ``DRAWERS`` of the files in ``drawers/`` by their name, in the menu's order."""
    names = [f"{drawers.__name__}.{found.name}" for found in pkgutil.iter_modules(drawers.__path__)]
    kinds: list[type[Drawer]] = [kind for name in names for kind in importlib.import_module(name).DRAWERS]
    return {kind.name: kind for kind in sorted(kinds, key=lambda kind: (kind.place, kind.name))}
