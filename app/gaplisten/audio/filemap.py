"""Samples by the block: memory-mapped files and signals behind one small interface.

Drawing an hour of sound must not need an hour of floats in memory, so everything that draws asks a
`SampleSource` for the frames it needs, in the file's own number format.
"""

from __future__ import annotations

import os
import struct
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples, Signal
from gaplisten.errors import GaplistenError

Raw = npt.NDArray[Any]
Frames = npt.NDArray[np.int64]


class SourceError(GaplistenError):
    """A file cannot be read block by block."""


@runtime_checkable
class SampleSource(Protocol):
    """Sound that can be read in pieces, in its own number format.

    `raw * scale` gives samples of full scale ±1.0. Positions are frames.
    """

    @property
    def frames(self) -> int:
        """Length in frames."""
        ...

    @property
    def rate(self) -> int:
        """Sampling rate in Hz."""
        ...

    @property
    def channels(self) -> int:
        """Number of channels."""
        ...

    @property
    def scale(self) -> float:
        """What one unit of the raw numbers is worth."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Number format of the raw samples."""
        ...

    def raw(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``, shape ``(stop - start, channels)``."""
        ...

    def gather(self, blocks: Frames, size: int) -> Raw:
        """Return whole blocks of `size` frames by their numbers, shape ``(len(blocks), size, channels)``.

        Beyond the end the last frame is repeated.
        """
        ...

    def glimpse(self, start: int, count: int) -> Raw:
        """Return `count` frames from `start` without waiting for more; called from worker threads."""
        ...

    def load(self, start: int, stop: int) -> None:
        """Make ``[start, stop)`` quick to read (decode it); called from worker threads, may take long."""
        ...

    def loaded(self, start: int, stop: int) -> bool:
        """Whether ``[start, stop)`` can be read now."""
        ...


def read_floats(source: SampleSource, start: int, stop: int) -> Samples:
    """Return the frames ``[start, stop)`` as float32 of full scale ±1.0, shape ``(n, channels)``."""
    return np.multiply(source.raw(start, stop), np.float32(source.scale), dtype=np.float32)


def gather_rows(data: Raw, blocks: Frames, size: int) -> Raw:
    """Return blocks of `size` rows of `data` by number; the last row is repeated beyond the end."""
    whole = len(data) // size
    # Whole blocks are copied as one piece each, which is far quicker than row by row.
    as_blocks = data[: whole * size].reshape(whole, size, data.shape[1])
    found: Raw = (
        as_blocks[np.minimum(blocks, whole - 1)]
        if whole
        else np.empty((len(blocks), size, data.shape[1]), data.dtype)
    )
    for at in np.flatnonzero(blocks >= whole).tolist():
        found[at] = data[np.minimum(np.arange(size) + int(blocks[at]) * size, len(data) - 1)]
    return found


class ArraySource:
    """An array of raw samples, shape ``(frames, channels)``, in memory or mapped from a file."""

    def __init__(self, data: Raw, rate: int, scale: float = 1.0) -> None:
        self._data, self._rate, self._scale = data, rate, scale

    @property
    def frames(self) -> int:
        """Length in frames."""
        return int(self._data.shape[0])

    @property
    def rate(self) -> int:
        """Sampling rate in Hz."""
        return self._rate

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self._data.shape[1])

    @property
    def scale(self) -> float:
        """What one unit of the raw numbers is worth."""
        return self._scale

    @property
    def dtype(self) -> np.dtype[Any]:
        """Number format of the raw samples."""
        return self._data.dtype

    def raw(self, start: int, stop: int) -> Raw:
        """Return the frames ``[start, stop)``."""
        return self._data[start:stop]

    def gather(self, blocks: Frames, size: int) -> Raw:
        """Return whole blocks of frames."""
        return gather_rows(self._data, blocks, size)

    def glimpse(self, start: int, count: int) -> Raw:
        """Return `count` frames from `start`."""
        return self.raw(start, start + count)

    def load(self, start: int, stop: int) -> None:
        """Do nothing: the array is there."""

    def loaded(self, start: int, stop: int) -> bool:
        """Return True."""
        return True


class MappedSource(ArraySource):
    """A PCM or float WAV file, mapped into memory.

    A mapping of a file that somebody else has cut short kills the program on the first touch, so the file's
    size and time of change are looked at before every access; a changed file reads as silence and says so.
    """

    def __init__(self, path: Path, layout: WavLayout) -> None:
        self.path = path
        self._file = path.open("rb")
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


class SpooledSource(ArraySource):
    """A compressed file, decoded piece by piece into a temporary file that is mapped into memory."""

    def __init__(self, path: Path) -> None:
        info = _sound_info(path)
        self.path = path
        wide = info.subtype not in {"PCM_16", "PCM_S8", "PCM_U8", "ULAW", "ALAW"}
        self._kind = "float32" if wide else "int16"
        self._spool = _reserve(path, info.frames * info.channels * (4 if wide else 2))
        data = np.memmap(self._spool, np.dtype(self._kind), "r+", shape=(info.frames, info.channels))
        self._done = np.zeros(-(-info.frames // SPOOL_CHUNK), np.bool_)
        self._thread = threading.local()
        self._locks = [threading.Lock() for _ in self._done]
        super().__init__(data, info.samplerate, 1.0 if wide else 1.0 / 32768.0)

    def load(self, start: int, stop: int) -> None:
        """Decode what of ``[start, stop)`` is not decoded yet."""
        for chunk in range(start // SPOOL_CHUNK, -(-min(stop, self.frames) // SPOOL_CHUNK)):
            with self._locks[chunk]:
                if not self._done[chunk]:
                    self._decode(chunk)

    def _decode(self, chunk: int) -> None:
        file = self._handle()
        start = chunk * SPOOL_CHUNK
        if file.tell() != start:
            file.seek(start)
        target = self._data[start : start + SPOOL_CHUNK]
        got = file.buffer_read_into(target, self._kind)
        if got < len(target):
            fact = f"ends after {start + got} of {self.frames} frames"
            raise SourceError(str(self.path), fact, "get a whole copy of the file")
        self._done[chunk] = True

    def _handle(self) -> Any:
        # A libsndfile handle is not safe to share, so each worker thread has its own.
        if not hasattr(self._thread, "file"):
            import soundfile

            self._thread.file = soundfile.SoundFile(self.path)
        return self._thread.file

    def loaded(self, start: int, stop: int) -> bool:
        """Whether all of ``[start, stop)`` has been decoded."""
        first, last = start // SPOOL_CHUNK, -(-min(stop, self.frames) // SPOOL_CHUNK)
        return bool(self._done[first:last].all())

    def glimpse(self, start: int, count: int) -> Raw:
        """Return `count` frames from `start`, decoded on the spot if need be."""
        if self.loaded(start, start + count):
            return self.raw(start, start + count)
        file = self._handle()
        file.seek(start)
        return np.asarray(file.read(count, dtype=self._kind, always_2d=True))


SPOOL_CHUNK = 1 << 20


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
    """
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] not in {b"RIFF", b"RF64"} or head[8:] != b"WAVE":
            return None
        return _walk_chunks(file, path.stat().st_size)


def _walk_chunks(file: BinaryIO, size: int) -> WavLayout | None:
    format_chunk, long_data = b"", None
    while len(head := file.read(8)) == 8:
        name, length = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"data":
            wanted = long_data if length == 0xFFFFFFFF and long_data is not None else length
            return _layout(format_chunk, file.tell(), min(wanted, size - file.tell()))
        body = file.read(length + (length & 1))
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


def _sound_info(path: Path) -> Any:
    import soundfile

    try:
        return soundfile.info(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise SourceError(str(path), f"cannot be read as sound ({error})", "use WAV or FLAC") from error


def _reserve(path: Path, size: int) -> BinaryIO:
    # Space is taken before it is mapped: running out of disk in a mapping would kill the program.
    spool = tempfile.TemporaryFile(prefix="gaplisten-")  # noqa: SIM115 - lives as long as its mapping
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(spool.fileno(), 0, max(size, 1))
        else:
            spool.truncate(max(size, 1))
    except OSError as error:
        spool.close()
        fact = f"needs {size / 1e6:.0f} MB of temporary space to show ({error.strerror})"
        raise SourceError(str(path), fact, "free some space or convert it to WAV") from error
    return spool  # type: ignore[return-value]


def open_source(path: Path) -> SampleSource:
    """Open a sound file for block-wise reading; only its header is read now.

    Raises
    ------
    SourceError
        If it is not a sound file, or there is no room to decode it into.
    """
    try:
        layout = wav_layout(path)
    except OSError as error:
        raise SourceError(str(path), f"cannot be opened ({error.strerror})", "check the path") from error
    if layout is None:
        return SpooledSource(path)
    return Packed24Source(path, layout) if layout.bits == 24 else MappedSource(path, layout)


def as_source(sound: Signal | SampleSource) -> SampleSource:
    """Return `sound` as something that can be read in pieces."""
    return ArraySource(sound.samples, sound.rate) if isinstance(sound, Signal) else sound
