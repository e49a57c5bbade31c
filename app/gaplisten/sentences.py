"""English sentences found again in a text, with what stood in their places, and said in another language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

_PLACE = re.compile(r"{(\w+)}")
_KEPT = 4096


class Sentences:
    """A table of English sentences, each with its own wording in one language.

    A key may have places, ``"difference of {what}"``: what stands there is translated, too. Only a number
    stands in a place like ``{n_clips}``. So whoever raises an error or names a measure writes plain English
    once, and knows nothing of languages.

    Parameters
    ----------
    table
        Wordings by their English sentence; both have the same places.
    number
        Writes the number in a place like ``{n_clips}`` as the language does.
    names
        Whether names are translated, too, in places like ``{name}`` and ``{clip_name}``: not where people
        name what they like, and a condition may be called "low".
    """

    def __init__(
        self, table: Mapping[str, str], number: Callable[[str], str] = str, *, names: bool = True
    ) -> None:
        self._exact = {english: own for english, own in table.items() if not _PLACE.search(english)}
        open_ones = (english for english in table if english not in self._exact)
        # What has more words of its own is tried first.
        self._open = [
            (_longest_part(english), english, table[english])
            for english in sorted(open_ones, key=lambda each: -len(_PLACE.sub("", each)))
        ]
        self._number, self._names = number, names
        self._patterns: dict[str, re.Pattern[str]] = {}
        self.said = lru_cache(maxsize=_KEPT)(self._said)

    def _said(self, text: str) -> str:
        """Return a text in the language; one that the table does not have stays as it is."""
        if text in self._exact:
            return self._exact[text]
        for part, english, own in self._open:
            # Hundreds of patterns need not be read for one text: most have words that it does not hold.
            if part in text and (found := self._pattern(english).fullmatch(text)):
                return own.format(
                    **{place: self._placed(place, at) for place, at in found.groupdict().items()}
                )
        return text

    def _placed(self, place: str, said: str) -> str:
        if place.startswith("n_"):
            return self._number(said)
        return self._said(said) if self._names or not place.endswith("name") else said

    def _pattern(self, english: str) -> re.Pattern[str]:
        if english not in self._patterns:
            parts = _PLACE.split(english)
            for at in range(1, len(parts), 2):
                inside = r"[\d,.]*\d" if parts[at].startswith("n_") else r".+?"
                parts[at] = f"(?P<{parts[at]}>{inside})"
            parts[::2] = map(re.escape, parts[::2])
            self._patterns[english] = re.compile("".join(parts), re.DOTALL)
        return self._patterns[english]


def _longest_part(english: str) -> str:
    return max(_PLACE.split(english)[::2], key=len)
