"""Files made of chunks, WAV, RF64, AIFF and Wave64: their lengths by their own heads."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gaplisten.audio.promises import (
    CONVERT,
    COPY_AGAIN,
    STREAMING,
    HeaderFault,
    Promise,
    compare,
    contradicts,
    more,
)

CHUNKED = (b"RIFF", b"RF64", b"RIFX", b"FORM")
_MICROSOFT, _IMA, _GSM = 0x02, 0x11, 0x31
_IMA_STEPS, _MICROSOFT_PREDICTORS = 89, 7  # entries of the codecs' tables
_GSM_MARK = 0xD  # the first four bits of a frame
_BLOCKS = 4096  # looked at together
Blocks = npt.NDArray[Any]
_IN_BLOCKS = (_MICROSOFT, _IMA, _GSM)  # ADPCM, and GSM 06.10
_EXTENSIBLE = 0xFFFE  # the kind stands further on
_PLAIN = (0x01, 0x03, 0x06, 0x07)  # integers, floats, A-law, mu-law
_UNPACKED = (b"NONE", b"twos", b"sowt", b"raw ", b"in24", b"in32", b"fl32", b"FL32", b"fl64", b"FL64")
_AIFF_BLOCKS = {
    b"ima4": (34, 64),
    b"GSM ": (33, 160),
}  # codec -> bytes (of one channel) and frames of a block
_AIFF_HEADS: dict[bytes, Callable[[Blocks], Blocks]] = {
    b"ima4": lambda each: (each[:, 1] & 0x7F) >= _IMA_STEPS,
    b"GSM ": lambda each: each[:, 0] >> 4 != _GSM_MARK,
}


@dataclass(frozen=True)
class _Chunk:
    name: bytes
    size: int
    start: int


@dataclass(frozen=True)
class _Common:
    """What an AIFF file says of its sound."""

    channels: int
    counted: int
    bits: int
    codec: bytes


@dataclass(frozen=True)
class _Form:
    """What the format chunk of a WAV or Wave64 file says of its sound.

    Parameters
    ----------
    a_second, size
        Bytes of a second; and of a frame, or of a codec's block.
    each
        Frames of a codec's block; None where it does not say.
    """

    kind: int
    channels: int
    rate: int
    a_second: int
    size: int
    bits: int
    each: int | None

    @classmethod
    def of(cls, data: bytes, order: str = "<") -> _Form | None:
        """Return what such a chunk says, or None where it says too little."""
        if len(data) < 16:
            return None
        kind, channels, rate, a_second, size, bits = struct.unpack(f"{order}HHIIHH", data[:16])
        if kind == _EXTENSIBLE and len(data) >= 26:
            (kind,) = struct.unpack(f"{order}H", data[24:26])
        each = struct.unpack(f"{order}H", data[18:20])[0] if len(data) >= 20 else None
        return cls(kind, channels, rate, a_second, size, bits, each)


def _chunks(file: BinaryIO, order: str, length: int, at: int = 12) -> Iterator[_Chunk]:
    while at + 8 <= length:
        file.seek(at)
        name, size = struct.unpack(f"{order}4sI", file.read(8))
        yield _Chunk(name, size, at + 8)
        at += 8 + size + size % 2


def _read(file: BinaryIO, chunk: _Chunk, most: int) -> bytes:
    file.seek(chunk.start)
    return file.read(min(chunk.size, most))


def check_chunks(file: BinaryIO, kind: bytes, length: int) -> Promise:
    """Walk a WAV, RF64 or AIFF file's chunks up to its sound.

    Raises
    ------
    HeaderFault
        If it holds less than it says, was never finished, or holds no sound.
    """
    order = ">" if kind in (b"RIFX", b"FORM") else "<"
    file.seek(8)
    if kind == b"FORM" and file.read(4) not in (b"AIFF", b"AIFC"):
        raise HeaderFault("is of a kind that is not read (FORM, and no AIFF)", CONVERT)
    heads: dict[bytes, bytes] = {}
    for chunk in _chunks(file, order, length):
        if chunk.name in (b"data", b"SSND"):
            break
        heads[chunk.name] = _read(file, chunk, 64)
    else:
        raise HeaderFault("is cut short: it ends before its sound data begin", COPY_AGAIN)
    size = chunk.size
    if kind == b"RF64" and size == STREAMING and len(heads.get(b"ds64", b"")) >= 16:
        (size,) = struct.unpack("<Q", heads[b"ds64"][8:16])
    if size == 0 and not _only_chunks(file, order, chunk.start, length):
        _refuse_unfinished(length - chunk.start)
    notes = compare(size, length - chunk.start)
    frames = None
    if not notes and kind == b"FORM" and size >= 8 and (common := _common(file, heads.get(b"COMM", b""))):
        (skipped,) = struct.unpack(">I", _read(file, chunk, 4))
        notes, frames = _counted_aiff(common, size - 8 - skipped)
        if common.codec in _AIFF_HEADS:
            of_channel = _AIFF_BLOCKS[common.codec][0]
            sound = chunk.start + 8 + skipped
            _check_heads(file, sound, size - 8 - skipped, of_channel, _AIFF_HEADS[common.codec])
    elif not notes and kind != b"FORM":
        form = _Form.of(heads.get(b"fmt ", b""), order)
        notes = _consistent(form)
        if not notes:
            _check_blocks(file, chunk.start, size, form)
        if not notes and form is not None:
            fact = heads.get(b"fact", b"")[:4]
            told = struct.unpack(f"{order}I", fact)[0] if len(fact) == 4 else 0
            frames, notes = _filled_up(form, told, size)
    end = min(chunk.start + size + size % 2, length)
    if not notes and not _only_chunks(file, order, end, length):
        notes = more(length - end)
    return Promise(notes, frames)


def _common(file: BinaryIO, head: bytes) -> _Common | None:
    """Return what an AIFF file's common chunk says, or None where it says too little."""
    if len(head) < 18:
        return None
    file.seek(8)
    plain = file.read(4) == b"AIFF"
    channels, counted, bits = struct.unpack(">hIh", head[:8])
    return _Common(channels, counted, bits, b"NONE" if plain else head[18:22])


def _counted_aiff(common: _Common, there: int) -> tuple[tuple[str, ...], int | None]:
    """Compare the frames that an AIFF file counts with its bytes of sound."""
    if common.codec in _UNPACKED:
        return _compare_aiff(common, there), None
    size, frames = _AIFF_BLOCKS.get(common.codec, (0, 0))
    if size * common.channels <= 0:
        return (), None
    blocks = there // (size * common.channels)
    if common.counted == blocks:  # Apple counts blocks of a codec, others what is in them
        return (), None
    if common.counted > blocks * frames:
        raise HeaderFault(
            f"is cut short: its header counts {common.counted} frames, at most {blocks * frames} are there",
            COPY_AGAIN,
        )
    if common.counted > (blocks - 1) * frames:
        return (), common.counted
    return (f"its header counts {common.counted} frames, {blocks * frames} are there and are read",), None


def _compare_aiff(common: _Common, there: int) -> tuple[str, ...]:
    size = common.channels * -(-common.bits // 8)
    if size <= 0:
        return ()
    found = there // size
    if common.counted > found:
        fact = f"is damaged: its header counts {common.counted} frames, {max(found, 0)} are there"
        raise HeaderFault(fact, COPY_AGAIN)
    if common.counted < found and there - common.counted * size > 1:  # an odd number of bytes is made even
        return (f"its header counts {common.counted} frames, {found} are there and are read",)
    return ()


def _consistent(form: _Form | None) -> tuple[str, ...]:
    """Compare the numbers of a format chunk, some of which follow from others."""
    if form is None:
        return ()
    size, channels, bits = form.size, form.channels, form.bits
    if form.kind in _IN_BLOCKS:
        each, wanted = form.each or 0, _block_frames(form.kind, size, channels)
        return contradicts(f"{each} frames in blocks of {size} bytes") if each != wanted else ()
    if form.kind not in _PLAIN:
        return ()
    if size != channels * -(-bits // 8) and not 0 < channels * bits <= 8 * size <= channels * 32:
        return contradicts(f"{channels} channels of {bits} bits in {size} bytes")
    if form.a_second != form.rate * size:
        return contradicts(f"{form.rate} frames of {size} bytes in a second that has {form.a_second}")
    return ()


def _block_frames(kind: int, size: int, channels: int) -> int:
    """Return the frames in a block of a codec, by the rule of that codec."""
    if kind == _GSM:
        return 320
    head = 7 if kind == _MICROSOFT else 4  # bytes of each channel that carry no codes
    return 2 * (size // max(channels, 1) - head) + (2 if kind == _MICROSOFT else 1)


def _check_blocks(file: BinaryIO, start: int, size: int, form: _Form | None) -> None:
    """Refuse blocks of IMA's or Microsoft's ADPCM whose heads no encoder writes; as `_check_heads`."""
    if form is None or form.size < 7 * form.channels or form.channels < 1:
        return
    channels = form.channels
    if form.kind == _IMA:  # of each channel a sample, a place in the table of steps, and a zero

        def wrong(blocks: Blocks) -> Blocks:
            steps, zeros = (blocks[:, at : 4 * channels : 4] for at in (2, 3))
            bad: Blocks = (steps >= _IMA_STEPS) | (zeros != 0)
            return bad

        _check_heads(file, start, size, form.size, wrong)
    elif form.kind == _MICROSOFT:
        _check_heads(file, start, size, form.size, lambda each: each[:, :channels] >= _MICROSOFT_PREDICTORS)


def _check_heads(file: BinaryIO, start: int, size: int, each: int, wrong: Callable[[Blocks], Blocks]) -> None:
    """Look at the blocks of a codec.

    Parameters
    ----------
    each
        Bytes of a block.
    wrong
        Tells of blocks, a row each, what cannot stand in them.

    Raises
    ------
    HeaderFault
        If there is such a block; libsndfile makes some sound of it.
    """
    file.seek(start)
    for first in range(0, size // each, _BLOCKS):
        data = file.read(min(_BLOCKS, size // each - first) * each)
        bad = wrong(np.frombuffer(data, np.uint8, len(data) // each * each).reshape(-1, each))
        if bad.any():
            number = first + int(np.argmax(bad.reshape(len(bad), -1).any(axis=1))) + 1
            raise HeaderFault(f"is damaged: block {number} of {size // each} begins as none does", COPY_AGAIN)


def _filled_up(form: _Form, told: int, size: int) -> tuple[int | None, tuple[str, ...]]:
    """Return how many frames a WAV file was given, as is `told`, where its codec fills up the last block."""
    each = form.each
    if form.kind not in _IN_BLOCKS or not form.size or each is None:
        return None, ()
    there = -(-size // form.size) * each
    if told in (0, STREAMING):
        return None, (f"its header does not say how many of up to {there} frames are meant",)
    if told > there:
        raise HeaderFault(f"is cut short: its header promises {told} frames, {there} are there", COPY_AGAIN)
    if told <= there - each:
        return None, (f"its header counts {told} frames, up to {there} are there and are read",)
    return told, ()


def _only_chunks(file: BinaryIO, order: str, start: int, length: int) -> bool:
    """Tell whether everything from `start` on is whole chunks, so that an empty data chunk is meant."""
    end = start
    for chunk in _chunks(file, order, length, start):
        if not chunk.name.isalnum() and not chunk.name.strip().isalnum():
            return False
        end = chunk.start + chunk.size
    return end <= length <= end + 1


def _refuse_unfinished(there: int) -> None:
    raise HeaderFault(
        f"was not finished: its header says 0 bytes of sound, {there} follow",
        "repair its header (for instance with sox --ignore-length) or record it again",
    )


def check_wave64(file: BinaryIO, length: int) -> Promise:
    """Walk Wave64's chunks: a 16-byte name, a 64-bit size that counts this head, padding to 8 bytes."""
    at = 40
    form: _Form | None = None
    while at + 24 <= length:
        file.seek(at)
        name, size = struct.unpack("<16sQ", file.read(24))
        if name[:4] == b"fmt ":
            form = _Form.of(file.read(20))
        if name[:4] == b"data":
            end = at + size + -size % 8
            notes = compare(size - 24, length - at - 24)
            if not notes and not _only_wave64(file, end, length):
                notes = more(length - end)
            notes = notes or _consistent(form) or _told_in_all(file, length)
            if not notes:
                _check_blocks(file, at + 24, size - 24, form)
            return Promise(notes, _wave64_frames(form, size - 24))
        at += max(24, size + -size % 8)
    raise HeaderFault("is cut short: it ends before its sound data begin", COPY_AGAIN)


def _told_in_all(file: BinaryIO, length: int) -> tuple[str, ...]:
    """Compare what a Wave64 file says of its own length with its bytes, maybe without the last padding."""
    file.seek(16)
    (told,) = struct.unpack("<Q", file.read(8))
    if abs(told - length) < 8:
        return ()
    return (f"its header counts {told} bytes in all, {length} are there and are read",)


def _only_wave64(file: BinaryIO, at: int, length: int) -> bool:
    while at + 24 <= length:
        file.seek(at + 16)
        (size,) = struct.unpack("<Q", file.read(8))
        if size < 24:
            return False
        at += size + -size % 8
    return length <= at < length + 8


def _wave64_frames(form: _Form | None, size: int) -> int | None:
    # libsndfile goes on to the end of the file, whatever lies behind the sound.
    if form is None or not form.size:
        return None
    if form.kind not in _IN_BLOCKS:
        return size // form.size
    return -(-size // form.size) * (1 if form.each is None else form.each)
