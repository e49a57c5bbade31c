"""Raw numbers of 0 and 1, one per packet: bytes, words, 32-bit floats; programs differ on polarity."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from gaplisten.loss.formats.contract import (
    BadTrace,
    Content,
    Decoded,
    End,
    Kind,
    TraceFormat,
    doubt_about_polarity,
    limited,
    may_be_bits,
    says_lost,
)
from gaplisten.loss.formats.sample_masks import counts_samples
from gaplisten.loss.trace import Flags, LossTrace, runs_of

_ONE = np.uint32(0x3F800000)  # the float 1.0
_FEWEST = 4  # numbers: fewer are taken for nothing

Decode = Callable[[Content], Decoded]


# --- bytes --------------------------------------------------------------------------------------------------


def _bytes_of(content: Content) -> Decoded:
    codes = np.frombuffer(content.data, np.uint8)
    strange = np.flatnonzero(codes > 1)
    if strange.size:
        at = int(strange[0])
        raise BadTrace(f"byte {at} is 0x{int(codes[at]):02X}, neither 0 nor 1", "name another format")
    return Decoded(codes == 1)


def _recognises_bytes(content: Content, *, received: bool) -> str | None:
    if content.data.strip(b"\x00\x01") or content.kind is not Kind.BYTES:
        return None
    codes = np.frombuffer(content.data, np.uint8)
    if counts_samples(codes == 1) or _surely_wider(content.data, 1):
        return None
    doubt = doubt_about_polarity(content, codes == 1)
    if received:
        return doubt or None
    if not (codes[1::2].any() and codes[::2].any()) and codes.size >= 2 * _FEWEST:
        doubt = "holds bytes of 0 and 1, of which every second is 0: bytes, or 16-bit words"
        doubt += " (of which half a one is missing)" if codes.size % 2 else ""
    elif not doubt and may_be_bits(content):
        doubt = "holds bytes of 0 and 1: one packet each, or one bit per packet"
    return doubt


# --- words --------------------------------------------------------------------------------------------------


def _order(data: bytes, width: int) -> str | None:
    """Return the byte order in which bytes are words of 0 and 1; None where they are none."""
    if len(data) % width or len(data) < width * _FEWEST or data.strip(b"\x00\x01"):
        return None
    used = np.flatnonzero(np.frombuffer(data, np.uint8).reshape(-1, width).any(axis=0))
    if not used.size:
        return "<"
    return {0: "<", width - 1: ">"}.get(int(used[0])) if used.size == 1 else None


def _surely_wider(data: bytes, width: int) -> bool:
    """Whether bytes are words of 32 or 64 bits: as narrower ones, losses would stand apart in bursts."""
    for wider in (4, 8):
        order = _order(data, wider) if wider > width else None
        if order is not None:
            runs = runs_of(np.frombuffer(data, f"{order}i{wider}") == 1)
            if len({int(stop - start) for start, stop in runs}) > 1:
                return True
    return False


def _words_of(content: Content, *, width: int) -> Decoded:
    data = content.data
    if len(data) % width:
        fact = f"is {len(data)} bytes long, no whole number of {8 * width}-bit words"
        raise BadTrace(fact, "copy it again")
    order = _order(data, width) or "<"
    words = np.frombuffer(data, f"{order}i{width}")
    strange = np.flatnonzero((words != 0) & (words != 1))
    if strange.size:
        at = int(strange[0])
        raise BadTrace(f"word {at} is {int(words[at])}, neither 0 nor 1", "name another format")
    notes = ("words are byte-swapped (big-endian)",) if order == ">" else ()
    return Decoded(words == 1, notes)


def _recognises_words(content: Content, *, width: int, received: bool) -> str | None:
    data = content.data
    if content.kind is not Kind.BYTES or _order(data, width) is None or (width > 2 and not any(data)):
        return None
    if _surely_wider(data, width):
        return None
    wider = any(_order(data, each) is not None for each in (4, 8) if each > width)
    if width == 2 and not wider and says_lost(content.stem):
        return None if received else ""
    return f"holds {8 * width}-bit words of 0 and 1: 1 means lost in some programs and received in others"


# --- floats -------------------------------------------------------------------------------------------------


def _floats(data: bytes) -> npt.NDArray[np.uint32] | None:
    if len(data) % 4 or not data:
        return None
    words = np.frombuffer(data, "<u4")
    return words if ((words == 0) | (words == _ONE)).all() else None


def _floats_of(content: Content) -> Decoded:
    words = _floats(content.data)
    if words is None:
        raise BadTrace("holds other 32-bit floats than 0 and 1", "name another format")
    return Decoded(words == _ONE)


def _recognises_floats(content: Content, *, received: bool) -> str | None:
    words = _floats(content.data)
    if words is None or words.size < _FEWEST or not words.any() or content.kind is Kind.ARRAY:
        return None
    doubt = doubt_about_polarity(content, words == _ONE)
    return (doubt or None) if received else doubt


# --- the formats --------------------------------------------------------------------------------------------


def _pair(
    name: str,
    help: str,
    suffixes: tuple[str, ...],
    end: End,
    decode: Decode,
    recognises: Callable[..., str | None],
    kind: str,
    place: int,
) -> tuple[TraceFormat, TraceFormat]:
    """Return a format in which 1 means lost, and the same in which it means received."""

    def written(lost: Flags) -> bytes:
        return np.asarray(lost).astype(kind).tobytes()

    def lost_of(content: Content) -> Decoded:
        found = content.once(decode)
        limited(found.lost.size)
        return found

    def received_of(content: Content) -> Decoded:
        found = lost_of(content)
        return Decoded(~found.lost, found.notes)

    def encode(trace: LossTrace) -> bytes:
        return written(trace.lost)

    def encode_received(trace: LossTrace) -> bytes:
        return written(~trace.lost)

    common = {"suffixes": suffixes, "end": end}
    return (
        TraceFormat(
            name=name,
            help=help,
            polarity="1 = lost",
            recognises=lambda content: recognises(content, received=False),
            decode=lost_of,
            encode=encode,
            place=place,
            suffix_tells=name == "bytes",
            **common,  # type: ignore[arg-type]
        ),
        TraceFormat(
            name=f"{name}_received",
            help=help,
            polarity="1 = received",
            recognises=lambda content: recognises(content, received=True),
            decode=received_of,
            encode=encode_received,
            place=place + 1,
            ones_are_received=True,
            **common,  # type: ignore[arg-type]
        ),
    )


FORMATS = (
    *_pair(
        "bytes",
        "one byte per packet, 0 or 1",
        (".g192", ".ep"),
        End.EXACT,
        _bytes_of,
        _recognises_bytes,
        "u1",
        62,
    ),
    *_pair(
        "int16",
        "one 16-bit word per packet, 0 or 1, in either byte order (LC3plus -epf, older codec programs)",
        (".dat", ".bin"),
        End.REPEATS,
        partial(_words_of, width=2),
        partial(_recognises_words, width=2),
        "<i2",
        64,
    ),
    *(
        each
        for width, place in ((4, 66), (8, 68))
        for each in _pair(
            f"int{8 * width}",
            f"one {8 * width}-bit word per packet, 0 or 1, in either byte order (integers of NumPy)",
            (".bin",),
            End.EXACT,
            partial(_words_of, width=width),
            partial(_recognises_words, width=width),
            f"<i{width}",
            place,
        )
    ),
    *_pair(
        "float32",
        "one 32-bit float per packet, 0 or 1 (training data of LPCNet and Opus)",
        (".bin",),
        End.EXACT,
        _floats_of,
        _recognises_floats,
        "<f4",
        72,
    ),
)
