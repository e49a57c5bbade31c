"""NumPy arrays (``.npy``), as several formats read them; nothing in them is evaluated or unpickled."""

from __future__ import annotations

import io
import math
import re
import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.loss.formats.contract import ARRAY_MAGIC, BadTrace, Content, Decoded, Whole, limited

# NumPy's own reader evaluates the header as Python, which fails in many ways on a damaged one.
_HEADER = re.compile(
    r"\{\s*'descr':\s*'([<>|=]?[?biuf]\d{0,2})',\s*'fortran_order':\s*(?:True|False),"
    r"\s*'shape':\s*\(([\dL, ]{0,200})\),?\s*\}\s*",
    re.ASCII,
)
_LENGTHS = {1: "<H", 2: "<I", 3: "<I"}
_LONGEST_HEADER = 10_000
_LARGEST_WHOLE = 2.0**53  # beyond, not every whole number is a float
_SAVE_AGAIN = "save it as an integer array"


def row_of(content: Content) -> npt.NDArray[Any]:
    """Return the one-dimensional array of numbers in a .npy file."""
    data = content.data
    header, begin = _header(data)
    found = _HEADER.fullmatch(header)
    if found is None:
        raise BadTrace("is no .npy array of numbers (its header names no numbers)", _SAVE_AGAIN)
    try:
        kind = np.dtype(found[1])
        shape = tuple(int(length.strip().rstrip("L")) for length in found[2].split(",") if length.strip())
    except (TypeError, ValueError) as error:
        raise BadTrace(f"is no .npy array of numbers ({error})", _SAVE_AGAIN) from error
    promised, there = math.prod(shape) * kind.itemsize, len(data) - begin
    if promised > there:
        raise BadTrace(f"is cut short: its header promises {promised} bytes, {there} follow", "save it again")
    if promised < there:
        raise BadTrace(f"holds {there} bytes where its header promises {promised}", "save it again")
    if sum(length > 1 for length in shape) > 1:
        raise BadTrace(f"has the shape {shape}", "save one row with one entry per packet")
    limited(math.prod(shape))
    return np.frombuffer(data, kind, offset=begin)


def _header(data: bytes) -> tuple[str, int]:
    """Return the header and where the numbers begin."""
    version = data[6] if len(data) > 6 and data.startswith(ARRAY_MAGIC) else 0
    kind = _LENGTHS.get(version)
    if kind is None:
        raise BadTrace("is no .npy array of numbers (its first bytes are not those of one)", _SAVE_AGAIN)
    begin = 8 + struct.calcsize(kind)
    if len(data) < begin:
        raise BadTrace("is cut short within its header", "save it again")
    (length,) = struct.unpack(kind, data[8:begin])
    if length > min(len(data) - begin, _LONGEST_HEADER):
        raise BadTrace(f"is no .npy array of numbers (its header is {length} bytes long)", _SAVE_AGAIN)
    return data[begin : begin + length].decode("latin-1"), begin + length


def whole_numbers_of(content: Content) -> Whole:
    """Return the row as integers, or refuse fractions, NaN, infinity and what no integer holds."""
    row = content.once(row_of)
    if row.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            whole = np.isfinite(row) & (row == np.rint(row))
        if not whole.all():
            raise BadTrace("holds fractions", "save 0 and 1, or indices")
    if row.dtype.kind in "uf" and row.size and float(np.abs(row).max()) > _LARGEST_WHOLE:
        raise BadTrace(f"holds the number {row.max():g}", "save 0 and 1, or indices")
    return row.astype(np.int64)


def flags_of(content: Content) -> Decoded:
    """Read an array of 0 and 1, 1 = lost."""
    row = content.once(whole_numbers_of)
    strange = np.flatnonzero((row != 0) & (row != 1))
    if strange.size:
        at = int(strange[0])
        raise BadTrace(f"entry {at} is {int(row[at])}, neither 0 nor 1", "name another format")
    return Decoded(row == 1)


def saved(array: npt.NDArray[Any]) -> bytes:
    """Return the content of the ``.npy`` file that holds an array."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()
