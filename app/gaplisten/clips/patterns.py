"""Patterns that say where the files of one version lie: ``lossy/**/{clip}_plc``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from gaplisten.errors import GaplistenError

_PIECE = re.compile(r"\[(?P<sign>[^/])\]|\{(?P<field>[A-Za-z]\w*)\}|(?P<folders>\*\*/)|(?P<any>\*)")
_SPECIAL = re.compile(r"[\[\]{}*]")
MOST_LETTERS = 1000


class PatternError(GaplistenError):
    """A pattern that cannot be used."""


def literal(text: str) -> str:
    """Return text as a pattern that means nothing but itself."""
    return _SPECIAL.sub(lambda found: f"[{found[0]}]", text)


@dataclass(frozen=True)
class Pattern:
    """Where the files of one version lie below a folder.

    Parameters
    ----------
    text
        A path without the files' suffix. ``{clip}`` (or any word in braces) stands for what names the clip,
        ``**/`` for any folders, which belong to the clip's name, and ``*`` for anything else within one name.
        ``[*]`` is the sign itself.

    Raises
    ------
    PatternError
        If it can stand for no file.
    """

    text: str

    def __post_init__(self) -> None:
        inside = not self.text.startswith("/") and ".." not in self.text.split("/")
        if not self.text.strip() or len(self.text) > MOST_LETTERS or not inside:
            fact = "is no place below the folder"
            raise PatternError(self.text or "pattern", fact, "write one such as lossy/{clip}")
        plain = _PIECE.sub("", self.text)
        if _SPECIAL.search(plain):
            fact = f"holds a {_SPECIAL.findall(plain)[0]!r} that stands for nothing"
            raise PatternError(self.text, fact, "write {clip}, * or **/, or the sign itself as [*]")

    @cached_property
    def weight(self) -> tuple[int, int]:
        """How much it says: of two patterns that fit a file, the one that says more has it."""
        return len(_PIECE.sub("", self.text)), -self.text.count("*")

    @cached_property
    def _split(self) -> tuple[str, str]:
        folder, _, name = self.text.rpartition("/")
        return (folder + "/" if folder or self.text.startswith("/") else ""), name

    @cached_property
    def _affixes(self) -> tuple[str, str] | None:
        """What stands before and after the clip in a name; None where that is not all that there is."""
        folder, name = self._split
        pieces = [found for found in _PIECE.finditer(name) if found["sign"] is None]
        if len(pieces) != 1 or pieces[0]["field"] is None:
            return None
        if any(found["field"] or found["any"] for found in _PIECE.finditer(folder)):
            return None
        before, after = name[: pieces[0].start()], name[pieces[0].end() :]
        return _plain(before), _plain(after)

    @cached_property
    def _folder_regex(self) -> re.Pattern[str]:
        return re.compile(_regex(self._split[0]), re.DOTALL)

    @cached_property
    def _whole_regex(self) -> re.Pattern[str]:
        return re.compile(_regex(self.text), re.DOTALL)

    def may_hold(self, folder: str) -> bool:
        """Whether files of a folder (its path with a final ``/``, empty for the root) can fit."""
        return self._folder_regex.fullmatch(folder) is not None

    def keys(self, folder: str, stems: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield stem and clip's key of each file of a folder that fits.

        Parameters
        ----------
        folder
            Its path below the root with a final ``/``; empty for the root itself.
        stems
            Names of its files without their suffixes.
        """
        found = self._folder_regex.fullmatch(folder)
        if found is None:
            return
        if self._affixes is None:
            for stem in stems:
                whole = self._whole_regex.fullmatch(folder + stem)
                if whole is not None:
                    yield stem, _key(self.text, whole)
            return
        before, after = self._affixes
        at = "".join(found.groups())
        if not before and not after:
            yield from ((stem, at + stem) for stem in stems)
            return
        least, cut = len(before) + len(after), -len(after) or None
        for stem in stems:
            if len(stem) > least and stem.startswith(before) and stem.endswith(after):
                yield stem, at + stem[len(before) : cut]


def _plain(text: str) -> str:
    return _PIECE.sub(lambda found: found["sign"] or "", text)


def _regex(text: str) -> str:
    built, seen, at = [], set(), 0
    for number, found in enumerate(_PIECE.finditer(text)):
        built.append(re.escape(text[at : found.start()]))
        at = found.end()
        if found["sign"] is not None:
            built.append(re.escape(found["sign"]))
        elif found["folders"]:
            built.append(f"(?P<d{number}>(?:[^/]+/)*)")
        elif found["any"]:
            built.append("[^/]*")
        elif found["field"] in seen:
            built.append(f"(?P=f_{found['field']})")
        else:
            seen.add(found["field"])
            built.append(f"(?P<f_{found['field']}>[^/]+?)")
    return "".join([*built, re.escape(text[at:])])


def _key(text: str, found: re.Match[str]) -> str:
    """Join what the fields stand for: as in the path where folders part them, else with ``_``."""
    key, seen, ended = "", set(), 0
    for number, piece in enumerate(_PIECE.finditer(text)):
        if piece["folders"]:
            between = "/" if key and not key.endswith("/") else ""
            key += between + found[f"d{number}"]
            ended = piece.end()
        elif piece["field"] and piece["field"] not in seen:
            seen.add(piece["field"])
            apart = "/" if "/" in text[ended : piece.start()] else "_"
            key += (apart if key and not key.endswith("/") else "") + found[f"f_{piece['field']}"]
            ended = piece.end()
    return key.rstrip("/")
