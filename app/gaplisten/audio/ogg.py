"""The pages of an Ogg file: checksums, numbers, the mark of the end, and which codec they carry."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

from gaplisten.audio.promises import CONVERT, COPY_AGAIN, HeaderFault

_PAGE = 27 + 255 + 255 * 255  # the longest there can be
_FIRST, _LAST = 2, 4  # flags of a stream's first and last page
_NOTE = (
    "it has no last page that ends it (a stream that was broken off, perhaps): a cut end cannot be noticed"
)
_READ = (b"\x01vorbis", b"OpusHead")
_OTHERS = {b"\x7fFLAC": "FLAC", b"Speex   ": "Speex", b"\x80theora": "video", b"fishead\0": "several streams"}


def check_ogg(file: BinaryIO, length: int) -> tuple[str, ...]:
    """Look at each page's checksum and number and for the mark of the end: libsndfile plays what there is."""
    at, flags = 0, _LAST
    numbers: dict[int, int] = {}
    while at < length:
        file.seek(at)
        page = file.read(_PAGE)
        if not page.startswith(b"OggS\0"):
            if b"OggS\0" in page or len(page) == _PAGE:
                raise HeaderFault(f"is damaged: no page of sound begins at byte {at}", COPY_AGAIN)
            break  # tags
        table = page[27 : 27 + page[26]] if len(page) > 26 else b""
        size = 27 + len(table) + sum(table)
        if len(page) < 27 or len(table) < page[26] or size > len(page):
            raise HeaderFault("is cut short: its last page is not whole", COPY_AGAIN)
        flags, serial, number = page[5], *struct.unpack_from("<II", page, 14)
        if _checksum(page[:22] + bytes(4) + page[26:size]) != struct.unpack_from("<I", page, 22)[0]:
            raise HeaderFault(f"is damaged: the checksum of its page at byte {at} does not fit", COPY_AGAIN)
        expected = numbers.get(serial, number)
        if not at:
            _refuse_other_codecs(page[27 + len(table) : size])
        if number != expected and not flags & _FIRST:
            raise HeaderFault(f"is damaged: pages {expected} to {number - 1} are missing", COPY_AGAIN)
        numbers[serial] = number + 1 & 0xFFFFFFFF
        at += size
    return () if flags & _LAST else (_NOTE,)


def _refuse_other_codecs(first: bytes) -> None:
    if not first.startswith(_READ):
        found = next((name for magic, name in _OTHERS.items() if first.startswith(magic)), "unknown sound")
        raise HeaderFault(f"is an Ogg file with {found} in it: only Vorbis and Opus can be read", CONVERT)


_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _checksum(page: bytes) -> int:
    """Return the CRC-32 of a page (RFC 3533): zlib's polynomial, but high bits first and nothing inverted."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")
