"""What a method asks in the dialog that makes panels: each answer is a key of the panel's file."""

from __future__ import annotations

from dataclasses import dataclass


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


SPOKEN_TRAPS = Count(
    "checks",
    "spoken_traps",
    "Spoken attention trials",
    highest=100,
    suffix=" trials",
    tip="Recordings in which a number is spoken, which is the answer; one wrong answer leaves a listener out",
)
