"""Scripts of pjlib's jitter-buffer test: P puts a packet, L loses one, G takes one out."""

from __future__ import annotations

import numpy as np

from gaplisten.loss.formats.contract import BadTrace, Content, Decoded, End, Kind, TraceFormat, limited
from gaplisten.loss.formats.text import text_of
from gaplisten.loss.trace import LossTrace
from gaplisten.texts import lines_of


def _recognises(content: Content) -> str | None:
    if content.kind is not Kind.TEXT:
        return None
    begins = {line[:1] for line in lines_of(content.once(text_of)) if line.strip()}
    return "" if begins & set("PL") and begins & set("=%!") and begins <= set("PGL=%!#") else None


def _decode(content: Content) -> Decoded:
    flags: list[bool] = []
    tests = 0
    for number, line in enumerate(lines_of(content.once(text_of)), 1):
        word = line.strip()
        if not word or word[0] in "%!#":
            continue
        if word[0] == "=":
            tests += 1
            continue
        if word.strip("PGL"):
            raise BadTrace(
                f"line {number} holds {word.strip('PGL')[:1]!r}, not P, G or L", "correct the line"
            )
        flags += [mark == "L" for mark in word if mark != "G"]
    if tests > 1:
        raise BadTrace(f"holds {tests} tests", "take one of them")
    if not flags:
        raise BadTrace("puts no packets", "write P for each packet, L for a lost one")
    limited(len(flags))
    return Decoded(np.array(flags, np.bool_))


def _encode(trace: LossTrace) -> bytes:
    return ("= losses\n" + "".join("L\n" if lost else "PG\n" for lost in trace.lost.tolist())).encode()


FORMATS = (
    TraceFormat(
        name="pjsip",
        help="script of pjlib's jitter-buffer test",
        suffixes=(".dat",),
        polarity="L = lost, P = received",
        end=End.EXACT,
        recognises=_recognises,
        decode=_decode,
        encode=_encode,
        place=48,
    ),
)
