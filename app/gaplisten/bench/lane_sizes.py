"""How high lanes are drawn, and which are not: by the user's hand, and kept while versions come and go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from gaplisten.bench.state import Seen

FLATTEST_LANE, COLLAPSED_LANE = 40.0, 28.0


@dataclass
class LaneSizes:
    """What was set, by the identifiers of lanes; changed in place.

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

    def seen(self, idents: Collection[str]) -> set[str]:
        """Return the lanes that are not hidden; all where none would be left."""
        return {*idents} - self.hidden or {*idents}

    def given(self, idents: Sequence[str]) -> tuple[float, ...]:
        """Return the height of each lane, 0 where none was given; empty where none has one."""
        if not self.heights and not self.collapsed:
            return ()
        return tuple(
            COLLAPSED_LANE if ident in self.collapsed else self.heights.get(ident, 0.0) for ident in idents
        )

    def set_height(self, ident: str, height: float) -> None:
        """Draw a lane so high; below what can be seen it is collapsed."""
        self.collapsed.discard(ident)
        if height < (COLLAPSED_LANE + FLATTEST_LANE) / 2:
            self.collapsed.add(ident)
        else:
            self.heights[ident] = max(height, FLATTEST_LANE)

    def collapse(self, ident: str) -> None:
        """Collapse a lane, or unfold it again."""
        self.collapsed ^= {ident}

    @classmethod
    def of(cls, seen: Seen) -> LaneSizes:
        """Return how lanes were drawn when a file was written."""
        heights = {ident: max(height, FLATTEST_LANE) for ident, height in seen.heights}
        return cls(heights, set(seen.collapsed), set(seen.hidden))

    def reset(self) -> None:
        """Show all lanes, equally high."""
        self.heights.clear()
        self.collapsed.clear()
        self.hidden.clear()
