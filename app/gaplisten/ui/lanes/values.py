"""What the views are told to show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtGui import QColor

from gaplisten.audio.filemap import SampleSource
from gaplisten.audio.signal import Signal


class Mode(StrEnum):
    """How the lanes are laid out."""

    LANES = "lanes"
    OVERLAY = "overlay"
    RESIDUAL = "residual"


@dataclass(frozen=True, eq=False)
class LaneView:
    """One lane: a version of the clip.

    Parameters
    ----------
    key
        The number that the user presses for it, also its identity; 0 is the reference.
    name
        Shown beside the lane.
    colour
        A colour that tells it apart, or None for one of the default table.
    source
        The sound: a signal in memory or a source that is read block by block.
    state
        A short text under the name ("rendering 40 %", "failed: ..."), may be empty.
    badge
        A score or the like, shown at the lane's end, may be empty.
    paper
        The colour on white paper, where a theme's own would be pale; None for `colour`.
    own_loss
        Whether other samples were lost in it than in the others: altered received ones are not shown then.
    """

    key: int
    name: str
    colour: QColor | str | None
    source: Signal | SampleSource
    state: str = ""
    badge: str = ""
    paper: QColor | str | None = None
    own_loss: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A flag on the time axis: a note or a place the user marked."""

    frame: int
    text: str = ""
    colour: str | None = None
