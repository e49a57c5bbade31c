"""WAV files mapped into memory."""

from __future__ import annotations

import os
import struct
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gaplisten.audio.filemap import ArraySource, Frames, Raw, gather_rows
from gaplisten.untrusted import open_file

_KNOWN_BYTES = 64  # of a chunk that tells the form of the sound; a damaged one may claim gigabytes


@dataclass(frozen=True, slots=True)
class WavLayout:
    """Where the samples of a WAV file lie and what they are."""

    rate: int
    channels: int
    bits: int
    floating: bool
    offset: int
    frames: int

    @property
    def scale(self) -> float:
        """What one unit of the raw numbers is worth."""
        if self.floating:
            return 1.0
        return 1.0 / 32768.0 if self.bits == 16 else 1.0 / 2147483648.0


def wav_layout(path: Path) -> WavLayout | None:
    """Return where the samples lie, or None if the file is not a WAV file that can be mapped.

    Understands RIFF and RF64 with 16, 24 and 32 bit PCM and 32 bit float, plain or extensible.

    Raises
    ------
    OSError
        If it is no regular file or cannot be read; a pipe is not waited for.
    """
    with open_file(path) as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] not in {b"RIFF", b"RF64"} or head[8:] != b"WAVE":
            return None
        return _walk_chunks(file, os.fstat(file.fileno()).st_size)


def _walk_chunks(file: BinaryIO, size: int) -> WavLayout | None:
    format_chunk, long_data = b"", None
    while len(head := file.read(8)) == 8:
        name, length = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"data":
            wanted = long_data if length == 0xFFFFFFFF and long_data is not None else length
            return _layout(format_chunk, file.tell(), min(wanted, size - file.tell()))
        start = file.tell()
        body = file.read(min(length, _KNOWN_BYTES)) if name in (b"fmt ", b"ds64") else b""
        file.seek(start + length + (length & 1))
        if name == b"fmt ":
            format_chunk = body
        elif name == b"ds64" and len(body) >= 16:
            long_data = struct.unpack("<Q", body[8:16])[0]
    return None


def _layout(body: bytes, offset: int, length: int) -> WavLayout | None:
    if len(body) < 16:
        return None
    tag, channels, rate, _, align, bits = struct.unpack("<HHIIHH", body[:16])
    if tag == 0xFFFE and len(body) >= 26:
        tag = struct.unpack("<H", body[24:26])[0]
    known = (tag == 1 and bits in (16, 24, 32)) or (tag == 3 and bits == 32)
    if not known or channels == 0 or rate == 0 or align != channels * bits // 8:
        return None
    return WavLayout(rate, channels, bits, tag == 3, offset, length // align)


class MappedSource(ArraySource):
    """A PCM or float WAV file, mapped into memory.

    A mapping of a file that somebody else has cut short kills the program on the first touch, so the file's
    size and time of change are looked at before every access; a changed file reads as silence and says so.
    """

    def __init__(self, path: Path, layout: WavLayout) -> None:
        self.path = path
        self._file = open_file(path)
        weakref.finalize(self, self._file.close)
        self._stamp = _stamp(self._file)
        self.changed = False
        super().__init__(_map_wav(self._file, layout), layout.rate, layout.scale)

    def loaded(self, start: int, stop: int) -> bool:
        """Whether the file is still the one that was opened."""
        if not self.changed and _stamp(self._file) != self._stamp:
            self.changed = True
        return not self.changed

    def raw(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``, silence once the file has changed."""
        if not self.loaded(start, stop):
            return np.zeros((max(min(stop, self.frames) - start, 0), self.channels), self.dtype)
        return super().raw(start, stop)

    def gather(self, blocks: Frames, size: int) -> Raw:
        """Return whole blocks of frames, silence once the file has changed."""
        if not self.loaded(0, 0):
            return np.zeros((len(blocks), size, self.channels), self.dtype)
        return super().gather(blocks, size)


class Packed24Source(MappedSource):
    """A 24-bit WAV file: three bytes a sample, widened when read."""

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self._data.shape[1]) // 3

    @property
    def dtype(self) -> np.dtype[Any]:
        """Number format of the widened samples."""
        return np.dtype(np.int32)

    def raw(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)`` as int32 whose low byte is zero."""
        count = max(min(stop, self.frames) - start, 0)
        return self._widen(self._data[start:stop] if self.loaded(start, stop) else None, (count,))

    def gather(self, blocks: Frames, size: int) -> Raw:
        """Return whole blocks of frames."""
        packed = gather_rows(self._data, blocks, size) if self.loaded(0, 0) else None
        return self._widen(packed, (len(blocks), size))

    def _widen(self, packed: Raw | None, shape: tuple[int, ...]) -> Raw:
        wide = np.zeros((*shape, self.channels, 4), np.uint8)
        if packed is not None:
            wide[..., 1:] = packed.reshape(*shape, self.channels, 3)
        return wide.view("<i4")[..., 0]


def _map_wav(file: BinaryIO, layout: WavLayout) -> Raw:
    if layout.bits == 24:
        kind, width = np.dtype(np.uint8), layout.channels * 3
    else:
        kind, width = np.dtype("<f4" if layout.floating else f"<i{layout.bits // 8}"), layout.channels
    if layout.frames == 0:
        return np.zeros((0, width), kind)
    mapped = np.memmap(file, kind, "r", layout.offset, (layout.frames, width))
    return np.asarray(mapped)


def _stamp(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns
