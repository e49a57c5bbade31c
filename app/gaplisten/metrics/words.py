"""Words of a transcript and words that were recognised, made comparable and compared.

Figures of different papers cannot be compared where these rules differ: `NORMALISER` is named with each.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NORMALISER = "Gaplisten 1"
"""Name of the rules of `normalised`; another number where the same text would give other words."""

_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_LARGEST = 999_999
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
# What is said in the same way and written in several; keys as they stand after everything else.
_SAME = {
    "mr": "mister", "mrs": "missus", "ms": "miss", "dr": "doctor", "prof": "professor", "vs": "versus",
    "ok": "okay", "gonna": "going to", "wanna": "want to", "gotta": "got to", "cannot": "can not",
    "etc": "et cetera", "alright": "all right",
    "grey": "gray", "centre": "center", "theatre": "theater", "metre": "meter", "litre": "liter",
    "fibre": "fiber", "defence": "defense", "offence": "offense", "licence": "license",
    "practise": "practice",
    "programme": "program", "cheque": "check", "plough": "plow", "jewellery": "jewelry", "storey": "story",
    "travelled": "traveled", "travelling": "traveling", "traveller": "traveler", "cancelled": "canceled",
    "marvellous": "marvelous", "woollen": "woolen", "skilful": "skillful", "fulfil": "fulfill",
    "realise": "realize", "realised": "realized", "recognise": "recognize", "recognised": "recognized",
    "organise": "organize", "organised": "organized", "apologise": "apologize", "analyse": "analyze",
    "analysed": "analyzed", "tyre": "tire", "pyjamas": "pajamas", "mum": "mom", "towards": "toward",
    "afterwards": "afterward", "whilst": "while", "amongst": "among",
}  # fmt: skip
# British -our, American -or, with whatever follows (coloured, honourable, favourite).
_OUR = re.compile(
    r"^(arm|behavi|col|endeav|fav|flav|glam|harb|hon|hum|lab|neighb|parl|ranc|rig|rum|sav|splend|tum|val|vap|vig)our"
)
_SIGNS = {"%": " percent ", "&": " and ", "@": " at ", "+": " plus ", "=": " equals "}
_TAGS = re.compile(r"<[^<>]{0,40}>|\[[^\[\]]{0,40}\]")  # <s>, <sil>, [SPEECH], [laughter]
_NUMBER = re.compile(r"(?<!\w)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(st|nd|rd|th)?(?!\w)")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def normalised(text: str) -> tuple[str, ...]:
    """Return a text's words as they are compared, for transcripts and recognised text alike.

    Compatibility forms and accents are undone, letters are small, marks of noise in brackets and punctuation
    go (apostrophes inside words stay), numbers up to 999,999 are spelled, common abbreviations are written
    out and British spellings become American.

    >>> " ".join(normalised("Mr. Smith’s 23rd cold-hearted colour, [noise] at 3.5 %"))
    "mister smith's twenty third cold hearted color at three point five percent"
    """
    plain = unicodedata.normalize("NFKD", text.replace("’", "'").replace("‘", "'"))
    plain = "".join(each for each in plain if not 0x300 <= ord(each) <= 0x36F)
    plain = _TAGS.sub(" ", unicodedata.normalize("NFC", plain).casefold())
    plain = _NUMBER.sub(_spelled_match, plain)
    for sign, word in _SIGNS.items():
        plain = plain.replace(sign, word)
    said = " ".join(_SAME.get(word, word) for word in _WORD.findall(plain))
    return tuple(_OUR.sub(r"\1or", word) for word in said.split())


def _spelled_match(found: re.Match[str]) -> str:
    whole, decimals, ordinal = found.groups()
    number = int(whole.replace(",", "")) if len(whole) < 12 else _LARGEST + 1
    if number > _LARGEST or (len(whole) > 1 and whole.startswith("0")):  # telephone numbers are read so
        words = [_ONES[int(digit)] for digit in whole if digit.isdecimal()]
    else:
        words = spelled(number)
    if decimals is not None:
        words += ["point", *(_ONES[int(digit)] for digit in decimals)]
    elif ordinal is not None:
        words[-1] = _ordinal(words[-1])
    return f" {' '.join(words)} "


def _ordinal(word: str) -> str:
    if word in _ORDINALS:
        return _ORDINALS[word]
    return f"{word[:-1]}ieth" if word.endswith("y") else f"{word}th"


def spelled(number: int) -> list[str]:
    """Return the words of a whole number, 0 to 999,999.

    >>> " ".join(spelled(70_412))
    'seventy thousand four hundred twelve'
    """
    if number >= 1000:
        rest = spelled(number % 1000) if number % 1000 else []
        return [*spelled(number // 1000), "thousand", *rest]
    if number >= 100:
        rest = spelled(number % 100) if number % 100 else []
        return [_ONES[number // 100], "hundred", *rest]
    if number >= 20:
        return [_TENS[number // 10], *([_ONES[number % 10]] if number % 10 else [])]
    return [_ONES[number]]


@dataclass(frozen=True)
class Errors:
    """How recognised words differ from those that were said.

    Parameters
    ----------
    words
        How many were said.
    pairs
        Index of the word said and of the word heard, in order; None on one side for a word that was not
        heard, or that nobody said.
    """

    words: int
    substitutions: int
    deletions: int
    insertions: int
    pairs: tuple[tuple[int | None, int | None], ...]

    @property
    def count(self) -> int:
        """All errors."""
        return self.substitutions + self.deletions + self.insertions


def compare_words(said: Sequence[str], heard: Sequence[str]) -> Errors:
    """Return the fewest substitutions, deletions and insertions that turn `said` into `heard`.

    Where there are several ways, the one with a substitution late and a deletion before an insertion is
    taken: the same texts always give the same figures.

    >>> found = compare_words(["he", "was", "not"], ["he", "has"])
    >>> (found.substitutions, found.deletions, found.insertions)
    (1, 1, 0)
    """
    costs = _costs(said, heard)
    pairs: list[tuple[int | None, int | None]] = []
    substitutions = deletions = insertions = 0
    row, column = len(said), len(heard)
    while row or column:
        differ = bool(row and column) and said[row - 1] != heard[column - 1]
        if row and column and costs[row, column] == costs[row - 1, column - 1] + differ:
            row, column = row - 1, column - 1
            substitutions += differ
            pairs.append((row, column))
        elif row and costs[row, column] == costs[row - 1, column] + 1:
            row -= 1
            deletions += 1
            pairs.append((row, None))
        else:
            column -= 1
            insertions += 1
            pairs.append((None, column))
    return Errors(len(said), substitutions, deletions, insertions, tuple(reversed(pairs)))


def _costs(said: Sequence[str], heard: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    """Return the edit distance of every beginning of one text to every beginning of the other."""
    numbers: dict[str, int] = {}
    one, other = (
        np.array([numbers.setdefault(word, len(numbers)) for word in text], np.int32)
        for text in (said, heard)
    )
    steps = np.arange(other.size + 1, dtype=np.int32)
    costs = np.empty((one.size + 1, other.size + 1), np.int32)
    costs[0] = steps
    for row, word in enumerate(one, 1):
        best = costs[row - 1] + 1
        best[1:] = np.minimum(best[1:], costs[row - 1, :-1] + (other != word))
        # An insertion costs one for each step to the right: the least of all to the left, plus the way.
        costs[row] = np.minimum.accumulate(best - steps) + steps
    return costs
