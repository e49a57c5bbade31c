"""Text of any system is read as it was written; what is no text is refused and not guessed at."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from gaplisten.errors import GaplistenError
from gaplisten.texts import (
    beginning,
    decoded,
    decoded_anyhow,
    decoded_but_remarks,
    lines_of,
    records,
    separator_of,
    toml_bytes,
)

WORD = "Grüße\n1 0\n"


@pytest.mark.parametrize(
    "data",
    [
        WORD.encode(),
        codecs.BOM_UTF8 + WORD.encode(),
        codecs.BOM_UTF16_LE + WORD.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + WORD.encode("utf-16-be"),
    ],
    ids=["UTF-8", "UTF-8 with a mark", "UTF-16 LE", "UTF-16 BE"],
)
def test_a_text_is_the_same_however_it_is_encoded(data: bytes) -> None:
    assert decoded(data) == decoded_anyhow(data) == decoded_but_remarks(data, "#") == WORD
    for most in range(len(data) + 2):
        assert WORD.startswith(beginning(data, most))
    assert beginning(data, len(data)) == WORD


def test_tables_that_people_write_may_be_latin_1_but_hold_no_zero_bytes() -> None:
    assert decoded_anyhow("Grüße".encode("latin-1")) == "Grüße"
    for data in (b"Gr\xfc\0e", codecs.BOM_UTF16_LE + b"\x00\xd8", codecs.BOM_UTF16_LE + b"a"):
        with pytest.raises(UnicodeDecodeError):
            decoded_anyhow(data)


@pytest.mark.parametrize("remark", ["# gr\xfcn", "  ; gr\xfcn", "#\xfc\r\n# second"])
def test_remarks_of_a_trace_may_be_latin_1(remark: str) -> None:
    text = f"{remark}\n0 1 0\n\n"
    assert decoded_but_remarks(text.encode("latin-1"), "#;") == text


@pytest.mark.parametrize(
    "data",
    [
        b"# gr\xfcn\n0 1 \xfc\n",
        b"0 1 0\n\xfc\n",
        b"# gr\xfcn\n0 1\x00\n",
        b"# gr\xfcn\x08\n0 1\n",
        b"# gr\xfcn\n0 1\x7f\n",
        b"# gr\xfcn\n0 1\x1f\n",
        b"# gr\xfcn\n# and nothing else\n",
        codecs.BOM_UTF8 + b"# gr\xfcn\n0 1\n",
    ],
)
def test_what_is_latin_1_elsewhere_or_holds_controls_is_no_text(data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        decoded_but_remarks(data, "#;")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "end"])
def test_lines_end_as_editors_end_them_and_nowhere_else(ending: str, last: str) -> None:
    lines = ["a\x0cb", "", "c\u2028d", *([last] if last else [])]
    assert lines_of(ending.join(lines) + ("" if last else ending)) == lines


@pytest.mark.parametrize("sign", list(",\t;|"))
def test_rows_are_told_by_the_sign_that_their_head_holds_most_of(sign: str) -> None:
    text = sign.join(("clip", "a b", "c")) + "\n" + sign.join(("x", "1")) + "\n"
    assert separator_of(text) == sign
    assert records(text.encode()) == [{"clip": "x", "a b": "1", "c": ""}]


def test_a_name_that_is_no_text_is_named_with_its_line(tmp_path: Path) -> None:
    assert toml_bytes('a = "ü"\n', tmp_path, GaplistenError) == 'a = "ü"\n'.encode()
    with pytest.raises(GaplistenError, match=r"a name is no text.*\(b = \"\\udcff\"\)"):
        toml_bytes('a = 1\nb = "\udcff"\nc = 2\n', tmp_path / "x.toml", GaplistenError)
