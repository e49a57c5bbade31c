"""MPEG audio (MP3): frames counted by their own heads, compared with the index and its checksums."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

import numpy as np

from gaplisten.audio.promises import COPY_AGAIN, HeaderFault, Promise, more

_NO_INDEX = "it has no index of its frames (written as a stream): a cut end cannot be noticed"
_NO_DELAY = "its index does not tell its encoder's delay: its sound begins late by it (576 samples with LAME)"
_ENCODERS = (b"LAME", b"Lav")  # they note checksums
_TAGS = (b"TAG", b"APETAGEX", b"LYRICS", b"ID3", b"3DI")
_LANE = 1 << 10


@dataclass(frozen=True)
class _Count:
    """What is in a file, by its frames' own heads.

    Parameters
    ----------
    first
        Byte at which the first frame begins.
    samples
        Per channel, in all whole frames.
    frames
        Whole frames, the one that holds an index among them.
    strays
        Bytes between frames that belong to none.
    end
        Byte behind the last whole frame.
    joined
        Frames that begin where another ends.
    """

    first: int
    samples: int
    frames: int
    strays: int
    end: int
    joined: int


@dataclass(frozen=True)
class _Index:
    """What the first frame says of all others.

    Parameters
    ----------
    frames, size
        How many frames and bytes there are; 0 where it does not say.
    music_size, music_sum
        Bytes from the first frame to the last, and the checksum of all but the first; 0 where it does not
        say.
    own_fits
        Whether its own checksum fits; None where it has none.
    tells_delay
        Whether an encoder noted by how much its sound is late, which decoders then leave out.
    """

    frames: int
    size: int
    music_size: int = 0
    music_sum: int = 0
    own_fits: bool | None = None
    tells_delay: bool = False


def is_mpeg(head: bytes) -> bool:
    """Tell whether a file that begins so may be MPEG audio."""
    if head.startswith(b"ID3"):
        return True
    return any(head[at] == 0xFF and _frame(head[at : at + 4]) for at in range(len(head) - 3))


def check_mpeg(file: BinaryIO) -> Promise | None:
    """Walk from frame to frame of an MP3 file and compare what is there with its index.

    Returns
    -------
    promise
        With a length only where no index tells it; None where there is no MPEG audio.

    Raises
    ------
    HeaderFault
        If the index, or one of its checksums, does not fit the rest.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        count = _counted(data)
        if count is None:
            return None
        if not count.joined:
            if count.first and data[:3] != b"ID3":
                return None  # what looks like heads came about by chance
            raise HeaderFault(
                "is damaged or cut short: it holds no two frames of MPEG audio that follow each other",
                COPY_AGAIN,
            )
        # libsndfile's decoder writes to stderr about whatever else it meets.
        stretch = (count.first, count.end)
        index = _index(data, count.first)
        if index is None:
            holes = f"{count.strays} bytes between its frames belong to none: sound may be missing there"
            return Promise((_NO_INDEX, *([holes] if count.strays else [])), count.samples, stretch)
        _compare(data, count, index)
        behind = data[count.end : count.end + 8]
        notes = () if behind.startswith(_TAGS) or not any(behind) else more(len(data) - count.end)
        late = () if index.tells_delay else (_NO_DELAY,)
    return Promise((*late, *notes), stretch=stretch)


def _compare(data: mmap.mmap, count: _Count, index: _Index) -> None:
    # Some encoders count the index itself.
    if index.frames and index.frames not in (count.frames, count.frames - 1):
        fact = (
            f"is damaged or cut short: its index counts {index.frames} frames, {count.frames - 1} are there"
        )
        raise HeaderFault(fact, COPY_AGAIN)
    if count.strays:
        fact = f"is damaged: {count.strays} bytes between its frames belong to none"
        raise HeaderFault(fact, COPY_AGAIN)
    there = count.end - count.first
    if index.size and abs(index.size - there) > there // 100:
        fact = f"is damaged or cut short: its index counts {index.size} bytes, {there} are there"
        raise HeaderFault(fact, COPY_AGAIN)
    if index.own_fits is False:
        raise HeaderFault("is damaged: the checksum of its index does not fit", COPY_AGAIN)
    end = count.first + index.music_size
    if index.music_size and index.music_sum and end <= len(data):
        head = _frame(data[count.first : count.first + 4])
        start = count.first + (head[0] if head else 0)
        if _checksum(data[start:end]) != index.music_sum:
            raise HeaderFault("is damaged: the checksum of its sound does not fit", COPY_AGAIN)


def _counted(data: mmap.mmap) -> _Count | None:
    at = frames = samples = strays = 0
    if data[:3] == b"ID3" and len(data) > 10:  # four times seven bits
        at = 10 + sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    at = first = end = data.find(b"\xff", at, at + 4096)
    # Version, layer, checksums, rate, and whether it is mono, are the same in all frames.
    kind: tuple[int, ...] = ()
    whole = joined = 0
    while at >= 0 and at + 4 <= len(data):
        head = data[at : at + 4]
        step, this = _frame(head), (head[1], head[2] & 0x0C, head[3] >> 6 == 3)
        if step is None or kind not in ((), this):
            at = data.find(b"\xff", at + 1)
            continue
        if frames:
            strays += max(at - end, 0)
            joined += at == end
        else:
            first = at
        size, length = step
        kind, at = this, at + size
        end = at
        if at <= len(data):
            frames, samples, whole = frames + 1, samples + length, at
    return _Count(first, samples, frames, strays, whole, joined) if frames else None


def _index(data: mmap.mmap, first: int) -> _Index | None:
    head = data[first : first + 400]
    mark = next((at for name in (b"Xing", b"Info") if (at := head[:200].find(name)) >= 0), None)
    if mark is None:
        at = head[:200].find(b"VBRI")
        known = head[at + 10 : at + 18]
        return _Index(*reversed(struct.unpack(">II", known))) if at >= 0 and len(known) == 8 else None
    tag = head[mark:]
    if len(tag) < 16:
        return _Index(0, 0)
    flags = tag[7]
    frames, size = struct.unpack(">II", tag[8:16])
    index = _Index(frames if flags & 1 else 0, size if flags & 3 == 3 else 0)
    named = min((at for each in _ENCODERS if (at := tag.find(each, 8, 160)) >= 0), default=-1)
    if named < 0 or len(tag) < named + 36:
        return index
    behind = 8 + sum(size for bit, size in enumerate((4, 4, 100, 4)) if flags >> bit & 1)
    if named != behind:
        raise HeaderFault("is damaged: its index contradicts itself", COPY_AGAIN)
    music_size, music_sum, own = struct.unpack(">IHH", tag[named + 28 : named + 36])
    place = mark + named + 34
    # LAME sums up what stands before; FFmpeg always 190 bytes, among them its own two, still 0, where sound
    # is mono, and zeros beyond a frame that is shorter.
    size = (_frame(head[:4]) or (190, 0))[0]
    alone = head[:place] + bytes(2) + head[place + 2 : size]
    readings = (head[:place], head[:190], alone[:190].ljust(190, b"\0"))
    fits = own in map(_checksum, readings) if own else None
    return _Index(index.frames, index.size, music_size, music_sum, fits, tells_delay=True)


def _one_byte() -> np.ndarray:
    sums = np.arange(256, dtype=np.uint16)
    for _ in range(8):
        sums = np.where(sums & 1, sums >> 1 ^ 0xA001, sums >> 1).astype(np.uint16)
    return sums


_TABLE = _one_byte()


def _after(sums: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Carry checksums over bytes, one row of `columns` after the other."""
    for column in columns:
        sums = _TABLE[(sums ^ column) & 0xFF] ^ sums >> 8
    return sums


@cache
def _over_a_lane() -> tuple[list[int], list[int]]:
    """Return what each low, and each high, byte of a checksum becomes over a lane of zeros."""
    still = np.zeros((_LANE, 1), np.uint8)
    each = np.arange(256, dtype=np.uint16)
    return _after(each, still).tolist(), _after(each << 8, still).tolist()


def _checksum(data: bytes) -> int:
    """Return the CRC-16 that encoders of MP3 note (0x8005, low bits first, begun with 0)."""
    # It is linear: stretches are taken side by side, and each is carried over the length of one.
    whole = len(data) // _LANE * _LANE
    lanes = np.frombuffer(data, np.uint8, whole).reshape(-1, _LANE)
    found = _after(np.zeros(len(lanes), np.uint16), lanes.T)
    total = 0
    if len(lanes):
        low, high = _over_a_lane()
        for each in found.tolist():
            total = low[total & 0xFF] ^ high[total >> 8] ^ each
    table = _TABLE.tolist()
    for byte in data[whole:]:
        total = table[(total ^ byte) & 0xFF] ^ total >> 8
    return total


_KBITS = {  # by (MPEG 1, layer); an index of 0 is a rate of the encoder's own, 15 is none
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)


def _frame(head: bytes) -> tuple[int, int] | None:
    """Return bytes and samples of the frame of MPEG audio that begins so, or None if none does."""
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)  # 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5
    kbits, rate = head[2] >> 4, head[2] >> 2 & 3
    if head[0] != 0xFF or head[1] < 0xE0 or version == 1 or layer not in (2, 3) or rate == 3:
        return None
    if kbits in (0, 15):
        return None
    samples = 1152 if version == 3 or layer == 2 else 576
    hertz = _RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    bits = 1000 * _KBITS[version == 3, layer][kbits - 1]
    return samples // 8 * bits // hertz + (head[2] >> 1 & 1), samples
