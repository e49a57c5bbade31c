"""Text of 0 and 1, 1 = lost: a digit per line, as in the challenges, or all in one line."""

from __future__ import annotations

from gaplisten.loss.formats.contract import Content, End, Kind, TraceFormat, doubt_about_polarity
from gaplisten.loss.formats.text import digits_of, is_one_line, one_per_line
from gaplisten.loss.trace import LossTrace


def _recognises(content: Content, *, one_line: bool) -> str | None:
    if content.kind is not Kind.TEXT:
        return None
    flags = content.once(digits_of).lost
    if (content.once(is_one_line) and flags.size > 1) is not one_line:
        return None
    return doubt_about_polarity(content, flags)


def _encode_row(trace: LossTrace) -> bytes:
    return (" ".join(map(str, trace.lost.astype(int).tolist())) + "\n").encode()


FORMATS = (
    TraceFormat(
        name="challenge",
        help="Deep PLC Challenge 2022: 0 or 1 per line (CRLF when written)",
        suffixes=(".txt",),
        polarity="1 = lost",
        end=End.EXACT,
        recognises=lambda content: _recognises(content, one_line=False),
        decode=lambda content: content.once(digits_of),
        encode=lambda trace: one_per_line(trace.lost, "\r\n"),
        place=10,
    ),
    TraceFormat(
        name="digits",
        help="0 and 1 in one line, blanks or commas between or not",
        suffixes=(".txt",),
        polarity="1 = lost",
        end=End.EXACT,
        recognises=lambda content: _recognises(content, one_line=True),
        decode=lambda content: content.once(digits_of),
        encode=_encode_row,
        place=20,
    ),
)
