"""What a test method is: all that one file of this folder says about it.

A method's file holds one `METHOD`, a `Method` or a class derived from it. Its defaults are those of the
plainest case, one recording that gets one category. Nothing outside this folder asks which method it is: it
asks the method.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from gaplisten import languages
from gaplisten.panel.parts import REFERENCE, Part
from gaplisten.panel.scales import Scale, scale
from gaplisten.panel.trial import Block, Playing, Response, Slot, Trial, Vote

if TYPE_CHECKING:
    import numpy as np

    from gaplisten.audio.signal import Signal

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


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
class Design:
    """What a method needs to know of a panel: its conditions as written, and the method's own table."""

    conditions: tuple[str, ...]
    options: Part


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
    within: int = 0
    answers: Mapping[str, int] = field(default_factory=dict)

    def code(self, salt: str) -> str:
        """Return a short digest of the layout: tells on resuming whether the plan is still the same."""
        text = repr((salt, self.trial.number, [slot.stimulus for slot in self.trial.slots]))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Rating:
    """One vote of one listener on one scale, sign and meaning already those of the result.

    Parameters
    ----------
    kind
        "test", or the kind of check: clear_good, clear_bad, reference_repeat, null_pair, gold, trap.
    score
        1..5; -3..3 (processed versus reference); 0..100; 1 or 0 (ABX); 1, 0, -1 (A/B).
    passed
        Whether a check was passed; None for other votes.
    scale
        "" where the method has one scale.
    talker, sex
        Of the clip; "" where nobody said so.
    """

    listener: str
    kind: str
    clip: str
    stratum: str
    condition: str
    compared_with: str
    role: str
    trial: int
    score: float
    passed: bool | None = None
    underflows: int = 0
    scale: str = ""
    talker: str = ""
    sex: str = ""


def grouped(ratings: Iterable[Rating], key: Callable[[Rating], str]) -> Mapping[str, list[Rating]]:
    """Return ratings by a key, in the order in which the keys first appear."""
    groups: dict[str, list[Rating]] = {}
    for rating in ratings:
        groups.setdefault(key(rating), []).append(rating)
    return groups


@dataclass(frozen=True)
class PairTest:
    """How answers to pairs are counted and tested.

    Parameters
    ----------
    counted
        What a success is called, for the head of a column.
    two_sided
        Whether the exact binomial test asks for a difference in either direction.
    ties
        Whether a listener may be undecided; such answers are no part of the test.
    """

    counted: str
    two_sided: bool
    ties: bool


@dataclass(frozen=True)
class Tick:
    """A box to tick in the dialog that makes panels; sets `key` of the file's table `table`.

    Parameters
    ----------
    needs
        Key of another box without which this one means nothing.
    """

    table: str
    key: str
    text: str
    value: bool
    needs: str = ""


@dataclass(frozen=True)
class Count:
    """A number to set in the dialog that makes panels."""

    table: str
    key: str
    text: str
    value: int = 0
    lowest: int = 0
    highest: int = 1000
    suffix: str = ""
    tip: str = ""


@dataclass(frozen=True)
class Several:
    """Boxes of which any may be ticked; the file gets the list of their names.

    Parameters
    ----------
    choices
        (name, text) of each.
    """

    table: str
    key: str
    choices: tuple[tuple[str, str], ...]
    value: tuple[str, ...]


Option = Tick | Count | Several


@dataclass(frozen=True)
class Made:
    """A sound that a method makes of every clip: from its reference, or from its lossy file."""

    of_lossy: bool
    make: Callable[[Signal], Signal]


class UnfitError(ValueError):
    """What a panel asks for does not go with its method."""


@dataclass(frozen=True)
class Method:
    """A listening-test method.

    Parameters
    ----------
    name
        What TOML and CSV say: the name of the method's file.
    title
        For people who make panels (never shown to listeners).
    result
        What the mean score is called.
    place
        Where it stands in lists.
    response, playing
        What is asked for and how the slots are listened to.
    range
        Lowest and highest result, for figures.
    scales
        What is asked of one recording; `("",)` where there is one question.
    checked
        The scale on which checks with a known answer are judged.
    hear_each
        Whether each scale is rated after a hearing of its own.
    together
        Whether all scales stand on the page at once.
    every_scale
        Whether a trap asks for the same answer on every scale, and all gold recordings must be met.
    checks
        The checks among the trials that are allowed: names of numbers under ``[checks]``, and "files" for
        gold and trap recordings.
    best, worst
        The votes for the reference and for clearly bad speech, where checks are allowed.
    needs_reference
        Whether a clip without reference cannot be used.
    multiple
        Whether one trial holds all conditions of a clip rather than one or a pair.
    test
        How pairs are tested, for methods whose trials compare two conditions.
    sided
        Whether the two sounds of a trial stand in either order.
    practice_needed
        Whether the method's standard makes practice mandatory.
    reference_conditions
        Whether the method's standard wants modulated noise (MNRU) among the conditions.
    medians
        Whether figures show median and quartiles.
    against_reference
        Whether a score is a difference from the reference already, so that its mean is compared with nil.
    options
        The method's own table of a panel's file, called as the method; `Part` itself where there is none.
    dialog
        What the dialog that makes panels asks.
    starter
        The method's own table for a file to begin with.
    """

    name: str
    title: str
    result: str
    place: int
    response: Response = Response.CATEGORY
    playing: Playing = Playing.SINGLE
    range: tuple[float, float] = (1, 5)
    scales: tuple[str, ...] = ("",)
    checked: str = ""
    hear_each: bool = False
    together: bool = False
    every_scale: bool = False
    checks: tuple[str, ...] = ()
    best: int = 5
    worst: int = 1
    needs_reference: bool = False
    multiple: bool = False
    test: PairTest | None = None
    sided: bool = False
    practice_needed: bool = False
    reference_conditions: bool = False
    medians: bool = False
    against_reference: bool = False
    options: type[Part] = Part
    dialog: tuple[Option, ...] = ()
    starter: str = ""

    @property
    def paired(self) -> bool:
        """Whether one trial compares two conditions."""
        return self.test is not None

    # The panel's definition

    def wants_reference(self, design: Design) -> bool:
        """Tell whether every clip must have a reference."""
        return self.needs_reference

    def check(self, design: Design) -> None:
        """Refuse a design that does not go with this method.

        Raises
        ------
        UnfitError
            Saying why.
        """

    def may_need_hundred(self, design: Design) -> bool:
        """Tell whether a panel may ask that one recording gets 100."""
        return False

    def letters(self, design: Design) -> int:
        """Return how many signals stand behind letters in an order of their own; 0 where none do."""
        return 0

    def fixed_sides(self, design: Design) -> bool:
        """Tell whether the two of a pair always stand in the order in which they are written."""
        return False

    def series(self, design: Design) -> int | None:
        """Return the number of trials of each pair, where it is fixed beforehand and one answer is right."""
        return None

    # Its sounds

    def sounds(self, design: Design) -> Iterator[tuple[str, Use]]:
        """Yield (condition, use) of every stimulus that each clip of the test has."""
        for name in design.conditions:
            yield name, Use.TEST

    def made(self, design: Design) -> Mapping[str, Made]:
        """Return the sounds that are made of every clip, by the names that they have as conditions."""
        return {}

    @property
    def reserved(self) -> tuple[str, ...]:
        """Names that no condition may have, because this method makes sounds that are called so."""
        return ()

    # Its trials

    def completed(self, items: list[Item], forms: Mapping[str, Form], rng: np.random.Generator) -> list[Item]:
        """Return drawn trials with what this method draws besides clip, system and side.

        Parameters
        ----------
        forms
            The clips that it may use, and their form.

        Raises
        ------
        UnfitError
            If the clips do not go with the method.
        """
        return items

    def lay_out(self, design: Design, item: Item, code: Code, number: int, index: int) -> Laid:
        """Return the slots of a trial and the condition that each plays.

        Parameters
        ----------
        number, index
            Of the trial in the listener's plan, and of the listener in the design.
        """
        own = item.system[0]
        return (Slot("", code(item.clip, own, item.sound_use)),), (own,)

    def order_of_scales(self, index: int) -> tuple[str, ...]:
        """Return the order in which a listener is asked; `index` is the listener's place in the design."""
        return self.scales

    def about(self, item: Item) -> tuple[str, str]:
        """Return (condition, compared with) of a trial that is voted on as a whole, else two empty texts."""
        return item.system[0], ""

    def answer(self, item: Item) -> str | None:
        """Return the vote that is right, where one is."""
        return None

    def trial(
        self, number: int, block: Block, slots: tuple[Slot, ...], scales: tuple[str, ...] | None = None
    ) -> Trial:
        """Return a screen of this method."""
        asked = self.scales if scales is None else scales
        hear_each, together = self.hear_each, self.together
        return Trial(number, block, self.name, self.response, self.playing, slots, asked, hear_each, together)

    # Its words and scores

    def variant(self, design: Design) -> str:
        """Return which variant of its wording fits the design; "" is the plain one."""
        return ""

    def left_out(self, design: Design) -> tuple[Vote, ...]:
        """Return the answers of the scale that may not be given."""
        return ()

    def wording(self, language: str = languages.ENGLISH, design: Design | None = None) -> dict[str, Scale]:
        """Return the standard wording of each scale.

        Raises
        ------
        LanguageError, ScaleError
            If there is no such language, or no wording of this method in it.
        """
        variant = self.variant(design) if design else ""
        left_out = self.left_out(design) if design else ()
        made = {}
        for part in self.scales:
            words = scale(self.name, self.response, language, part=part, variant=variant)
            kept = tuple(pair for pair in words.labels if pair[0] not in left_out)
            made[part] = replace(words, labels=kept)
        return made

    def score(self, vote: str, planned: Planned) -> float:
        """Return a vote, as it stands in the CSV, as the result reads it."""
        return float(vote)

    # Its results

    def results(self, ratings: Sequence[Rating]) -> list[Rating]:
        """Return the ratings of which means are made."""
        return list(ratings)

    def step(self, conditions: int) -> float:
        """Return how far two neighbouring scores are apart, with so many conditions: what rounding hides."""
        return 1.0

    def screened(self, own: Sequence[Rating], everybody: Sequence[Rating]) -> list[str]:
        """Return why the method's own rules leave a listener out, "" for a rule that was kept.

        Parameters
        ----------
        own, everybody
            Ratings of the test, without checks.
        """
        return []


def open_reference(code: Code, clip: str, letter: str = "") -> Slot:
    """Return the slot of an openly named reference."""
    return Slot(letter, code(clip, REFERENCE, Use.OPEN), named_reference=True)


def lettered(pairs: Sequence[tuple[Slot, str]], letters: str, flipped: bool) -> Laid:
    """Return two slots with their letters, in this order or the other."""
    pairs = list(pairs)[::-1] if flipped else pairs
    slots = tuple(replace(slot, letter=letter) for (slot, _), letter in zip(pairs, letters, strict=True))
    return slots, tuple(name for _, name in pairs)


_TIP = "Mixed in among the others, one for each clip at most"
_KNOWN = {
    "clear_good": "Reference, known to be good",
    "clear_bad": "Bad speech, known to be bad",
    "reference_repeats": "Further ratings of the reference",
    "null_pairs": "Reference against itself",
}


def known_answers(*names: str) -> tuple[Option, ...]:
    """Return what the dialog asks about trials with a known answer, mixed in."""
    return tuple(Count("checks", name, _KNOWN[name], suffix=" trials", tip=_TIP) for name in names)
