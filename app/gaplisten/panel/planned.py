"""A trial before it is shown, and the truth about it: what is drawn, laid out, and kept from the window."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from gaplisten.panel.parts import REFERENCE
from gaplisten.panel.trial import Slot, Trial


class Use(StrEnum):
    """What a stimulus is in the test for; each use of the same sound has its own code and file."""

    TEST = "test"
    OPEN = "open"  # the openly named reference
    X = "x"  # what ABX plays as X
    GOOD = "clear_good"
    BAD = "clear_bad"
    REPEAT = "reference_repeat"
    NULL = "null_pair"
    GOLD = "gold"
    TRAP = "trap"
    TRAINING = "training"
    STEP = "step"


@dataclass(frozen=True)
class Item:
    """One trial before it is laid out.

    Parameters
    ----------
    system
        A condition, or a pair of them, or nothing: all of them.
    part, block
        Round and half of the round; number of the block in the session.
    flipped
        Whether the two of a pair stand in the other order.
    x_second
        Whether ABX plays the second one again.
    order
        Which signal stands behind each letter (methods with letters); empty in panels of the first design.
    other
        The clip that X is taken from, where that is another one.
    """

    clip: str
    stratum: str
    system: tuple[str, ...]
    part: tuple[int, int] = (0, 0)
    use: Use = Use.TEST
    flipped: bool = False
    x_second: bool = False
    block: int = 0
    order: tuple[int, ...] = ()
    other: str = ""

    @property
    def sound_use(self) -> Use:
        """The use under which the sound of the trial's condition was frozen."""
        return Use.TEST if self.use in (Use.TEST, Use.TRAINING) else self.use


Form = tuple[int, int]  # of a clip: rate in Hz, channels
Code = Callable[[str, str, Use], str]  # the code of a stimulus, by clip, condition and use
Laid = tuple[tuple[Slot, ...], tuple[str, ...]]  # the slots of a trial, and the condition that each plays


@dataclass(frozen=True)
class Planned:
    """A trial and the truth about it; the truth stays in the engine.

    Parameters
    ----------
    kind
        "training", "test" or the kind of check.
    conditions
        What each slot plays.
    condition, compared_with
        What the trial is about; "" for methods that rate every slot.
    expected, within
        The known answer of a check, in terms of the score; the right letter where there is one.
    answers
        The known answers of a check on several scales, by scale.
    """

    trial: Trial
    kind: str
    clip: str
    stratum: str
    conditions: tuple[str, ...]
    condition: str = ""
    compared_with: str = ""
    expected: int | str | None = None
    within: float = 0
    answers: Mapping[str, int] = field(default_factory=dict)

    def on(self, trial: Trial) -> Planned:
        """Return the same truth about another trial."""
        # Not `replace`: a large panel has fifty thousand of them, and that takes five times as long.
        about = (self.kind, self.clip, self.stratum, self.conditions, self.condition, self.compared_with)
        return Planned(trial, *about, self.expected, self.within, self.answers)

    @cached_property
    def wanted_count(self) -> int:
        """How many votes the trial needs."""
        return self.trial.wanted_count

    @cached_property
    def sounds(self) -> str:
        """All that says what is heard, by whatever number: the same text for the same sounds asked about."""
        slots = [(one.letter, one.stimulus, one.named_reference, one.rated) for one in self.trial.slots]
        return repr((slots, self.kind, self.condition))

    @cached_property
    def _stimuli(self) -> str:
        return repr([slot.stimulus for slot in self.trial.slots])

    def code(self, salt: str, number: int | None = None) -> str:
        """Return a short digest of the layout: tells on resuming whether the plan is still the same.

        Parameters
        ----------
        number
            Of a trial that is laid out like this one; its own by default.
        """
        number = self.trial.number if number is None else number
        text = f"({salt!r}, {number}, {self._stimuli})"
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def open_reference(code: Code, clip: str, letter: str = "") -> Slot:
    """Return the slot of an openly named reference."""
    return Slot(letter, code(clip, REFERENCE, Use.OPEN), named_reference=True)


def lettered(pairs: Sequence[tuple[Slot, str]], letters: str, flipped: bool) -> Laid:
    """Return two slots with their letters, in this order or the other."""
    pairs = list(pairs)[::-1] if flipped else pairs
    slots = tuple(replace(slot, letter=letter) for (slot, _), letter in zip(pairs, letters, strict=True))
    return slots, tuple(name for _, name in pairs)
