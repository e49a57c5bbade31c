"""A listener's order, drawn so that nothing can be predicted but what balance itself forces.

Trials come in blocks, each of which has every system once. Listeners sit in squares: as many of them as a
Williams design has rows share one, and each block of the square has its systems named afresh and its rows
dealt out afresh. So over a square's listeners every system is equally often at every place and after every
other one, while for a single listener each block is a permutation of its own that no earlier one tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from gaplisten.panel.design.cells import Chosen, chosen, clip_use, grid_of
from gaplisten.panel.design.filling import Filling, cell_of
from gaplisten.panel.design.items import check_items, listed_place, spread, systems
from gaplisten.panel.key import Key, Part
from gaplisten.panel.order import clashes, kept_apart, number, shuffled, swap, williams
from gaplisten.panel.planned import Form, Item, Use

_ATTEMPTS = 10  # at keeping a clip apart from itself, where there are few clips
_SHORT = 100  # trials; of longer sessions one attempt has to do, for it takes seconds


def seat_of(key: Key, listener: str, filling: Filling) -> int:
    """Return a listener's place in the squares: by the panel's list, else the first that is free."""
    listed = listed_place(key, listener)
    return filling.free_seat() if listed is None else listed


def relabelled(key: Key, size: int, seat: int, place: int) -> list[int]:
    """Return the order of `size` things for one listener in one block (of MUSHRA, in one trial).

    Parameters
    ----------
    seat
        The listener's place in the squares.
    place
        The block's number in the session.
    """
    rows = williams(size)
    square, seated = divmod(seat, len(rows))
    drawn = (key.secret, key.definition.seed, size, square, place)
    names = shuffled(range(size), *drawn, "names")
    dealt = shuffled(range(len(rows)), *drawn, "rows")
    return [names[at] for at in rows[dealt[seated]]]


def square_size(key: Key) -> int:
    """Return how many listeners share a square."""
    method = key.definition.method
    return len(williams(method.letters(key.definition.design) or len(systems(key))))


# --- blocks -------------------------------------------------------------------------------------------------

Needed = Callable[[int, str], tuple[float, float]]  # how many votes a system's clip has: fewer comes first


def _dealt(cells: Chosen, blocks: int, rng: np.random.Generator, needed: Needed) -> list[list[str]]:
    """Deal each system's clips into blocks; a block's clips are all different, as far as that can be.

    Block by block, systems are matched with clips at random; a clip that has as many systems left as there
    are blocks must come in each of them, and is taken first (the theorem of König says that this goes out).
    Cells with fewer votes come in earlier blocks: whoever stops half-way has filled what was most needed.
    """
    from scipy.optimize import linear_sum_assignment

    left = [set(clips) for clips in cells]
    use = clip_use(cells)
    width = max(1, -(-max(use.values()) // blocks))
    levels = sorted({needed(system, clip) for system, clips in enumerate(left) for clip in clips})
    level = {found: 10.0 * at for at, found in enumerate(levels)}
    late = [{clip: level[needed(system, clip)] for clip in clips} for system, clips in enumerate(left)]
    made = []
    for gone in range(blocks):
        names, due = [], []
        for clip in sorted(clip for clip in use if use[clip]):
            least = max(0, use[clip] - (blocks - gone - 1) * width)
            names += [clip] * width
            due += [copy < least for copy in range(width)]
        cost = [
            [of[clip] if clip in clips else 1e9 for clip in names]
            for of, clips in zip(late, left, strict=True)
        ]
        drawn_cost = np.array(cost) + rng.random((len(left), len(names))) - 1e6 * np.array(due)
        columns = linear_sum_assignment(drawn_cost)[1]
        block = [names[column] for column in columns]
        for system, clip in enumerate(block):
            left[system].remove(clip)
            use[clip] -= 1
        made.append(block)
    return made


def _halved(blocks: list[list[str]]) -> list[Chosen]:
    """Return the cells of the first and the second half of a round's blocks."""
    middle = len(blocks) // 2
    halves = (blocks[:middle], blocks[middle:])
    return [[list(column) for column in zip(*half, strict=True)] for half in halves]


def _rounds(
    parts: list[Chosen], repeats: int, rng: np.random.Generator, needed: Needed
) -> list[list[list[str]]]:
    """Return the blocks of each part of each round.

    What was heard in the first half of a round is heard in the first half of the next one too: so the two
    hearings are about half a round apart, or more.
    """
    made: list[list[list[str]]] = []
    before: Chosen = []
    for part in [part for part in parts for _ in range(repeats)]:
        halves = [half for half in _halved(made[-1]) if half] if part == before else [part]
        made.append([block for half in halves for block in _dealt(half, len(half[0]), rng, needed)])
        before = part
    return made


def _in_order(key: Key, seat: int, filling: Filling, rng: np.random.Generator) -> list[Item]:
    """Return the trials of the test in order, before sides are drawn."""
    grid = grid_of(key)
    stratum = {clip.name: clip.stratum for clip in key.clips}
    items: list[Item] = []
    place = 0

    def needed(system: int, clip: str) -> tuple[float, float]:
        cell = (clip, grid.systems[system])
        return filling.votes[cell], filling.hoped[cell]

    rounds = _rounds(chosen(grid, filling, rng), key.definition.repeats, rng, needed)
    for turn, blocks in enumerate(rounds):
        for at, block in enumerate(blocks):
            part = (turn, int(at >= len(blocks) // 2))
            for system in relabelled(key, len(grid.systems), seat, place):
                clip = block[system]
                items.append(Item(clip, stratum[clip], grid.systems[system], part=part, block=place))
            place += 1
    return _apart(items)


def _exchange_clips(items: list[Item], one: int, other: int) -> None:
    a, b = items[one], items[other]
    items[one], items[other] = (
        replace(a, clip=b.clip, stratum=b.stratum),
        replace(b, clip=a.clip, stratum=a.stratum),
    )


def _clip(item: Item) -> str:
    return item.clip


def _apart(items: list[Item]) -> list[Item]:
    """Keep a clip from coming twice in a row, changing the order of systems only when nothing else helps."""

    def same_system(a: Item, b: Item) -> bool:
        return (a.system, a.part) == (b.system, b.part)

    def same_block(a: Item, b: Item) -> bool:
        return a.block == b.block

    def same_part(a: Item, b: Item) -> bool:
        return a.part == b.part

    made = kept_apart(items, _clip, same_system, _exchange_clips)
    for attempt in range(_ATTEMPTS if len(items) <= _SHORT else 1):
        if not clashes(made, _clip):
            break
        made = kept_apart(made, _clip, same_part if attempt % 2 else same_block, swap, salt=attempt)
        made = kept_apart(made, _clip, same_system, _exchange_clips, salt=attempt)
    # With one clip only it comes all the time: but not twice in a row in the same system.
    return kept_apart(made, cell_of, same_block, swap) if clashes(made, cell_of) else made


# --- sides --------------------------------------------------------------------------------------------------


def _sided(key: Key, items: Sequence[Item], filling: Filling, rng: np.random.Generator) -> list[Item]:
    """Give each system half of its trials in each order, at random; over listeners each cell, too.

    Nothing ties a trial's side to that of another: neither the one before nor the same clip's in another
    round. In a series (ABX) the answer is a fair draw of its own for each trial.
    """
    method, design = key.definition.method, key.definition.design
    made = list(items)
    if not method.fixed_sides(design):
        reversed_ = _reversed(made, filling, rng)
        made = [replace(item, flipped=at in reversed_) for at, item in enumerate(made)]
    if method.series(design) is not None:
        made = [replace(item, x_second=bool(rng.integers(2))) for item in made]
    return made


def _reversed(items: Sequence[Item], filling: Filling, rng: np.random.Generator) -> set[int]:
    places: dict[tuple[str, ...], list[int]] = {}
    for at, item in enumerate(items):
        places.setdefault(item.system, []).append(at)
    taken: set[int] = set()
    more = _with_one_more(places, filling, rng)
    for system, own in places.items():
        half = len(own) // 2 + (system in more)
        # By round too: the sides of a clip in two rounds have nothing to do with each other.
        cells = {place: (cell_of(items[place]), items[place].part[0]) for place in own}
        rank = {place: (filling.sides[cells[place]], rng.random()) for place in own}
        taken.update(sorted(own, key=rank.__getitem__)[:half])
    return taken


def _with_one_more(
    places: Mapping[tuple[str, ...], Sequence[int]], filling: Filling, rng: np.random.Generator
) -> set[tuple[str, ...]]:
    """Return which systems with an odd number of trials get the reversed order once more: half of them."""
    so_far: Counter[tuple[str, ...]] = Counter()
    for ((_, system), _), more in filling.sides.items():
        so_far[system] += more
    odd = [system for system, own in places.items() if len(own) % 2]
    rank = {system: (so_far[system], rng.random()) for system in odd}
    half, left = divmod(len(odd), 2)
    lacking = -sum(so_far.values())
    half += left and (lacking > 0 or (lacking == 0 and bool(rng.integers(2))))
    return set(sorted(odd, key=rank.__getitem__)[:half])


# --- everything ---------------------------------------------------------------------------------------------


def _training(key: Key, rng: np.random.Generator) -> list[Item]:
    """Return practice trials: clips and systems in turns, mixed."""
    wanted = key.definition.training.trials
    own = [clip for clip in key.clips if clip.part is Part.TRAINING]
    clips = own or [clip for clip in key.clips if clip.part is Part.TEST]
    kinds = systems(key)
    order, names = rng.permutation(len(clips)), rng.permutation(len(kinds))
    cells = [(clips[order[at % len(order)]], kinds[names[at % len(kinds)]]) for at in range(wanted)]
    items = [Item(clip.name, clip.stratum, system, use=Use.TRAINING) for clip, system in cells]
    mixed = [items[at] for at in rng.permutation(len(items))]
    return kept_apart(mixed, lambda item: item.clip, lambda a, b: True)


def _lettered(key: Key, items: Sequence[Item], seat: int, first: int) -> list[Item]:
    """Give the trials of methods with letters a relabelled row of the square each."""
    letters = key.definition.method.letters(key.definition.design)
    if not letters:
        return list(items)
    orders = [tuple(relabelled(key, letters, seat, first + at)) for at in range(len(items))]
    return [replace(item, order=order) for item, order in zip(items, orders, strict=True)]


def _forms(key: Key, part: Part) -> dict[str, Form]:
    return {clip.name: (clip.rate, clip.channels) for clip in key.clips if clip.part is part}


def drawn(key: Key, listener: str, seat: int, filling: Filling) -> tuple[list[Item], list[Item]]:
    """Return a listener's practice trials and the trials of the test with its checks, in order.

    A function of its arguments and the panel's secret: where nothing else was heard meanwhile, the same
    again.
    """
    definition = key.definition
    name = listener.casefold()
    rng = np.random.Generator(np.random.PCG64(number(key.secret, definition.seed, name, seat, "draw")))
    forms = _forms(key, Part.TEST)
    test = definition.method.completed(_in_order(key, seat, filling, rng), forms, rng)
    test = _sided(key, test, filling, rng)
    practice = _forms(key, Part.TRAINING)
    training = definition.method.completed(_training(key, rng), practice or forms, rng)
    training = _sided(key, training, Filling(), rng)
    test = _lettered(key, test, seat, 0)
    training = _lettered(key, training, seat, 100_000)
    extra = _lettered(key, _sided(key, check_items(key), Filling(), rng), seat, 200_000)
    seed = (key.secret, definition.seed, name, seat)
    return training, spread(test, extra, seed) if extra else test
