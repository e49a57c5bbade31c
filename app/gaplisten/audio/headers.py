"""What the first bytes of a sound file promise, compared with what is there.

libsndfile repairs short files without a word; a test bench has to say so instead.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_STREAMING = 0xFFFFFFFF
_LFS = b"version https://git-lfs"
_VOC = b"Creative Voice File\x1a"
_CHUNKED = (b"RIFF", b"RF64", b"RIFX", b"FORM")
_MAGICS = (*_CHUNKED, b"fLaC", b"OggS", b".snd", b"caff", b"NIST", b"riff", b"ID3", _VOC)
_COPY_AGAIN = "copy or export it again"
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")  # of UTF-16 and UTF-8 text
_OGG_PAGE = 27 + 255 + 255 * 255  # the longest there can be
_OGG_FIRST, _OGG_LAST = 2, 4  # flags of a stream's first and last page
_OGG_NOTE = (
    "it has no last page that ends it (a stream that was broken off, perhaps): a cut end cannot be noticed"
)
_MORE_NOTE = (
    "{:,} bytes behind its sound belong to no part of it: more was recorded than its header says, perhaps"
)
_IN_BLOCKS = (0x02, 0x11, 0x31)  # WAV's Microsoft and IMA ADPCM, GSM 06.10
_UNPACKED = (
    b"NONE",
    b"twos",
    b"sowt",
    b"raw ",
    b"in24",
    b"in32",
    b"fl32",
    b"FL32",
    b"fl64",
    b"FL64",
)  # AIFF-C
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
        if kind == b"caff":
            return _check_caf(file, length)
        if kind == b"OggS":
            return _check_ogg(file, length)
        if kind == b"fLaC":
            _refuse_streamed_flac(head)
        if head.startswith(_VOC):
            _check_voc(file, length)
    return ()


def has_sound_magic(path: Path) -> bool:
    """Tell whether a file begins like a sound file, so that a failure to read it means damage."""
    with path.open("rb") as file:
        return file.read(len(_VOC)).startswith(_MAGICS)


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
    counted: tuple[int, int] | None = None
    for chunk in _chunks(file, order, length):
        if chunk.name == b"COMM" and kind == b"FORM":
            counted = _counted_aiff(file, chunk)
        if chunk.name == b"ds64" and length >= chunk.start + 16:
            file.seek(chunk.start)
            long_size = struct.unpack("<QQ", file.read(16))[1]
        if chunk.name in (b"data", b"SSND"):
            if kind == b"RF64" and chunk.size == _STREAMING and long_size is not None:
                return _compare(long_size, length - chunk.start)
            if chunk.size == 0 and not _only_chunks(file, order, chunk.start, length):
                _refuse_unfinished(length - chunk.start)
            notes = _compare(chunk.size, length - chunk.start)
            end = min(chunk.start + chunk.size + chunk.size % 2, length)
            if not notes and counted is not None and chunk.size >= 8:
                notes = _compare_aiff(*counted, chunk.size - 8)
            if not notes and not _only_chunks(file, order, end, length):
                notes = (_MORE_NOTE.format(length - end),)
            return notes
    raise HeaderFault("is cut short: it ends before its sound data begin", _COPY_AGAIN)


def _counted_aiff(file: BinaryIO, common: _Chunk) -> tuple[int, int] | None:
    """Return how many frames an AIFF file counts, and the bytes of each; None where a codec packs them."""
    file.seek(8)
    form = file.read(4)
    file.seek(common.start)
    head = file.read(min(common.size, 22))
    if len(head) < 18:
        return None
    channels, frames, bits = struct.unpack(">hIh", head[:8])
    size = channels * -(-bits // 8)
    return (frames, size) if size > 0 and (form == b"AIFF" or head[18:22] in _UNPACKED) else None


def _compare_aiff(counted: int, size: int, there: int) -> tuple[str, ...]:
    found = there // size
    if counted > found:
        raise HeaderFault(f"is damaged: its header counts {counted} frames, {found} are there", _COPY_AGAIN)
    if counted < found and there - counted * size > 1:  # an odd number of bytes is made even
        return (f"its header counts {counted} frames, {found} are there and are read",)
    return ()


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


def _check_caf(file: BinaryIO, length: int) -> tuple[str, ...]:
    """Walk a Core Audio file's chunks: a name and a signed 64-bit size, -1 for "to the end"."""
    at = 8
    while at + 12 <= length:
        file.seek(at)
        name, size = struct.unpack(">4sq", file.read(12))
        if name == b"data":
            if size == -1:  # allowed, but libsndfile calls it malformed
                raise HeaderFault("does not say how long it is (written as a stream)", "convert it to WAV")
            return _compare(size, length - at - 12)
        if size < 0:
            raise HeaderFault(f"is damaged: a part of it claims {size} bytes", _COPY_AGAIN)
        at += 12 + size
    raise HeaderFault("is cut short: it ends before its sound data begin", _COPY_AGAIN)


def _check_voc(file: BinaryIO, length: int) -> None:
    """Walk a Creative Voice file's blocks: a kind, a size of 24 bits; 0 ends them."""
    file.seek(20)
    at = int.from_bytes(file.read(2), "little")
    while at < length:
        file.seek(at)
        head = file.read(4)
        if head[:1] == b"\0":
            return
        at += 4 + int.from_bytes(head[1:4], "little")
        if len(head) < 4 or at > length:
            raise HeaderFault(
                f"is cut short: its last part would end at byte {at}, it has {length}", _COPY_AGAIN
            )


def _refuse_streamed_flac(head: bytes) -> None:
    # libsndfile takes its length for endless, and cannot read to the end of that.
    if len(head) >= 42 and head[4] & 0x7F == 0 and not (head[21] & 0x0F or any(head[22:26])):
        raise HeaderFault(
            "does not say how long it is (written as a stream)",
            "decode it and encode it again, into a file (flac -d, then flac)",
        )


# --- Ogg ----------------------------------------------------------------------------------------------------


def _check_ogg(file: BinaryIO, length: int) -> tuple[str, ...]:
    """Look at each page's checksum and number and for the mark of the end: libsndfile plays what there is."""
    at, flags = 0, _OGG_LAST
    numbers: dict[int, int] = {}
    while at < length:
        file.seek(at)
        page = file.read(_OGG_PAGE)
        if not page.startswith(b"OggS\0"):
            if b"OggS\0" in page or len(page) == _OGG_PAGE:
                raise HeaderFault(f"is damaged: no page of sound begins at byte {at}", _COPY_AGAIN)
            break  # tags
        table = page[27 : 27 + page[26]] if len(page) > 26 else b""
        size = 27 + len(table) + sum(table)
        if len(page) < 27 or len(table) < page[26] or size > len(page):
            raise HeaderFault("is cut short: its last page is not whole", _COPY_AGAIN)
        flags, serial, number = page[5], *struct.unpack_from("<II", page, 14)
        if _ogg_checksum(page[:22] + bytes(4) + page[26:size]) != struct.unpack_from("<I", page, 22)[0]:
            raise HeaderFault(f"is damaged: the checksum of its page at byte {at} does not fit", _COPY_AGAIN)
        expected = numbers.get(serial, number)
        if number != expected and not flags & _OGG_FIRST:
            raise HeaderFault(f"is damaged: pages {expected} to {number - 1} are missing", _COPY_AGAIN)
        numbers[serial] = number + 1 & 0xFFFFFFFF
        at += size
    return () if flags & _OGG_LAST else (_OGG_NOTE,)


_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _ogg_checksum(page: bytes) -> int:
    """Return the CRC-32 of a page (RFC 3533): zlib's polynomial, but high bits first and nothing inverted."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")


# --- lengths that libsndfile gets wrong ------------------------------------------------------------------


def told_frames(path: Path, found: int) -> int | None:
    """Return how many frames a file says it has, where libsndfile only guesses; None where it knows.

    Parameters
    ----------
    found
        What libsndfile takes for its length, in frames.

    Notes
    -----
    The coders of GSM 06.10 and ADPCM in WAV fill up their last block; the fact chunk says what was meant.
    """
    with path.open("rb") as file:
        length = os.fstat(file.fileno()).st_size
        if file.read(4) != b"RIFF":
            return None
        form, fact = b"", 0
        for chunk in _chunks(file, "<", length):
            file.seek(chunk.start)
            if chunk.name == b"fmt ":
                form = file.read(min(chunk.size, 20))
            elif chunk.name == b"fact" and chunk.size >= 4:
                (fact,) = struct.unpack("<I", file.read(4))
            elif chunk.name == b"data":
                break
    if len(form) < 20 or struct.unpack("<H", form[:2])[0] not in _IN_BLOCKS or fact in (0, _STREAMING):
        return None
    block = struct.unpack("<H", form[18:20])[0]
    # Much less is a header that was never finished; more is a file cut short.
    return fact if fact > found - 2 * block else None


@dataclass(frozen=True)
class MpegCount:
    """What is in a file of MPEG audio, by its frames' own heads.

    Parameters
    ----------
    samples
        Per channel, in all whole frames.
    frames
        Whole frames, without the one that holds an index.
    strays
        Bytes between frames that belong to none.
    indexed
        Whether the first frame is an index (Xing, Info, VBRI), and how many frames it counts (0: not said).
    """

    samples: int
    frames: int
    strays: int
    indexed: bool
    promised: int


def count_mpeg(path: Path) -> MpegCount | None:
    """Walk from frame to frame of an MP3 file; None where there is no MPEG audio."""
    data = path.read_bytes()
    at = frames = samples = strays = 0
    if data.startswith(b"ID3") and len(data) > 10:  # four times seven bits
        at = 10 + sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    first = end = data.find(b"\xff", at, at + 4096)
    if first < 0:
        return None
    promised = _promised_frames(data[first : first + 200])
    kind = -1  # version, layer and checksums are the same in all frames
    while at >= 0 and at + 4 <= len(data):
        step = _mpeg_frame(data[at : at + 4])
        if step is None or kind not in (-1, data[at + 1]):
            at = data.find(b"\xff", at + 1)
            continue
        strays += max(at - end, 0) if frames else 0
        (size, length), kind = step, data[at + 1]
        end = at = at + size
        if at <= len(data):
            frames, samples = frames + 1, samples + length
    if not frames:
        return None
    return MpegCount(samples, frames - (promised is not None), strays, promised is not None, promised or 0)


def _promised_frames(head: bytes) -> int | None:
    """Return how many frames an index counts (0 where it does not say); None where there is none."""
    for mark, at, flag in ((b"Xing", 8, 1), (b"Info", 8, 1), (b"VBRI", 14, 0)):
        start = head.find(mark)
        if start >= 0:
            said = not flag or any(byte & flag for byte in head[start + 7 : start + 8])
            number = head[start + at : start + at + 4]
            return int.from_bytes(number, "big") if said and len(number) == 4 else 0
    return None


_MPEG_KBITS = {  # by (MPEG 1, layer); an index of 0 is a rate of the encoder's own, 15 is none
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MPEG_RATES = (44_100, 48_000, 32_000)


def _mpeg_frame(head: bytes) -> tuple[int, int] | None:
    """Return bytes and samples of the frame of MPEG audio that begins so, or None if none does."""
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)  # 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5
    kbits, rate = head[2] >> 4, head[2] >> 2 & 3
    if head[0] != 0xFF or head[1] < 0xE0 or version == 1 or layer not in (2, 3) or rate == 3:
        return None
    if kbits in (0, 15):
        return None
    samples = 1152 if version == 3 or layer == 2 else 576
    hertz = _MPEG_RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    bits = 1000 * _MPEG_KBITS[version == 3, layer][kbits - 1]
    return samples // 8 * bits // hertz + (head[2] >> 1 & 1), samples


def flac_digest(path: Path) -> tuple[int, bytes] | None:
    """Return the bits per sample and the MD5 of the samples that a FLAC file's header names, if it does."""
    with path.open("rb") as file:
        head = file.read(42)
    if len(head) < 42 or head[:4] != b"fLaC" or not any(head[26:42]):
        return None
    return ((head[20] & 1) << 4 | head[21] >> 4) + 1, head[26:42]


def _compare(promised: int, there: int) -> tuple[str, ...]:
    if promised == _STREAMING:
        return (_STREAM_NOTE,)
    if promised > there:
        fact = f"is cut short: its header promises {promised} bytes of sound, {max(there, 0)} are there"
        raise HeaderFault(fact, _COPY_AGAIN)
    return ()
