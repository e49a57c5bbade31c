"""A/B preference: two conditions, switched freely; which is preferred."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gaplisten.panel.dialog_options import SPOKEN_TRAPS, Tick
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
    open_reference,
)
from gaplisten.panel.parts import REFERENCE, Part
from gaplisten.panel.trial import Playing, Response, Slot, Vote

NO_PREFERENCE = "none"


class AbOptions(Part):
    """The table ``[ab]``."""

    no_preference: bool = True
    reference: bool = False
    sides: Literal["random", "fixed"] = "random"


def _own(design: Design) -> AbOptions:
    assert isinstance(design.options, AbOptions)
    return design.options


@dataclass(frozen=True)
class Preference(Method):
    """Two conditions, and an open reference beside them where the panel wants one."""

    def wants_reference(self, design: Design) -> bool:
        """Tell whether the reference is heard."""
        return _own(design).reference

    def fixed_sides(self, design: Design) -> bool:
        """Tell whether A stays what is written first."""
        return _own(design).sides == "fixed"

    def sounds(self, design: Design) -> Iterator[tuple[str, Use]]:
        """Yield the conditions, and the open reference."""
        yield from super().sounds(design)
        if _own(design).reference:
            yield REFERENCE, Use.OPEN

    def lay_out(self, design: Design, item: Item, code: Code, number: int, index: int) -> Laid:
        """Return the pair in the order that the plan drew."""
        pairs = [(Slot("", code(item.clip, name, Use.TEST)), name) for name in item.system]
        slots, names = lettered(pairs, "AB", item.flipped)
        if not _own(design).reference:
            return slots, names
        return (open_reference(code, item.clip), *slots), (REFERENCE, *names)

    def sayings(self, design: Design, system: Sequence[str], digits: Digits) -> list[Saying]:
        """Return two digits, of which the greater is to be chosen."""
        return greater_of_two(self, design, system, digits)

    def about(self, item: Item) -> tuple[str, str]:
        """Return the pair."""
        return item.system[0], item.system[1]

    def left_out(self, design: Design) -> tuple[Vote, ...]:
        """Return "no preference" where the choice is forced."""
        return () if _own(design).no_preference else (NO_PREFERENCE,)

    def score(self, vote: str, planned: Planned) -> float:
        """Return 1 for the first of the pair, -1 for the second, 0 for neither."""
        if vote == NO_PREFERENCE:
            return 0.0
        letters = [slot.letter for slot in planned.trial.slots]
        return 1.0 if planned.conditions[letters.index(vote)] == planned.condition else -1.0


METHOD = Preference(
    name="ab",
    title="A/B preference",
    result="preference",
    place=70,
    response=Response.CHOICE,
    playing=Playing.SWITCHED,
    sided=True,
    checks=("spoken",),
    range=(0, 1),
    test=PairTest("preferred first", two_sided=True, ties=True),
    options=AbOptions,
    dialog=(
        Tick("ab", "no_preference", "“no preference” may be answered", True),
        Tick("ab", "reference", "open reference beside A and B", False),
        SPOKEN_TRAPS,
    ),
    starter="""\
[ab]
# no_preference = true   # false: a forced choice
# reference = false      # true: an open reference beside A and B
# sides = "random"       # "fixed": A stays A, to learn a difference; preferences then have a side

""",
)
