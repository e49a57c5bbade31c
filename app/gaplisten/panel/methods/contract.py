"""What a test method is: all that one file of this folder says about it.

A method's file holds one `METHOD`, a `Method` or a class derived from it. Its defaults are those of the
plainest case, one recording that gets one category. Nothing outside this folder asks which method it is: it
asks the method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gaplisten import languages
from gaplisten.panel.dialog_options import Option
from gaplisten.panel.parts import Part
from gaplisten.panel.planned import Code, Form, Item, Laid, Planned, Use
from gaplisten.panel.ratings import PairTest, Rating, Reason, Statistic
from gaplisten.panel.scales import Scale, scale
from gaplisten.panel.trial import Block, Playing, Response, Slot, Trial, Vote

if TYPE_CHECKING:
    import numpy as np

    from gaplisten.audio.signal import Signal
    from gaplisten.panel.statistics.contrast import Contrast

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Design:
    """What a method needs to know of a panel: its conditions as written, and the method's own table."""

    conditions: tuple[str, ...]
    options: Part


@dataclass(frozen=True)
class Saying:
    """What one recording of a spoken attention trial says, and which vote on it is right.

    Parameters
    ----------
    digit
        None for a recording that says nothing.
    expected
        In terms of the vote; of pairs, in terms of the score. None where this recording is not voted on.
    within
        How far a vote may be off.
    """

    condition: str
    use: Use
    digit: int | None = None
    expected: int | None = None
    within: float = 0


Digits = Callable[[Sequence[int]], list[int]]  # these, shuffled


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

    def remarks(self, design: Design, rates: Sequence[int]) -> Iterator[str]:
        """Yield what should be known of this design with clips of these rates (Hz), as sentences."""
        return iter(())

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
            Of the trial in the listener's plan, and of the listener in the design. Only panels of the first
            design may lay out by them: in all others an item is laid out the same way for everybody.
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

    # Attention trials of which the recordings say what to answer

    def sayings(self, design: Design, system: Sequence[str], digits: Digits) -> list[Saying]:
        """Return what the recordings of one attention trial say, and what is right.

        Parameters
        ----------
        system
            The condition, or the pair, that the trial stands for; empty where it holds all conditions.
        digits
            Shuffles digits, for this trial alone.

        Raises
        ------
        UnfitError
            If there cannot be one.
        """
        values = [value for value, _ in self.wording()[self.checked].labels]
        digit = digits([value for value in values if isinstance(value, int) and 0 < value < 10])[0]
        return [*self.silent(design), Saying(Use.TRAP.value, Use.TRAP, digit, digit)]

    def silent(self, design: Design) -> list[Saying]:
        """Return the recordings of an attention trial that say nothing: those that are open."""
        return [Saying(name, use) for name, use in self.sounds(design) if use is Use.OPEN]

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

    def results(self, ratings: Sequence[Rating]) -> Sequence[Rating]:
        """Return the ratings of which means are made; the same sequence where those are all."""
        return ratings

    def statistics(
        self, votes: Sequence[Rating], found: Sequence[Contrast], *, resample: bool
    ) -> list[Statistic]:
        """Return the method's own tables.

        Parameters
        ----------
        votes
            Of the test, as results read them, of those who count.
        found
            The comparisons over all clips: their pairs are the ones that are asked about.
        resample
            Whether what takes thousands of draws is wanted.
        """
        return []

    def step(self, conditions: int) -> float:
        """Return how far two neighbouring scores are apart, with so many conditions: what rounding hides."""
        return 1.0

    def screened(self, own: Sequence[Rating], everybody: Sequence[Rating]) -> list[Reason]:
        """Return why the method's own rules leave a listener out; nothing where they were kept.

        Parameters
        ----------
        own, everybody
            Ratings of the test, without checks.
        """
        return []


def each_says(
    method: Method, design: Design, names: Sequence[str], said: Sequence[tuple[int, int]], within: float
) -> list[Saying]:
    """Return sayings of a trial in which each recording says a digit of its own and is voted on.

    Parameters
    ----------
    said
        Of each name, its digit and the vote that it asks for.
    """
    pairs = zip(names, said, strict=True)
    return [
        *method.silent(design),
        *(Saying(name, Use.TEST, digit, vote, within) for name, (digit, vote) in pairs),
    ]


def greater_of_two(method: Method, design: Design, pair: Sequence[str], digits: Digits) -> list[Saying]:
    """Return sayings of a pair of which the greater digit is to be chosen; X says what its own does."""
    first, second = digits(range(1, 10))[:2]
    sounds = set(method.sounds(design))
    repeated = zip(pair, (first, second), strict=True)
    return [
        *method.silent(design),
        Saying(pair[0], Use.TEST, first, 1 if first > second else -1),
        Saying(pair[1], Use.TEST, second),
        *(Saying(name, Use.X, digit) for name, digit in repeated if (name, Use.X) in sounds),
    ]
