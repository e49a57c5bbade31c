"""Errors that name the thing, the fact and the way out."""

from __future__ import annotations

from unicodedata import category

# They turn around the order in which text is shown, so that a name can be made to look like another.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def visible(text: str) -> str:
    r"""Return text of strangers (file names, plugins' words) so that terminals, windows and files take it.

    Control characters but line end and tab, halves of surrogate pairs and marks of writing direction are
    written out: none of them can move a cursor, colour a screen, or pass for other text.

    >>> visible("\x1b[2Jclip\u202egnp.exe")
    '\\x1b[2Jclip\\u202egnp.exe'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(sign) for sign in text)


def in_line(text: str) -> str:
    r"""Return text of strangers as `visible` does, and in one line: a name cannot write lines of its own.

    >>> in_line("clip\nall passed")
    'clip\\nall passed'
    """
    return visible(text).replace("\n", r"\n").replace("\t", r"\t")


def _shown(sign: str) -> str:
    if sign in "\n\t" or (category(sign) not in ("Cc", "Cs", "Zl", "Zp") and sign not in _TURNING):
        return sign
    return sign.encode("unicode_escape").decode()


class GaplistenError(Exception):
    """Something the user can understand and mend; shown without a traceback.

    Parameters
    ----------
    thing
        What it is about: a file, a plugin, a setting. Paths are given as text.
    fact
        What was found.
    way_out
        What the user can do about it.
    key
        The sentence's name in the languages' files, for errors that people meet who speak another language:
        listeners of a panel.
    """

    def __init__(self, thing: str, fact: str, way_out: str = "", *, key: str = "") -> None:
        super().__init__(thing, fact, way_out)
        self.thing, self.fact, self.way_out, self.key = thing, fact, way_out, key

    def __str__(self) -> str:
        return visible(sentence(in_line(self.thing), self.fact, self.way_out))


def sentence(thing: str, fact: str, way_out: str) -> str:
    """Return an error's three parts as one sentence."""
    return f"{thing}: {fact}; {way_out}" if way_out else f"{thing}: {fact}"
