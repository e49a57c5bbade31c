"""ABC/HR (ITU-R BS.1116): A is the reference; one of B and C is the reference again, both are graded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gaplisten.panel.dialog_options import SPOKEN_TRAPS
from gaplisten.panel.methods.contract import Design, Digits, Method, Saying, each_says
from gaplisten.panel.parts import REFERENCE
from gaplisten.panel.planned import Code, Item, Laid, Use, lettered, open_reference
from gaplisten.panel.ratings import Rating
from gaplisten.panel.trial import Playing, Response, Slot


@dataclass(frozen=True)
class TripleStimulus(Method):
    """A recording and its hidden reference, beside the open one."""

    def sounds(self, design: Design) -> Iterator[tuple[str, Use]]:
        """Yield each condition, the open and the hidden reference."""
        yield from super().sounds(design)
        yield REFERENCE, Use.OPEN
        if REFERENCE not in design.conditions:
            yield REFERENCE, Use.TEST

    def lay_out(self, design: Design, item: Item, code: Code, number: int, index: int) -> Laid:
        """Return A, then B and C in the order that the plan drew."""
        names = (REFERENCE, item.system[0])
        pairs = [(Slot("", code(item.clip, name, Use.TEST), rated=True), name) for name in names]
        slots, played = lettered(pairs, "BC", item.flipped)
        return (open_reference(code, item.clip, "A"), *slots), (REFERENCE, *played)

    def about(self, item: Item) -> tuple[str, str]:
        """Return nothing: each slot is rated."""
        return "", ""

    def sayings(self, design: Design, system: Sequence[str], digits: Digits) -> list[Saying]:
        """Return a digit for B and one for C: the grades that they get, give or take half a step."""
        names = [REFERENCE, *system]
        drawn = digits(range(1, 6))[: len(names)]
        return each_says(self, design, names, [(digit, digit) for digit in drawn], within=0.5)

    def results(self, ratings: Sequence[Rating]) -> list[Rating]:
        """Return the grades of the objects less those of their hidden references (SDG)."""
        hidden = {(one.listener, one.trial): one.score for one in ratings if one.role == "reference"}
        return [
            replace(one, score=one.score - hidden[one.listener, one.trial])
            for one in ratings
            if one.role != "reference" and (one.listener, one.trial) in hidden
        ]

    def step(self, conditions: int) -> float:
        """Return the step of the five-grade scale as it is graded here."""
        return 0.1


METHOD = TripleStimulus(
    name="abc_hr",
    title="ABC/HR",
    result="SDG",
    place=60,
    response=Response.GRADES,
    playing=Playing.SWITCHED,
    sided=True,
    checks=("spoken",),
    range=(-4, 0.5),
    needs_reference=True,
    against_reference=True,
    dialog=(SPOKEN_TRAPS,),
)
