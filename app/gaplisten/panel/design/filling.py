"""What earlier sessions leave to do: votes in each cell, sides, and places in the squares that are taken."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from gaplisten.panel.planned import Item, Use

Cell = tuple[str, tuple[str, ...]]  # a clip in a system

# How many of all sessions break off, for weighing votes that are still to come: the tests' share, and what is
# usual where people take part unpaid. Off by a factor of two it weighs them in the same order.
_BREAK_OFF = 0.2


def cell_of(item: Item) -> Cell:
    """Return the cell that a trial of the test fills."""
    return item.clip, item.system


def _break_off(place: int, there: int, length: int) -> float:
    """Return how probably a session of that length breaks off before a trial, having come as far as `there`.

    One that is near its end hardly breaks off any more: what is left of it is nearly sure.
    """
    return _BREAK_OFF * max(0, place - there) / (length - _BREAK_OFF * there)


@dataclass
class Filling:
    """What all sessions so far have filled, or are about to.

    Attributes
    ----------
    votes
        Trials of the test in each cell: those that were taken, and all of the sessions that are going on.
    hoped
        In each cell, how many of these are to be expected in the end: a vote that is there counts one, one
        that is still to come less, and the less the more of its session lies before it.
    sides
        In each cell and round, trials in the reversed order less those in the written one.
    seats
        Places in the squares that are taken: of sessions that are complete or going on.
    """

    votes: Counter[Cell] = field(default_factory=Counter)
    hoped: defaultdict[Cell, float] = field(default_factory=lambda: defaultdict(float))
    sides: Counter[tuple[Cell, int]] = field(default_factory=Counter)
    seats: set[int] = field(default_factory=set)

    def add(self, taken: Iterable[Item], coming: Iterable[Item] = (), seat: int | None = None) -> None:
        """Count a session's trials.

        Parameters
        ----------
        taken, coming
            Trials whose votes are there, and those that are still expected, in their order.
        seat
            None for a session that was given up: its place is free again.
        """
        items = [*taken]
        there = len(items)
        items += coming
        for place, item in enumerate(items, start=1):
            if item.use is Use.TEST:
                self.votes[cell_of(item)] += 1
                self.hoped[cell_of(item)] += 1 - _break_off(place, there, len(items))
                self.sides[cell_of(item), item.part[0]] += 1 if item.flipped else -1
        if seat is not None:
            self.seats.add(seat)

    def free_seat(self) -> int:
        """Return the first place that is free."""
        return next(seat for seat in range(len(self.seats) + 1) if seat not in self.seats)
