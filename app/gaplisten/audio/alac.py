"""ALAC: whether packets of Apple's lossless codec are used up by what they say of themselves.

They hold no checksum. A damaged one nearly always decodes into other numbers of other lengths, so that the
end of its sound and its own end part. That is looked at here, without making the sound: adaptive Golomb codes
tell their lengths themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from gaplisten.audio.promises import COPY_AGAIN, HeaderFault

MOST_SAMPLES = 1 << 19
"""So many samples of a file are looked at code by code (about a second); of later packets begin and end."""
_DEPTHS = (16, 20, 24, 32)

_ONE, _PAIR, _LOW, _DATA, _FILL, _END = 0, 1, 3, 4, 6, 7  # elements: a channel, two, one of low frequencies
_PREFIX = 9  # bits 1 that announce a number in full
_MEAN_BITS = 9  # of the mean, behind the point
_ONES = tuple(9 - (each ^ 511).bit_length() for each in range(512))  # bits 1 that nine bits begin with


@dataclass(frozen=True)
class AlacHead:
    """What the codec's own head says.

    Parameters
    ----------
    frames
        Of a whole packet.
    depth
        Bits of a sample.
    pace, mean, most
        How fast the mean of numbers follows them, where it begins, and the most low bits of a code.
    """

    frames: int
    depth: int
    pace: int
    mean: int
    most: int
    channels: int

    @property
    def largest(self) -> int:
        """Bytes that a packet hardly exceeds: its samples as they are, and as much again."""
        return 64 + self.frames * self.channels * self.depth // 4

    @classmethod
    def of(cls, cookie: bytes) -> AlacHead | None:
        """Read it from the first ten bytes of the file's cookie; None where they are not of ALAC."""
        depth, pace, mean, most, channels = cookie[5:10]
        if depth not in _DEPTHS:
            return None
        return cls(int.from_bytes(cookie[:4], "big"), depth, pace, mean, most, channels)


class _PartedError(Exception):
    """What is said in a packet and the packet itself do not end together."""


def check_packets(
    file: BinaryIO, start: int, sizes: Sequence[int], head: AlacHead | None, channels: int
) -> None:
    """Refuse packets that no encoder wrote; a decoder plays whatever it makes of them.

    The first three bits say what follows, then stand four of a number, twelve that are 0, one that tells of a
    count, two (0 to 2) of how many low bytes stand apart. Three bits 1 end it, filled up to a byte with 0
    (`ALACBitUtilities`, `ALACDecoder::Decode` in Apple's sources).

    Parameters
    ----------
    start
        Byte at which the first packet begins.
    sizes
        Bytes of each packet.
    head
        None where there is none to rely on: then only how packets begin and end is looked at.

    Raises
    ------
    HeaderFault
        With the number of the first packet that is damaged.
    """
    known = {1: (_ONE,), 2: (_PAIR,)}.get(channels, (_ONE, _PAIR, _LOW))
    left = MOST_SAMPLES
    for number, size in enumerate(sizes, 1):
        whole = head is not None and left >= head.frames * head.channels and size <= head.largest
        file.seek(start)
        data = file.read(size if whole else min(size, 3))
        file.seek(start + max(size - 2, 0))
        tail = int.from_bytes(file.read(min(size, 2)), "big")
        start += size
        if not size:
            continue
        if not _begins(data, known):
            raise HeaderFault(f"is damaged: packet {number} of {len(sizes)} begins as none does", COPY_AGAIN)
        filled = (tail & -tail).bit_length() - 1  # bits 0 at the end; -1 where all are
        if not (0 <= filled < 8 and tail >> filled & 7 == 7):
            raise HeaderFault(f"is damaged: packet {number} of {len(sizes)} ends as none does", COPY_AGAIN)
        if head is not None and whole:
            left -= head.frames * head.channels
            try:
                _Packet(data, head).walk(8 * size - filled)
            except _PartedError:
                raise HeaderFault(
                    f"is damaged: packet {number} of {len(sizes)} is not used up by its sound", COPY_AGAIN
                ) from None


def _begins(data: bytes, known: Sequence[int]) -> bool:
    first = int.from_bytes(data[:3].ljust(3, b"\0"), "big")
    return first >> 21 in known and not first >> 5 & 0xFFF and first >> 2 & 3 != 3


class _Packet:
    """The bits of a packet, and how far they are read."""

    def __init__(self, data: bytes, head: AlacHead) -> None:
        self._head, self._at, self._size = head, 0, 8 * len(data)
        # 64 bits from every byte on: codes begin at any bit, and one is at most 9 + 33 long.
        padded = np.frombuffer(data + bytes(16), np.uint8)
        windows = np.lib.stride_tricks.sliding_window_view(padded, 8)
        self._windows: list[int] = np.ascontiguousarray(windows).view(">u8")[:, 0].tolist()

    def walk(self, end: int) -> None:
        """Go from element to element.

        Parameters
        ----------
        end
            The bit behind the mark of the packet's end.

        Raises
        ------
        _PartedError
            If that is not where the elements lead to.
        """
        channels = 0
        while (element := self._take(3)) != _END:
            if element in (_ONE, _PAIR, _LOW):
                channels += 1 + (element == _PAIR)
                self._sound(1 + (element == _PAIR))
            elif element == _FILL:
                count = self._take(4)
                self._skip(8 * (count if count < 15 else 14 + self._take(8)))
            elif element == _DATA:
                aligned, count = self._take(5) & 1, self._take(8)
                count += self._take(8) if count == 255 else 0
                self._skip((-self._at % 8 if aligned else 0) + 8 * count)
            else:
                raise _PartedError
        if self._at != end or channels != self._head.channels:
            raise _PartedError

    def _take(self, bits: int) -> int:
        at = self._at
        self._skip(bits)
        return self._windows[at >> 3] >> (64 - (at & 7) - bits) & (1 << bits) - 1

    def _skip(self, bits: int) -> None:
        self._at += bits
        if self._at > self._size:
            raise _PartedError

    def _sound(self, channels: int) -> None:
        """Go over one channel, or a pair of them."""
        head = self._head
        unused, kind = self._take(16) & 0xFFF, self._take(4)
        apart = kind >> 1 & 3  # low bytes that stand by themselves
        frames = self._take(32) if kind & 8 else head.frames
        if unused or apart == 3 or frames > head.frames or 8 * apart >= head.depth:
            raise _PartedError
        if kind & 1:  # as it is
            self._skip(channels * frames * (head.depth - 8 * apart))
            return
        self._take(16)  # how a pair was mixed
        paces = []
        for _ in range(channels):
            self._take(8)  # how it was predicted
            pace, factors = divmod(self._take(8), 32)
            self._skip(16 * factors)
            paces.append(pace * head.pace // 4)
        self._skip(8 * apart * channels * frames)
        for pace in paces:
            self._codes(frames, head.depth - 8 * apart + channels - 1, pace)

    def _codes(self, frames: int, depth: int, pace: int) -> None:
        """Go over a channel's numbers: each tells by the mean of those before it how it is written."""
        windows, ones, most = self._windows, _ONES, self._head.most
        at, size, mean, count, above = self._at, self._size, self._head.mean, 0, 0
        while count < frames:
            if at >= size:
                raise _PartedError
            low = min(((mean >> _MEAN_BITS) + 3).bit_length() - 1, most)
            window = windows[at >> 3] << (at & 7)
            number = ones[window >> 55 & 511]
            if number == _PREFIX:
                number = window >> (55 - depth) & (1 << depth) - 1
                at += _PREFIX + depth
            elif low == 1:
                at += number + 1
            else:
                rest = window >> (63 - number - low) & (1 << low) - 1
                at += number + low + (rest > 1)
                number = number * ((1 << low) - 1) + (rest - 1 if rest > 1 else 0)
            count += 1
            mean = 0xFFFF if number > 0xFFFF else mean + pace * (number + above) - (pace * mean >> _MEAN_BITS)
            above = 0
            if mean < 128 and count < frames:  # near silence: so many zeros
                low = 8 - mean.bit_length() + (mean + 16 >> 6)
                window = windows[min(at >> 3, len(windows) - 1)] << (at & 7)
                number = ones[window >> 55 & 511]
                if number == _PREFIX:
                    number = window >> 39 & 0xFFFF
                    at += _PREFIX + 16
                else:
                    rest = window >> (63 - number - low) & (1 << low) - 1
                    at += number + low + (rest > 1)
                    number = number * ((1 << low) - 1 & (1 << most) - 1) + (rest - 1 if rest > 1 else 0)
                count += number
                if count > frames:
                    raise _PartedError
                above, mean = int(number < 0xFFFF), 0
        self._at = at
        self._skip(0)
