"""What a sound file's header promises, compared with what is there: shared by the readers of headers."""

from __future__ import annotations

from dataclasses import dataclass

COPY_AGAIN = "copy or export it again"
CONVERT = "convert it to WAV or FLAC"
STREAMING = 0xFFFFFFFF  # what a header says whose writer could not go back
_STREAM_NOTE = "its header does not say how long it is (written as a stream): a cut end cannot be noticed"
_MORE_NOTE = (
    "{:,} bytes behind its sound belong to no part of it: more was recorded than its header says, perhaps"
)


@dataclass
class HeaderFault(Exception):  # noqa: N818 - the caller turns it into an error with the file's name
    """Why a file cannot be sound, or not all of it."""

    fact: str
    way_out: str


@dataclass(frozen=True)
class Promise:
    """What a header says where libsndfile does not look, or only guesses.

    Parameters
    ----------
    notes
        Sentences about oddities that do not prevent reading.
    frames
        Length in frames, where the header tells; None where libsndfile knows.
    stretch
        First byte of the sound and the one behind it, where a reader had better see nothing else.
    """

    notes: tuple[str, ...] = ()
    frames: int | None = None
    stretch: tuple[int, int] | None = None


def compare(promised: int, there: int) -> tuple[str, ...]:
    """Refuse a file with fewer bytes of sound than it promises; return a note where it promises nothing."""
    if promised == STREAMING:
        return (_STREAM_NOTE,)
    if promised > there:
        fact = f"is cut short: its header promises {promised} bytes of sound, {max(there, 0)} are there"
        raise HeaderFault(fact, COPY_AGAIN)
    return ()


def contradicts(what: str) -> tuple[str, ...]:
    """Return a note about a header in which two numbers do not fit each other."""
    return (f"its header contradicts itself ({what}): one bit of it may be damaged",)


def more(count: int) -> tuple[str, ...]:
    """Return a note about `count` bytes that belong to no part of a file, if there are any."""
    return (_MORE_NOTE.format(count),) if count > 0 else ()
