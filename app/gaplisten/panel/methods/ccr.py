"""Comparison category rating (ITU-T P.800, Annex E): a recording and its reference in either order."""

from __future__ import annotations

from dataclasses import dataclass

from gaplisten.panel.dialog_options import SPOKEN_TRAPS, known_answers
from gaplisten.panel.methods.contract import Design
from gaplisten.panel.methods.dcr import WithReference
from gaplisten.panel.parts import REFERENCE
from gaplisten.panel.planned import Code, Item, Laid, Planned, Use, lettered
from gaplisten.panel.trial import Playing, Slot


@dataclass(frozen=True)
class InEitherOrder(WithReference):
    """A recording and its reference; nobody is told which of the two is the reference."""

    def lay_out(self, design: Design, item: Item, code: Code, number: int, index: int) -> Laid:
        """Return both, in the order that the plan drew."""
        own = item.system[0]
        reference = Slot("", code(item.clip, REFERENCE, Use.OPEN))
        sound = Slot("", code(item.clip, own, item.sound_use))
        return lettered([(reference, REFERENCE), (sound, own)], "AB", item.flipped)

    def score(self, vote: str, planned: Planned) -> float:
        """Return "processed compared with reference": votes say "second compared with first"."""
        return float(vote) * (1.0 if planned.conditions[1] == planned.condition else -1.0)


METHOD = InEitherOrder(
    name="ccr",
    title="CCR",
    result="CMOS",
    place=40,
    playing=Playing.IN_TURN,
    sided=True,
    range=(-3, 3),
    checks=("clear_good", "clear_bad", "null_pairs", "spoken"),
    best=0,
    worst=-3,
    needs_reference=True,
    dialog=(*known_answers("clear_good", "clear_bad", "null_pairs"), SPOKEN_TRAPS),
    reference_conditions=True,
    against_reference=True,
)
