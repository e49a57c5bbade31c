"""One byte per packet, 0 or 1."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.formats.contract import BadTrace, Content, Decoded, End, TraceFormat
from gaplisten.loss.trace import LossTrace


def _recognises(content: Content) -> str | None:
    if content.data.strip(b"\x00\x01"):
        return None
    return "holds bytes of 0 and 1: one packet each, or one bit per packet"


def _decode(content: Content) -> Decoded:
    codes = np.frombuffer(content.data, np.uint8)
    strange = np.flatnonzero(codes > 1)
    if strange.size:
        at = int(strange[0])
        raise BadTrace(f"byte {at} is 0x{int(codes[at]):02X}, neither 0 nor 1", "name another format")
    return Decoded(codes == 1)


def _encode(trace: LossTrace) -> bytes:
    return trace.lost.astype(np.uint8).tobytes()


FORMATS = (
    TraceFormat(
        name="bytes",
        help="one byte per packet, 0 or 1",
        suffixes=(".g192", ".ep"),
        polarity="1 = lost",
        end=End.EXACT,
        recognises=_recognises,
        decode=_decode,
        encode=_encode,
        suffix_tells=True,
        place=65,
    ),
)
