"""Pair ABX: X is another sentence of the system that A or of the system that B is a sample of.

In ABX proper X is one of the two recordings again, so that any trace of the recording itself gives the answer
away, down to the noise of one packet. Here only what is common to a system's recordings does: the question is
whether two systems sound different, not whether two files are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gaplisten.panel.dialog_options import SPOKEN_TRAPS, Count
from gaplisten.panel.methods.abx import METHOD as ABX
from gaplisten.panel.methods.abx import Discrimination
from gaplisten.panel.methods.contract import Design, UnfitError
from gaplisten.panel.planned import Code, Form, Item, Laid, Use, lettered
from gaplisten.panel.trial import Playing, Response, Slot

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class PairDiscrimination(Discrimination):
    """A pair of one clip, and another clip in one of the two systems."""

    def completed(self, items: list[Item], forms: Mapping[str, Form], rng: np.random.Generator) -> list[Item]:
        """Draw the clip of X: each comes about equally often, none is the clip of A and B."""
        drawn: dict[str, int] = {}
        made = []
        for item in items:
            others = [one for one in forms if one != item.clip and forms[one] == forms[item.clip]]
            if not others:
                raise UnfitError(
                    f"X needs another clip of the same rate and channels, {item.clip!r} has none; abx_pair"
                    " needs two clips at least"
                )
            rank = {one: (drawn.get(one, 0), rng.random()) for one in others}
            other = min(others, key=rank.__getitem__)
            drawn[other] = drawn.get(other, 0) + 1
            made.append(replace(item, other=other))
        return made

    def lay_out(self, design: Design, item: Item, code: Code, number: int, index: int) -> Laid:
        """Return A, B and X; that of a spoken attention trial has no other sentence."""
        pairs = [(Slot("", code(item.clip, name, Use.TEST)), name) for name in item.system]
        slots, names = lettered(pairs, "AB", item.flipped)
        hidden = names[item.x_second]
        return (*slots, Slot("X", code(item.other or item.clip, hidden, Use.X))), (*names, hidden)


METHOD = PairDiscrimination(
    name="abx_pair",
    title="Pair ABX, X is another sentence",
    result="proportion correct",
    place=85,
    response=Response.CHOICE,
    playing=Playing.SEPARATE,
    sided=True,
    checks=("spoken",),
    range=(0, 1),
    test=ABX.test,
    options=ABX.options,
    dialog=(
        Count("abx_pair", "trials", "Trials of each pair", value=16, lowest=1),
        SPOKEN_TRAPS,
    ),
    starter=ABX.starter.replace("[abx]", "[abx_pair]"),
)
