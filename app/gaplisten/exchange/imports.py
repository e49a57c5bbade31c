"""Votes of other tools taken over: read, told in a sentence, for the command and the window alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gaplisten.exchange.votes import import_votes, load
from gaplisten.exchange.votes.contract import Options, read_key
from gaplisten.languages import counted
from gaplisten.panel.imported import Imported


def read_votes(
    files: Sequence[Path], options: Options, key: Path | None = None
) -> tuple[Mapping[str, bytes], Imported]:
    """Return the bytes of the files by name, and the votes in them.

    Parameters
    ----------
    key
        A table of what opaque names stand for; it takes the place of the one in `options`.

    Raises
    ------
    VotesError
        If they cannot be read, are of no known form, or hold what cannot be votes.
    """
    loaded = load(files)
    if key is not None:
        options = replace(options, key=read_key(str(key), load([key])[str(key)]))
    return loaded, import_votes(loaded, options)


def told_of(found: Imported) -> str:
    """Return how many votes there are, of whom, on what, and in which kind of test."""
    votes, listeners = len(found.votes), len({one.listener for one in found.votes})
    clips = len({one.clip for one in found.votes})
    told = f"{counted(votes, 'vote')} of {counted(listeners, 'listener')} on {counted(clips, 'clip')}"
    return f"{told} ({found.method.title})"
