"""What a document may have run only if its reader allows it, and what was allowed.

A workbench file may come from anybody. It may name a concealer of the plugin folders and set its numbers,
switches and choices: that is code which the user has already. A program, a file of code, a model or any other
file is another matter: the user is shown what it is and decides; the decision holds for that very document
and for the files as they are.
"""

from __future__ import annotations

import errno
import hashlib
import json
import mmap
import os
import re
import shlex
import shutil
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from gaplisten.concealers.code_files import code_below
from gaplisten.concealers.entries import BrokenEntry, Entry
from gaplisten.durable.digests import sha256_of
from gaplisten.folders import user_state
from gaplisten.untrusted import Folder, open_regular, read_regular

PROGRAMS = frozenset(
    {"command", "encode_command", "decode_command", "cmd", "program", "executable", "script", "shell"}
)
"""Parameters of these names start a program, whatever is in them."""

MOST_FILES = 2000
"""A folder of more files cannot be told from a changed one: it is asked about each time."""

MOST_BYTES = 4 * 2**30
"""Nor can files that are larger altogether, or that have no end, as some of the system's."""

_PLAIN_WORD = re.compile(r"[A-Za-z0-9_+%-]*|[0-9.]+")
_PART_OF_COMMAND = re.compile(r"[\s;|&<>()'\"=,]+")
_FILLED_IN = re.compile(r"(?<!\{)\{[^{}]*\}(?!\})")
_BLANK = re.compile("[\u034f\u115f\u1160\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]")
_DESCRIPTION_BYTES = 1_000_000
_MOST_REMEMBERED = 64_000_000  # bytes: a million decisions
_LOCATION = re.compile(rb"\n\x08location(?:\x12(.))?", re.DOTALL)
"""In ONNX's protocol buffers: the key ``location`` of an entry, then the length of its value."""


Stamp = tuple[int, ...]
"""Size, number and times of a file; empty for one that is not there."""


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
        The files that `digest` is of, each with what the system said of it before it was read.
    """

    concealer: str
    does: tuple[str, ...]
    digest: str
    risky: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    stamps: tuple[tuple[Path, Stamp], ...] = field(default=(), compare=False, repr=False)

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
        """Whether no file has been written, replaced or removed since; quick, as none is read."""
        return all(_stamp(path) == stamp for path, stamp in self.stamps)


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
            files += _files_in(value)
    if not does:
        return None
    stamps: dict[Path, Stamp] = {}
    digest = _digest(concealer, risky, files, stamps)
    return Wish(concealer, tuple(does), digest, tuple(risky.items()), tuple(stamps.items()))


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


# --- the files that are named -----------------------------------------------------------------------------


def _files_in(value: str) -> Iterator[Path]:
    """Give the files that a path or a command names, the programs among them."""
    words = [value]
    with suppress(ValueError):
        words += shlex.split(value)
    words += _PART_OF_COMMAND.split(value)
    for word in dict.fromkeys(meant for each in words for meant in _meant(each)):
        if word and "\0" not in word:
            yield Path(word).absolute()
            if found := shutil.which(word):
                yield Path(found)


def _meant(word: str) -> Iterator[str]:
    """Give a word as it stands, and as a shell and the template of a command would turn it."""
    for text in (word, os.path.expandvars(os.path.expanduser(word))):
        yield text
        if "{" in text:
            yield _FILLED_IN.sub("", text).replace("{{", "{").replace("}}", "}")
            yield from _filled_in(text)


def _filled_in(text: str) -> Iterator[str]:
    """Give the files whose names a template can become, such as ``/opt/plc_{rate}``."""
    folder, name = os.path.split(text)
    if not folder or folder.startswith("{") or "\0" in text:
        return
    parts = [_literal(part.replace("{{", "{").replace("}}", "}")) for part in _FILLED_IN.split(name)]
    if len(parts) > 1:
        with suppress(OSError, ValueError):
            yield from (str(each) for each in sorted(Path(folder).absolute().glob("*".join(parts) or "*")))


def _digest(
    concealer: str, risky: Mapping[str, str], files: Iterable[Path], stamps: dict[Path, Stamp]
) -> str:
    named = [Path(os.path.normpath(each)) for each in files]
    contents: dict[str, str] = {}
    left = MOST_BYTES
    try:
        for path in [*named, *_beside(named)]:
            for each in _all_of(path):
                if str(each) not in contents:
                    stamps[each] = _stamp(each)
                    contents[str(each)], size = _content(each, left)
                    left -= size
                if len(contents) > MOST_FILES:
                    return ""
    except OSError:
        return ""
    return sha256_of(json.dumps([concealer, risky, contents], sort_keys=True))


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def _content(path: Path, most: int) -> tuple[str, int]:
    """Return SHA-256 and size of a file; one of more than `most` bytes is an `OSError`."""
    digest, size = hashlib.sha256(), 0
    with open_regular(path) as descriptor:
        told = os.fstat(descriptor).st_size
        if told > most:
            raise OSError(errno.EFBIG, "it is too large", str(path))
        while part := os.read(descriptor, 1 << 20):
            size += len(part)
            if size > told:  # some files of the system have no end
                raise OSError(errno.EFBIG, "it grows", str(path))
            digest.update(part)
    return digest.hexdigest(), size


def _all_of(path: Path) -> Iterator[Path]:
    if path.is_dir() and path.parent != path:
        for folder, _, names in os.walk(path):
            yield from (Path(folder, name) for name in sorted(names) if _is_regular(Path(folder, name)))
    elif _is_regular(path):
        yield path


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)  # a FIFO would be waited for
    except (OSError, ValueError):
        return False


def _beside(named: Sequence[Path]) -> Iterator[Path]:
    """Give what files of code import, and what descriptions of models name."""
    for path in filter(_is_regular, named):
        if path.suffix == ".py":
            yield from code_below(path.parent, 10 * MOST_FILES)
        elif path.suffix in (".toml", ".json"):
            for text in filter(None, _texts(_read(path))):
                model = path.parent / text
                yield from sorted(model.parent.glob(f"{_literal(model.name)}*"))
                yield from _stored_apart(model)
        else:
            yield from _stored_apart(path)


def _stored_apart(model: Path) -> Iterator[Path]:
    """Give the files in which a large ONNX model keeps its numbers, as it names them itself.

    Raises
    ------
    OSError
        If they are written in a way in which no program writes them, so that they cannot be told.
    """
    if not _is_regular(model) or not model.stat().st_size:
        return
    if model.stat().st_size > MOST_BYTES:
        raise OSError(errno.EFBIG, "it is too large", str(model))
    with open_regular(model) as descriptor, mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as data:
        for found in _LOCATION.finditer(data):
            if found[1] is None:
                raise OSError(errno.EINVAL, "it does not say in order where its numbers are", str(model))
            size, at = found[1][0] & 0x7F, found.end()
            if found[1][0] & 0x80:
                size, at = size + (data[at] << 7), at + 1
            yield model.parent / os.fsdecode(data[at : at + size].replace(b"\0", b""))


def _literal(name: str) -> str:
    return re.sub(r"([\[?*])", r"[\1]", name)


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > _DESCRIPTION_BYTES:
            return None
        text = path.read_text(encoding="utf-8")
        return tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError, RecursionError):
        return None


def _texts(values: Any) -> Iterator[str]:
    """Give the texts in a description of a model: they are not nested deeply."""
    tables = [values] if isinstance(values, dict) else []
    tables += [each for each in (values or {}).values() if isinstance(each, dict)] if tables else []
    for table in tables:
        yield from (each for each in table.values() if isinstance(each, str) and "\0" not in each)


# --- what was allowed ---------------------------------------------------------------------------------------


def is_allowed(document: str, wish: Wish) -> bool:
    """Whether the user has allowed this in the document with that SHA-256, with the files as they are."""
    return bool(document and wish.digest) and _key(document, wish) in _remembered()


def allow(document: str, wishes: Iterable[Wish]) -> None:
    """Remember that the user allows these in the document with that SHA-256; what cannot be told is not.

    Raises
    ------
    OSError
        If it cannot be written; it is then asked again next time.
    """
    keys = [_key(document, wish) for wish in wishes if wish.digest]
    new = [key for key in keys if key not in _remembered()]
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
