"""Errors that name the thing, the fact and the way out."""

from __future__ import annotations


class GaplistenError(Exception):
    """Something the user can understand and mend; shown without a traceback.

    Parameters
    ----------
    thing
        What it is about: a file, a plugin, a setting. Paths are given as text.
    fact
        What was found.
    way_out
        What the user can do about it.
    """

    def __init__(self, thing: str, fact: str, way_out: str = "") -> None:
        super().__init__(thing, fact, way_out)
        self.thing, self.fact, self.way_out = thing, fact, way_out

    def __str__(self) -> str:
        sentence = f"{self.thing}: {self.fact}"
        return f"{sentence}; {self.way_out}" if self.way_out else sentence
