"""Frame-erasure patterns of the ITU-T software tools: words, bytes and compact (ITU-T G.191, G.192)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gaplisten.loss.encodings.decoded import BadTrace, Decoded, limited
from gaplisten.loss.trace import LossTrace

GOOD_WORD, LOST_WORD = 0x6B21, 0x6B20
GOOD_BYTE, LOST_BYTE = 0x21, 0x20
_BIT_ERRORS = "is a bit-error pattern, not one of lost frames"
_OTHER_FILE = "take the frame-erasure pattern (0x6B20/0x6B21) instead"

Words = npt.NDArray[np.uint16]


def decode_words(data: bytes) -> Decoded:
    """Read 16-bit words, 0x6B20 lost, 0x6B21..0x6B2F received; swapped words and whole bitstreams too."""
    if len(data) % 2 or not data:
        raise BadTrace(f"is {len(data)} bytes long, no whole number of 16-bit words", "name another format")
    words, notes = _native(np.frombuffer(data, "<u2"))
    if np.isin(words, (0x007F, 0x0081)).all():
        raise BadTrace(_BIT_ERRORS, _OTHER_FILE)
    if not _is_sync(words).all():
        words, notes = (
            _sync_words(words),
            (*notes, "a whole G.192 bitstream: only its frame words were taken"),
        )
    limited(words.size)
    return Decoded(words == LOST_WORD, notes)


def decode_bytes(data: bytes) -> Decoded:
    """Read bytes, 0x20 lost, 0x21..0x2F received."""
    codes = np.frombuffer(data, np.uint8)
    if not codes.size:
        raise BadTrace("is empty (0 bytes)", "make it again")
    if np.isin(codes, (0x7F, 0x81)).all():
        raise BadTrace(_BIT_ERRORS, _OTHER_FILE)
    strange = np.flatnonzero((codes & 0xF0) != 0x20)
    if strange.size:
        at = int(strange[0])
        raise BadTrace(
            f"byte {at} is 0x{int(codes[at]):02X}, not 0x20 (lost) or 0x21 (received)", "name another format"
        )
    return Decoded(codes == LOST_BYTE)


def decode_compact(data: bytes) -> Decoded:
    """Read one bit per frame, the first frame in the lowest bit, 1 = lost."""
    if not data:
        raise BadTrace("is empty (0 bytes)", "make it again")
    limited(len(data) * 8)
    bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    return Decoded(bits.astype(np.bool_), ("compact: up to 7 frames at the end may be padding",))


def encode_words(trace: LossTrace) -> bytes:
    """Write little-endian 16-bit words."""
    return np.where(trace.lost, LOST_WORD, GOOD_WORD).astype("<u2").tobytes()


def encode_bytes(trace: LossTrace) -> bytes:
    """Write one byte per frame."""
    return np.where(trace.lost, LOST_BYTE, GOOD_BYTE).astype(np.uint8).tobytes()


def encode_compact(trace: LossTrace) -> bytes:
    """Write one bit per frame; the last byte is filled up with received frames."""
    return np.packbits(trace.lost, bitorder="little").tobytes()


def looks_like_words(data: bytes) -> bool:
    """Tell whether the first word is a frame word in either byte order."""
    if len(data) < 2 or len(data) % 2:
        return False
    return bool(_is_sync(np.frombuffer(data[:2], "<u2"))[0] or _is_sync(np.frombuffer(data[:2], ">u2"))[0])


def looks_like_bytes(data: bytes) -> bool:
    """Tell whether all bytes are frame bytes."""
    return bool(data) and not data.strip(b"\x20\x21")


def looks_like_bit_errors(data: bytes) -> bool:
    """Tell whether the file is a bit-error pattern in words or bytes."""
    return bool(data) and (not data.strip(b"\x7f\x81") or (len(data) % 2 == 0 and _soft_words(data)))


def _soft_words(data: bytes) -> bool:
    return any(bool(np.isin(np.frombuffer(data, order), (0x007F, 0x0081)).all()) for order in ("<u2", ">u2"))


def _is_sync(words: Words) -> npt.NDArray[np.bool_]:
    return np.asarray((words & 0xFFF0) == 0x6B20, np.bool_)


def _native(words: Words) -> tuple[Words, tuple[str, ...]]:
    swapped = words.byteswap()
    if not _is_sync(words[:1])[0] and (_is_sync(swapped[:1])[0] or np.isin(swapped, (0x007F, 0x0081)).all()):
        return swapped, ("words are byte-swapped (big-endian)",)
    return words, ()


def _sync_words(words: Words) -> Words:
    """Return the frame words of a bitstream: word, number of soft bits, that many soft bits, and so on."""
    values, kept, at = words.tolist(), [], 0
    while at < len(values):
        if values[at] & 0xFFF0 != 0x6B20:
            raise BadTrace(
                f"word {at} is 0x{values[at]:04X}, not a frame word (0x6B20, 0x6B21)", "name another format"
            )
        kept.append(values[at])
        at += 2 + values[at + 1] if at + 1 < len(values) else len(values)
    return np.array(kept, np.uint16)
