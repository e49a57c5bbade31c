"""Balanced orders, the same on every machine: squares, hashed shuffles, repairs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")


def number(*parts: object) -> int:
    """Return a large number that depends on `parts` only: not on the machine, nor on Python's version."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")


def shuffled(items: Sequence[T], *seed: object) -> list[T]:
    """Return the items in an order that depends on `seed` only."""
    return [item for _, item in sorted(enumerate(items), key=lambda pair: number(*seed, pair[0]))]


@lru_cache(maxsize=64)
def williams(size: int) -> list[list[int]]:
    """Return a Williams design: rows of 0..size-1, balanced for position and for the preceding item.

    An even size needs `size` rows; an odd one `2 * size`, so that each item follows each other equally often.
    """
    if size < 1:
        raise ValueError("a square needs at least one item")
    first = [0]
    for step in range(1, size):
        first.append((step + 1) // 2 if step % 2 else size - step // 2)
    rows = [[(item + shift) % size for item in first] for shift in range(size)]
    if size % 2 and size > 1:
        rows += [row[::-1] for row in rows]
    return rows


def row_of(size: int, index: int, place: int) -> list[int]:
    """Return the row of a Williams design for a listener and a place in the session.

    For each place, `size` listeners in a row get a Latin square, `2 * size` the whole design of an odd size.
    """
    rows = williams(size)
    second_half = (index // size + place) % 2 if len(rows) > size else 0
    return rows[(index + place) % size + size * second_half]


def halves(count: int, odd_one: bool) -> list[bool]:
    """Return alternating flags: half True; with an odd count `odd_one` says which side gets the extra one."""
    return [(index % 2 == 0) == odd_one for index in range(count)]


def _touching(positions: Sequence[int], count: int) -> set[int]:
    return {at for position in positions for at in (position, position + 1) if 0 < at < count}


def _clashes(items: Sequence[T], clip: Callable[[T], object], at: set[int]) -> int:
    return sum(clip(items[one - 1]) == clip(items[one]) for one in at)


Exchange = Callable[[list[T], int, int], None]


def swap(items: list[T], one: int, other: int) -> None:
    """Exchange two whole items."""
    items[one], items[other] = items[other], items[one]


def _best_swap(
    items: list[T],
    place: int,
    clip: Callable[[T], object],
    allowed: Callable[[T, T], bool],
    exchange: Exchange[T],
    step: tuple[int, ...],
) -> int | None:
    """Return the partner whose exchange takes away most clashes, ties at random; None if all add some."""
    best, best_rank = None, (0, -1)
    for other in range(len(items)):
        if other == place or not allowed(items[place], items[other]):
            continue
        near = _touching((place, other), len(items))
        before = _clashes(items, clip, near)
        exchange(items, place, other)
        rank = (before - _clashes(items, clip, near), number(*step, place, other))
        exchange(items, place, other)
        if rank > best_rank:
            best, best_rank = other, rank
    return best


def kept_apart(
    items: Sequence[T],
    clip: Callable[[T], object],
    allowed: Callable[[T, T], bool],
    exchange: Exchange[T] = swap,
    salt: int = 0,
) -> list[T]:
    """Return the items so that neighbours differ in `clip`, as far as allowed exchanges can bring it about.

    Exchanges that neither help nor harm are made too: they lead out of dead ends. The best order seen is
    returned.

    Parameters
    ----------
    allowed
        Whether two items may be exchanged at all.
    exchange
        How: whole items, or only a part of them (must undo itself when done twice).
    salt
        Another number tries other exchanges.
    """
    made, best = list(items), list(items)
    fewest = clashes(best, clip)
    if len({clip(item) for item in made}) < 2:
        return made
    for turn in range(min(60 + len(made), 400)):
        step = (turn, salt) if salt else (turn,)
        places = [at for at in range(1, len(made)) if clip(made[at - 1]) == clip(made[at])]
        if len(places) < fewest:
            best, fewest = list(made), len(places)
        if not places:
            break
        at = places[number("clash", *step) % len(places)] - number("side", *step) % 2
        other = _best_swap(made, at, clip, allowed, exchange, step)
        if other is not None:
            exchange(made, at, other)
    return best


def clashes(items: Sequence[T], clip: Callable[[T], object]) -> int:
    """Return how many neighbours have the same clip."""
    return _clashes(items, clip, set(range(1, len(items))))
