"""A blind look at the versions on the spot: letters stand for them until they are revealed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class BlindRound:
    """One round.

    Parameters
    ----------
    order
        Identifiers of the versions, as letters stand for them.
    guesses
        What the listener takes each letter for, by letter.
    revealed
        Whether it was told what is what.
    """

    order: tuple[str, ...]
    guesses: dict[str, str] = field(default_factory=dict)
    revealed: bool = False

    @classmethod
    def shuffled(cls, versions: Sequence[str], randomness: random.Random | None = None) -> BlindRound:
        """Begin a round with these versions (at most 26) in an order that nobody knows."""
        order = list(versions)[: len(LETTERS)]
        (randomness or random.SystemRandom()).shuffle(order)
        return cls(tuple(order))

    @property
    def letters(self) -> str:
        """The letters of the round."""
        return LETTERS[: len(self.order)]

    def version(self, letter: str) -> str:
        """Return the version behind a letter."""
        return self.order[LETTERS.index(letter)]

    @property
    def right(self) -> int:
        """How many letters were taken for what they are."""
        return sum(self.guesses.get(letter) == self.version(letter) for letter in self.letters)

    @property
    def verdict(self) -> str:
        """How many guesses were right, beside what blind chance gets: one right, however many versions."""
        guessed = len([each for each in self.guesses.values() if each])
        if not guessed:
            return "nothing was guessed"
        chance = guessed / len(self.order)
        return f"{self.right} of {guessed} right; by chance it is {chance:.2g} on average"
