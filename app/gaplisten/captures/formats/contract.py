"""What a capture format is: how its files are known and read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gaplisten.captures.streams import Capture
from gaplisten.jobs import Job
from gaplisten.texts import beginning, decoded


@dataclass
class Damaged(Exception):  # noqa: N818 - the caller turns it into an error with the file's name
    """Why a file is not what its beginning says."""

    fact: str
    way_out: str = "make or copy it again"


@dataclass(frozen=True, kw_only=True)
class CaptureFormat:
    """One kind of file that is left of a call.

    Parameters
    ----------
    name
        What users and commands call it.
    help
        What it is, in words for the user.
    recognises
        Called with the first bytes of a file (4096 at most), unpacked.
    read
        Called with the file's name, its bytes and a job; raises `Damaged`.
    by_lines
        Whether it is written line by line, so that a last line without an end may have been cut.
    place
        Where it stands in lists of formats, and when it is asked: low numbers first.
    """

    name: str
    help: str
    recognises: Callable[[bytes], bool]
    read: Callable[[Path, bytes, Job], Capture]
    by_lines: bool = False
    place: int = 100


def text_of(data: bytes) -> str:
    """Return the characters of a log.

    Raises
    ------
    Damaged
        If it is no text.
    """
    try:
        return decoded(data)
    except UnicodeDecodeError as error:
        raise Damaged(f"is not text (byte {error.start})") from error


def others_left_out(count: int, kind: str) -> tuple[str, ...]:
    """Say how many lines of a log say nothing of its kind."""
    return (f"{count} lines are none of {kind} and are left out",) if count else ()


def first_text(head: bytes) -> str:
    """Return the first characters of a file; nothing where it is no text."""
    try:
        return beginning(head + b"\n", len(head))  # whatever follows may have been cut within a character
    except UnicodeDecodeError:
        return ""
