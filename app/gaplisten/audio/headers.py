"""What the first bytes of a sound file promise, compared with what is there.

libsndfile repairs short files without a word; a test bench has to say so instead.
"""

from __future__ import annotations

import os
import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_STREAMING = 0xFFFFFFFF
_LFS = b"version https://git-lfs"
_CHUNKED = (b"RIFF", b"RF64", b"RIFX", b"FORM")
_MAGICS = (*_CHUNKED, b"fLaC", b"OggS", b".snd", b"caff", b"NIST", b"riff", b"ID3")
_COPY_AGAIN = "copy or export it again"
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")  # of UTF-16 and UTF-8 text
_OGG_PAGE = 27 + 255 + 255 * 255  # the longest there can be
_OGG_LAST = 4  # flag of a stream's last page
_OGG_NOTE = (
    "it has no last page that ends it (a stream that was broken off, perhaps): a cut end cannot be noticed"
)
_STREAM_NOTE = "its header does not say how long it is (written as a stream): a cut end cannot be noticed"


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
        If the file is empty, a Git-LFS pointer, text, a pipe, or shorter than its header says.
    """
    if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe or a device could wait for ever
        raise HeaderFault("is a pipe or a device, not a file", "save the sound to a file first")
    with path.open("rb") as file:
        length = os.fstat(file.fileno()).st_size
        head = file.read(1024)
        _refuse_other(head, length)
        kind = head[:4]
        if kind in _CHUNKED:
            return _check_chunks(file, kind, length)
        if kind == b".snd" and len(head) >= 24:
            start, size = struct.unpack(">II", head[4:12])
            return _compare(size, length - start)
        if kind == b"riff":
            return _check_wave64(file, length)
        if kind == b"NIST":
            return _check_sphere(head, length)
        if kind == b"OggS":
            return _check_ogg(file, length)
    return ()


def has_sound_magic(path: Path) -> bool:
    """Tell whether a file begins like a sound file, so that a failure to read it means damage."""
    with path.open("rb") as file:
        return file.read(4).startswith(_MAGICS)


def _refuse_other(head: bytes, length: int) -> None:
    if length == 0:
        raise HeaderFault("is empty (0 bytes)", _COPY_AGAIN)
    if head.startswith(_LFS):
        raise HeaderFault("is a Git-LFS pointer, not the sound itself", "fetch the file with 'git lfs pull'")
    if _is_text(head):
        raise HeaderFault("holds text, not sound", "check which file was saved under this name")


def _is_text(head: bytes) -> bool:
    if head.startswith(_MAGICS):
        return False
    if head.startswith(_BYTE_ORDER_MARKS):
        return True
    return all(byte in b"\t\r\n\f" or 32 <= byte < 127 for byte in head[:512])


def _chunks(file: BinaryIO, order: str, length: int, at: int = 12) -> Iterator[_Chunk]:
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
            if kind == b"RF64" and chunk.size == _STREAMING and long_size is not None:
                return _compare(long_size, length - chunk.start)
            if chunk.size == 0 and not _only_chunks(file, order, chunk.start, length):
                _refuse_unfinished(length - chunk.start)
            return _compare(chunk.size, length - chunk.start)
    raise HeaderFault("is cut short: it ends before its sound data begin", _COPY_AGAIN)


def _only_chunks(file: BinaryIO, order: str, start: int, length: int) -> bool:
    """Tell whether everything from `start` on is whole chunks, so that an empty data chunk is meant."""
    end = start
    for chunk in _chunks(file, order, length, start):
        if not chunk.name.isalnum() and not chunk.name.strip().isalnum():
            return False
        end = chunk.start + chunk.size
    return end <= length <= end + 8


def _refuse_unfinished(there: int) -> None:
    raise HeaderFault(
        f"was not finished: its header says 0 bytes of sound, {there} follow",
        "repair its header (for instance with sox --ignore-length) or record it again",
    )


def _check_wave64(file: BinaryIO, length: int) -> tuple[str, ...]:
    """Walk Wave64's chunks: a 16-byte name, a 64-bit size that counts this head, padding to 8 bytes."""
    at = 40
    while at + 24 <= length:
        file.seek(at)
        name, size = struct.unpack("<16sQ", file.read(24))
        if name[:4] == b"data":
            return _compare(size - 24, length - at - 24)
        at += max(24, size + -size % 8)
    raise HeaderFault("is cut short: it ends before its sound data begin", _COPY_AGAIN)


def _check_sphere(head: bytes, length: int) -> tuple[str, ...]:
    fields = {name: int(value) for name, value in re.findall(rb"(\w+) -i (\d+)", head)}
    size = re.match(rb"NIST_1A\s+(\d+)", head)
    wanted = (b"sample_count", b"sample_n_bytes")
    if size is None or any(name not in fields for name in wanted):
        return ()
    promised = fields[b"sample_count"] * fields[b"sample_n_bytes"] * fields.get(b"channel_count", 1)
    return _compare(promised, length - int(size[1]))


def _check_ogg(file: BinaryIO, length: int) -> tuple[str, ...]:
    """Look whether the last page is whole and says that it is the last: libsndfile plays what there is."""
    start = max(0, length - _OGG_PAGE)
    file.seek(start)
    pages = list(_ogg_pages(file.read(), start))
    last = next((page for page in pages if page[0] == length), pages[-1] if pages else None)
    if last is None:
        return ()
    end, flags = last
    if end > length:
        raise HeaderFault(f"is cut short: its last page wants {end - length} more bytes", _COPY_AGAIN)
    return () if flags & _OGG_LAST else (_OGG_NOTE,)


def _ogg_pages(tail: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Give where each page in a file's tail ends, and its flags; a cut head ends beyond the file."""
    for found in re.finditer(rb"OggS\0", tail):
        head = tail[found.start() :]
        count = head[26] if len(head) > 26 else 255
        body = sum(head[27 : 27 + count]) + max(0, 27 + count - len(head))
        yield start + found.start() + 27 + count + body, head[5] if len(head) > 5 else 0


def _compare(promised: int, there: int) -> tuple[str, ...]:
    if promised == _STREAMING:
        return (_STREAM_NOTE,)
    if promised > there:
        fact = f"is cut short: its header promises {promised} bytes of sound, {max(there, 0)} are there"
        raise HeaderFault(fact, _COPY_AGAIN)
    return ()
