"""What a tool is that takes a panel or its votes, and what it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaplisten.jobs import Job


@dataclass(frozen=True)
class Request:
    """What is to be written.

    Parameters
    ----------
    folder
        A built panel; of votes imported ones, too.
    out
        The folder to make.
    address
        Where the tool's clips will be fetched from, an https address; empty where it fetches none.
    ratings
        Where the votes are, when not in the panel's folder.
    """

    folder: Path
    out: Path
    address: str = ""
    ratings: Path | None = None


@dataclass(frozen=True)
class Tool:
    """A tool of others that takes a panel or its votes.

    Parameters
    ----------
    title, about
        For dialogs: the tool, and one sentence on what is made for it.
    export
        Writes what the tool takes into a folder that appears only when whole; returns what must be said,
        one sentence after another. Raises `GaplistenError` if it cannot take this.
    place
        Among the others.
    fetches
        Whether its lists hold addresses, from which clips are fetched.
    reads_votes
        Whether it gets votes, not sounds.
    """

    title: str
    about: str
    export: Callable[[Request, Job | None], Sequence[str]]
    place: int
    fetches: bool = False
    reads_votes: bool = False
