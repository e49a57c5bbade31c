"""Words of strangers reach terminals, windows and files only as text; errors say thing, fact, way out."""

from __future__ import annotations

import pytest

from gaplisten.errors import GaplistenError, in_line, visible


@pytest.mark.parametrize(
    "text",
    ["plain.wav", "Fußgänger – 2.wav", "日本語", "two\nlines\tand a tab", "a\u00a0b", "e\u0301", "🎧", "ש"],
)
def test_letters_of_all_languages_line_ends_and_tabs_stay_as_they_are(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("sign", "shown"),
    [
        ("\x1b", "\\x1b"),
        ("\r", "\\r"),
        ("\x00", "\\x00"),
        ("\x7f", "\\x7f"),
        ("\x9b", "\\x9b"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
        ("\udc80", "\\udc80"),
        *((chr(code), f"\\u{code:04x}") for code in (0x61C, *range(0x200E, 0x2010), *range(0x202A, 0x202F))),
        *((chr(code), f"\\u{code:04x}") for code in range(0x2066, 0x206A)),
    ],
)
def test_what_could_move_a_cursor_or_turn_text_round_is_written_out_and_its_neighbours_are_not(
    sign: str, shown: str
) -> None:
    assert visible(f"clip{sign}é.wav") == f"clip{shown}é.wav"
    assert visible(f"{sign}clip") == f"{shown}clip"


def test_a_name_cannot_write_lines_of_its_own() -> None:
    assert in_line("clip\nall\tpassed") == r"clip\nall\tpassed"
    said = str(GaplistenError("a\nb.wav", "is short\nreally", "copy it \x1b[2J again"))
    assert said == "a\\nb.wav: is short\nreally; copy it \\x1b[2J again"


def test_an_error_without_a_way_out_ends_with_its_fact() -> None:
    assert str(GaplistenError("a.wav", "is empty")) == "a.wav: is empty"
