"""Text as editors, spreadsheets and shells of any system save it: UTF-8, or what a byte order mark tells.

Windows PowerShell writes UTF-16 whenever it sends what a command prints to a file, and spreadsheets do as
"Unicode text".
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from pathlib import Path

from gaplisten.errors import GaplistenError

_WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LONGEST_CELL = 1 << 17


def marked(data: bytes) -> bool:
    """Whether bytes begin with a byte order mark, as no sound and no capture does."""
    return data.startswith((*_WIDE, codecs.BOM_UTF8))


def is_wide(data: bytes) -> bool:
    """Whether bytes begin as UTF-16 does."""
    return data.startswith(tuple(_WIDE))


def decoded(data: bytes, errors: str = "strict") -> str:
    """Return the characters of a text, without its mark.

    Raises
    ------
    UnicodeDecodeError
        If it is none.
    """
    mark, encoding = _encoding(data)
    return data[len(mark) :].decode(encoding, errors)


def decoded_anyhow(data: bytes) -> str:
    """Return the characters of a table or list that people write: what is no UTF-8 is read as Latin-1.

    Spreadsheets of Western systems save so. It is meant for texts whose content is checked by what it names:
    any byte is a letter in Latin-1.

    Raises
    ------
    UnicodeDecodeError
        If it holds zero bytes, or is UTF-16 that breaks off.
    """
    try:
        return decoded(data)
    except UnicodeDecodeError:
        if is_wide(data) or b"\0" in data:
            raise
        return data.decode("latin-1")


def decoded_but_remarks(data: bytes, marks: str) -> str:
    """Return the characters of a text in which lines of remarks, and only these, may be Latin-1.

    Parameters
    ----------
    marks
        The signs with which such a line begins.

    Raises
    ------
    UnicodeDecodeError
        If any other line is no plain text.
    """
    try:
        return decoded(data)
    except UnicodeDecodeError as error:
        if marked(data):
            raise
        lines = [line.strip() for line in lines_of(data.decode("latin-1"))]
        read = [line for line in lines if line and line[0] not in marks]
        plain = read and all(line.isascii() for line in read)
        control = re.search(rb"[\x00-\x08\x0e-\x1f\x7f]", data)
        if not plain or control:
            raise error
        return data.decode("latin-1")


def separator_of(text: str, among: str = ",\t;|") -> str:
    """Return what parts the cells of a table: the sign that its first line holds most of."""
    head = text.lstrip().partition("\n")[0]
    return max(among, key=head.count)


def records(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a table that people made, by the names in its first line; what a row lacks is empty.

    Raises
    ------
    UnicodeDecodeError
        As for `decoded_anyhow`.
    csv.Error
        If it is no table, or a cell is longer than 128 KiB.
    """
    text = decoded_anyhow(data)
    csv.field_size_limit(_LONGEST_CELL)  # one for the whole process: other readers need more
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator_of(text), restval=""))


def beginning(data: bytes, most: int) -> str:
    """Return the characters of a text's first bytes; one of which only a part is among them is left out.

    Raises
    ------
    UnicodeDecodeError
        If they are none.
    """
    mark, encoding = _encoding(data)
    return codecs.getincrementaldecoder(encoding)().decode(data[len(mark) : most], final=len(data) <= most)


def lines_of(text: str) -> list[str]:
    """Return a text's lines as editors and spreadsheets end them: by LF, CR LF or CR.

    `str.splitlines` ends them at form feeds and at Unicode's own line separators, too, which stand within
    cells and labels.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def _encoding(data: bytes) -> tuple[bytes, str]:
    found = next((each for each in _WIDE.items() if data.startswith(each[0])), None)
    return found or (codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b"", "utf-8")


def toml_bytes(text: str, path: Path, refused: type[GaplistenError]) -> bytes:
    """Return the bytes of a TOML file.

    Parameters
    ----------
    path
        Where it goes, for the refusal.
    refused
        What is raised if a name in the text is no text: TOML has no word for it.

    Raises
    ------
    GaplistenError
        Of the kind that was named; it holds the line.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        before, after = error.object[: error.start], error.object[error.start :]
        line = before.rpartition("\n")[2] + after.partition("\n")[0]
        fact = f"is not written: a name is no text, and TOML holds text only ({line.strip()})"
        raise refused(str(path), fact, "rename that file or folder and open it again") from error
