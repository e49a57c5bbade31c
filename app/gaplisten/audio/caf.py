"""Core Audio files: the lengths of their chunks, and the table of packets that a codec needs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from gaplisten.audio.promises import (
    CONVERT,
    COPY_AGAIN,
    HeaderFault,
    Promise,
    compare,
    contradicts,
    more,
)

_READ = (b"lpcm", b"alac", b"alaw", b"ulaw")
_MOST_TABLE = 1 << 26
_ONE, _PAIR, _LOW = 0, 1, 3  # elements of ALAC: a channel, two, one of low frequencies


def check_caf(file: BinaryIO, length: int) -> Promise:
    """Walk a Core Audio file's chunks: a name and a signed 64-bit size, -1 for "to the end".

    Raises
    ------
    HeaderFault
        If it is cut or damaged, or if nothing tells how long it is.
    """
    found = {name: (start, size) for name, start, size in _chunks(file, length)}
    if b"data" not in found:
        raise HeaderFault("is cut short: it ends before its sound data begin", COPY_AGAIN)
    form = _part(file, found.get(b"desc", (0, 0)), 32)
    if len(form) < 32:
        raise HeaderFault("is damaged: nothing in it says what its sound is", COPY_AGAIN)
    codec = form[8:12]
    if codec not in _READ:
        raise HeaderFault(f"holds sound of a kind that cannot be read ({_shown(codec)})", CONVERT)
    size, frames = found[b"data"][1], None
    notes: tuple[str, ...] = ()
    if codec == b"alac":
        notes = _cookie(_part(file, found.get(b"kuki", (0, 0)), 64), form)
        frames, sizes = _in_packets(_part(file, found.get(b"pakt", (0, 0)), _MOST_TABLE), form, size - 4)
        _check_packets(file, found[b"data"][0] + 4, sizes, struct.unpack(">I", form[24:28])[0])
    end = max(start + size for start, size in found.values())
    return Promise(notes or more(length - end), frames)


def _chunks(file: BinaryIO, length: int) -> Iterator[tuple[bytes, int, int]]:
    at, has_sound = 8, False
    while at + 12 <= length:
        file.seek(at)
        name, size = struct.unpack(">4sq", file.read(12))
        if name == b"data":
            if size == -1:  # allowed, but libsndfile calls it malformed
                raise HeaderFault("does not say how long it is (written as a stream)", "convert it to WAV")
            compare(size, length - at - 12)
            has_sound = True
        elif has_sound and not (name.isalnum() and 0 <= size <= length - at - 12):
            return  # behind the sound lies what is no chunk: noted
        if size < 0:
            raise HeaderFault(f"is damaged: a part of it claims {size} bytes", COPY_AGAIN)
        yield name, at + 12, size
        at += 12 + size


def _part(file: BinaryIO, place: tuple[int, int], most: int) -> bytes:
    file.seek(place[0])
    return file.read(min(place[1], most))


def _shown(codec: bytes) -> str:
    name = codec.strip()
    return name.decode("ascii") if name.isalnum() else "unknown"


def _cookie(cookie: bytes, form: bytes) -> tuple[str, ...]:
    """Compare what ALAC's own head says with the file's."""
    for atom in (b"frma", b"alac"):  # old files wrap it
        if cookie[4:8] == atom:
            cookie = cookie[12:]
    if len(cookie) < 24:
        return ()
    own = (struct.unpack(">I", cookie[20:24])[0], cookie[9], struct.unpack(">I", cookie[:4])[0])
    (rate,), (each, channels) = struct.unpack(">d", form[:8]), struct.unpack(">II", form[20:28])
    if own != (rate, channels, each):
        return contradicts(f"{rate:g} Hz or {own[0]}, {channels} channels or {own[1]}")
    return ()


def _in_packets(table: bytes, form: bytes, there: int) -> tuple[int, list[int]]:
    """Compare a table of packets with the bytes and frames it stands for; return the frames, and those bytes.

    Parameters
    ----------
    table
        The packets' number, the frames to be heard, those before and behind them, and each packet's bytes.
    form
        How the sound is stored.
    there
        Bytes of sound.

    Raises
    ------
    HeaderFault
        If they do not fit each other.
    """
    if len(table) < 24:
        raise HeaderFault("is cut short: the table of its packets is missing", COPY_AGAIN)
    packets, frames, before, behind = struct.unpack(">qqii", table[:24])
    (each,) = struct.unpack(">I", form[20:24])
    sizes = list(_numbers(table[24:], packets))
    if len(sizes) != packets or sum(sizes) != there:
        fact = f"is damaged: the table of its {packets} packets counts {sum(sizes)} bytes, {there} are there"
        raise HeaderFault(fact, COPY_AGAIN)
    if before < 0 or behind < 0 or frames + before + behind != packets * each:
        most = packets * each
        fact = f"is damaged: its header counts {frames} frames, its {packets} packets hold at most {most}"
        raise HeaderFault(fact, COPY_AGAIN)
    return int(frames), sizes


def _check_packets(file: BinaryIO, start: int, sizes: list[int], channels: int) -> None:
    """Refuse a packet of ALAC that begins or ends as none does; a decoder plays whatever it makes of it.

    The first three bits say what follows, then stand four of a number, twelve that are 0, one that tells of a
    count, two (0 to 2) of how many low bytes stand apart. Three bits 1 end it, filled up to a byte with 0
    (`ALACBitUtilities`, `ALACDecoder::Decode` in Apple's sources).
    """
    known = {1: (_ONE,), 2: (_PAIR,)}.get(channels, (_ONE, _PAIR, _LOW))
    for number, size in enumerate(sizes, 1):
        file.seek(start)
        head = file.read(min(size, 3))
        file.seek(start + max(size - 2, 0))
        tail = int.from_bytes(file.read(min(size, 2)), "big")
        start += size
        if not size:
            continue
        first = int.from_bytes(head.ljust(3, b"\0"), "big")
        begins = head[0] >> 5 in known and not first >> 5 & 0xFFF and first >> 2 & 3 != 3
        filled = (tail & -tail).bit_length() - 1  # bits 0 at the end; -1 where all are
        ends = 0 <= filled < 8 and tail >> filled & 7 == 7
        if not (begins and ends):
            if begins:
                raise HeaderFault(
                    f"is damaged: packet {number} of {len(sizes)} ends as none does", COPY_AGAIN
                )
            raise HeaderFault(f"is damaged: packet {number} of {len(sizes)} begins as none does", COPY_AGAIN)


def _numbers(data: bytes, most: int) -> Iterator[int]:
    """Give numbers of seven bits a byte; the highest bit says that one goes on."""
    number = count = 0
    for byte in data:
        if count >= most:
            return
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            yield number
            number, count = 0, count + 1
