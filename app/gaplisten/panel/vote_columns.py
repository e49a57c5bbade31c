"""Votes by column: what statistics of fifty thousand votes are made from, without an object for each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from gaplisten.panel.ratings import Rating

Codes = NDArray[np.intp]

TEXTS = (
    "listener", "kind", "clip", "stratum", "condition", "compared_with", "role", "scale", "talker", "sex",
    "vote", "side",
)  # fmt: skip
_MOST_CODES = 1 << 20  # of several columns together, before they are numbered anew
_PASSED = {None: -1, False: 0, True: 1}


@dataclass(frozen=True)
class Text:
    """A column of text: which texts there are, and which of them each row has.

    Parameters
    ----------
    names
        Each once; some may be no row's.
    codes
        Places in `names`, one for each row.
    """

    names: tuple[str, ...]
    codes: Codes

    @classmethod
    def of(cls, texts: Iterable[str]) -> Text:
        """Return texts as a column."""
        known: dict[str, int] = {}
        codes = [known.setdefault(text, len(known)) for text in texts]
        return cls(tuple(known), np.array(codes, np.intp))

    def among(self, places: Codes) -> Text:
        """Return the rows at these places; of one row several times."""
        return Text(self.names, self.codes[places])


@dataclass(frozen=True)
class Columns:
    """The columns of `Rating`, all as long.

    Parameters
    ----------
    texts
        By the names in `TEXTS`.
    ratings
        The same as objects, where they were made from such.
    trial, score
        As in a rating.
    passed, underflows
        As in a rating; -1 stands for None.
    """

    texts: dict[str, Text]
    trial: NDArray[np.int64]
    score: NDArray[np.float64]
    passed: NDArray[np.int8]
    underflows: NDArray[np.int64]
    ratings: tuple[Rating, ...] = ()

    @classmethod
    def of(cls, ratings: Sequence[Rating]) -> Columns:
        """Return ratings by column; a column of text is made when it is asked for."""
        counted = [-1 if one.underflows is None else one.underflows for one in ratings]
        return cls(
            _Asked(ratings),
            np.array([one.trial for one in ratings], np.int64),
            np.array([one.score for one in ratings], np.float64),
            np.array([_PASSED[one.passed] for one in ratings], np.int8),
            np.array(counted, np.int64),
            tuple(ratings),
        )


class _Asked(dict[str, Text]):
    """Columns of text, made from ratings as they are asked for."""

    def __init__(self, ratings: Sequence[Rating]) -> None:
        super().__init__()
        self._from = ratings

    def __missing__(self, name: str) -> Text:
        made = self[name] = Text.of(map(attrgetter(name), self._from))
        return made


Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Votes(Sequence[Rating]):
    """Votes, or a part of them; one of them is a `Rating`, made when it is asked for.

    Parameters
    ----------
    columns
        Of all votes.
    places
        Where in the columns these votes stand, in their order.
    """

    columns: Columns
    places: Codes

    @classmethod
    def of(cls, ratings: Sequence[Rating]) -> Votes:
        """Return ratings by column; votes that are so already as they are."""
        return ratings if isinstance(ratings, Votes) else cls.whole(Columns.of(ratings))

    @classmethod
    def whole(cls, columns: Columns) -> Votes:
        """Return all votes of these columns."""
        return cls(columns, np.arange(len(columns.score)))

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, at: int) -> Rating: ...
    @overload
    def __getitem__(self, at: slice) -> Votes: ...
    def __getitem__(self, at: int | slice) -> Rating | Votes:
        return Votes(self.columns, self.places[at]) if isinstance(at, slice) else self._ratings[at]

    def __iter__(self) -> Iterator[Rating]:
        return iter(self._ratings)

    def __eq__(self, other: object) -> bool:
        """Tell whether another sequence has the same votes."""
        return self is other or (isinstance(other, Sequence) and list(self) == list(other))

    def __repr__(self) -> str:
        return f"Votes({list(self)!r})"

    @cached_property
    def _ratings(self) -> tuple[Rating, ...]:
        if self.columns.ratings:
            return tuple([self.columns.ratings[at] for at in self.places.tolist()])
        texts = {name: self.texts(name) for name in TEXTS}
        first = [texts[name] for name in TEXTS[:7]]
        last = [texts[name] for name in TEXTS[7:]]
        passed = [(False, True, None)[one] for one in self.passed.tolist()]
        counted = [None if one < 0 else one for one in self.columns.underflows[self.places].tolist()]
        rows = zip(*first, self.trial.tolist(), self.score.tolist(), passed, counted, *last, strict=True)
        return tuple([Rating(*row) for row in rows])

    # Columns of these votes

    @cached_property
    def score(self) -> NDArray[np.float64]:
        """The scores."""
        return self.columns.score[self.places]

    @cached_property
    def trial(self) -> NDArray[np.int64]:
        """The numbers of their trials."""
        return self.columns.trial[self.places]

    @cached_property
    def passed(self) -> NDArray[np.int8]:
        """Whether a check was passed: 1, 0, or -1 where the vote is none."""
        return self.columns.passed[self.places]

    @property
    def underflows(self) -> int | None:
        """How many underflows there were in all; None where nobody counted."""
        counted = self.columns.underflows[self.places]
        counted = counted[counted >= 0]
        return int(counted.sum()) if counted.size else None

    def texts(self, name: str) -> list[str]:
        """Return a column of text."""
        of = self.columns.texts[name]
        return [of.names[code] for code in of.codes[self.places].tolist()]

    def are(self, name: str, *texts: str) -> NDArray[np.bool_]:
        """Tell of which votes a column of text holds one of these."""
        of = self.columns.texts[name]
        wanted = np.array([one in texts for one in of.names], np.bool_)
        return wanted[of.codes[self.places]]

    def distinct(self, name: str) -> tuple[str, ...]:
        """Return the texts of a column, each once, in the order in which they first appear."""
        return self.numbered(name)[0]

    def numbered(self, name: str) -> tuple[tuple[str, ...], Codes]:
        """Return the same, and where in it each vote's text stands."""
        of = self.columns.texts[name]
        there, codes = _as_they_appear(of.codes[self.places], len(of.names))
        return tuple([of.names[at] for at in there]), codes

    def numbered_by(self, *names: str) -> tuple[tuple[tuple[str, ...], ...], Codes]:
        """Return what stands together in several columns, as `numbered` does what stands in one."""
        of = [self.columns.texts[name] for name in names]
        together, size = np.zeros(len(self), np.intp), 1
        for one in of:
            together, size = together * len(one.names) + one.codes[self.places], size * len(one.names)
            if size > _MOST_CODES:
                known, together = np.unique(together, return_inverse=True)
                size = len(known)
        there, codes = _as_they_appear(together, size)
        first = self.places[_firsts(codes, len(there))]
        found = [[one.names[at] for at in one.codes[first]] for one in of]
        return tuple(zip(*found, strict=True)), codes

    # Parts

    def where(self, which: NDArray[np.bool_] | Codes) -> Votes:
        """Return those that are meant by a mask, or by their places in these votes."""
        return Votes(self.columns, self.places[which])

    def grouped(self, name: str) -> dict[str, Votes]:
        """Return votes by a column of text, in the order in which its texts first appear."""
        return self._parted(*self.numbered(name))

    def grouped_by(self, *names: str) -> dict[tuple[str, ...], Votes]:
        """Return votes by what stands in several columns."""
        return self._parted(*self.numbered_by(*names))

    def _parted(self, names: Sequence[Name], codes: Codes) -> dict[Name, Votes]:
        """Return votes by names, `codes` saying which is each vote's."""
        ends = np.cumsum(np.bincount(codes, minlength=len(names)))
        parts = np.split(np.argsort(codes, kind="stable"), ends)[:-1]  # behind the last end there is nothing
        return {name: self.where(places) for name, places in zip(names, parts, strict=True)}

    # The same votes, called otherwise

    def renamed(self, name: str, as_: Callable[[str], str]) -> Votes:
        """Return the same votes with other texts in a column."""
        of = self.columns.texts[name]
        known: dict[str, int] = {}
        place = np.array([known.setdefault(as_(text), len(known)) for text in of.names], np.intp)
        made = Text(tuple(known), place[of.codes])
        old = self.columns
        texts = {one: made if one == name else old.texts[one] for one in TEXTS}
        columns = Columns(texts, old.trial, old.score, old.passed, old.underflows)
        return Votes(columns, self.places)


def _firsts(codes: Codes, size: int) -> Codes:
    """Return where each code first stands; as many as there are rows where it does not."""
    first = np.full(size, len(codes), np.intp)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # of several the last that is written stays
    return first


def _as_they_appear(codes: Codes, size: int) -> tuple[list[int], Codes]:
    """Return codes in the order in which they first appear, and the same rows by their places in it."""
    first = _firsts(codes, size)
    there = np.flatnonzero(first < len(codes))
    there = there[np.argsort(first[there], kind="stable")]
    place = np.zeros(size, np.intp)
    place[there] = np.arange(len(there))
    return there.tolist(), place[codes]
