"""What names of folders and files say about the part they play."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path


class Role(StrEnum):
    """The part a file plays in a clip."""

    REFERENCE = "reference"
    LOSSY = "lossy"
    CONDITION = "condition"
    TRACE = "trace"
    UNUSED = "not used"


_WORDS = {
    Role.TRACE: {"trace", "traces", "mask", "masks", "is_lost", "islost", "pattern", "patterns"},
    Role.LOSSY: {"lossy", "lost", "loss", "zeroed", "degraded", "dropped"},
    Role.REFERENCE: {
        "clean",
        "reference",
        "references",
        "ref",
        "original",
        "originals",
        "orig",
        "target",
        "targets",
    },
}
_BEGINNINGS = {Role.REFERENCE: ("clean", "reference"), Role.LOSSY: ("lossy",)}
_HUMP = re.compile(r"([a-z0-9])([A-Z])")
_BREAKS = re.compile(r"[^a-z0-9]+")
_LAST_WORD = re.compile(r"(.*[A-Za-z0-9)\]])[^A-Za-z0-9)\]]+([A-Za-z0-9]+)", re.DOTALL)
_TRACE_ENDING = re.compile(r"[._-](is_?lost|lost|loss|trace|mask|pattern)$", re.IGNORECASE)


def role_in_name(name: str) -> Role | None:
    """Return the role that a word of a name tells of, or None."""
    if _TRACE_ENDING.search(name):
        return Role.TRACE
    words = set(_BREAKS.split(_HUMP.sub(r"\1_\2", name).lower()))
    for role, telling in _WORDS.items():
        if words & telling:
            return role
    for role, beginnings in _BEGINNINGS.items():
        if any(word.startswith(beginnings) for word in words):
            return role
    return None


def trace_key(stem: str) -> tuple[str, bool]:
    """Return the clip's name in a trace file's stem, and whether the stem says that it is a trace."""
    key = _TRACE_ENDING.sub("", stem)
    return key, key != stem


def trace_beside(sound: Path) -> Path:
    """Return the path of the trace beside a sound, as the challenges call it: ``54_is_lost.txt``."""
    return sound.with_name(f"{sound.stem}_is_lost.txt")


def clip_key(stem: str) -> str:
    """Return a stem without the words that tell its role: what files of one clip have in common."""
    stem = trace_key(stem)[0]
    telling = set().union(*_WORDS.values())
    words = [word for word in re.split(r"[^A-Za-z0-9]+", stem) if word.lower() not in telling]
    return "_".join(words).lower()


def clip_name(stem: str) -> str:
    """Return a stem without its last word if that tells a role (``54_clean``), as a name to show."""
    found = _LAST_WORD.fullmatch(stem)
    telling = set().union(*_WORDS.values())
    return found[1] if found and found[2].lower() in telling else stem
