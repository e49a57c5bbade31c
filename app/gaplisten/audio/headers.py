"""What the first bytes of a sound file promise, compared with what is there.

libsndfile repairs short files without a word; a test bench has to say so instead.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_STREAMING = 0xFFFFFFFF
_LFS = b"version https://git-lfs"
_MAGICS = tuple(b"RIFF RF64 RIFX FORM fLaC OggS .snd caff NIST riff".split())
_COPY_AGAIN = "copy or export it again"


@dataclass
class HeaderFault(Exception):  # noqa: N818 - the caller turns it into an error with the file's name
    """Why a file cannot be sound, or not all of it."""

    fact: str
    way_out: str


@dataclass(frozen=True)
class _Chunk:
    name: bytes
    size: int
    start: int


def check_header(path: Path) -> tuple[str, ...]:
    """Compare a file's declared with its real length.

    Returns
    -------
    notes
        Sentences about oddities that do not prevent reading.

    Raises
    ------
    HeaderFault
        If the file is empty, a Git-LFS pointer, text, or shorter than its header says.
    """
    with path.open("rb") as file:
        length = os.fstat(file.fileno()).st_size
        head = file.read(512)
        _refuse_other(head, length)
        kind = head[:4]
        if kind in (b"RIFF", b"RF64", b"RIFX", b"FORM"):
            return _check_chunks(file, kind, length)
        if kind == b".snd" and len(head) >= 24:
            return _check_au(head, length)
    return ()


def _refuse_other(head: bytes, length: int) -> None:
    if length == 0:
        raise HeaderFault("is empty (0 bytes)", _COPY_AGAIN)
    if head.startswith(_LFS):
        raise HeaderFault(
            "is a Git-LFS pointer, not the sound itself", "fetch the real file with 'git lfs pull'"
        )
    if _is_text(head):
        raise HeaderFault("holds text, not sound", "check which file was saved under this name")


def _is_text(head: bytes) -> bool:
    if head.startswith(
        (b"RIFF", b"RF64", b"RIFX", b"FORM", b"fLaC", b"OggS", b".snd", b"caff", b"NIST", b"riff")
    ):
        return False
    return bool(head) and all(byte in b"\t\r\n\f" or 32 <= byte < 127 for byte in head)


def _chunks(file: BinaryIO, order: str, length: int) -> Iterator[_Chunk]:
    at = 12
    while at + 8 <= length:
        file.seek(at)
        name, size = struct.unpack(f"{order}4sI", file.read(8))
        yield _Chunk(name, size, at + 8)
        at += 8 + size + size % 2


def _check_chunks(file: BinaryIO, kind: bytes, length: int) -> tuple[str, ...]:
    order = ">" if kind in (b"RIFX", b"FORM") else "<"
    long_size: int | None = None
    for chunk in _chunks(file, order, length):
        if chunk.name == b"ds64" and length >= chunk.start + 16:
            file.seek(chunk.start)
            long_size = struct.unpack("<QQ", file.read(16))[1]
        if chunk.name in (b"data", b"SSND"):
            streamed = chunk.size == _STREAMING and kind == b"RF64" and long_size is not None
            size = long_size if streamed and long_size is not None else chunk.size
            return _compare(size, length - chunk.start)
    raise HeaderFault("is cut short: it ends before its sound data begin", _COPY_AGAIN)


def _check_au(head: bytes, length: int) -> tuple[str, ...]:
    start, size = struct.unpack(">II", head[4:12])
    return _compare(size, length - start)


def _compare(promised: int, there: int) -> tuple[str, ...]:
    if promised == _STREAMING or (promised == 0 and there > 0):
        return ("its header does not say how long it is (written as a stream): a cut end cannot be noticed",)
    if promised > there:
        raise HeaderFault(
            f"is cut short: its header promises {promised} bytes of sound, {max(there, 0)} are there",
            _COPY_AGAIN,
        )
    return ()
