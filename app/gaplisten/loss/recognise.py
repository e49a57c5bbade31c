"""Telling trace formats apart by content, and knowing when that cannot be done."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gaplisten.loss.encodings import arrays, g192, text
from gaplisten.loss.encodings.decoded import BadTrace, Whole
from gaplisten.loss.trace import Flags

_LFS = b"version https://git-lfs"


def recognise(path: Path, data: bytes) -> tuple[tuple[str, ...], str]:
    """Return the names of the formats that fit, and a sentence when the user has to choose.

    Raises
    ------
    BadTrace
        If nothing fits.
    """
    if data.startswith(_LFS):
        raise BadTrace(
            "is a Git-LFS pointer, not the trace itself", "fetch the real file with 'git lfs pull'"
        )
    if data.startswith(arrays.MAGIC):
        return _array(path, data)
    if g192.looks_like_bit_errors(data):
        raise BadTrace(
            "is a bit-error pattern, not one of lost frames", "take the frame-erasure pattern instead"
        )
    if g192.looks_like_words(data):
        return ("g192_word",), ""
    if g192.looks_like_bytes(data):
        return ("g192_byte",), ""
    if _is_text(data):
        return _text(path, data)
    if not data.strip(b"\x00\x01"):
        return ("bytes", "g192_compact"), "holds bytes of 0 and 1: one packet each, or one bit per packet"
    return ("g192_compact",), "holds bytes that could be one bit per frame; nothing in the file says so"


def _is_text(data: bytes) -> bool:
    try:
        sample = data[:65536].decode("utf-8-sig", errors="strict")
    except UnicodeDecodeError as error:
        return error.start >= 65530  # the sample may have been cut inside a character
    return all(character.isprintable() or character in "\r\n\t" for character in sample)


def _text(path: Path, data: bytes) -> tuple[tuple[str, ...], str]:
    content = text.as_text(data)
    try:
        flags = text.decode_digits(data).lost
    except BadTrace:
        if not _only_numbers(content):
            raise
        return _indices(text.numbers(content))
    one_line = len(content.strip().splitlines()) == 1
    return _polarity(path, flags, "digits" if one_line and flags.size > 1 else "challenge")


def _array(path: Path, data: bytes) -> tuple[tuple[str, ...], str]:
    row = arrays.whole_numbers(arrays.load_row(data))
    if ((row == 0) | (row == 1)).all():
        return _polarity(path, row == 1, "npy")
    if not _rising(row) or row[0] < 0:
        raise BadTrace("holds neither 0 and 1 nor rising indices", "save one 0 or 1 per packet")
    return _indices(row)


def _polarity(path: Path, flags: Flags, name: str) -> tuple[tuple[str, ...], str]:
    """Ones in the majority are many losses, or they mean "received"; a name such as `_is_lost` settles it."""
    share = float(flags.mean()) if flags.size else 0.0
    if share <= 0.5 or "lost" in path.stem.lower() or "loss" in path.stem.lower():
        return (name,), ""
    return (name, "frn"), f"{100 * share:.0f} % of its entries are 1, which may mean lost or received"


def _indices(numbers: Whole) -> tuple[tuple[str, ...], str]:
    """Long runs of consecutive numbers can only be samples; otherwise packets are as likely."""
    if not _rising(numbers):
        return ("lossfile",), "holds numbers beyond 0 and 1 in no order"
    if _shortest_run(numbers) >= 40:
        return ("lost_samples",), ""
    return ("lost_packets", "lost_samples"), "lists rising numbers, which may count packets or samples"


def _rising(numbers: Whole) -> bool:
    return numbers.size > 0 and bool((np.diff(numbers) > 0).all())


def _shortest_run(numbers: Whole) -> int:
    edges = np.flatnonzero(np.diff(numbers) > 1) + 1
    return int(np.diff(np.concatenate(([0], edges, [numbers.size]))).min())


def _only_numbers(content: str) -> bool:
    return not content.strip("0123456789 ,;[]\t\r\n\f\v\ufeff") and any(map(str.isdigit, content))
