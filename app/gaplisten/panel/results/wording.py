"""Results in the panel's language: tables, figures and reports as they are shown, never files of data."""

from __future__ import annotations

from gaplisten import languages
from gaplisten.tables import Cell, Table

# What stands in them are words of ours; in others names, numbers, and sentences that are translated already.
_OF_WORDS = frozenset(
    {"stratum", "interval over", "found by", "what", "fact", "reliability", "speaks about", "blocks", "scale"}
)


def worded(text: str, language: str) -> str:
    """Return an English text of results in a language; what its file does not have stays English."""
    return languages.translated(language, text, "results")


def in_words(table: Table, language: str) -> Table:
    """Return a table with its heads, and the words in it, in a language; names and numbers stay."""
    if language == languages.ENGLISH:
        return table
    of_words = [name in _OF_WORDS for name in table.columns]

    def cell(value: Cell, word: bool) -> Cell:
        return worded(value, language) if word and isinstance(value, str) else value

    return Table(
        tuple(worded(name, language) for name in table.columns),
        tuple(tuple(map(cell, row, of_words)) for row in table.rows),
    )
