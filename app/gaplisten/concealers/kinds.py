"""What people look for a concealer under: their own, fills, codecs, and what needs something else first."""

from __future__ import annotations

import enum

from gaplisten.concealers.consent import PROGRAMS
from gaplisten.concealers.entries import BrokenEntry, Entry


class Kind(enum.StrEnum):
    """Kinds of concealers in the order in which they are listed; each value is its heading."""

    MINE = "Your plugins"
    FILL = "Fills"
    CODEC = "Codecs"
    NEEDS = "Need a model, program or library"


def kind_of(entry: Entry | BrokenEntry) -> Kind:
    """Return under which heading a concealer is listed.

    What comes with the program and lacks something (a model's file, a library), or runs a program that the
    user names, stands apart: ticking it alone gives no sound.
    """
    if entry.origin != "bundled":
        return Kind.MINE
    if isinstance(entry, BrokenEntry) or entry.lacks:
        return Kind.NEEDS
    if any(parameter.name in PROGRAMS for parameter in entry.parameters):
        return Kind.NEEDS
    return Kind.CODEC if entry.needs_reference else Kind.FILL
