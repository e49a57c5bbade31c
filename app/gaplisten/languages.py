"""The words of each language: one file each in `resources/languages`, found by its name."""

from __future__ import annotations

import gettext
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from gaplisten import folders
from gaplisten.errors import GaplistenError
from gaplisten.sentences import Sentences

ENGLISH = "en"  # what every other language falls back to


class LanguageError(GaplistenError):
    """A language that is not there, or whose file cannot be read."""


def _folder() -> Path:
    return folders.resources() / "languages"


def codes() -> tuple[str, ...]:
    """Return the codes of all languages that are there, English first."""
    found = sorted(path.stem for path in _folder().glob("*.toml"))
    return tuple(sorted(found, key=lambda code: code != ENGLISH))


@cache
def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fact = f"the words cannot be read ({error})"
        raise LanguageError(str(path), fact, "install Gaplisten again") from error


def words(code: str, *section: str) -> dict[str, Any]:
    """Return a table of a language's file; an empty one where the file has none.

    Parameters
    ----------
    section
        Names of the tables that lead to it: ``words("en", "scales", "acr")``.

    Raises
    ------
    LanguageError
        If there is no such language.
    """
    if code not in codes():
        raise LanguageError(
            f"language {code!r}", "there is no such language", f"choose one of {', '.join(codes())}"
        )
    table = _read(_folder() / f"{code}.toml")
    for name in section:
        table = table.get(name, {})
    return table


def translated(code: str, text: str, *section: str) -> str:
    """Return an English text in another language, by a table whose keys are English texts (`Sentences`).

    Parameters
    ----------
    section
        Names of the tables that lead to that table.
    """
    return text if code == ENGLISH or not text else _sentences(code, section).said(text)


@cache
def _sentences(code: str, section: tuple[str, ...]) -> Sentences:
    return Sentences(words(code, *section), lambda said: _number(code, said))


def _number(code: str, said: str) -> str:
    """Return an English number, "48,000" or "0.4", with the language's mark and nothing between thousands."""
    return decimals(code, said if decimal_mark(code) == "." else said.replace(",", ""))


def name(code: str) -> str:
    """Return what a language is called by those who speak it."""
    return str(words(code).get("name", code))


def decimal_mark(code: str) -> str:
    """Return what stands between whole and tenths: a point or a comma."""
    return str(words(code).get("decimal", "."))


def decimals(code: str, text: str) -> str:
    """Return a text with the decimal points of its numbers as people write them who read a language."""
    return re.sub(r"(?<=\d)\.(?=\d)", decimal_mark(code), text)


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number of things in English: "1 vote", "2 votes".

    Parameters
    ----------
    many
        What several are called; `one` and an s where it is not given.
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def are(number: int) -> str:
    """Return "is" for one thing, "are" for several."""
    return "is" if number == 1 else "are"


def numbered(texts: Mapping[str, str], key: str, **number: int) -> str:
    """Return a text with a number in it; that called ``KEY_one`` where the number is 1.

    Parameters
    ----------
    texts
        The words of one language.
    number
        The number, by its name in the text.
    """
    (value,) = number.values()
    return (texts.get(f"{key}_one", texts[key]) if value == 1 else texts[key]).format(**number)


# --- the window --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WindowWords:
    """What the window says in one language.

    Parameters
    ----------
    name
        What the language is called by those who speak it.
    texts
        Of the window itself, by their English text with its places.
    forms
        Texts with a number in them, each form that the language has, by the English text for several.
    engines
        What errors, measures and concealers say of themselves.
    plural
        Which of the forms a number takes.
    parameters
        Names of what bundled plugins and loss models can be set to, by ``plugin.parameter``.
    """

    name: str
    texts: Mapping[str, str]
    forms: Mapping[str, Sequence[str]]
    engines: Sentences
    plural: Callable[[int], int]
    parameters: Mapping[str, str] = field(default_factory=dict)

    def text(self, english: str, context: str = "") -> str:
        """Return one of the window's texts, its places as they are; its key begins with its context."""
        return self.texts.get(f"{context}|{english}" if context else english, english)

    def counted(self, one: str, many: str, number: int) -> str:
        """Return a text for a number of things, its places as they are."""
        forms = self.forms.get(many)
        return forms[self.plural(number)] if forms else one if number == 1 else many

    def told(self, text: str) -> str:
        """Return in the language what an engine says in English; a sentence that is not known stays."""
        return self.texts[text] if text in self.texts else self.engines.said(text)

    def error(self, error: GaplistenError) -> str:
        """Return an error's sentence."""
        return str(GaplistenError(*map(self.told, (error.thing, error.fact, error.way_out))))


def window_codes() -> tuple[str, ...]:
    """Return the codes of all languages that the window speaks, English first."""
    return (ENGLISH, *sorted(path.stem for path in (_folder() / "window").glob("*.json")))


def window_name(code: str) -> str:
    """Return what a language of the window is called by those who speak it."""
    return name(code) if code == ENGLISH else window_words(code).name


@cache
def window_words(code: str) -> WindowWords:
    """Return what the window says in a language.

    Raises
    ------
    LanguageError
        If there is no such language, or its file cannot be read.
    """
    if code == ENGLISH:
        return WindowWords("", {}, {}, Sentences({}), lambda number: int(number != 1))
    path = _folder() / "window" / f"{code}.json"
    try:
        # JSON, since it is read at each start: TOML of this length takes thirty times as long.
        found = json.loads(path.read_text(encoding="utf-8"))
        plural = gettext.c2py(found["plural"])
        return WindowWords(
            found["name"],
            found["texts"],
            found["forms"],
            Sentences(found["engines"], names=False),
            plural,
            found.get("parameters", {}),
        )
    except (OSError, ValueError, KeyError) as error:
        fact = f"the words cannot be read ({error})"
        raise LanguageError(str(path), fact, "install Gaplisten again") from error
