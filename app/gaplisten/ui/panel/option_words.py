"""What the commands' errors call by their options, a window calls by its fields."""

from __future__ import annotations

from collections.abc import Mapping


def in_words(text: str, fields: Mapping[str, str]) -> str:
    """Return a sentence with the window's name for each option in it."""
    for option, field in fields.items():
        text = text.replace(option, field)
    return text
