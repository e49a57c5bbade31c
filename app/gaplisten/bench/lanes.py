"""The lanes of one clip: what can be seen and heard side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count

from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace

REFERENCE_KEY, LOSSY_KEY, FIRST_OTHER_KEY = 0, 1, 2


class Role(StrEnum):
    """What a lane is."""

    REFERENCE = "reference"
    LOSSY = "lossy"
    CONDITION = "condition"
    CONCEALER = "concealer"


@dataclass(frozen=True, eq=False)
class Lane:
    """One version of the clip.

    Parameters
    ----------
    ident
        Stays the same while the lane exists; names it in notes and in the workbench file.
    name
        What people call it.
    role
        What it is.
    signal
        Its sound on the clip's clock; None while there is none.
    key
        The digit that selects it: 0 reference, 1 lossy, 2 and up the others.
    state
        A short remark: what is being done, how it was made, or why it failed.
    busy
        Whether it is being rendered; `signal` is then the previous rendering or None.
    failed
        Whether rendering failed; `details` then tells more.
    details
        The plugin's messages or traceback.
    colour
        Number of its colour, which stays with the version wherever its lane stands.
    own_loss
        Whether it met other losses than the clip's: `own_trace` tells which, None where that is not known.
    """

    ident: str
    name: str
    role: Role
    signal: Signal | None
    key: int = -1
    state: str = ""
    busy: bool = False
    failed: bool = False
    details: str = ""
    own_loss: bool = False
    own_trace: LossTrace | None = None
    colour: int = 0

    def met(self, trace: LossTrace | None) -> LossTrace | None:
        """Return the losses that it met, where the clip met `trace`; None where they are not known."""
        return self.own_trace if self.own_loss else trace


def keyed(lanes: Sequence[Lane], order: Sequence[str] = ()) -> tuple[Lane, ...]:
    """Return the lanes in order of their keys: reference and lossy have theirs, the others count from 2.

    Parameters
    ----------
    order
        Identifiers in the order the user wishes for the others; unknown ones are ignored, and lanes that it
        does not name follow in the order given.
    """
    rank = {ident: place for place, ident in enumerate(order)}
    fixed = {Role.REFERENCE: REFERENCE_KEY, Role.LOSSY: LOSSY_KEY}
    first = [replace(lane, key=fixed[lane.role]) for lane in lanes if lane.role in fixed]
    others = [lane for lane in lanes if lane.role not in fixed]
    others.sort(key=lambda lane: rank.get(lane.ident, len(rank)))
    numbered = [replace(lane, key=FIRST_OTHER_KEY + place) for place, lane in enumerate(others)]
    return (*sorted(first, key=lambda lane: lane.key), *numbered)


class Colours:
    """Gives each version the number of a colour, and keeps it for as long as no other needs it."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def coloured(self, lanes: Sequence[Lane]) -> tuple[Lane, ...]:
        """Return the lanes with their colours: reference and lossy have the first, others what is free."""
        fixed = {Role.REFERENCE: REFERENCE_KEY, Role.LOSSY: LOSSY_KEY}
        own = {lane.ident: fixed[lane.role] for lane in lanes if lane.role in fixed}
        for lane in lanes:
            kept = self._given.get(lane.ident)
            if kept is not None and lane.ident not in own and kept not in own.values():
                own[lane.ident] = kept
        for lane in lanes:
            if lane.ident not in own:
                free = (number for number in count(FIRST_OTHER_KEY) if number not in own.values())
                own[lane.ident] = next(free)
        # Who is not here now loses a colour that is needed: what is seen keeps its own.
        others = {ident: number for ident, number in self._given.items() if number not in own.values()}
        self._given = {**others, **own}
        return tuple(replace(lane, colour=own[lane.ident]) for lane in lanes)


def neighbour(lanes: Sequence[Lane], key: int, step: int) -> int:
    """Return the key of the next (`step` 1) or previous (-1) audible lane, going round; `key` if none."""
    audible = [lane.key for lane in lanes if lane.signal is not None]
    if not audible:
        return key
    if key not in audible:
        return audible[0]
    return audible[(audible.index(key) + step) % len(audible)]
