"""Degradation category rating (ITU-T P.800, Annex D): the reference first, always, then the recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gaplisten.panel.dialog_options import SPOKEN_TRAPS, known_answers
from gaplisten.panel.methods.contract import Design, Method
from gaplisten.panel.parts import REFERENCE
from gaplisten.panel.planned import Code, Item, Laid, Use, open_reference
from gaplisten.panel.trial import Playing, Slot


@dataclass(frozen=True)
class WithReference(Method):
    """A recording after its reference."""

    def sounds(self, design: Design) -> Iterator[tuple[str, Use]]:
        """Yield each condition, and the reference that is heard beside it."""
        yield from super().sounds(design)
        yield REFERENCE, Use.OPEN

    def lay_out(self, design: Design, item: Item, code: Code, number: int, index: int) -> Laid:
        """Return the reference, then the recording."""
        own = item.system[0]
        sound = Slot("B", code(item.clip, own, item.sound_use))
        return (open_reference(code, item.clip, "A"), sound), (REFERENCE, own)

    def about(self, item: Item) -> tuple[str, str]:
        """Return the condition; it is compared with the reference."""
        return item.system[0], REFERENCE


METHOD = WithReference(
    name="dcr",
    title="DCR",
    result="DMOS",
    place=30,
    playing=Playing.IN_TURN,
    checks=("clear_good", "clear_bad", "null_pairs", "spoken"),
    needs_reference=True,
    dialog=(*known_answers("clear_good", "clear_bad", "null_pairs"), SPOKEN_TRAPS),
    reference_conditions=True,
)
