"""The words of each language: one file each in `resources/languages`, found by its name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from gaplisten import folders
from gaplisten.errors import GaplistenError

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
