"""How high lanes are drawn, and which are not: by the user's hand, and kept while versions come and go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gaplisten.ui.lanes.scene import COLLAPSED_LANE, FLATTEST_LANE, LaneView


@dataclass
class Sizes:
    """What was set, by the identity of lanes; changed in place.

    Parameters
    ----------
    heights
        Logical pixels.
    collapsed, hidden
        Lanes of which little more than the name is seen, and those of which nothing is.
    """

    heights: dict[str, float] = field(default_factory=dict)
    collapsed: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)

    def seen(self, lanes: Sequence[LaneView]) -> tuple[LaneView, ...]:
        """Return the lanes that are not hidden; all where none would be left."""
        kept = tuple(lane for lane in lanes if lane.identity not in self.hidden)
        return kept or tuple(lanes)

    def given(self, lanes: Sequence[LaneView]) -> tuple[float, ...]:
        """Return the height of each lane, 0 where none was given; empty where none has one."""
        if not self.heights and not self.collapsed:
            return ()
        return tuple(self._height(lane.identity) for lane in lanes)

    def _height(self, identity: str) -> float:
        return COLLAPSED_LANE if identity in self.collapsed else self.heights.get(identity, 0.0)

    def set_height(self, identity: str, height: float) -> None:
        """Draw a lane so high; below what can be seen it is collapsed."""
        self.collapsed.discard(identity)
        if height < (COLLAPSED_LANE + FLATTEST_LANE) / 2:
            self.collapsed.add(identity)
        else:
            self.heights[identity] = max(height, FLATTEST_LANE)

    def collapse(self, identity: str) -> None:
        """Collapse a lane, or unfold it again."""
        self.collapsed ^= {identity}

    def reset(self) -> None:
        """Show all lanes, equally high."""
        self.heights.clear()
        self.collapsed.clear()
        self.hidden.clear()
