"""Frame-erasure patterns of the ITU-T software tools: words, bytes and compact (ITU-T G.191, G.192).

A damaged pattern is never taken for another kind of file: what is mostly frame words is of this format or of
none, and what does not belong is named.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.loss.formats.contract import (
    BadTrace,
    Content,
    Decoded,
    End,
    Kind,
    TraceFormat,
    Unusable,
    limited,
    may_be_bits,
)
from gaplisten.loss.trace import Flags, LossTrace

GOOD_WORD, LOST_WORD = 0x6B21, 0x6B20
GOOD_BYTE, LOST_BYTE = 0x21, 0x20
_SOFT = (0x7F, 0x81)  # the bits 0 and 1
_MOSTLY = 0.5
_HEAD = 32  # words or bytes
_MOSTLY_BYTES = 0.75  # text has blanks (0x20) too
_BIT_ERRORS = "is a bit-error pattern, not one of lost frames"
_OTHER_FILE = "take the frame-erasure pattern (0x6B20/0x6B21) instead"
_DAMAGED = "it is damaged: make it again, or copy it again byte for byte"
_LINE_ENDS = (b"\r\n", b"\n", b"\r")

Words = npt.NDArray[np.uint16]


# --- words --------------------------------------------------------------------------------------------------


def _recognises_words(content: Content) -> str | None:
    if content.kind is Kind.ARRAY or not _mostly_words(content.data):
        return None
    try:
        content.once(_words_of)
    except BadTrace as bad:
        raise Unusable(bad.fact, bad.way_out) from bad
    return ""


def _mostly_words(data: bytes) -> bool:
    """Whether the file begins with a frame word, or is mostly such words or soft bits, shifted or not."""
    if len(data) < 2:
        return False
    if len(data) % 2 == 0 and _is_sync(_both_orders(data[:2])).any():
        return True
    for shift in (0, 1):
        words = _both_orders(data[shift : shift + (len(data) - shift) // 2 * 2])
        sync, soft = _is_sync(words), np.isin(words, _SOFT)
        known = np.asarray((sync | soft).any(axis=0), np.bool_)
        # Also what begins as one and goes on as something else is a damaged one.
        mostly = max(known.mean(), known[:_HEAD].mean()) >= _MOSTLY if known.size else False
        if mostly and (sync.any() or shift == 0):
            return True
    return False


def _both_orders(data: bytes) -> Words:
    return np.stack([np.frombuffer(data, "<u2"), np.frombuffer(data, ">u2").astype("<u2")])


def _words_of(content: Content) -> Decoded:
    """Read 16-bit words, 0x6B20 lost, 0x6B21..0x6B2F received; swapped words and whole bitstreams too."""
    data = content.data
    if len(data) % 2 or not data:
        end = next((mark for mark in _LINE_ENDS if data.endswith(mark)), b"")
        told = f", of which the last {len(end)} are a line end" if end else ""
        raise BadTrace(f"is {len(data)} bytes long{told}, no whole number of 16-bit words", _DAMAGED)
    words, notes = _native(np.frombuffer(data, "<u2"))
    if np.isin(words, _SOFT).mean() >= _MOSTLY and not _is_sync(words).any():
        raise BadTrace(_BIT_ERRORS, _OTHER_FILE)
    limited(words.size)
    if not _is_sync(words).all():
        words = _frame_words(words)
        notes = (*notes, "a whole G.192 bitstream: only its frame words were taken")
    return Decoded(words == LOST_WORD, (*notes, *_unusual(words, GOOD_WORD, LOST_WORD)))


def _native(words: Words) -> tuple[Words, tuple[str, ...]]:
    """Return the words in the byte order in which more of them are frame words or soft bits."""
    swapped = words.byteswap()
    if _known(swapped) > _known(words):
        return swapped, ("words are byte-swapped (big-endian)",)
    return words, ()


def _known(words: Words) -> int:
    return int(np.count_nonzero(_is_sync(words) | np.isin(words, _SOFT)))


def _is_sync(words: Words) -> Flags:
    return np.asarray((words & 0xFFF0) == 0x6B20, np.bool_)


def _frame_words(words: Words) -> Words:
    """Return the frame words of a bitstream: word, number of soft bits, that many soft bits, and so on.

    It is one only if its last frame ends where the file does, and every bit is a soft bit (0x7F, 0x81, or 0
    for one that was erased). Otherwise some word is wrong, and frames that depend on it would be made up.
    """
    values = words.tolist()
    # A damaged pattern: not the second word, which would be a length, but the one that differs is to blame.
    if _is_sync(words).mean() > _MOSTLY:
        raise _strange_word(values, int(np.flatnonzero(~_is_sync(words))[0]))
    frames, at = [], 0
    while at < len(values):
        if values[at] & 0xFFF0 != 0x6B20:
            raise _strange_word(values, at)
        frames.append(at)
        length = values[at + 1] if at + 1 < len(values) else 0
        if at + 2 + length > len(values):
            fact = f"word {at + 1} tells of {length} bits, but {max(len(values) - at - 2, 0)} words follow"
            raise BadTrace(fact if at + 1 < len(values) else f"ends within the frame at word {at}", _DAMAGED)
        at += 2 + length
    bits = np.ones(words.size, np.bool_)
    bits[frames] = False
    bits[np.array(frames) + 1] = False
    strange = np.flatnonzero(bits & ~np.isin(words, (*_SOFT, 0)))
    if strange.size:
        place = int(strange[0])
        raise BadTrace(f"word {place} is 0x{values[place]:04X}, not a bit (0x007F, 0x0081)", _DAMAGED)
    return words[frames]


def _unusual(codes: npt.NDArray[Any], good: int, lost: int) -> tuple[str, ...]:
    """Say how many frames are marked as received in another way than most programs do."""
    count = int(np.count_nonzero((codes != good) & (codes != lost)))
    first = [f"0x{int(code):X}" for code in np.unique(codes[(codes != good) & (codes != lost)])[:3]]
    are = "frame is" if count == 1 else "frames are"
    return (f"{count} {are} marked {', '.join(first)}: received, by the standard",) if count else ()


def _strange_word(values: list[int], at: int) -> BadTrace:
    told = ", a line end" if at == len(values) - 1 and values[at] in (0x0A0D, 0x0D0A) else ""
    fact = f"word {at} is 0x{values[at]:04X}{told}, not a frame word (0x6B20 lost, 0x6B21 received)"
    return BadTrace(fact, _DAMAGED)


def _encode_words(trace: LossTrace) -> bytes:
    return np.where(trace.lost, LOST_WORD, GOOD_WORD).astype("<u2").tobytes()


# --- bytes --------------------------------------------------------------------------------------------------


def _recognises_bytes(content: Content) -> str | None:
    data = content.data
    if not data.strip(b"\x20\x21"):
        return ""
    codes = np.frombuffer(data, np.uint8)
    frames, bits = np.isin(codes, (GOOD_BYTE, LOST_BYTE)), np.isin(codes, _SOFT)
    # Blanks alone may be text.
    mostly = frames.mean() >= _MOSTLY_BYTES and GOOD_BYTE in codes
    mostly |= frames[:_HEAD].all() and np.count_nonzero(codes[:_HEAD] == GOOD_BYTE) > _HEAD // 8
    if content.kind is Kind.ARRAY or not (mostly or bits.mean() >= _MOSTLY_BYTES):
        return None
    try:
        content.once(_bytes_of)
    except BadTrace as bad:
        raise Unusable(bad.fact, bad.way_out) from bad
    return ""


def _bytes_of(content: Content) -> Decoded:
    """Read bytes, 0x20 lost, 0x21..0x2F received."""
    codes = np.frombuffer(content.data, np.uint8)
    if not codes.size:
        raise BadTrace("is empty (0 bytes)", "make it again")
    if np.isin(codes, _SOFT).mean() >= _MOSTLY_BYTES:
        raise BadTrace(_BIT_ERRORS, _OTHER_FILE)
    strange = np.flatnonzero((codes & 0xF0) != 0x20)
    if strange.size:
        at = int(strange[0])
        fact = f"byte {at} is 0x{int(codes[at]):02X}, not 0x20 (lost) or 0x21 (received)"
        raise BadTrace(fact, _DAMAGED)
    return Decoded(codes == LOST_BYTE, _unusual(codes, GOOD_BYTE, LOST_BYTE))


def _encode_bytes(trace: LossTrace) -> bytes:
    return np.where(trace.lost, LOST_BYTE, GOOD_BYTE).astype(np.uint8).tobytes()


# --- one bit per frame --------------------------------------------------------------------------------------


def _recognises_compact(content: Content) -> str | None:
    if content.kind is not Kind.BYTES or not may_be_bits(content):
        return None
    if not content.data.strip(b"\x00\x01"):
        return "holds bytes of 0 and 1: one packet each, or one bit per packet"
    return "holds bytes that could be one bit per frame; nothing in the file says so"


def _compact_of(content: Content) -> Decoded:
    """Read one bit per frame, the first frame in the lowest bit, 1 = lost."""
    if not content.data:
        raise BadTrace("is empty (0 bytes)", "make it again")
    limited(len(content.data) * 8)
    bits = np.unpackbits(np.frombuffer(content.data, np.uint8), bitorder="little")
    return Decoded(bits.astype(np.bool_), ("compact: up to 7 frames at the end may be padding",))


def _encode_compact(trace: LossTrace) -> bytes:
    """Fill the last byte up with received frames."""
    return np.packbits(trace.lost, bitorder="little").tobytes()


def _pattern(
    name: str,
    help: str,
    polarity: str,
    recognises: Callable[[Content], str | None],
    decode: Callable[[Content], Decoded],
    encode: Callable[[LossTrace], bytes],
    place: int,
) -> TraceFormat:
    return TraceFormat(
        name=name,
        help=help,
        suffixes=(".g192", ".ep"),
        polarity=polarity,
        end=End.REPEATS,
        recognises=recognises,
        decode=lambda content: content.once(decode),
        suffix_tells=True,
        encode=encode,
        place=place,
    )


FORMATS = (
    _pattern(
        "g192_word",
        "ITU-T G.192, 16-bit frame words in either byte order; of whole bitstreams the frame words",
        "0x6B20 = lost, 0x6B21 to 0x6B2F = received",
        _recognises_words,
        _words_of,
        _encode_words,
        50,
    ),
    _pattern(
        "g192_byte",
        "ITU-T G.192 frame words as bytes",
        "0x20 = lost, 0x21 = received",
        _recognises_bytes,
        _bytes_of,
        _encode_bytes,
        60,
    ),
    _pattern(
        "g192_compact",
        "ITU-T software tools, one bit per frame, lowest bit first",
        "1 = lost",
        _recognises_compact,
        _compact_of,
        _encode_compact,
        70,
    ),
)
