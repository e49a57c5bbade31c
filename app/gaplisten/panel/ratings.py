"""Votes as results read them, and what methods say about them: how pairs are tested, tables of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gaplisten import languages
from gaplisten.tables import Table


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
    trial
        Its number in the listener's order; 0 where the order is not known.
    underflows
        Of the output during the trial; None where nobody counted.
    vote
        As the listener gave it: before any sign or meaning; "" where that is not known.
    side
        The letter behind which `condition` lay, where two sounds were compared; "" elsewhere.
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
    underflows: int | None = 0
    scale: str = ""
    talker: str = ""
    sex: str = ""
    vote: str = ""
    side: str = ""


@dataclass(frozen=True)
class Statistic:
    """A table beside the comparisons.

    Parameters
    ----------
    name
        For files: ``results-NAME.csv``.
    title
        What it is, and what its intervals and tests speak about.
    notes
        What must be said beside it.
    """

    name: str
    title: str
    table: Table
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reason:
    """Why a listener's votes do not count, or what is unusual about them.

    Parameters
    ----------
    key
        Of its sentence, in a language's words on screening.
    values
        What stands in the sentence; names of checks and places are told in the language's words.
    """

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def said(self, language: str) -> str:
        """Return it as a sentence."""
        english, own = (languages.words(one, "screening") for one in (languages.ENGLISH, language))
        words, names = {**english, **own}, {**english["names"], **own.get("names", {})}
        values = {name: names.get(str(value), value) for name, value in self.values.items()}
        return languages.decimals(language, str(words[self.key]).format(**values))


Key = TypeVar("Key", bound=Hashable)


def grouped(ratings: Sequence[Rating], key: Callable[[Rating], Key]) -> Mapping[Key, list[Rating]]:
    """Return ratings by a key, in the order in which the keys first appear."""
    groups: defaultdict[Key, list[Rating]] = defaultdict(list)
    for name, rating in zip(map(key, ratings), ratings, strict=True):
        groups[name].append(rating)
    return dict(groups)


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
