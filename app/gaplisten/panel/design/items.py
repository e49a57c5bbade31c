"""What every design is made of: the systems of a panel, its trials before they are laid out, its checks."""

from __future__ import annotations

from collections.abc import Sequence

from gaplisten.panel.key import Key, Part
from gaplisten.panel.order import number, shuffled
from gaplisten.panel.parts import SPOKEN
from gaplisten.panel.planned import Item, Use


def listed_place(key: Key, listener: str) -> int | None:
    """Return the place of a named listener in the panel's list, from 0; None for one who is not listed."""
    names = [name.casefold() for name in key.definition.listeners]
    return names.index(listener.casefold()) if listener.casefold() in names else None


def systems(key: Key) -> list[tuple[str, ...]]:
    """Return what is put in balanced order: conditions, pairs, or the one set of all (MUSHRA)."""
    return key.definition.systems()


def share(key: Key) -> int:
    """Return in how many trials of one round a listener hears each system."""
    definition = key.definition
    clips = sum(clip.part is Part.TEST for clip in key.clips)
    series = definition.method.series(definition.design)
    if series is not None:
        return series
    wanted = definition.ratings_each(clips)
    return clips if wanted is None else min(clips, wanted)


def trial_count(key: Key) -> int:
    """Return about how many trials a listener would get, without working the plan out."""
    definition = key.definition
    names = len(definition.condition)
    kinds = 1
    if definition.method.paired:
        kinds = len(definition.pairs) if definition.pairs else names * (names - 1) // 2
    elif not definition.method.multiple:
        kinds = names
    return share(key) * kinds * definition.repeats + definition.training.trials


def check_items(key: Key) -> list[Item]:
    """Return the trials with a known answer, and those that are there to be compared."""
    uses = (Use.GOOD, Use.BAD, Use.REPEAT, Use.NULL, Use.GOLD, Use.TRAP)
    found = list(key.of_use(*uses))
    made = [Item(one.clip, "", (one.condition,), use=one.use) for one in found]
    single = {one.clip for one in found}
    for clip in key.clips:
        if clip.part is Part.CHECK and clip.name.startswith(SPOKEN) and clip.name not in single:
            sides = number(key.definition.seed, key.secret, clip.name)
            flipped, second = bool(sides % 2), bool(sides // 2 % 2)
            made.append(Item(clip.name, "", systems(key)[0], use=Use.TRAP, flipped=flipped, x_second=second))
    return made


def spread(items: list[Item], extra: list[Item], seed: tuple[object, ...]) -> list[Item]:
    """Spread checks evenly, never first and never beside the same clip where that can be helped."""
    made = list(items)
    for place, one in enumerate(shuffled(extra, *seed, "checks")):
        part = (len(items) + len(extra)) / len(extra)
        wish = int((place + 0.25 + 0.5 * (number(*seed, "at", place) % 1000) / 1000) * part)
        made.insert(_free_place(made, one.clip, max(1, min(wish, len(made)))), one)
    return made


def _free_place(items: Sequence[Item], clip: str, wish: int) -> int:
    for away in range(len(items)):
        for place in (wish + away, wish - away):
            if 1 <= place <= len(items) and all(one.clip != clip for one in items[place - 1 : place + 1]):
                return place
    return wish
