"""Core Audio files: the lengths of their chunks, and the table of packets that a codec needs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from gaplisten.audio.alac import AlacHead, check_packets
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
_WORD = 4


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
        cookie = _unwrapped(_part(file, found.get(b"kuki", (0, 0)), 64))
        notes = _contradictions(cookie, form)
        frames, sizes = _in_packets(_part(file, found.get(b"pakt", (0, 0)), _MOST_TABLE), form, size - 4)
        head = AlacHead.of(cookie) if len(cookie) >= 24 and not notes else None
        check_packets(file, found[b"data"][0] + 4, sizes, head, struct.unpack(">I", form[24:28])[0])
    end = max(start + size for start, size in found.values())
    # To whole words, as libsndfile does behind a table.
    filled_up = length - end < _WORD and not any(_part(file, (end, length - end), _WORD))
    return Promise(notes or more(0 if filled_up else length - end), frames)


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


def _unwrapped(cookie: bytes) -> bytes:
    """Return ALAC's own head without what old files wrap it in."""
    for atom in (b"frma", b"alac"):
        if cookie[4:8] == atom:
            cookie = cookie[12:]
    return cookie


def _contradictions(cookie: bytes, form: bytes) -> tuple[str, ...]:
    """Compare what ALAC's own head says with the file's."""
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
