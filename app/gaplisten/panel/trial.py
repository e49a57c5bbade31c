"""One screen of a panel as the window may know it: letters and opaque codes, no condition."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gaplisten.panel.methods import Method, MethodFacts, facts

Vote = int | float | str
WHOLE_TRIAL = -1  # the "slot" of a vote on the trial as a whole (a category for a pair, a choice)
VoteKey = tuple[int, str]  # what a vote answers: (slot or `WHOLE_TRIAL`, scale); "" is a method's only scale


class Block(StrEnum):
    """The part of the session a trial belongs to; the listener is told."""

    TRAINING = "training"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Slot:
    """One sound of a trial.

    Parameters
    ----------
    letter
        What the button says: "A", "B", ... "X"; "" for the openly named reference and for a single recording.
    stimulus
        Opaque code of the frozen stimulus; never to be shown.
    named_reference
        Whether the listener is told that this is the reference.
    rated
        Whether this slot gets a vote of its own (sliders, grades, the single recording of ACR).
    """

    letter: str
    stimulus: str
    named_reference: bool = False
    rated: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """One screen.

    Parameters
    ----------
    number
        Position in the listener's whole plan, from 1 (training included).
    block
        Training or test.
    method
        What is asked; see `facts`.
    slots
        The sounds in the order of their buttons. IN_TURN methods play slot 0, then slot 1.
    scales
        What is asked of each rated slot, or of the trial, in the order in which it is asked; `("",)` where
        the method has one scale.
    """

    number: int
    block: Block
    method: Method
    slots: tuple[Slot, ...]
    scales: tuple[str, ...] = ("",)

    @property
    def facts(self) -> MethodFacts:
        """What holds for every trial of this method."""
        return facts(self.method)

    @property
    def rated_slots(self) -> tuple[int, ...]:
        """Indices of the slots that get a vote of their own; empty when the trial as a whole is voted on."""
        return tuple(index for index, slot in enumerate(self.slots) if slot.rated)
