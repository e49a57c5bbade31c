"""What a workbench file may do only when its reader allows it: run something, open files elsewhere.

A file may name concealers of the plugin folders. One that would start a program, run a file of code or read a
model stays off, with its lane saying what it wants, until the user allows it for this very file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.state import Choice, Withheld, Work
from gaplisten.concealers.consent import Found, Wish, allow, is_allowed, is_known, learn, may_want, wish_of
from gaplisten.durable.digests import sha256_of
from gaplisten.errors import visible


@dataclass(frozen=True, slots=True)
class Review:
    """What became of the withheld concealers once the catalogue was known.

    Parameters
    ----------
    freed
        Those that run nothing but a plugin, or that the user has allowed before.
    wishes
        The others, each with what it wants; they stay off.
    granted
        What those of the first want that the user has allowed before.
    """

    freed: tuple[Withheld, ...] = ()
    wishes: tuple[tuple[Withheld, Wish], ...] = ()
    granted: tuple[Wish, ...] = ()

    def still(self, now: Review) -> Review:
        """Return what of this is the same in a later review, which has the later stamps of the files."""
        return Review(wishes=tuple(each for each in now.wishes if each in self.wishes))


def withhold(work: Work, document: str) -> Work:
    """Return what was read from a file, with every concealer off that might want more than a plugin.

    Parameters
    ----------
    document
        SHA-256 of the file.
    """
    work = replace(work, document=document)
    held = {each.place: each for each in work.withheld}
    places = (place for place in range(len(work.choices) + len(held)) if place not in held)
    for place, choice in zip(places, work.choices, strict=True):
        if may_want(choice.concealer, choice.values):
            held[place] = Withheld(place, choice)
    kept = {id(each.choice) for each in held.values()}
    choices = tuple(choice for choice in work.choices if id(choice) not in kept)
    return replace(work, choices=choices, withheld=tuple(held[place] for place in sorted(held)))


def review(work: Work, catalogue: Found) -> Review:
    """Tell which of the withheld concealers may go on; the files they name are read, nothing is run."""
    freed, wishes, granted = [], [], []
    for each in work.withheld:
        wish = wish_of(each.choice.concealer, each.choice.values, catalogue)
        if wish is None or is_allowed(work.document, wish):
            freed.append(each)
            if wish is not None:
                granted.append(wish)
        else:
            wishes.append((each, wish))
    return Review(tuple(freed), tuple(wishes), tuple(granted))


def touched(work: Work, granted: Sequence[Wish]) -> tuple[Choice, ...]:
    """Return the concealers that were allowed and of which a file has been written or replaced since."""
    old = [wish for wish in granted if not wish.untouched()]
    return tuple(
        each for each in work.choices if any(wish.is_of(each.concealer, each.values) for wish in old)
    )


def remember(work: Work, choices: Sequence[Choice], catalogue: Found) -> None:
    """Remember for the work's file what runs with the user's consent, so that it is not asked about again.

    Raises
    ------
    OSError
        If that cannot be written.
    """
    wishes = (wish_of(each.concealer, each.values, catalogue) for each in choices)
    allow(work.document, [wish for wish in wishes if wish is not None])


def remember_shown(work: Work, review: Review) -> None:
    """Remember that the user allows what a review found, with the files as they were then: nothing is read.

    Raises
    ------
    OSError
        If that cannot be written.
    """
    allow(work.document, [wish for _, wish in review.wishes])


def allow_outside(document: str, paths: Sequence[Path]) -> None:
    """Remember that the file with that SHA-256 may open these, which lie outside its folder.

    Raises
    ------
    OSError
        If that cannot be written.
    """
    learn([_outside_key(document, paths)])


def is_outside_allowed(document: str, paths: Sequence[Path]) -> bool:
    """Whether the user saved the file with that SHA-256 here, or allowed it to open these."""
    return is_known(_outside_key(document, paths))


def _outside_key(document: str, paths: Sequence[Path]) -> str:
    # The places, too: the same file in another folder leads elsewhere, and so may a link that was there.
    places = sorted({os.fsencode(path.resolve()).hex() for path in paths})
    return sha256_of(" ".join((document, "outside", *places)))


def withheld_lanes(work: Work, review: Review) -> tuple[Lane, ...]:
    """Return a lane without sound for each concealer that is withheld; it says what it wants."""
    told = dict(review.wishes)
    return tuple(
        Lane(
            f"withheld:{each.place}",
            visible(each.choice.concealer),
            Role.CONCEALER,
            None,
            state=f"off: {told[each].wants}" if each in told else "off: it is being looked at",
            failed=each in told,
            details="\n".join(told[each].does) if each in told else "",
        )
        for each in work.withheld
    )
