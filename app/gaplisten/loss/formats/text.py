"""Text of digits and numbers, as several formats read it."""

from __future__ import annotations

import re

import numpy as np

from gaplisten.loss.formats.contract import REMARKS, BadTrace, Content, Decoded, Whole, limited
from gaplisten.loss.trace import Flags
from gaplisten.texts import decoded_but_remarks
from gaplisten.texts import lines_of as split_lines

_SEPARATORS = str.maketrans(dict.fromkeys(",;[]\ufeff", " "))
_ONE = re.compile(r"1(\.0*)?(e[+-]?0+)?|true", re.IGNORECASE)
_EMPTY_PLACE = re.compile(r"[,;]\s*[,;]|^\s*[,;]")
_NOUGHT = re.compile(r"0(\.0*)?(e[+-]?0+)?|false", re.IGNORECASE)


def text_of(content: Content) -> str:
    """Return the file's characters, or refuse bytes that are not text."""
    try:
        return decoded_but_remarks(content.data, REMARKS)
    except UnicodeDecodeError as error:
        raise BadTrace(f"is not text (byte {error.start})", "name its format") from error


def digits_of(content: Content) -> Decoded:
    """Read 0 and 1 in any arrangement: one a line, in a row, with spaces or commas between.

    Also as NumPy and Python write them unless told otherwise: 0.0, 1.000e+00, True. Comments are left out and
    said; a place that is left empty is refused, as all that follows would move.
    """
    lines = split_lines(content.once(text_of))
    kept = [("" if is_comment(line) else line) for line in lines]
    comments = [place for place, line in enumerate(lines) if is_comment(line)]
    _refuse_holes(kept, set(comments))
    notes = (
        "its comment is left out" if len(comments) == 1 else f"its {len(comments)} comments are left out",
    )
    found = _flags_in("\n".join(kept))
    return Decoded(found.lost, (*found.notes, *(notes if comments else ())))


def _flags_in(text: str) -> Decoded:
    plain = "".join(text.translate(_SEPARATORS).split())
    if plain.strip("01"):
        return _words_of(text)
    if not plain:
        raise BadTrace("holds no packets", "write one 0 or 1 per packet")
    return Decoded(np.frombuffer(plain.encode(), np.uint8) == ord("1"))


def _refuse_holes(lines: list[str], comments: set[int]) -> None:
    """Refuse places that are left empty, and lines that hold more than the others."""
    for number, line in enumerate(lines, 1):
        if _EMPTY_PLACE.search(line):
            fact = f"line {number} has an empty place between separators"
            raise BadTrace(fact, "write 0 or 1 there: what follows would move")
    words = [line.translate(_SEPARATORS).split() for line in lines]
    while words and not words[-1]:
        words.pop()
    filled = [number for number, each in enumerate(words) if each]
    single = [number for number in filled if len(words[number]) == 1 and _is_flag(words[number][0])]
    if len(filled) < 3 or len(single) * 2 < len(filled):
        return
    for number in filled:
        if len(words[number]) != 1 or not (_is_flag(words[number][0]) or words[number][0].strip("01")):
            fact = f"line {number + 1} holds {lines[number].strip()[:20]!r} where one 0 or 1 belongs"
            raise BadTrace(fact, "correct the line, or name the format")
    empty = [number for number, each in enumerate(words) if not each and number not in comments]
    # Line ends that were written twice leave every second line empty.
    if empty and not (
        len(empty) == len(filled) - 1 and not comments and empty == list(range(1, len(words), 2))
    ):
        fact = f"line {empty[0] + 1} is empty where 0 or 1 belongs"
        raise BadTrace(fact, "write what is missing there, or take the line out")


def _is_flag(word: str) -> bool:
    return _ONE.fullmatch(word) is not None or _NOUGHT.fullmatch(word) is not None


def is_one_line(content: Content) -> bool:
    """Whether all of a text stands in one line."""
    return len(content.once(lines_of)) == 1


def _words_of(text: str) -> Decoded:
    """Read 0 and 1 that are written as decimal numbers or as truth values."""
    words = text.translate(_SEPARATORS).split()
    limited(len(words))
    flags = np.array([bool(_ONE.fullmatch(word)) for word in words], np.bool_)
    if not all(flag or _NOUGHT.fullmatch(word) for flag, word in zip(flags.tolist(), words, strict=True)):
        raise _stray(text, "01")
    return Decoded(flags, (f"its 0 and 1 are written as {words[0]}",))


def numbers_of(content: Content) -> Whole:
    """Return the whole, non-negative numbers of a text, or name the line of what is none."""
    text = without_comments(content)
    if text.translate(_SEPARATORS).translate({ord(digit): " " for digit in "0123456789"}).strip():
        raise _stray(text, "0123456789")
    words = text.translate(_SEPARATORS).split()
    if not words:
        raise BadTrace("holds no packets", "write one number per packet")
    limited(len(words))
    if max(map(len, words)) > 15:
        raise BadTrace("holds a number of more than 15 digits", "name its format")
    return np.array(words, dtype=np.int64)


def has_one_number_a_line(content: Content) -> bool:
    """Whether a text's numbers stand one in a line, or all in one."""
    words = [line.translate(_SEPARATORS).split() for line in split_lines(without_comments(content))]
    filled = [each for each in words if each]
    return len(filled) == 1 or all(len(each) == 1 for each in filled)


def without_comments(content: Content) -> str:
    """Return a text with its comments as empty lines, so that lines keep their numbers."""
    return "\n".join("" if is_comment(line) else line for line in split_lines(content.once(text_of)))


def holds_only_numbers(content: Content) -> bool:
    """Whether a text holds whole numbers and nothing else, and they are not all 0 and 1."""
    text = without_comments(content)
    if text.strip("0123456789 ,;[]\t\r\n\f\v\ufeff") or not any(map(str.isdigit, text)):
        return False
    return bool("".join(text.translate(_SEPARATORS).split()).strip("01"))


def one_per_line(flags: Flags, end: str = "\n") -> bytes:
    """Write one digit per line."""
    return "".join(f"{digit}{end}" for digit in flags.astype(int).tolist()).encode()


def _stray(text: str, allowed: str) -> BadTrace:
    """Return the refusal that names the first character that does not belong."""
    for number, line in enumerate(split_lines(text), 1):
        rest = line.translate(_SEPARATORS).translate({ord(digit): " " for digit in allowed}).strip()
        if rest:
            found = "0 or 1" if allowed == "01" else "a whole number"
            return BadTrace(
                f"line {number} holds {rest[0]!r} where {found} belongs",
                "correct the line, or name the format",
            )
    return BadTrace("holds something else than digits", "name the format")


def lines_of(content: Content) -> tuple[tuple[int, str], ...]:
    """Return the lines of a text that hold anything, with their numbers; comments are left out."""
    lines = enumerate(split_lines(content.once(text_of)), 1)
    return tuple((number, line.strip()) for number, line in lines if line.strip() and not is_comment(line))


def is_comment(line: str) -> bool:
    """Whether a line is a remark: it begins with #, ; or %."""
    return line.lstrip().startswith(tuple(REMARKS))
