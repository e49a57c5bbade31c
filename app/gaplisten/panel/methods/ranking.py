"""Ranking by elimination: of all conditions of a clip the worst goes out, again and again, until one is left.

With many systems it is faster than comparing them in pairs, and it needs no scale. A vote is a place, 1 for
the one that was left; its score is the share of the others that it beat, 1 for the best and 0 for the worst,
so that clips and panels with more or fewer systems can be laid side by side (Borda's count, divided by its
largest value).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gaplisten.panel.dialog_options import SPOKEN_TRAPS, Tick
from gaplisten.panel.methods.contract import (
    LETTERS,
    Code,
    Design,
    Digits,
    Item,
    Laid,
    Method,
    Planned,
    Saying,
    UnfitError,
    Use,
    each_says,
    open_reference,
)
from gaplisten.panel.parts import REFERENCE, Part
from gaplisten.panel.trial import Playing, Response, Slot

MOST_DIGITS = 9  # conditions that spoken attention trials can tell apart
MOST_CONDITIONS = 12  # one more than a listener can keep apart, as in BS.1534-3


class RankingOptions(Part):
    """The table ``[ranking]``."""

    reference: bool = False


def _own(design: Design) -> RankingOptions:
    assert isinstance(design.options, RankingOptions)
    return design.options


@dataclass(frozen=True)
class Elimination(Method):
    """All conditions of a clip behind letters, beside them an open reference where the panel wants one."""

    def wants_reference(self, design: Design) -> bool:
        """Tell whether the reference is heard."""
        return _own(design).reference

    def check(self, design: Design) -> None:
        """Refuse what cannot be ranked."""
        count = len(design.conditions)
        if not 2 <= count <= MOST_CONDITIONS:
            raise UnfitError(f"a ranking needs 2 to {MOST_CONDITIONS} conditions, there are {count}")

    def sounds(self, design: Design) -> Iterator[tuple[str, Use]]:
        """Yield the conditions, and the open reference."""
        yield from super().sounds(design)
        if _own(design).reference:
            yield REFERENCE, Use.OPEN

    def letters(self, design: Design) -> int:
        """Return how many conditions are ranked."""
        return len(design.conditions)

    def lay_out(self, design: Design, item: Item, code: Code, number: int, index: int) -> Laid:
        """Return the conditions in the order that the plan drew, after the open reference."""
        order = [design.conditions[at] for at in item.order]
        letters = zip(LETTERS, order, strict=False)
        slots = tuple(Slot(letter, code(item.clip, name, Use.TEST), rated=True) for letter, name in letters)
        if not _own(design).reference:
            return slots, tuple(order)
        return (open_reference(code, item.clip), *slots), (REFERENCE, *order)

    def about(self, item: Item) -> tuple[str, str]:
        """Return nothing: each slot gets a place."""
        return "", ""

    def sayings(self, design: Design, system: Sequence[str], digits: Digits) -> list[Saying]:
        """Return a digit for each condition: the smallest goes out first, so the greatest is at place 1."""
        names = design.conditions
        if len(names) > MOST_DIGITS:
            fact = f"spoken_traps with ranking need a digit for each condition: {MOST_DIGITS} at most"
            raise UnfitError(f"{fact}, there are {len(names)}; leave spoken_traps out")
        drawn = digits(range(1, 10))[: len(names)]
        places = {digit: place for place, digit in enumerate(sorted(drawn, reverse=True), start=1)}
        return each_says(self, design, names, [(digit, places[digit]) for digit in drawn], within=0)

    def score(self, vote: str, planned: Planned) -> float:
        """Return the share of the others that were worse."""
        count = len(planned.trial.rated_slots)
        return (count - int(vote)) / (count - 1)

    def step(self, conditions: int) -> float:
        """Return the share of the others that one place is worth."""
        return 1 / max(conditions - 1, 1)


METHOD = Elimination(
    name="ranking",
    title="Ranking by elimination",
    result="share of the others beaten",
    place=55,
    response=Response.PLACES,
    playing=Playing.SWITCHED,
    checks=("spoken",),
    range=(0, 1),
    multiple=True,
    options=RankingOptions,
    dialog=(
        Tick("ranking", "reference", "open reference beside the recordings", False),
        SPOKEN_TRAPS,
    ),
    starter="""\
[ranking]
# reference = false      # true: an open reference beside the recordings

""",
)
