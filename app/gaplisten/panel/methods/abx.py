"""ABX discrimination: is X the same as A or the same as B."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from gaplisten.panel.dialog_options import SPOKEN_TRAPS, Count
from gaplisten.panel.methods.contract import Design, Digits, Method, Saying, greater_of_two
from gaplisten.panel.parts import Part
from gaplisten.panel.planned import Code, Item, Laid, Planned, Use, lettered
from gaplisten.panel.ratings import PairTest, Rating, Statistic
from gaplisten.panel.trial import Playing, Response, Slot
from gaplisten.tables import Cell, Table

if TYPE_CHECKING:
    from gaplisten.panel.statistics.contrast import Contrast


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

    def statistics(
        self, votes: Sequence[Rating], found: Sequence[Contrast], *, resample: bool
    ) -> list[Statistic]:
        """Return how far apart the two of each pair are heard to be, and in how many trials at most."""
        columns = ("first", "second", "right", "d'", "95 % low", "95 % high", "interval over")
        heard = ("heard in", "heard at most (95 %)")
        rows = tuple(row for one in found if (row := _discriminated(one)) is not None)
        note = "who hears a difference in h of the trials and guesses in the others is right in (1 + h) / 2"
        return [
            Statistic("told-apart", "How well they are told apart", Table((*columns, *heard), rows), (note,))
        ]


def _discriminated(one: Contrast) -> tuple[Cell, ...] | None:
    from gaplisten.panel.statistics.discrimination import d_prime, heard

    if one.share is None or one.low is None or one.high is None:
        return None
    sensed = (d_prime(value) for value in (one.mean, one.low, one.high))
    shares = (heard(one.mean), heard(one.share.upper(0.05)))
    return (
        one.condition,
        one.against,
        round(one.mean, 4),
        *(round(value, 4) for value in sensed),
        str(one.over.speaks),
        *(round(value, 4) for value in shares),
    )


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
