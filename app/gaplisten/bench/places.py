"""The places one has been to, to go back and forward through."""

from __future__ import annotations

from dataclasses import dataclass

MOST_PLACES = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where one was: the clip, the playhead, what was seen, in frames, and the gap at hand (-1 for none)."""

    clip: str
    frame: int
    start: int
    stop: int
    gap: int = -1

    def is_at(self, other: Place) -> bool:
        """Whether playhead and gap are the same in both: then one only looked elsewhere."""
        return (self.clip, self.frame, self.gap) == (other.clip, other.frame, other.gap)


class Places:
    """A trail, as browsers keep one: who goes elsewhere from the middle of it leaves the rest behind."""

    def __init__(self) -> None:
        self._trail: list[Place] = []
        self._at = -1

    def add(self, place: Place, *, on_the_way: bool = False) -> None:
        """Go to a place; it becomes the trail's end, or, with the playhead where it is, the same one.

        The playhead of one who is still `on_the_way` tells nothing yet; what is seen does.
        """
        here = self._trail[self._at] if self._at >= 0 else None
        if here == place if on_the_way else here is not None and here.is_at(place):
            self.now_at(place)
            return
        self._trail = [*self._trail[: self._at + 1], place][-MOST_PLACES:]
        self._at = len(self._trail) - 1

    def now_at(self, place: Place) -> None:
        """Have the place one is at be this one: one zoomed or moved on since one came."""
        if self._at >= 0:
            self._trail[self._at] = place

    def step(self, by: int) -> Place | None:
        """Go back (-1) or forward (1); None where the trail ends."""
        if not 0 <= self._at + by < len(self._trail):
            return None
        self._at += by
        return self._trail[self._at]
