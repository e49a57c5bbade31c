"""The one font of all figures: how wide a text is, and where a long one is broken."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont

from gaplisten import folders

FAMILY = "'DejaVu Sans', Verdana, sans-serif"
_MEASURED_AT = 100


def font_file() -> Path:
    """Return the font that comes with the program, so that a bare machine draws the same picture."""
    return folders.resources() / "fonts" / "DejaVuSans.ttf"


@cache
def font(pixels: float) -> ImageFont.FreeTypeFont:
    """Return the font at a height in pixels."""
    return ImageFont.truetype(font_file(), pixels, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4096)
def width(text: str, size: float) -> float:
    """Return how wide a line of text is at a size, both in points."""
    return float(font(_MEASURED_AT).getlength(text)) * size / _MEASURED_AT


def broken(text: str, size: float, room: float) -> list[str]:
    """Return a text in lines that are not wider than `room`, broken between words or in them."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            joined = f"{line} {word}".strip()
            if width(joined, size) <= room:
                line = joined
                continue
            if line:
                lines.append(line)
            *whole, line = _cut(word, size, room)
            lines += whole
        lines.append(line)
    return [line for line in lines if line]


def _cut(word: str, size: float, room: float) -> list[str]:
    parts = [""]
    for sign in word:
        if parts[-1] and width(parts[-1] + sign, size) > room:
            parts.append("")
        parts[-1] += sign
    return parts


_ROUNDING = 0.01  # points: a room that was measured by this very text has lost the last bits on its way


def shortened(text: str, size: float, room: float) -> str:
    """Return a text that is not wider than `room`, with an ellipsis where its end had to go."""
    if width(text, size) <= room + _ROUNDING:
        return text
    while text and width(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"
