"""The design of panels that the first version built, kept as it was: their sessions go on bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gaplisten.panel.design.items import check_items, listed_place, spread, systems
from gaplisten.panel.key import Key, Part
from gaplisten.panel.order import clashes, halves, kept_apart, number, row_of, shuffled, swap
from gaplisten.panel.planned import Item, Use


def listener_index(key: Key, listener: str) -> int:
    """Return the listener's place in the balanced design.

    Named listeners take the rows in their order, so that the balance is exact; others get a row by hash.
    """
    listed = listed_place(key, listener)
    if listed is not None:
        return listed
    return number(key.definition.seed, "listener", listener.casefold()) % 2**31


def _strata(key: Key) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for clip in key.clips:
        if clip.part is Part.TEST:
            made.setdefault(clip.stratum, []).append(clip.name)
    return made


def _starts(key: Key, stratum: str, clips: Sequence[str], wide: int, index: int) -> list[int]:
    """Return which diagonals of the clip-by-system square are heard; each holds every system once."""
    wanted = key.definition.ratings_per_condition
    count = len(clips)
    series = key.definition.method.series(key.definition.design)
    if series is not None:
        return [block % count for block in range(-(-series // len(_strata(key))))]
    if wanted is None:
        return list(range(count))
    share = _share(key, stratum, index)
    # Steps as wide as a diagonal: no sentence twice while there are others.
    walk = [(start + lap) % count for lap in range(count) for start in range(0, count, min(wide, count))]
    distinct = list(dict.fromkeys(walk))
    offset = index // len(_strata(key))
    return [(start + offset) % count for start in distinct[:share]]


def _share(key: Key, stratum: str, index: int) -> int:
    """Return a listener's ratings per condition in one stratum: by its size, rounding in turns."""
    strata = _strata(key)
    turn = index % len(strata)
    names = [*list(strata)[turn:], *list(strata)[:turn]]
    sizes = [len(strata[name]) for name in names]
    total, place = sum(sizes), names.index(stratum)
    wanted = min(key.definition.ratings_per_condition or total, total)
    before = sum(sizes[:place])
    return wanted * (before + sizes[place]) // total - wanted * before // total


def _blocks(key: Key, listener: str, index: int, turn: int) -> list[list[Item]]:
    """Return blocks of trials; each holds every system once, in a row of the Williams square."""
    definition, kinds = key.definition, systems(key)
    seed = (key.sha256, definition.seed, listener.casefold(), turn)
    blocks: list[list[tuple[str, str, int]]] = []
    for stratum, names in _strata(key).items():
        common = shuffled(names, definition.seed, "clips", stratum)
        partial = definition.ratings_per_condition is not None
        # The same diagonals in every round: only then do halves keep the rounds apart.
        clips = common if partial else shuffled(names, *seed[:-1], stratum)
        for start in _starts(key, stratum, clips, len(kinds), index):
            blocks.append([(clips[(start + k) % len(clips)], stratum, k) for k in range(len(kinds))])
    blocks = blocks[: definition.method.series(definition.design)]
    made = []
    place = 0
    for half, some in enumerate(_halved(blocks, seed, definition.repeats)):
        for block in some:
            # A single block comes in the same row each time: the other rows could begin with what ended it.
            row = row_of(len(kinds), index, place if len(blocks) > 1 else 0)
            made.append([Item(*block[k][:2], kinds[k], part=(turn, half)) for k in row])
            place += 1
    return made


Cells = list[tuple[str, str, int]]


def _halved(blocks: list[Cells], seed: tuple[object, ...], repeats: int) -> list[list[Cells]]:
    """Shuffle the blocks; with repeats only within halves, so that rounds stay apart."""
    if repeats == 1:
        return [shuffled(blocks, *seed, "blocks")]
    ordered = shuffled(blocks, *seed[:-1], "halves")
    middle = len(ordered) // 2
    return [shuffled(ordered[:middle], *seed, 1), shuffled(ordered[middle:], *seed, 2)]


def _exchange_clips(items: list[Item], one: int, other: int) -> None:
    a, b = items[one], items[other]
    items[one], items[other] = replace(a, clip=b.clip), replace(b, clip=a.clip)


def _apart(items: list[Item]) -> list[Item]:
    """Keep a clip from coming twice in a row, changing the order of systems only when nothing else helps."""
    made = kept_apart(
        items,
        lambda item: item.clip,
        lambda a, b: (a.system, a.stratum, a.part) == (b.system, b.stratum, b.part),
        _exchange_clips,
    )
    if not clashes(made, lambda item: item.clip):
        return made
    return kept_apart(made, lambda item: item.clip, lambda a, b: a.part == b.part, swap)


def _test_items(key: Key, listener: str, index: int) -> list[Item]:
    items: list[Item] = []
    for turn in range(key.definition.repeats):
        for block in _blocks(key, listener, index, turn):
            items += block
    return _apart(items)


def _sided(items: list[Item], seed: tuple[object, ...], index: int, series: bool) -> list[Item]:
    """Give half of the trials the other order, within each system; in a series each answer as often."""

    def place(at: int) -> tuple[object, ...]:
        item = items[at]
        # The two rounds of a clip are neighbours here, so that they get opposite orders; the trials of a
        # series have nothing to tell them apart and are dealt out at random.
        where = (number(*seed, "x", at),) if series else (number(*seed, item.clip), item.part, at)
        return (item.system, *where)

    made = list(items)
    fast = halves(len(items), index % 2 == 0)
    slow = [(rank // 2 + index // 2) % 2 == 0 for rank in range(len(items))]
    for rank, at in enumerate(sorted(range(len(items)), key=place)):
        flipped, second = (slow[rank], fast[rank]) if series else (fast[rank], False)
        made[at] = replace(made[at], flipped=flipped, x_second=second)
    return made


def _training_items(key: Key, listener: str, index: int) -> list[Item]:
    wanted = key.definition.training.trials
    own = [clip for clip in key.clips if clip.part is Part.TRAINING]
    clips = own or [clip for clip in key.clips if clip.part is Part.TEST]
    kinds, seed = systems(key), (key.definition.seed, "training")
    order = shuffled(clips, *seed)
    cells = [(order[at % len(order)], kinds[at % len(kinds)]) for at in range(wanted)]
    items = [Item(clip.name, clip.stratum, system, use=Use.TRAINING) for clip, system in cells]
    mixed = shuffled(items, *seed, listener.casefold())
    return kept_apart(mixed, lambda item: item.clip, lambda a, b: True)


def training_and_test(key: Key, listener: str) -> tuple[list[Item], list[Item]]:
    """Return the practice trials and the trials of the test with its checks, in the listener's order."""
    index = listener_index(key, listener)
    seed = (key.sha256, key.definition.seed, listener.casefold())
    series = key.definition.method.series(key.definition.design) is not None
    test = _sided(_test_items(key, listener, index), (*seed, "sides"), index, series)
    training = _sided(_training_items(key, listener, index), (*seed, "practice"), index, series)
    extra = check_items(key)
    return training, spread(test, extra, seed) if extra else test
