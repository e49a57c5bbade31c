"""One screen of a panel as the window may know it: letters and opaque codes, no condition."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Vote = int | float | str
WHOLE_TRIAL = -1  # the "slot" of a vote on the trial as a whole (a category for a pair, a choice)
VoteKey = tuple[int, str]  # what a vote answers: (slot or `WHOLE_TRIAL`, scale); "" is a method's only scale


class Response(StrEnum):
    """What the listener is asked for.

    CATEGORY: one category for the trial, on each scale. CHOICE: one of the letters (or "none") for the trial.
    SLIDERS: a whole number 0..100 for each rated slot. GRADES: 1.0..5.0 in tenths for each rated slot.
    PLACES: the place of each rated slot, given to the worst of those that are left, until one is.
    """

    CATEGORY = "category"
    CHOICE = "choice"
    SLIDERS = "sliders"
    GRADES = "grades"
    PLACES = "places"


class Playing(StrEnum):
    """How a trial's slots are listened to.

    SINGLE: one recording. IN_TURN: the first, a pause, the second, without switching.
    SWITCHED: any slot at any time, at the same running position.
    SEPARATE: any slot at any time, each from its beginning: they are not the same sentence.
    """

    SINGLE = "single"
    IN_TURN = "in_turn"
    SWITCHED = "switched"
    SEPARATE = "separate"


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
        What the button says: "A", "B", ... "X"; "" for an openly named reference without a letter and for a
        single recording.
    stimulus
        Opaque code of the frozen stimulus; never to be shown.
    named_reference
        Whether the listener is told that this is the reference.
    rated
        Whether this slot gets a vote of its own (sliders, grades).
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
        The method's name, for the CSV.
    response, playing
        What is asked for and how the slots are listened to.
    slots
        The sounds in the order of their buttons. IN_TURN methods play slot 0, then slot 1.
    scales
        What is asked of each rated slot, or of the trial, in the order in which it is asked; `("",)` where
        the method has one scale.
    hear_each
        Whether each scale is rated after a hearing of its own.
    together
        Whether all scales stand on the page at once.
    """

    number: int
    block: Block
    method: str
    response: Response
    playing: Playing
    slots: tuple[Slot, ...]
    scales: tuple[str, ...] = ("",)
    hear_each: bool = False
    together: bool = False

    @property
    def rated_slots(self) -> tuple[int, ...]:
        """Indices of the slots that get a vote of their own; empty when the trial as a whole is voted on."""
        return tuple([index for index, slot in enumerate(self.slots) if slot.rated])

    @property
    def wanted_count(self) -> int:
        """How many votes it needs."""
        return (sum([slot.rated for slot in self.slots]) or 1) * len(self.scales)

    @property
    def switched(self) -> bool:
        """Whether any slot can be heard at any time."""
        return self.playing in (Playing.SWITCHED, Playing.SEPARATE)

    @property
    def separate(self) -> bool:
        """Whether each slot is heard from its beginning when it is chosen."""
        return self.playing is Playing.SEPARATE

    @property
    def wanted_votes(self) -> tuple[VoteKey, ...]:
        """What needs a vote, in the order asked: every scale of each rated slot, or of the trial."""
        slots = self.rated_slots or (WHOLE_TRIAL,)
        return tuple((slot, scale) for slot in slots for scale in self.scales)
