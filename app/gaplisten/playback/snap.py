"""Keeping fades away from the edges of gaps: a 5 ms fade can hide the very click that is being judged."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class SnappedLoop:
    """A loop whose edges hide no edge of a gap, or the reason why one still does.

    Parameters
    ----------
    start, stop
        Frames ``[start, stop)``.
    moved
        Whether that is not what was asked for.
    warning
        What is still hidden; empty when nothing is.
    """

    start: int
    stop: int
    moved: bool = False
    warning: str = ""


PANEL_LOOP_MS = 500.0
"""Shortest loop in a listening test (BS.1534-3)."""

WORKBENCH_LOOP_MS = 40.0
"""Shortest loop when hunting artefacts."""

Edge = Literal["start", "stop"]


def first_within(boundaries: Sequence[int], start: int, stop: int) -> int | None:
    """Return the first of the sorted `boundaries` in ``[start, stop)``."""
    index = bisect_left(boundaries, start)
    return boundaries[index] if index < len(boundaries) and boundaries[index] < stop else None


def _start_before(start: int, boundaries: Sequence[int], fade: int) -> int:
    """Return the latest start, not after `start`, from which a fade-in is over before the next boundary."""
    while (hidden := first_within(boundaries, start, start + fade)) is not None and start > 0:
        start = max(hidden - fade, 0)
        # A boundary that now begins the fade is worth hearing whole as well.
        if first_within(boundaries, start, start + fade) == hidden:
            break
    return start


def _stop_after(stop: int, boundaries: Sequence[int], fade: int, frames: int) -> int:
    """Return the earliest stop, not before `stop`, before which a fade-out begins after the last boundary."""
    while (hidden := first_within(boundaries, stop - fade, stop + 1)) is not None and stop < frames:
        stop = min(hidden + fade + 1, frames)
    return stop


def snap_loop(
    start: int,
    stop: int,
    boundaries: Sequence[int],
    fade: int,
    *,
    frames: int,
    shortest: int = 0,
    fixed: Edge | None = None,
) -> SnappedLoop:
    """Make a loop long enough, and move its edges outwards until its fades cover no boundary of a gap.

    Parameters
    ----------
    start, stop
        The loop asked for, frames ``[start, stop)``.
    boundaries
        Sorted frames at which gaps begin or end: the sample with that number is the first after the edge.
    fade
        Length of a fade in frames.
    frames
        Length of the clip.
    shortest
        Shortest loop allowed, in frames; a shorter one is made longer at its end, or else at its start.
    fixed
        The edge that stays where it is while the other one is set; between the two at the other's cost.
    """
    asked = (start, stop)
    if fixed is None:
        start, stop = min(start, stop), max(start, stop)
    start, stop = max(0, start), min(frames, stop)
    if fixed != "stop":
        stop = min(max(stop, start + shortest), frames)
    if fixed != "start":
        start = max(0, min(start, stop - shortest))
        start = _start_before(start, boundaries, fade)
    if fixed != "stop":
        stop = _stop_after(stop, boundaries, fade, frames)
    hidden = [
        at
        for at in (
            first_within(boundaries, max(start, 1), start + fade),
            first_within(boundaries, max(stop - fade, 1), min(stop, frames)),
        )
        if at is not None
    ]
    warning = f"the loop's fade covers the edge of a gap at frame {hidden[0]}" if hidden else ""
    return SnappedLoop(start, stop, (start, stop) != asked, warning)
