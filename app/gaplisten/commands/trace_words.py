"""The words of `--trace`: a place for everything, and `NAME=PLACE` for one thing alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gaplisten.errors import GaplistenError


class TraceWordError(GaplistenError):
    """A word of `--trace` that says nothing new."""


def places_of_traces(
    words: Sequence[str], names: Sequence[str], *, of: str, place: str, thing: str
) -> tuple[Path | None, dict[str, Path]]:
    """Return the place for all, and those of single ones by their names.

    Parameters
    ----------
    of, place, thing
        What has names, where its traces lie, and what that place holds: "version", "FILE", "trace".

    Raises
    ------
    TraceWordError
        If there are two places for all.
    """
    shared, own = None, {}
    for word in words:
        name, equals, path = word.partition("=")
        if equals and name in names:
            own[name] = Path(path)
        elif shared is None:
            shared = Path(word)
        else:
            fact = f"is a second {thing} for all {of}s"
            way_out = f"write {of.upper()}={place}; the {of}s are {', '.join(names)}"
            raise TraceWordError(f"--trace {word}", fact, way_out)
    return shared, own
