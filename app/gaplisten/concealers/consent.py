"""What a document may have run only if its reader allows it, and what was allowed.

A workbench file may come from anybody. It may name a concealer of the plugin folders and set its numbers,
switches and choices: that is code which the user has already. A program, a file of code, a model or any other
file is another matter: the user is shown what it is and decides; the decision holds for that very document
and for the files as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from gaplisten.concealers.entries import BrokenEntry, Entry
from gaplisten.concealers.named_files import Stamp, contents_of, files_in, stamp_of
from gaplisten.durable.digests import sha256_of
from gaplisten.folders import user_state
from gaplisten.untrusted import Folder, read_regular

PROGRAMS = frozenset(
    {"command", "encode_command", "decode_command", "cmd", "program", "executable", "script", "shell"}
)
"""Parameters of these names start a program, whatever is in them."""

_PLAIN_WORD = re.compile(r"[A-Za-z0-9_+%-]*|[0-9.]+")
_BLANK = re.compile("[\u034f\u115f\u1160\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]")
_MOST_REMEMBERED = 64_000_000  # bytes: a million decisions


class Found(Protocol):
    """What is asked of the catalogue."""

    @property
    def entries(self) -> Sequence[Entry | BrokenEntry]:
        """The plugins of the plugin folders."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What one concealer that a document names would run or read.

    Parameters
    ----------
    concealer
        Its name in the document.
    does
        One line for each thing, in full, such as ``run the program: sh -c 'id'``; safe to show anywhere.
    digest
        Of the concealer, those parameters, and the content of each file named; empty when it cannot be told.
    risky
        Those parameters.
    stamps
        The files that `digest` is of, each with what the system said of it before it was read, and the
        folders of code, each with the code in it.
    contents
        SHA-256 of each of the files, by its path.
    """

    concealer: str
    does: tuple[str, ...]
    digest: str
    risky: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    stamps: tuple[tuple[Path, Stamp], ...] = field(default=(), compare=False, repr=False)
    contents: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)

    @property
    def wants(self) -> str:
        """All of it in a line, beginning with "wants to"."""
        return f"wants to {', and to '.join(self.does)}"

    def __str__(self) -> str:
        return f"{in_one_line(self.concealer)} {self.wants}"

    def is_of(self, concealer: str, values: Mapping[str, Any]) -> bool:
        """Whether this is what that concealer, with these parameters, would run or read."""
        return concealer == self.concealer and all(values.get(name) == text for name, text in self.risky)

    def same_words(self, other: Wish) -> bool:
        """Whether the other is of the same concealer and parameters, whatever the files hold."""
        return (self.concealer, self.risky) == (other.concealer, other.risky)

    def untouched(self) -> bool:
        """Whether no file has been written, replaced or removed since, and no code added; none is read."""
        return all(stamp_of(path, stamp) == stamp for path, stamp in self.stamps)


def in_one_line(text: str) -> str:
    r"""Return text of a document so that a question shows all of it, and nothing in it as the question's own.

    >>> in_one_line("true\n\nrepeat_fade\u200b")
    'true\\n\\nrepeat_fade\\u200b'
    """
    return "".join(
        sign if sign.isprintable() and not _BLANK.match(sign) else sign.encode("unicode_escape").decode()
        for sign in text
    )


def may_want(concealer: str, values: Mapping[str, Any]) -> bool:
    """Whether this could be more than a plugin with numbers, told without knowing the plugin."""
    return _is_file(concealer) or any(isinstance(value, str) for value in values.values())


def wish_of(concealer: str, values: Mapping[str, Any], catalogue: Found) -> Wish | None:
    """Return what a concealer and its parameters would run or read beyond its plugin folder; None if nothing.

    No code is run for that, but the files that are named are read.
    """
    entry = next((each for each in catalogue.entries if each.name == concealer), None)
    risky: dict[str, str] = {}
    does: list[str] = []
    files: list[Path] = []
    if entry is None and _is_file(concealer):
        files.append(Path(concealer).absolute())
        does.append(f"run the code in {in_one_line(str(files[0]))}")
    for name, value in sorted(values.items()):
        if isinstance(value, str) and (said := wanted(entry, name, value)):
            risky[name] = value
            does.append(said)
            files += files_in(value)
    if not does:
        return None
    stamps: dict[Path, Stamp] = {}
    try:
        contents = contents_of(files, stamps)
        digest = sha256_of(json.dumps([concealer, risky, contents], sort_keys=True))
    except OSError:
        contents, digest = {}, ""
    told = tuple(risky.items()), tuple(stamps.items()), tuple(contents.items())
    return Wish(concealer, tuple(does), digest, *told)


def _is_file(concealer: str) -> bool:
    return concealer.endswith(".py") or any(mark in concealer for mark in "/\\:")


def wanted(entry: Entry | BrokenEntry | None, name: str, value: str) -> str:
    """Return what a parameter's text would have a plugin do; empty when it is but a word."""
    parameter = entry.parameter(name) if isinstance(entry, Entry) else None
    if name in PROGRAMS:
        return f"run the program: {in_one_line(value)}" if value.strip() else ""
    if parameter is not None and parameter.type == "choice":
        return ""
    if parameter is not None and parameter.type == "path" and value not in ("", "."):
        does = "run the code in" if name.endswith("library") else "read"
        return f"{does} {in_one_line(str(Path(value).absolute()))} ({in_one_line(name)})"
    if _PLAIN_WORD.fullmatch(value):
        return ""
    return f"use the text {in_one_line(value)!r} as {in_one_line(name)}"


# --- what was allowed ---------------------------------------------------------------------------------------


def is_allowed(document: str, wish: Wish) -> bool:
    """Whether the user has allowed this in the document with that SHA-256, with the files as they are."""
    return bool(document and wish.digest) and is_known(_key(document, wish))


def allow(document: str, wishes: Iterable[Wish]) -> None:
    """Remember that the user allows these in the document with that SHA-256; what cannot be told is not.

    Raises
    ------
    OSError
        If it cannot be written; it is then asked again next time.
    """
    learn([_key(document, wish) for wish in wishes if wish.digest])


def is_known(key: str) -> bool:
    """Whether a decision is remembered, told by its SHA-256."""
    return key in _remembered()


def learn(keys: Sequence[str]) -> None:
    """Remember decisions, told by their SHA-256.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    known = _remembered()
    new = [key for key in dict.fromkeys(keys) if key not in known]
    if new:
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        with Folder(path.parent) as folder:
            folder.append(path.name, "".join(f"{key}\n" for key in new).encode("ascii"))


def _path() -> Path:
    return user_state() / "allowed.txt"


def _key(document: str, wish: Wish) -> str:
    return sha256_of(f"{document} {wish.digest}")


def _remembered() -> frozenset[str]:
    try:
        return frozenset(read_regular(_path(), _MOST_REMEMBERED).decode("ascii").split())
    except (OSError, ValueError):
        return frozenset()
