"""ABX discrimination: is X the same as A or the same as B."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from gaplisten.panel.dialog_options import SPOKEN_TRAPS, Count
from gaplisten.panel.methods.contract import (
    Code,
    Design,
    Digits,
    Item,
    Laid,
    Method,
    PairTest,
    Planned,
    Saying,
    Use,
    greater_of_two,
    lettered,
)
from gaplisten.panel.parts import Part
from gaplisten.panel.trial import Playing, Response, Slot


class AbxOptions(Part):
    """The table ``[abx]``: the number of trials of each pair is fixed beforehand."""

    trials: int = Field(default=16, ge=1, le=1000)
    sides: Literal["random", "fixed"] = "random"


@dataclass(frozen=True)
class Discrimination(Method):
    """A pair, and one of the two again under a code of its own."""

    def series(self, design: Design) -> int | None:
        """Return the number of trials."""
        assert isinstance(design.options, AbxOptions)
        return design.options.trials

    def fixed_sides(self, design: Design) -> bool:
        """Tell whether A stays what is written first; X is drawn all the same."""
        assert isinstance(design.options, AbxOptions)
        return design.options.sides == "fixed"

    def sounds(self, design: Design) -> Iterator[tuple[str, Use]]:
        """Yield each condition as itself and as X."""
        for name in design.conditions:
            yield name, Use.TEST
            yield name, Use.X

    def lay_out(self, design: Design, item: Item, code: Code, number: int, index: int) -> Laid:
        """Return A, B and X."""
        pairs = [(Slot("", code(item.clip, name, Use.TEST)), name) for name in item.system]
        slots, names = lettered(pairs, "AB", item.flipped)
        hidden = names[item.x_second]
        return (*slots, Slot("X", code(item.clip, hidden, Use.X))), (*names, hidden)

    def sayings(self, design: Design, system: Sequence[str], digits: Digits) -> list[Saying]:
        """Return two digits; X says that of A or of B."""
        return greater_of_two(self, design, system, digits)

    def about(self, item: Item) -> tuple[str, str]:
        """Return the pair."""
        return item.system[0], item.system[1]

    def answer(self, item: Item) -> str | None:
        """Return the letter of what X is."""
        return "B" if item.x_second else "A"

    def score(self, vote: str, planned: Planned) -> float:
        """Return 1 for right, 0 for wrong."""
        return float(vote == planned.expected)


METHOD = Discrimination(
    name="abx",
    title="ABX",
    result="proportion correct",
    place=80,
    response=Response.CHOICE,
    playing=Playing.SWITCHED,
    sided=True,
    checks=("spoken",),
    range=(0, 1),
    test=PairTest("correct", two_sided=False, ties=False),
    options=AbxOptions,
    dialog=(
        Count("abx", "trials", "Trials of each pair", value=16, lowest=1),
        SPOKEN_TRAPS,
    ),
    starter="""\
[abx]
# trials = 16            # of each pair, fixed beforehand
# sides = "random"       # "fixed": A stays A, only X is drawn

""",
)
