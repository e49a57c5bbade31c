"""Traces written as text: digits and lists of numbers."""

from __future__ import annotations

import math
import re

import numpy as np

from gaplisten.loss.encodings.decoded import BadTrace, Decoded, Whole, limited
from gaplisten.loss.trace import Flags, LossTrace

_SEPARATORS = str.maketrans(dict.fromkeys(",;[]\ufeff", " "))
_ONE = re.compile(r"1(\.0*)?(e[+-]?0+)?|true", re.IGNORECASE)
_NOUGHT = re.compile(r"0(\.0*)?(e[+-]?0+)?|false", re.IGNORECASE)


def as_text(data: bytes) -> str:
    """Return the file's characters, or refuse bytes that are not text."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTrace(f"is not text (byte {error.start})", "name its format") from error


def decode_digits(data: bytes) -> Decoded:
    """Read 0 and 1 in any arrangement: one a line, in a row, with spaces or commas between.

    Also as NumPy and Python write them unless told otherwise: 0.0, 1.000e+00, True.
    """
    text = as_text(data)
    plain = "".join(text.translate(_SEPARATORS).split())
    if plain.strip("01"):
        return _decode_words(text)
    if not plain:
        raise BadTrace("holds no packets", "write one 0 or 1 per packet")
    return Decoded(np.frombuffer(plain.encode(), np.uint8) == ord("1"))


def _decode_words(text: str) -> Decoded:
    """Read 0 and 1 that are written as decimal numbers or as truth values."""
    words = text.translate(_SEPARATORS).split()
    limited(len(words))
    flags = np.array([bool(_ONE.fullmatch(word)) for word in words], np.bool_)
    if not all(flag or _NOUGHT.fullmatch(word) for flag, word in zip(flags.tolist(), words, strict=True)):
        raise _stray(text, "01")
    return Decoded(flags, (f"its 0 and 1 are written as {words[0]}",))


def decode_numbers(data: bytes) -> Decoded:
    """Read whole numbers with blanks between; anything but 0 is a loss."""
    return Decoded(numbers(as_text(data)) != 0)


def numbers(text: str) -> Whole:
    """Return the whole, non-negative numbers of a text, or name the line of what is none."""
    if text.translate(_SEPARATORS).translate({ord(digit): " " for digit in "0123456789"}).strip():
        raise _stray(text, "0123456789")
    words = text.translate(_SEPARATORS).split()
    if not words:
        raise BadTrace("holds no packets", "write one number per packet")
    limited(len(words))
    if max(map(len, words)) > 15:
        raise BadTrace("holds a number of more than 15 digits", "name its format")
    return np.array(words, dtype=np.int64)


def decode_lost_packets(data: bytes) -> Decoded:
    """Read the indices (from 0) of lost packets; packets after the last one are unknown, so received."""
    return flags_from_indices(numbers(as_text(data)))


def decode_lost_samples(data: bytes) -> Decoded:
    """Read the indices (from 0) of lost samples; the packet length follows from their runs."""
    return flags_from_samples(numbers(as_text(data)))


def flags_from_indices(indices: Whole) -> Decoded:
    """Return flags with True at each index."""
    _check_indices(indices)
    lost = np.zeros(limited(int(indices.max(initial=-1)) + 1), np.bool_)
    lost[indices] = True
    return Decoded(lost)


def flags_from_samples(indices: Whole) -> Decoded:
    """Return flags for the longest packet that explains all runs of lost samples."""
    _check_indices(indices)
    if not indices.size:
        return Decoded(np.zeros(0, np.bool_))
    kept = np.unique(indices)
    breaks = np.flatnonzero(np.diff(kept) > 1)
    starts = kept[np.concatenate(([0], breaks + 1))]
    stops = kept[np.concatenate((breaks, [kept.size - 1]))] + 1
    size = math.gcd(*starts.tolist(), *stops.tolist())
    lost = np.zeros(limited(int(stops[-1]) // size), np.bool_)
    for start, stop in zip((starts // size).tolist(), (stops // size).tolist(), strict=True):
        lost[start:stop] = True
    return Decoded(lost, (f"lost samples come in packets of {size} samples (or a part of that)",), size)


def _check_indices(indices: Whole) -> None:
    if indices.size and indices.min() < 0:
        raise BadTrace(f"holds the index {int(indices.min())}", "indices count from 0")


def encode_lines(trace: LossTrace) -> bytes:
    """Write one flag per line, CRLF, as in the challenge's files."""
    return b"".join(b"1\r\n" if flag else b"0\r\n" for flag in trace.lost.tolist())


def encode_inverted_lines(trace: LossTrace) -> bytes:
    """Write one flag per line, 1 = received."""
    return b"".join(b"0\n" if flag else b"1\n" for flag in trace.lost.tolist())


def encode_row(trace: LossTrace) -> bytes:
    """Write all flags in one line with blanks between."""
    return (" ".join(_digit(trace.lost)) + "\n").encode()


def encode_unix_lines(trace: LossTrace) -> bytes:
    """Write one flag per line, LF."""
    return ("\n".join(_digit(trace.lost)) + "\n").encode()


def encode_lost_packets(trace: LossTrace) -> bytes:
    """Write the indices of lost packets, one per line."""
    return "".join(f"{index}\n" for index in np.flatnonzero(trace.lost).tolist()).encode()


def lost_samples(trace: LossTrace) -> Whole:
    """Return the indices of all lost samples."""
    return np.flatnonzero(trace.mask(trace.packets * trace.packet_frames)).astype(np.int64)


def encode_lost_samples(trace: LossTrace) -> bytes:
    """Write the indices of lost samples, one per line."""
    return "".join(f"{index}\n" for index in lost_samples(trace).tolist()).encode()


def _digit(lost: Flags) -> list[str]:
    return ["1" if flag else "0" for flag in lost.tolist()]


def _stray(text: str, allowed: str) -> BadTrace:
    """Return the refusal that names the first character that does not belong."""
    for number, line in enumerate(text.splitlines(), 1):
        rest = line.translate(_SEPARATORS).translate({ord(digit): " " for digit in allowed}).strip()
        if rest:
            found = "0 or 1" if allowed == "01" else "a whole number"
            return BadTrace(
                f"line {number} holds {rest[0]!r} where {found} belongs",
                "correct the line, or name the format",
            )
    return BadTrace("holds something else than digits", "name the format")
