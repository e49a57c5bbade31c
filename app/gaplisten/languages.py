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


def translated(code: str, text: str, *section: str) -> str:
    """Return an English text in another language, by a table whose keys are English texts.

    A key may have places, ``"difference of {what}"``: what stands there is translated, too. Only a number
    stands in a place like ``{n_clips}``. A text that the table does not have stays as it is.

    Parameters
    ----------
    section
        Names of the tables that lead to that table.
    """
    if code == ENGLISH or not text:
        return text
    exact, patterns = _translations(code, section)
    if text in exact:
        return exact[text]
    for pattern, own in patterns:
        if found := pattern.fullmatch(text):
            return own.format(
                **{
                    place: _number(code, said) if place.startswith("n_") else translated(code, said, *section)
                    for place, said in found.groupdict().items()
                }
            )
    return text


@cache
def _translations(
    code: str, section: tuple[str, ...]
) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Return a table's whole texts, and those with places: what has more words of its own is tried first."""
    table: dict[str, str] = words(code, *section)
    exact = {english: own for english, own in table.items() if "{" not in english}
    open_ones = sorted((english for english in table if "{" in english), key=lambda each: -_own_length(each))
    return exact, [(re.compile(_pattern(english)), table[english]) for english in open_ones]


def _number(code: str, said: str) -> str:
    """Return an English number, "48,000" or "0.4", with the language's mark and nothing between thousands."""
    return decimals(code, said if decimal_mark(code) == "." else said.replace(",", ""))


def _own_length(text: str) -> int:
    return len(re.sub(r"{\w+}", "", text))


def _pattern(text: str) -> str:
    parts = re.split(r"{(\w+)}", text)
    for at in range(1, len(parts), 2):
        inside = r"[\d,.]*\d" if parts[at].startswith("n_") else r".+?"
        parts[at] = f"(?P<{parts[at]}>{inside})"
    parts[::2] = map(re.escape, parts[::2])
    return "".join(parts)


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
